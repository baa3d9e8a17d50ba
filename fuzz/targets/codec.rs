//! Hostile bytes as canonical values: what decodes encodes to the same bytes, and nothing panics.
#![no_main]

use libfuzzer_sys::fuzz_target;
use types::codec::Codec;
use types::{Command, Entry, Event};

fuzz_target!(|bytes: &[u8]| {
    let Some((&kind, bytes)) = bytes.split_first() else { return };
    match kind % 3 {
        0 => check::<Command>(bytes),
        1 => check::<Entry>(bytes),
        _ => check::<Event>(bytes),
    }
});

fn check<T: Codec>(bytes: &[u8]) {
    if let Ok(value) = T::from_bytes(bytes) {
        assert_eq!(value.to_bytes(), bytes, "decoding is strict");
    }
}
