//! Placeholder words until the crate's first change lands in this session.
#![no_std]
