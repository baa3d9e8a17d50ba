//! Flags of `sim`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

pub const SIM_EXAMPLES: &str = "\
A world is a venue of one, three or five nodes with its people, its prices and its faults, all of
it drawn from one seed, in a time of its own. The journal, the engine, the projections and the
snapshots are those of the product; consensus is a model (docs/decisions/0016). Checkers look at
every entry.

Examples:
  plimsoll sim                              100 fresh worlds, on every core
  plimsoll sim --for 8h                     as many as there is time for
  plimsoll sim --seed 7 --svg run.svg       one, with a picture of it
  plimsoll sim --seed 7 --setup seconds=60,faults=kill+power-cut
  plimsoll sim --seeds 20 --twice           each twice: the same to the byte?
  plimsoll sim --scenario list              incidents that happened elsewhere, by name

A promise that was broken ends the run with code 1, and with the one command that shows it again.";

/// Flags of `sim`.
#[derive(Clone, Debug, Args)]
pub struct Sim {
    /// One world: that of this seed.
    #[arg(long, conflicts_with_all = ["seeds", "hours", "scenario"])]
    pub seed: Option<u64>,
    /// So many worlds.
    #[arg(long, value_name = "N", conflicts_with = "hours")]
    pub seeds: Option<u64>,
    /// As many worlds as fit into this time: 90s, 10m, 8h.
    #[arg(long = "for", value_parser = duration, value_name = "TIME")]
    pub hours: Option<Duration>,
    /// Seeds count up from here; without it from a fresh number, which is printed.
    #[arg(long, value_name = "SEED")]
    pub first_seed: Option<u64>,
    /// Parts of the world that are not as the seed draws them: key=value, with commas between;
    /// `help` lists them.
    #[arg(long, value_name = "CHANGES", default_value = "")]
    pub setup: String,
    /// An incident that happened elsewhere, by its name; `list` names them, `all` plays them.
    #[arg(long, value_name = "NAME", conflicts_with = "hours")]
    pub scenario: Option<String>,
    /// Each seed leaves out some kinds of people and of faults; false: all are there.
    #[arg(long, value_name = "BOOL", default_value_t = true, default_missing_value = "true",
          num_args = 0..=1, action = clap::ArgAction::Set)]
    pub swarm: bool,
    /// Each world twice: both must be the same, to the byte.
    #[arg(long)]
    pub twice: bool,
    /// Worlds at a time; without it one a core.
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
    /// Draw the run of --seed into a file.
    #[arg(long, value_name = "FILE", requires = "seed")]
    pub svg: Option<PathBuf>,
    /// Print one line of JSON a world, and one of all.
    #[arg(long)]
    pub json: bool,
    /// Take what was found as it is, without making it smaller.
    #[arg(long)]
    pub no_shrink: bool,
    /// Plant each of these bugs in turn (`all`: every one that worlds can show), and say how long
    /// it stays unseen. Only in a build with planted bugs.
    #[arg(long, value_name = "NAMES", conflicts_with_all = ["seed", "seeds", "scenario"])]
    pub bugs: Option<String>,
}

/// `90s`, `10m`, `8h`.
fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text} is no time: send 90s, 10m or 8h");
    let unit = text.chars().last().ok_or_else(wrong)?;
    let number: u64 = text[..text.len() - unit.len_utf8()].parse().map_err(|_| wrong())?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        _ => return Err(wrong()),
    };
    Ok(Duration::from_secs(number * seconds))
}
