//! Bodies: read within a number of bytes and seconds, inflated within the same number.

use std::future::poll_fn;
use std::io::Read;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody, to_bytes};
use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use tokio::time::timeout;

use crate::refusal::Refusal;

/// How long a body may take. The largest, 20 MB, takes 8 seconds at 20 Mbit/s.
const BODY_WAIT: Duration = Duration::from_secs(10);

/// How much of a body that is too large is still read, in bytes: three times the largest that is taken.
const FORGOTTEN_BYTES: u64 = 60 << 20;

/// The body, inflated where it was deflated.
pub async fn read(headers: &HeaderMap, body: Body, most: usize) -> Result<Bytes, Refusal> {
    if let Some(length) = declared(headers).filter(|length| *length > most as u64) {
        if length <= FORGOTTEN_BYTES && !headers.contains_key(header::EXPECT) {
            let _slow = timeout(BODY_WAIT, forget(body)).await;
        }
        return Err(Refusal::TooLarge);
    }
    let bytes = timeout(BODY_WAIT, to_bytes(body, most)).await.map_err(|_| Refusal::Slow)?;
    let bytes = bytes.map_err(|error| refusal(&error))?;
    match headers.get(header::CONTENT_ENCODING).map(|encoding| encoding.as_bytes()) {
        None | Some(b"" | b"identity") => Ok(bytes),
        Some(b"gzip" | b"x-gzip") => inflated(&bytes, most),
        Some(_) => Err(Refusal::Malformed("The content encoding is not gzip")),
    }
}

/// Reads a body to its end and keeps none of it. Clients that are writing when the connection is closed never see the
/// answer: they send the same again, or give it up, where they would have divided it.
async fn forget(mut body: Body) {
    while let Some(Ok(_)) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {}
}

fn declared(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// The limit, or a connection that broke.
fn refusal(error: &axum::Error) -> Refusal {
    let limit = std::error::Error::source(error).is_some_and(|cause| cause.to_string().contains("length limit"));
    if limit { Refusal::TooLarge } else { Refusal::Malformed("The body broke off") }
}

fn inflated(bytes: &[u8], most: usize) -> Result<Bytes, Refusal> {
    let mut out = Vec::new();
    // One byte more than is taken, to see whether there is one.
    let mut reader = MultiGzDecoder::new(bytes).take(most as u64 + 1);
    reader.read_to_end(&mut out).map_err(|_| Refusal::Malformed("The body is no gzip"))?;
    if out.len() > most { Err(Refusal::TooLarge) } else { Ok(out.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    #[test]
    fn a_gzip_bomb_is_not_inflated_beyond_the_limit() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![b' '; 10 << 20]).unwrap();
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < 20_000);
        assert_eq!(inflated(&bomb, 1 << 20), Err(Refusal::TooLarge));
        assert_eq!(inflated(&bomb, 10 << 20).map(|bytes| bytes.len()), Ok(10 << 20));
    }
}
