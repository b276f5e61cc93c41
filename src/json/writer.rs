//! JSON out, as `JSON.stringify` writes it: no white space, lone surrogates escaped, so the text is always valid UTF-8.

use super::{Object, Value};

/// Appends the JSON text of a value.
pub fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(text) | Value::Raw(text) => out.extend_from_slice(text),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => write_array(items, out),
        Value::Object(object) => write_object(object, out),
    }
}

/// Appends a string with its quotes. `text` is WTF-8.
pub fn write_string(text: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    let mut rest = text;
    while let [byte, after @ ..] = rest {
        rest = match (*byte, after) {
            // A surrogate in WTF-8: ED A0..BF xx.
            (0xED, [second @ 0xA0..=0xBF, third, after @ ..]) => {
                write_unit(0xD000 | (u32::from(second & 0x3F) << 6) | u32::from(third & 0x3F), out);
                after
            }
            _ => {
                write_byte(*byte, out);
                after
            }
        };
    }
    out.push(b'"');
}

/// Appends a whole number.
pub fn write_u64(number: u64, out: &mut Vec<u8>) {
    if number > 9 {
        write_u64(number / 10, out);
    }
    out.push(b'0' + (number % 10) as u8);
}

fn write_byte(byte: u8, out: &mut Vec<u8>) {
    match byte {
        b'"' | b'\\' => out.extend_from_slice(&[b'\\', byte]),
        b'\n' => out.extend_from_slice(b"\\n"),
        b'\r' => out.extend_from_slice(b"\\r"),
        b'\t' => out.extend_from_slice(b"\\t"),
        8 => out.extend_from_slice(b"\\b"),
        12 => out.extend_from_slice(b"\\f"),
        0..=31 => write_unit(u32::from(byte), out),
        _ => out.push(byte),
    }
}

fn write_unit(unit: u32, out: &mut Vec<u8>) {
    out.extend_from_slice(b"\\u");
    for shift in [12, 8, 4, 0] {
        let digit = ((unit >> shift) & 15) as u8;
        out.push(if digit < 10 { b'0' + digit } else { b'a' + digit - 10 });
    }
}

fn write_array(items: &[Value], out: &mut Vec<u8>) {
    out.push(b'[');
    for (index, item) in items.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write(item, out);
    }
    out.push(b']');
}

pub(super) fn write_object(object: &Object, out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, (name, value)) in object.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(name, out);
        out.push(b':');
        write(value, out);
    }
    out.push(b'}');
}
