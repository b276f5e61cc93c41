//! Percent escapes of queries and forms, decoded to bytes: they need not be UTF-8, and the caller decides what to do
//! then.

use std::borrow::Cow;

use percent_encoding::percent_decode;

/// The bytes that a name or a value of a query or a form stands for.
pub fn unescaped(text: &[u8]) -> Vec<u8> {
    let spaced: Vec<_> = text.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    Cow::from(percent_decode(&spaced)).into_owned()
}

/// The fields of a form, in order.
pub fn fields(form: &[u8]) -> impl Iterator<Item = (Vec<u8>, Vec<u8>)> {
    form.split(|byte| *byte == b'&').filter(|field| !field.is_empty()).map(|field| {
        let mut parts = field.splitn(2, |byte| *byte == b'=');
        let mut part = || unescaped(parts.next().unwrap_or_default());
        (part(), part())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_byte_by_byte() {
        let read: Vec<_> = fields(b"a=1+2&b%3D=%FC%zz&&c&d==").collect();
        let expected: [(&[u8], &[u8]); 4] = [(b"a", b"1 2"), (b"b=", b"\xFC%zz"), (b"c", b""), (b"d", b"=")];
        assert_eq!(read, expected.map(|(name, value)| (name.to_vec(), value.to_vec())));
    }
}
