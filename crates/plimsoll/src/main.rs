//! The binary.
mod cli;
mod client;
mod config;
mod demo;
mod genesis;
mod mirror;
mod output;

fn main() {}
