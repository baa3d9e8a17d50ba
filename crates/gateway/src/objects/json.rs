//! Writes JSON objects and lists into a text.

use std::fmt::{Display, Write};

/// An object that is being written.
pub(crate) struct Object<'a> {
    out: &'a mut String,
    first: bool,
}

/// A list that is being written.
pub(crate) struct List<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Object<'a> {
    /// Begins an object at the end of `out`.
    pub(crate) fn new(out: &'a mut String) -> Object<'a> {
        out.push('{');
        Object { out, first: true }
    }

    /// Ends it.
    pub(crate) fn end(self) {
        self.out.push('}');
    }

    /// Writes a key; the value is written into the text that comes back.
    pub(crate) fn key(&mut self, key: &str) -> &mut String {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        self.out.push('"');
        self.out.push_str(key);
        self.out.push_str("\":");
        self.out
    }

    /// A text that may hold any character.
    pub(crate) fn text(&mut self, key: &str, value: &str) -> &mut Self {
        write_text(self.key(key), value);
        self
    }

    /// A text of characters that need no escape: names, ids and words of ours.
    pub(crate) fn word(&mut self, key: &str, value: impl Display) -> &mut Self {
        let _ = write!(self.key(key), "\"{value}\"");
        self
    }

    /// A number.
    pub(crate) fn number(&mut self, key: &str, value: impl Display) -> &mut Self {
        let _ = write!(self.key(key), "{value}");
        self
    }

    /// A number, or null.
    pub(crate) fn number_or_null(&mut self, key: &str, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.number(key, value),
            None => self.null(key),
        }
    }

    /// True or false.
    pub(crate) fn flag(&mut self, key: &str, value: bool) -> &mut Self {
        self.number(key, value)
    }

    /// Null.
    pub(crate) fn null(&mut self, key: &str) -> &mut Self {
        self.key(key).push_str("null");
        self
    }
}

impl<'a> List<'a> {
    /// Begins a list at the end of `out`.
    pub(crate) fn new(out: &'a mut String) -> List<'a> {
        out.push('[');
        List { out, first: true }
    }

    /// Ends it.
    pub(crate) fn end(self) {
        self.out.push(']');
    }

    /// The next element is written into the text that comes back.
    pub(crate) fn item(&mut self) -> &mut String {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        self.out
    }
}

/// A text in quotes, escaped where needed.
pub(crate) fn write_text(out: &mut String, text: &str) {
    out.push('"');
    for letter in text.chars() {
        match letter {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            letter if letter < ' ' => {
                let _ = write!(out, "\\u{:04x}", u32::from(letter));
            }
            letter => out.push(letter),
        }
    }
    out.push('"');
}
