//! `plimsoll recover`: a cluster that lost its majority for good, begun again from what is left.
//!
//! ```text
//!   survivors ─▶ survey ─▶ best of each domain ─▶ what may be lost ─▶ a code      (first person)
//!                                                       the code ─▶ new directory (second person)
//! ```
//! Nothing of a survivor is changed. The code is a digest of all that was printed, so the second
//! person approves what the first one saw, and nothing else.

#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use gateway::Market;
use gateway::venue::{Domain, DomainId};
use replica::Feed;
use replica::raft::Member;
use replica::raft::recover::{Survivor, refound, survey};
use serde_json::json;
use sha2::{Digest, Sha256};
use types::Seq;

use crate::cli::Recover;
use crate::config::{ClusterConfig, Config};
use crate::output::{self, hex};
use crate::venue::LocalVenue;
use crate::{clock, domains};

/// Hexadecimal digits of a code.
const CODE_DIGITS: usize = 12;

/// Runs the command.
pub fn recover(args: &Recover) -> anyhow::Result<()> {
    let (config, _) = Config::read(Some(&args.config), Vec::new())?;
    let cluster = config.cluster.as_ref().with_context(|| {
        format!("{} has no [cluster]: `plimsoll cluster init` makes one", args.config.display())
    })?;
    let mut found = Vec::new();
    for name in domains::SERVED {
        let domain = domains::domain(name).expect("every served domain is in the list of assets");
        found.push(best(args, domain)?);
    }
    let report = report(args, &config, cluster, &mut found);
    let code = code(&report);
    let Some((given, approver)) = args.code.as_ref().zip(args.approved_by.as_ref()) else {
        match args.json {
            true => output::say_json(&json!({"report": report, "code": code}))?,
            false => output::say(&format!("{report}\nNothing was changed. The code is {code}"))?,
        };
        return Ok(());
    };
    if approver == &args.by {
        bail!("{approver} cannot approve what {approver} does: a second person has to");
    }
    if given != &code {
        bail!(
            "the code of this plan is {code}, {given} is another's: read what is printed without \
             --code"
        );
    }
    let record = carry_out(&config, cluster, found, &report, args)?;
    match args.json {
        true => output::say_json(&json!({"recovered": true, "record": record}))?,
        false => output::say(&format!(
            "{report}\nDone, and written down in {}. Start the first node of the new cluster:\n  \
             plimsoll serve --config {}\nand then add and promote the others.",
            record.display(),
            args.config.display()
        ))?,
    };
    Ok(())
}

/// The best survivor of a domain, and what the others have.
struct Best {
    domain: Domain,
    dir: PathBuf,
    survivor: Survivor,
    market: Vec<u8>,
    others: Vec<Other>,
}

/// Another survivor: its directory, the seq and the place in the replicated log that it comes to.
type Other = (PathBuf, Seq, Option<(u64, u64)>);

/// The longest log of the highest term is the best: no survivor can have more that was committed.
fn best(args: &Recover, domain: Domain) -> anyhow::Result<Best> {
    let mut best: Option<Best> = None;
    let named: BTreeSet<_> =
        args.from_survivors.iter().filter_map(|data| data.canonicalize().ok()).collect();
    if named.len() < args.from_survivors.len() {
        bail!("a directory is named twice, or is not there: name each survivor once");
    }
    for data in &args.from_survivors {
        let dir = domains::directory(data, &domain);
        if !dir.is_dir() {
            bail!("{} has no {}: name the data directory of a node", data.display(), domain.asset);
        }
        let (mut survivor, market) = read(&dir, domain)?;
        let (last, seq) = (survivor.last, survivor.engine.seq());
        output::note(&format!(
            "{}: {} comes to entry {seq}, root {}",
            domain.asset,
            dir.display(),
            &hex(&survivor.engine.root())[..16]
        ));
        match &mut best {
            Some(best) if last <= best.survivor.last => best.others.push((dir, seq, last)),
            slot => {
                let mut others = slot.take().map_or(Vec::new(), |old| {
                    let seq = old.survivor.engine.seq();
                    [old.others, vec![(old.dir, seq, old.survivor.last)]].concat()
                });
                others.sort();
                *slot = Some(Best { domain, dir, survivor, market, others });
            }
        }
    }
    best.context("name a survivor")
}

/// The state of a survivor, and the market that follows from it.
fn read(dir: &Path, domain: Domain) -> anyhow::Result<(Survivor, Vec<u8>)> {
    let venue = Arc::new(LocalVenue::new(vec![domain], None));
    let market = Market::new(venue);
    let id = DomainId(0);
    let mut flaw = None;
    let mut sink = |feed| match feed {
        Feed::Restored { projections, .. } if !projections.is_empty() => {
            flaw = market.restore(id, &projections).err();
        }
        Feed::Replayed(applied) => market.publish(id, &applied),
        _ => {}
    };
    let survivor = survey(dir, (domain.asset, domain.decimals), &mut sink)
        .with_context(|| format!("reading {}", dir.display()))?;
    match flaw {
        Some(flaw) => Err(flaw).with_context(|| format!("reading {}", dir.display())),
        None => Ok((survivor, market.snapshot(id))),
    }
}

fn report(args: &Recover, config: &Config, cluster: &ClusterConfig, found: &mut [Best]) -> String {
    let mut text = format!(
        "Recovery by {} into {}, cluster {:?}, node {}.\n",
        args.by,
        config.data.display(),
        cluster.id,
        cluster.node
    );
    for best in found {
        text.push_str(&of_domain(best));
    }
    text
}

fn of_domain(best: &mut Best) -> String {
    let Best { domain, dir, survivor, others, .. } = best;
    let root = hex(&survivor.engine.root());
    let (seq, proven) = (survivor.engine.seq(), survivor.committed_seq);
    let (term, index) = survivor.last.unwrap_or((0, 0));
    let voters = survivor.voters.len();
    let mut text = format!(
        "\n{asset}: from {dir}\n  comes to entry {seq} (term {term}, index {index}), at {at} ms, \
         root {root}\n  entries up to {proven} were committed for certain",
        asset = domain.asset,
        dir = dir.display(),
        at = survivor.at.0,
    );
    let unproven = seq.0.saturating_sub(proven.0);
    if unproven != 0 {
        text.push_str(&format!(
            "; the {unproven} after them may or may not have been acknowledged: they are kept"
        ));
    }
    let n_read = 1 + others.len();
    let quorum = voters / 2 + 1;
    // Not after the end of its log: in the place of what a leader that was cut off had at last, the
    // others may have committed something else.
    text.push_str(&match voters.checked_sub(n_read) {
        Some(missing) if quorum <= missing => format!(
            "\n  {missing} of {voters} nodes are not here, and {quorum} make a quorum: what they \
             acknowledged among themselves after entry {proven} is lost, if there was any, but for \
             what is kept",
        ),
        _ => format!(
            "\n  {n_read} of {voters} are here: if they are of different nodes that voted, every \
             entry that was acknowledged is among theirs, and nothing is lost"
        ),
    });
    for (other, seq, last) in others.iter() {
        let (term, index) = last.unwrap_or((0, 0));
        let other = other.display();
        text.push_str(&format!("\n  {other} comes to entry {seq} (term {term}, index {index})"));
    }
    text.push('\n');
    text
}

fn code(report: &str) -> String {
    let digits = &hex(&Sha256::digest(report.as_bytes()))[..CODE_DIGITS];
    let groups: Vec<&str> = (0..CODE_DIGITS).step_by(4).map(|at| &digits[at..at + 4]).collect();
    groups.join("-")
}

fn carry_out(
    config: &Config,
    cluster: &ClusterConfig,
    found: Vec<Best>,
    report: &str,
    args: &Recover,
) -> anyhow::Result<PathBuf> {
    let own = cluster.peers.iter().find(|peer| peer.node == cluster.node);
    let own = own.context("the configuration lists its own node")?;
    let member =
        Member { address: own.address.clone(), zone: own.zone.clone(), api: own.api.clone() };
    let members = BTreeMap::from([(own.node, member)]);
    for best in found {
        let Best { domain, mut survivor, market, .. } = best;
        let dir = domains::directory(&config.data, &domain);
        refound(&dir, &mut survivor, members.clone(), market)
            .with_context(|| format!("beginning {} again", domain.asset))?;
    }
    // Who may call, and what notices are signed with, stay those of the venue.
    let survivor = args.from_survivors.first().context("name a survivor")?;
    for name in ["keys.json", "notice.pem"] {
        let kept = survivor.join(name);
        if kept.exists() {
            std::fs::copy(&kept, config.data.join(name))
                .with_context(|| format!("copying {}", kept.display()))?;
        }
    }
    let at = clock::log_time().0;
    let path = config.data.join(format!("recovery-{at}.json"));
    let record = json!({
        "at_ms": at,
        "by": args.by,
        "approved_by": args.approved_by,
        "code": args.code,
        "report": report,
    });
    std::fs::write(&path, format!("{record:#}\n"))
        .with_context(|| format!("writing {}", path.display()))?;
    Ok(path)
}
