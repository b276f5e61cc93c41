//! Where the value of a path stands in a JSON text: `projects[1].flags[0].segments[2].variant`.

use experiment_wasm::json::{Kind, Reader};

/// The byte at which the value begins; of a value that is not there, the innermost that would hold it.
pub fn byte_of(text: &[u8], path: &str) -> usize {
    let mut reader = Reader::within(text, text.len());
    let mut rest = path;
    loop {
        let kind = reader.peek();
        let here = reader.offset();
        match inner(&mut reader, kind, rest) {
            Some(inner) => rest = inner,
            None => return here,
        }
    }
}

/// Goes to the value that the path names next; returns the rest of the path.
fn inner<'a>(reader: &mut Reader<'_>, kind: Kind, path: &'a str) -> Option<&'a str> {
    match kind {
        Kind::Object if !path.is_empty() => {
            reader.begin_object();
            while let Some(name) = reader.next_name() {
                if let Some(rest) = std::str::from_utf8(&name).ok().and_then(|name| after(path, name)) {
                    return Some(rest);
                }
                reader.skip();
            }
            None
        }
        Kind::Array => {
            let (index, rest) = path.strip_prefix('[')?.split_once(']')?;
            reader.begin_list();
            for _ in 0..index.parse().ok()? {
                reader.next_item().then(|| reader.skip())?;
            }
            reader.next_item().then_some(rest)
        }
        _ => None,
    }
}

/// What comes in a path after a field. Names may hold points and brackets: the whole name must be there.
fn after<'a>(path: &'a str, name: &str) -> Option<&'a str> {
    let rest = path.strip_prefix('.').unwrap_or(path).strip_prefix(name)?;
    (rest.is_empty() || rest.starts_with(['.', '['])).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"{ "a": [1, {"b.c": {"d": "here"}, "e": []}], "f": 5 }"#;

    #[track_caller]
    fn stands(path: &str, text: &str) {
        let byte = byte_of(TEXT.as_bytes(), path);
        let rest = TEXT.get(byte..).unwrap();
        assert!(rest.starts_with(text), "{path}: {rest}");
    }

    #[test]
    fn a_path_leads_to_its_value() {
        stands("a[0]", "1,");
        stands("a[1].b.c.d", "\"here\"");
        stands("f", "5");
        stands("", "{ \"a\"");
    }

    #[test]
    fn what_is_not_there_is_where_it_would_be() {
        stands("a[1].b.c.x", "{\"d\"");
        stands("a[7].b", "[1,");
        stands("a[1].e[0]", "[]}");
        stands("nothing.at[0].all", "{ \"a\"");
        assert_eq!((byte_of(b"", "a"), byte_of(b"{\"a\":[", "a[0].b")), (0, 6));
    }
}
