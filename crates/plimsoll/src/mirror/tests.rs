//! The decoder, the recorded book and the plan, on hand-made lines and on the real captures.

mod book;
mod capture;
mod plan;
mod recorded;
