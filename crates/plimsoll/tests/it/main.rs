//! The real binary: what it prints, what it keeps, what it refuses.

mod cli;
mod cluster;
mod demo_feed;
mod genesis;
mod halts;
mod liquidation;
mod mirror;
mod operator;
mod process;
mod report;
mod restart;
mod stress;
mod stub_exchange;
mod webhooks;
mod witness;
