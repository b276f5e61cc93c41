//! Bodies: read and inflated within limits of bytes and seconds, and within the memory budget.

use std::future::poll_fn;
use std::io::Read;
use std::ops::Deref;
use std::pin::Pin;
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderMap, header};
use flate2::read::MultiGzDecoder;
use tokio::task::yield_now;
use tokio::time::{Instant, timeout_at};

use super::body_pace::{Pace, STILL_WAIT};
use super::memory_budget::{MemoryBudget, Permit};
use super::refusal::Refusal;
use super::text_length::TextLength;

/// How long a body comes that is not slow. The largest, 20 MB, takes 8 seconds at 20 Mbit/s.
const BODY_WAIT: Duration = Duration::from_secs(10);

/// How much of a body that is too large is still read, in bytes: three times the largest that is taken.
const DISCARDED_BYTES: usize = 60 << 20;

/// How many bytes are read without a permit: with all connections taken, 64 MiB.
const FREE_BYTES: usize = 16 << 10;

/// How many bytes are inflated in one turn; others have theirs in between. It takes a fraction of a millisecond.
const TURN_BYTES: usize = 64 << 10;

/// A body, and its part of the memory budget until it is dropped.
pub struct Sent {
    bytes: Bytes,
    permit: Option<Permit>,
}

impl Sent {
    /// The permit alone, for what was made of the body.
    pub fn into_permit(self) -> Option<Permit> {
        self.permit
    }
}

impl Deref for Sent {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Vec<u8>> for Sent {
    /// A text from a header, which takes nothing of the budget.
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into(), permit: None }
    }
}

/// The body, inflated where it was deflated.
pub async fn read(headers: &HeaderMap, body: Body, most: usize) -> Result<Sent, Refusal> {
    let length = declared(headers).unwrap_or(most);
    if length > most {
        if length <= DISCARDED_BYTES && !headers.contains_key(header::EXPECT) {
            discard(body).await;
        }
        return Err(Refusal::TooLarge);
    }
    let is_gzip = is_gzip(headers)?;
    let (bytes, reading) = whole(body, length, most).await?;
    if !is_gzip {
        let permit = to_work(&TextLength::of(&bytes), most).await?;
        return Ok(Sent { bytes, permit });
    }
    let (length, text) = inflated_length(&bytes, most).await?;
    let permit = to_work(&text, most).await?;
    let inflated = inflated(&bytes, length).await?;
    drop(reading);
    Ok(Sent { bytes: inflated, permit })
}

/// Whether a body is deflated, once. Codings have no case, may stand in several headers, and are sent as a list.
fn is_gzip(headers: &HeaderMap) -> Result<bool, Refusal> {
    let lists = headers.get_all(header::CONTENT_ENCODING).iter();
    let codings = lists.flat_map(|list| list.as_bytes().split(|byte| *byte == b','));
    let codings = codings.map(<[u8]>::trim_ascii).filter(|coding| !coding.is_empty());
    let mut codings = codings.map(<[u8]>::to_ascii_lowercase).filter(|coding| coding != b"identity");
    match (codings.next().as_deref(), codings.next()) {
        (None, _) => Ok(false),
        (Some(b"gzip" | b"x-gzip"), None) => Ok(true),
        _ => Err(Refusal::Malformed("The content encoding is not gzip")),
    }
}

/// Reads a body to its end and keeps none of it. Clients that are writing when the connection is closed never see the
/// answer: they send the same again, or give it up, where they would have divided it.
async fn discard(mut body: Body) {
    let mut pace = Pace::new(Instant::now());
    while let Ok(Some(more)) = within(pace.deadline(), &mut body).await {
        pace.came(more.len(), Instant::now());
    }
}

/// Waits until a text may be taken apart.
async fn to_work(text: &TextLength, most: usize) -> Result<Option<Permit>, Refusal> {
    let bytes = within_limit(text.bytes(), most)?;
    Ok(MemoryBudget::of(bytes, most).to_work(bytes, text.values()).await)
}

fn within_limit(length: usize, most: usize) -> Result<usize, Refusal> {
    if length > most { Err(Refusal::TooLarge) } else { Ok(length) }
}

fn declared(headers: &HeaderMap) -> Option<usize> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Reads the body. The first bytes are free; for more, a permit is taken. A body that stands still is given up sooner
/// than one that comes, and one that comes slowly moves to the budget for slow ones.
async fn whole(mut body: Body, length: usize, most: usize) -> Result<(Bytes, Option<Permit>), Refusal> {
    let mut bytes = Vec::new();
    let deadline = Instant::now() + BODY_WAIT;
    while bytes.len() < FREE_BYTES {
        let Some(more) = within(deadline, &mut body).await? else { return Ok((bytes.into(), None)) };
        append(&mut bytes, &more, most)?;
    }
    let budget = MemoryBudget::of(length, most);
    let mut permit = budget.to_read(length).await;
    bytes.reserve_exact(length.saturating_sub(bytes.len()));
    let start = Instant::now();
    let (mut pace, mut is_slow) = (Pace::new(start), false);
    loop {
        let brisk = start + STILL_WAIT + (BODY_WAIT - STILL_WAIT).mul_f64(part(bytes.len(), length));
        let deadline = if is_slow { pace.deadline() } else { pace.deadline().min(brisk) };
        match within(deadline, &mut body).await {
            Ok(None) => return Ok((bytes.into(), permit)),
            Ok(Some(more)) => {
                pace.came(more.len(), Instant::now());
                append(&mut bytes, &more, most)?;
            }
            Err(Refusal::Slow) if !is_slow && Instant::now() < pace.deadline() => {
                permit = Some(budget.for_slow(length).ok_or(Refusal::Slow)?);
                is_slow = true;
            }
            Err(refusal) => return Err(refusal),
        }
    }
}

/// How much of a body has come, from 0 to 1.
fn part(bytes: usize, length: usize) -> f64 {
    (bytes as f64 / length.max(1) as f64).min(1.0)
}

/// The next piece of the body.
async fn within(deadline: Instant, body: &mut Body) -> Result<Option<Bytes>, Refusal> {
    let next = poll_fn(|context| Pin::new(&mut *body).poll_frame(context));
    match timeout_at(deadline, next).await.map_err(|_| Refusal::Slow)? {
        None => Ok(None),
        Some(Ok(frame)) => Ok(Some(frame.into_data().unwrap_or_default())),
        Some(Err(_)) => Err(Refusal::Malformed("The body broke off")),
    }
}

fn append(bytes: &mut Vec<u8>, more: &[u8], most: usize) -> Result<(), Refusal> {
    bytes.extend_from_slice(more);
    within_limit(bytes.len(), most).map(drop)
}

/// How long the body is when inflated, in bytes and as text: found out before any of it is kept.
async fn inflated_length(bytes: &[u8], most: usize) -> Result<(usize, TextLength), Refusal> {
    let (mut length, mut text) = (0, TextLength::default());
    inflate(bytes, |piece| {
        length += piece.len();
        text.add(piece);
        within_limit(length.max(text.bytes()), most).map(drop)
    })
    .await?;
    Ok((length, text))
}

async fn inflated(bytes: &[u8], length: usize) -> Result<Bytes, Refusal> {
    let mut out = Vec::with_capacity(length);
    inflate(bytes, |piece| append(&mut out, piece, length)).await?;
    Ok(out.into())
}

async fn inflate(bytes: &[u8], mut take: impl FnMut(&[u8]) -> Result<(), Refusal>) -> Result<(), Refusal> {
    let mut reader = MultiGzDecoder::new(bytes);
    let mut piece = vec![0; TURN_BYTES];
    loop {
        let length = reader.read(&mut piece).map_err(|_| Refusal::Malformed("The body is no gzip"))?;
        if length == 0 {
            return Ok(());
        }
        take(piece.get(..length).unwrap_or_default())?;
        yield_now().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    #[tokio::test]
    async fn a_gzip_bomb_is_not_inflated_beyond_the_limit() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![b' '; 10 << 20]).unwrap();
        let bomb = encoder.finish().unwrap();
        assert!(bomb.len() < 20_000);
        let lengths = async |most| inflated_length(&bomb, most).await.map(|(length, text)| (length, text.bytes()));
        assert_eq!(lengths(1 << 20).await, Err(Refusal::TooLarge));
        assert_eq!(lengths(10 << 20).await, Ok((10 << 20, 10 << 20)));
        assert_eq!(inflated(&bomb, 10 << 20).await.map(|bytes| bytes.len()), Ok(10 << 20));
    }
}
