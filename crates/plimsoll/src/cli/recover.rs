//! The command line of recovery.

use std::path::PathBuf;

use clap::Args;

pub(super) const RECOVER_EXAMPLES: &str = "\
A majority of the nodes is lost for good. On a machine that can read what the survivors have, with
no node running on those directories:
  plimsoll recover --from-survivors node-1/data --from-survivors node-3/data \\
      --config new/plimsoll.toml --by alice

It changes nothing: it prints what each survivor has, which is the best, what may have been lost,
and a code. A second person reads that, and does it:
  plimsoll recover --from-survivors node-1/data --from-survivors node-3/data \\
      --config new/plimsoll.toml --by alice --approved-by bob --code 7f3a-99c1

new/plimsoll.toml is that of the first node of a new cluster (`plimsoll cluster init` makes one),
with an id of its own: nodes of the old cluster, should they come back, cannot speak to the new one.
Start it, then add, and promote, the others: docs/drills/quorum-loss.md has every step.";

/// Restarts a cluster from what is left of it.
#[derive(Args, Clone, Debug)]
pub struct Recover {
    /// The data directory of a survivor; once for each.
    #[arg(long = "from-survivors", value_name = "DIR", required = true)]
    pub from_survivors: Vec<PathBuf>,
    /// Configuration of the first node of the new cluster; its data directory must be empty.
    #[arg(long, value_name = "FILE")]
    pub config: PathBuf,
    /// Who does this.
    #[arg(long, value_name = "NAME")]
    pub by: String,
    /// Who else has read what may be lost.
    #[arg(long, value_name = "NAME", requires = "code")]
    pub approved_by: Option<String>,
    /// The code that was printed.
    #[arg(long, value_name = "CODE", requires = "approved_by")]
    pub code: Option<String>,
    /// Prints one line of JSON.
    #[arg(long)]
    pub json: bool,
}
