//! Counts the values of a JSON text before any is made: two bytes of text can become fifty of memory.

use experiment_wasm::json::{MAX_DEPTH, Reader};

/// The values of a text, or a few more; what lies too deep is one with what it lies in. Not of a text that is no JSON:
/// that is found out when it is read.
pub fn count(text: &[u8]) -> usize {
    let (mut count, mut depth, mut in_string, mut escaped) = (1, 0_usize, false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_string,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                depth += 1;
                count += usize::from(depth <= MAX_DEPTH as usize);
            }
            b']' | b'}' => depth = depth.saturating_sub(1),
            b',' => count += usize::from(depth <= MAX_DEPTH as usize),
            _ => {}
        }
    }
    count
}

/// The values of an event's changes of user properties.
pub fn changed(event: &[u8]) -> usize {
    let mut reader = Reader::within(event, event.len());
    let mut fields = reader.begin_object();
    let mut changed = 0;
    while reader.next_field(&mut fields, 0, &["user_properties"]) {
        match fields.index {
            0 => changed += count(reader.read_raw()),
            _ => reader.skip(),
        }
    }
    changed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_and_commas_in_texts_are_not() {
        assert_eq!(count(br#"{"a":[1,2],"b,":"x,\",y"}"#), 5);
        assert_eq!(count(b"[0,0,0,0]"), 5);
        assert_eq!(count("[".repeat(100_000).as_bytes()), 65);
        assert_eq!(changed(br#"{"event_properties":{"a":1,"b":2},"user_properties":{"$set":{"a":1,"b":2}}}"#), 4);
        assert_eq!(changed(br#"{"event_type":"Buy"}"#), 0);
    }
}
