//! `plimsoll log verify`: is the log whole, and does it give the state that it says?
//!
//! ```text
//!   checksums and order of every record ─▶ replay from the first entry, against every root mark
//!                                      │     └▶ is every report signed by its reporter?
//!                                      └▶ from the newest snapshot ─▶ the same root and chain?
//! ```

use anyhow::{Context, bail};
use gateway::venue::Domain;
use indicatif::{ProgressBar, ProgressStyle};
use journal::{Opened, recovery};
use replica::{Feed, Start, restore};
use serde_json::{Value, json};
use types::{AssetCode, Seq};

use crate::cli::Verify;
use crate::venue::{Checker, Testimony};
use crate::{domains, output};

/// What the log of one domain holds.
struct Verified {
    asset: AssetCode,
    opened: Opened,
    entries: u64,
    seq: Seq,
    root: [u8; 32],
    chain: [u8; 32],
    /// Seq of the newest snapshot, which gave the same root.
    snapshot: Seq,
    /// Signatures of reporters, each of which is good.
    signatures: u64,
}

/// Runs the command.
pub fn verify(args: &Verify) -> anyhow::Result<()> {
    let domains = super::chosen(&args.data, args.domain.as_deref())?;
    let mut verified = Vec::new();
    for domain in domains {
        let checked = check(args, domain);
        verified.push(checked.with_context(|| format!("the log of {}", domain.asset))?);
    }
    if args.json {
        let domains: Vec<Value> = verified.iter().map(Verified::to_json).collect();
        output::say_json(&json!({ "domains": domains }))?;
        return Ok(());
    }
    for domain in &verified {
        output::say(&domain.to_text())?;
    }
    Ok(())
}

fn check(args: &Verify, domain: Domain) -> anyhow::Result<Verified> {
    let dir = domains::directory(&args.data, &domain);
    let Domain { asset, decimals } = domain;
    let opened = recovery::check(&dir)?;
    let bar = bar(asset);
    let from = |start, sink: &mut dyn FnMut(Feed)| {
        let mut report = |progress: restore::Progress| {
            bar.set_length(progress.bytes_total);
            bar.set_position(progress.bytes_done);
        };
        restore::restore(&dir, (asset, decimals), start, sink, &mut report)
    };
    let mut reports = Reports::default();
    let mut whole = from(Start::Genesis, &mut |fed| reports.take(fed))?;
    let mut quick = from(Start::Newest, &mut |_| ())?;
    bar.finish_and_clear();
    let signatures = reports.verified()?;
    let (root, chain) = (whole.engine.root(), whole.engine.chain());
    if quick.engine.root() != root || quick.engine.chain() != chain {
        bail!(
            "from the snapshot at {} the root is {}, from the first entry it is {}",
            quick.snapshot,
            output::hex(&quick.engine.root()),
            output::hex(&root)
        );
    }
    let (entries, seq) = (whole.progress.entries, whole.engine.seq());
    let snapshot = quick.snapshot;
    Ok(Verified { asset, opened, entries, seq, root, chain, snapshot, signatures })
}

/// The signatures of reporters, verified a few thousand at a time.
#[derive(Default)]
struct Reports {
    checker: Checker,
    count: u64,
    fault: Option<anyhow::Error>,
}

/// Claims that are gathered before they are verified.
const CLAIMS_MAX: usize = 4_096;

impl Reports {
    fn take(&mut self, fed: Feed) {
        let Feed::Replayed(applied) = fed else { return };
        let Some(testimony) = Testimony::of(applied.into_inner()) else { return };
        self.checker.take(testimony);
        if CLAIMS_MAX <= self.checker.n_claims() {
            self.verify();
        }
    }

    fn verify(&mut self) {
        self.count += u64::try_from(self.checker.n_claims()).unwrap_or(u64::MAX);
        let fault = self.checker.verify().err().map(anyhow::Error::from);
        // The first one is what is told.
        self.fault = self.fault.take().or(fault);
    }

    /// How many there are, if all are good.
    fn verified(mut self) -> anyhow::Result<u64> {
        self.verify();
        self.fault.map_or(Ok(self.count), Err)
    }
}

fn bar(asset: AssetCode) -> ProgressBar {
    let style = ProgressStyle::with_template("{msg} {wide_bar} {bytes}/{total_bytes} {eta}")
        .expect("the template names fields that exist");
    ProgressBar::new(0).with_style(style).with_message(asset.to_string())
}

impl Verified {
    fn to_json(&self) -> Value {
        let torn = self.opened.torn.as_ref();
        json!({
            "domain": self.asset.as_str(),
            "entries": self.entries,
            "segments": self.opened.segments,
            "bytes": self.opened.bytes,
            "seq": self.seq.0,
            "root": output::hex(&self.root),
            "chain": output::hex(&self.chain),
            "snapshot": self.snapshot.0,
            "signatures": self.signatures,
            "torn_bytes": torn.map_or(0, |torn| torn.bytes),
        })
    }

    fn to_text(&self) -> String {
        let Verified { asset, entries, seq, snapshot, signatures, .. } = self;
        let Opened { segments, bytes, torn, .. } = &self.opened;
        let (root, chain) = (output::hex(&self.root), output::hex(&self.chain));
        let torn = torn.as_ref().map_or(String::new(), |torn| {
            let (segment, offset) = (&torn.segment, torn.offset);
            format!(
                "\n  torn   {} bytes after byte {offset} of {segment}, which a start drops",
                torn.bytes
            )
        });
        let snapshot = match snapshot {
            Seq(0) => "none".into(),
            seq => format!("after entry {seq}, gives the same root"),
        };
        format!(
            "{asset}: ok, {entries} entries in {segments} segments of {bytes} bytes, \
             last entry {seq}\n  root   {root}\n  chain  {chain}\n  snapshot {snapshot}\n  \
             reports {signatures}, each signed by its reporter{torn}"
        )
    }
}
