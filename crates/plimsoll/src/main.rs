//! The binary: reads the command line, runs a command, and turns an error into an exit code.
//!
//! Everything that is not the core is put together here: configuration, wiring, the actors of the
//! demo, the mirror, and the looks into logs. See [`cli`] for what it can do.

mod cli;
mod client;
mod clock;
mod cluster;
mod config;
mod demo;
mod domains;
mod explain;
mod feed;
mod genesis;
mod halt;
mod key_file;
mod log;
mod mirror;
mod notice;
mod operator;
mod output;
mod recover;
mod rehearse;
mod report;
mod rules;
mod serve;
mod sim;
mod stress;
mod venue;
mod webhook;

use std::future::Future;
use std::process::ExitCode;

use anyhow::Context;
use clap::Parser;
use cli::{Cli, Command, Log};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(code) => code,
        Err(error) => {
            output::note(&format!("plimsoll: {error:#}"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> anyhow::Result<ExitCode> {
    #[cfg(feature = "planted")]
    plant()?;
    let done = match cli.command.unwrap_or_else(|| Command::Demo(cli::Demo::default())) {
        Command::Demo(args) => block_on(demo::demo(args)),
        Command::Serve(args) => block_on(serve::serve(args)),
        Command::Mirror(args) => block_on(mirror::mirror(args)),
        Command::Operator(args) => block_on(operator::operator(args)),
        Command::Halt(args) => block_on(halt::halt(args)),
        Command::Resume(args) => block_on(halt::resume(args)),
        Command::Notice(call) => block_on(notice::notice(*call)),
        Command::Verify(args) => notice::verify(&args),
        Command::Webhook(call) => block_on(webhook::webhook(call)),
        Command::Rules(args) => rules::rules(&args),
        Command::Log(Log::Inspect(args)) => log::inspect(&args),
        Command::Log(Log::Verify(args)) => log::verify(&args),
        Command::Explain(args) => explain::explain(&args),
        Command::Report(args) => block_on(report::report(*args)),
        Command::RehearsePrices(args) => rehearse::rehearse(&args),
        Command::Stress(args) => stress::stress(&args),
        Command::Sim(args) => return sim::sim(&args),
        Command::Feed(args) => block_on(feed::feed(args)),
        Command::Recover(args) => recover::recover(&args),
        Command::Config(args) => serve::explain(&args),
        Command::Cluster(call) => return block_on(cluster::cluster(*call)),
    };
    done.map(|()| ExitCode::SUCCESS)
}

/// Plants the bug that `PLIMSOLL_PLANTED` names, in a build that can have one.
#[cfg(feature = "planted")]
fn plant() -> anyhow::Result<()> {
    use types::planted::{self, Bug};

    let Ok(name) = std::env::var("PLIMSOLL_PLANTED") else { return Ok(()) };
    let bug = Bug::from_name(&name);
    let bug = bug.with_context(|| format!("no bug is called {name}: docs/testing.md has them"))?;
    planted::plant(Some(bug));
    Ok(())
}

fn block_on<T>(command: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("starting the runtime")?.block_on(command)
}
