//! The query of `GET /api/events`.

use axum::http::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::event_stream::Format;
use crate::http::query::{QueryFault, number};
use crate::http::request;
use crate::store::{EventFilter, Span};

/// How many events are returned by default, and at most: an answer stays under what a browser shows without effort.
const EVENTS: usize = 100;
const MOST_EVENTS: usize = 10_000;

/// `user_id`, `device_id`, `event_type`, `flag_key`, `variant`: texts, equal; `from`, `to`, `received_from`,
/// `received_to`: milliseconds, `to` not included; `limit`, `cursor`: numbers; `format`: `json` or `jsonl`. What is empty
/// is as if it were not there.
pub struct EventQuery {
    pub filter: EventFilter,
    pub format: Format,
}

type Result<T> = std::result::Result<T, QueryFault>;

impl EventQuery {
    /// Reads the query of an address.
    pub fn read(uri: &Uri) -> Result<Self> {
        let mut query = Self { filter: EventFilter { limit: EVENTS, ..EventFilter::default() }, format: Format::Json };
        let mut seen = Vec::new();
        for (name, value) in request::pairs(uri)? {
            if seen.contains(&name) {
                return Err(QueryFault::of(&name, "The parameter stands there twice"));
            }
            query.take(&name, value)?;
            seen.push(name);
        }
        for (name, Span { from, to }) in [("from", query.filter.time), ("received_from", query.filter.received)] {
            if from.zip(to).is_some_and(|(from, to)| from > to) {
                return Err(QueryFault::of(name, "The beginning is after the end"));
            }
        }
        Ok(query)
    }

    fn take(&mut self, name: &str, value: String) -> Result<()> {
        let filter = &mut self.filter;
        match name {
            "user_id" => filter.user_id = request::text(value),
            "device_id" => filter.device_id = request::text(value),
            "event_type" => filter.event_type = request::text(value),
            "flag_key" => filter.flag_key = request::text(value),
            "variant" => filter.variant = request::text(value),
            "from" => filter.time.from = number(name, &value)?,
            "to" => filter.time.to = number(name, &value)?,
            "received_from" => filter.received.from = number(name, &value)?,
            "received_to" => filter.received.to = number(name, &value)?,
            "cursor" => filter.cursor = number(name, &value)?,
            "limit" => filter.limit = number(name, &value)?.map_or(EVENTS, limit),
            "format" => self.format = format(&value)?,
            _ => return Err(QueryFault::of(name, "There is no such parameter")),
        }
        Ok(())
    }

    /// The link to the page after this cursor: the same query but for it.
    pub fn next(uri: &Uri, cursor: i64) -> Result<String> {
        let pairs = request::pairs(uri)?.into_iter().filter(|(name, value)| name != "cursor" && !value.is_empty());
        let pairs = pairs.map(|(name, value)| format!("{name}={}&", utf8_percent_encode(&value, ESCAPED)));
        Ok(format!("<{}?{}cursor={cursor}>; rel=\"next\"", uri.path(), pairs.collect::<String>()))
    }
}

/// What is escaped in a link: all but letters, digits and the marks of RFC 3986.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

fn limit(limit: i64) -> usize {
    usize::try_from(limit).map_or(MOST_EVENTS, |limit| limit.min(MOST_EVENTS))
}

fn format(value: &str) -> Result<Format> {
    match value {
        "" | "json" => Ok(Format::Json),
        "jsonl" => Ok(Format::JsonLines),
        _ => Err(QueryFault::of("format", "The format is json or jsonl")),
    }
}
