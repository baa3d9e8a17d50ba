//! How long each planted bug stays unseen: a process of its own for each, in worlds one after
//! another.

/// Hunts the bugs of these names.
#[cfg(not(feature = "planted"))]
pub fn hunt(_: &crate::cli::Sim, _: &str) -> anyhow::Result<std::process::ExitCode> {
    anyhow::bail!(
        "this build has no planted bugs, and no release may have them: \
         cargo run --profile planted --features planted -- sim --bugs all"
    )
}

#[cfg(feature = "planted")]
pub use planted::hunt;

#[cfg(feature = "planted")]
mod planted {
    use std::process::{Child, Command, ExitCode, Stdio};
    use std::time::{Duration, Instant};

    use anyhow::Context;
    use serde_json::{Value, json};
    use types::planted::Bug;

    use crate::cli::Sim;
    use crate::output;

    /// After so long without a find a bug counts as not found.
    const PATIENCE: Duration = Duration::from_secs(300);

    /// Bugs of this place are in threads and sockets that no world has: the drills look for them.
    const OF_DRILLS: &str = "replica/raft";

    /// One bug that is being looked for.
    struct Search {
        bug: Bug,
        child: Child,
        begun: Instant,
    }

    /// What came of it.
    struct Found {
        bug: Bug,
        seconds: Option<f64>,
        checker: String,
        seed: u64,
    }

    /// Hunts the bugs of these names, one a core.
    pub fn hunt(args: &Sim, names: &str) -> anyhow::Result<ExitCode> {
        let mut wanted = chosen(names)?;
        wanted.reverse();
        let jobs = args.jobs.unwrap_or(std::thread::available_parallelism().map_or(1, usize::from));
        let (mut running, mut found) = (Vec::new(), Vec::new());
        while !wanted.is_empty() || !running.is_empty() {
            while running.len() < jobs
                && let Some(bug) = wanted.pop()
            {
                running.push(Search::begin(args, bug)?);
            }
            std::thread::sleep(Duration::from_millis(20));
            let mut still = Vec::new();
            for mut search in running {
                match search.child.try_wait()? {
                    None => still.push(search),
                    Some(_) => {
                        let one = search.end()?;
                        output::note(&line(&one));
                        found.push(one);
                    }
                }
            }
            running = still;
        }
        report(args, &mut found)
    }

    fn chosen(names: &str) -> anyhow::Result<Vec<Bug>> {
        if names == "all" {
            let of_worlds = Bug::ALL.iter().copied().filter(|bug| bug.place() != OF_DRILLS);
            return Ok(of_worlds.collect());
        }
        let one = |name: &str| {
            let bug = Bug::from_name(name);
            bug.with_context(|| format!("no bug is called {name}: docs/testing.md has them"))
        };
        names.split(',').map(one).collect()
    }

    impl Search {
        fn begin(args: &Sim, bug: Bug) -> anyhow::Result<Search> {
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["sim", "--json", "--jobs", "1", "--no-shrink", "--for"]);
            command.arg(format!("{}s", args.hours.unwrap_or(PATIENCE).as_secs()));
            command.args(["--first-seed", &args.first_seed.unwrap_or(1).to_string()]);
            command.arg(format!("--setup={}", args.setup));
            command.env("PLIMSOLL_PLANTED", bug.name());
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
            Ok(Search { bug, child: command.spawn()?, begun: Instant::now() })
        }

        fn end(self) -> anyhow::Result<Found> {
            let seconds = self.begun.elapsed().as_secs_f64();
            let out = self.child.wait_with_output()?;
            let lines = String::from_utf8_lossy(&out.stdout);
            let worlds = lines.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let broken = worlds.into_iter().find(|world| world["checker"].is_string());
            let (checker, seed) = match &broken {
                Some(world) => (world["checker"].as_str().unwrap_or(""), world["seed"].as_u64()),
                None => ("", None),
            };
            let seconds = broken.is_some().then_some(seconds);
            Ok(Found { bug: self.bug, seconds, checker: checker.into(), seed: seed.unwrap_or(0) })
        }
    }

    fn line(found: &Found) -> String {
        let (name, place) = (found.bug.name(), found.bug.place());
        match found.seconds {
            Some(seconds) => {
                format!(
                    "| `{name}` | {place} | {seconds:.1} | {} | {} |",
                    found.checker, found.seed
                )
            }
            None => format!("| `{name}` | {place} | not found | | |"),
        }
    }

    fn report(args: &Sim, found: &mut [Found]) -> anyhow::Result<ExitCode> {
        found.sort_by(|one, other| one.bug.name().cmp(other.bug.name()));
        let n_found = found.iter().filter(|one| one.seconds.is_some()).count();
        // What was not found would have taken longer than all that was.
        let seconds = found.iter().map(|one| one.seconds.unwrap_or(f64::INFINITY));
        let mut times: Vec<f64> = seconds.collect();
        times.sort_by(f64::total_cmp);
        let median = times.get(times.len() / 2).copied().filter(|median| median.is_finite());
        if args.json {
            let rows = found.iter().map(|one| {
                let (bug, checker, seed) = (one.bug.name(), &one.checker, one.seed);
                json!({"bug": bug, "seconds": one.seconds, "checker": checker, "seed": seed})
            });
            output::say_json(&json!({"found": n_found, "of": found.len(), "median_s": median,
                                     "bugs": rows.collect::<Vec<_>>()}))?;
        } else {
            output::say("| bug | place | seconds | checker | seed |\n|---|---|---|---|---|")?;
            for one in found.iter() {
                output::say(&line(one))?;
            }
            let median = median.map_or("-".into(), |median| format!("{median:.1} s"));
            output::say(&format!("{n_found} of {} found, median {median}", found.len()))?;
        }
        Ok(if n_found == found.len() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
