//! Feeds as stories, tables and properties.

mod gate;
