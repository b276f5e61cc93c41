//! Compressed answers: which coding a client takes, and an answer in it.
//!
//! An answer is compressed whole, in one go, before any of it is sent. So an encoder lives for a millisecond, and there
//! are never more of them than threads; one that lived as long as its reader would cost megabytes for each slow one.

use std::io::{self, Write};

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, header};

/// The smallest answer that is compressed, in bytes: less fits into one packet anyway.
const LEAST_BYTES: usize = 1_024;

/// The largest that is compressed for one reader, in bytes: 10 milliseconds of a core.
pub const MOST_BYTES: usize = 1 << 20;

/// What an answer can be compressed with; the first is preferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    Zstd,
    Brotli,
    Gzip,
}

/// How much time may be spent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effort {
    /// For one reader.
    Little,
    /// For all readers.
    Much,
}

impl Coding {
    pub const ALL: [Self; 3] = [Self::Zstd, Self::Brotli, Self::Gzip];

    /// The one that a client likes best, of these; none where it likes a plain answer better or says nothing.
    pub fn accepted(headers: &HeaderMap) -> Option<Self> {
        let accepted: Vec<_> = accepted(headers).collect();
        let said = |name: &str| accepted.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, q)| *q);
        let any = said("*").unwrap_or(0);
        let plain = said("identity").unwrap_or(0);
        let liked = Self::ALL.map(|coding| (coding, coding.names().find_map(said).unwrap_or(any)));
        // Of equals the first stays.
        let best = liked.into_iter().fold(None, |best: Option<(Self, u16)>, one| match best {
            Some(best) if best.1 >= one.1 => Some(best),
            _ => Some(one),
        });
        best.filter(|(_, q)| *q > 0 && *q >= plain).map(|(coding, _)| coding)
    }

    /// As `Content-Encoding` has it.
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_static(self.name())
    }

    fn name(self) -> &'static str {
        match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        }
    }

    fn names(self) -> impl Iterator<Item = &'static str> {
        let other = (self == Self::Gzip).then_some("x-gzip");
        std::iter::once(self.name()).chain(other)
    }

    /// The bytes in this coding; none if they are not worth it.
    pub fn compressed(self, bytes: &[u8], effort: Effort) -> Option<Bytes> {
        if bytes.len() < LEAST_BYTES {
            return None;
        }
        let compressed = self.encoded(bytes, effort).ok()?;
        (compressed.len() < bytes.len()).then(|| compressed.into_boxed_slice().into())
    }

    fn encoded(self, bytes: &[u8], effort: Effort) -> io::Result<Vec<u8>> {
        let is_much = effort == Effort::Much;
        match self {
            Self::Zstd => zstd::bulk::compress(bytes, if is_much { 3 } else { 1 }),
            Self::Brotli => {
                // A window of 256 KiB: that of 4 MiB would be made anew for each answer.
                let quality = if is_much { 5 } else { 1 };
                let mut encoder = brotli::CompressorWriter::new(Vec::new(), 4_096, quality, 18);
                encoder.write_all(bytes)?;
                Ok(encoder.into_inner())
            }
            Self::Gzip => {
                let level = flate2::Compression::new(if is_much { 6 } else { 1 });
                let mut encoder = flate2::write::GzEncoder::new(Vec::new(), level);
                encoder.write_all(bytes)?;
                encoder.finish()
            }
        }
    }
}

/// Each coding that a client names, with how much it likes it, in thousandths.
fn accepted(headers: &HeaderMap) -> impl Iterator<Item = (&str, u16)> {
    let lists = headers.get_all(header::ACCEPT_ENCODING).iter().filter_map(|list| list.to_str().ok());
    lists.flat_map(|list| list.split(',')).filter_map(|one| {
        let (name, parameter) = one.split_once(';').unwrap_or((one, "q=1"));
        let quality = parameter.trim().strip_prefix(['q', 'Q'])?.trim_start().strip_prefix('=')?;
        let quality = quality.trim().parse::<f32>().ok().filter(|quality| (0.0..=1.0).contains(quality))?;
        Some((name.trim(), (quality * 1_000.0) as u16))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_gets_the_coding_that_it_likes_best() {
        let chosen = |list: &'static str| {
            let headers = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(list))]);
            Coding::accepted(&headers).map(Coding::name)
        };
        assert_eq!(Coding::accepted(&HeaderMap::new()), None);
        for (list, coding) in [
            ("gzip, deflate, br, zstd", Some("zstd")),
            ("gzip, deflate, br", Some("br")),
            ("gzip", Some("gzip")),
            ("x-gzip", Some("gzip")),
            ("GZIP", Some("gzip")),
            ("br;q=0.5, gzip;q=0.8", Some("gzip")),
            ("br ; q=0.5,gzip;q=0", Some("br")),
            ("*", Some("zstd")),
            ("*;q=0.5, zstd;q=0", Some("br")),
            ("identity", None),
            ("identity, gzip;q=0.5", None),
            ("gzip;q=0", None),
            ("deflate, compress", None),
            ("gzip;q=loud", None),
            ("gzip;level=1", None),
            ("", None),
        ] {
            assert_eq!(chosen(list), coding, "{list}");
        }
    }

    #[test]
    fn what_is_small_or_does_not_become_smaller_stays_plain() {
        let random = |mut x: u32| {
            std::iter::repeat_with(move || {
                x = x.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                (x >> 24) as u8
            })
        };
        for coding in Coding::ALL {
            for effort in [Effort::Little, Effort::Much] {
                assert_eq!(coding.compressed(&[b'a'; 1_023], effort), None);
                assert!(coding.compressed(&[b'a'; 1_024], effort).is_some_and(|bytes| bytes.len() < 100));
                assert_eq!(coding.compressed(&random(7).take(5_000).collect::<Vec<_>>(), effort), None);
            }
        }
    }
}
