//! `plimsoll cluster`: the operator's side of a venue on several machines.
//!
//! ```text
//!   init, certificate ─▶ directories to copy        dev ─▶ the same, run on this machine
//!   status            ─▶ public/get_cluster of every node ─▶ table, verdict, exit code
//!   add, promote, remove, transfer ─▶ what it will be, asked ─▶ operator/cluster_* of the leader
//!   upgrade                        ─▶ the same ─▶ operator/upgrade of the leader
//! ```
//! It knows the cluster as any client does, by what the nodes say, and by the configuration file.
//! It decides nothing: the cluster's log does, and refuses what must not be.

mod act;
mod ask;
mod authority;
mod change;
mod dev;
mod files;
mod member;
mod reply;
mod status;
mod verdict;
mod words;

#[cfg(test)]
mod tests;

use std::process::ExitCode;

pub use member::Member;

use crate::cli::ClusterCall;

/// Runs a command.
pub async fn cluster(call: ClusterCall) -> anyhow::Result<ExitCode> {
    match call {
        ClusterCall::Init(args) => files::init(&args)?,
        ClusterCall::Certificate(args) => files::certificate(&args)?,
        ClusterCall::Dev(args) => dev::dev(args).await?,
        ClusterCall::Status(args) => return status::status(args).await,
        ClusterCall::Add(args) => act::add(args).await?,
        ClusterCall::Promote(args) => act::promote(args).await?,
        ClusterCall::Remove(args) => act::remove(args).await?,
        ClusterCall::Transfer(args) => act::transfer(args).await?,
        ClusterCall::Upgrade(args) => act::upgrade(args).await?,
    }
    Ok(ExitCode::SUCCESS)
}
