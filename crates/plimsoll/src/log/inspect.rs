//! `plimsoll log inspect`: entries and the events that they cause.
//!
//! Events are not in the log: the engine makes them again, from the first entry on, so a late
//! `--from` takes as long as the replay up to it.

use anyhow::Context;
use engine::Engine;
use gateway::venue::Domain;
use journal::{Kind, Reader};
use replica::batch::{Entries, Mark};
use serde_json::{Value, json};
use types::{Entry, Event, Seq};

use super::words::{Words, is_story, moment};
use crate::cli::{Inspect, Only};
use crate::{domains, output};

/// Runs the command.
pub fn inspect(args: &Inspect) -> anyhow::Result<()> {
    for domain in super::chosen(&args.data, args.domain.as_deref())? {
        let mut inspection = Inspection::new(domain, args);
        inspection.run(args).with_context(|| format!("the log of {}", domain.asset))?;
    }
    Ok(())
}

struct Inspection {
    domain: Domain,
    engine: Engine,
    words: Words,
    /// The first entry that is printed.
    from: u64,
    /// How many more are printed.
    left: u64,
    only: Option<Only>,
    json: bool,
}

/// Whether there is more to print, and somebody to read it.
type GoOn = bool;

impl Inspection {
    fn new(domain: Domain, args: &Inspect) -> Inspection {
        let Domain { asset, decimals } = domain;
        Inspection {
            domain,
            engine: Engine::new(asset, decimals),
            words: Words::new(domain),
            from: args.from,
            left: args.limit,
            only: args.only,
            json: args.json,
        }
    }

    fn run(&mut self, args: &Inspect) -> anyhow::Result<()> {
        let mut reader = Reader::open(&domains::directory(&args.data, &self.domain), Seq(1))?;
        while let Some(record) = reader.next_record()? {
            let go_on = match record.kind {
                Kind::Batch => {
                    let entries = Entries::new(record.seq, record.count, record.body)?;
                    self.batch(entries)?
                }
                Kind::Root => self.mark(record.seq, Mark::decode(record.body)?)?,
                Kind::Stamp | Kind::Seal => true,
            };
            if !go_on {
                break;
            }
        }
        Ok(())
    }

    fn batch(&mut self, entries: Entries<'_>) -> anyhow::Result<GoOn> {
        for entry in entries {
            let entry = entry?;
            if self.left == 0 {
                return Ok(false);
            }
            let mut events = Vec::new();
            self.engine.apply(&entry, &mut events);
            events.iter().for_each(|event| self.words.learn(event));
            if let Some(Only::Prices) = self.only {
                events.retain(is_story);
            }
            let is_due = self.from <= entry.seq.0 && !(events.is_empty() && self.only.is_some());
            if is_due && !self.print(&entry, &events)? {
                return Ok(false);
            }
            self.left -= u64::from(is_due);
        }
        Ok(true)
    }

    fn print(&self, entry: &Entry, events: &[Event]) -> anyhow::Result<GoOn> {
        let said = events.iter().map(|event| self.words.event(event));
        let Entry { seq, at, command } = entry;
        if self.json {
            let line = json!({
                "domain": self.domain.asset.as_str(),
                "seq": seq.0,
                "at": at.0,
                "command": self.words.command(command),
                "events": said.map(Value::String).collect::<Vec<_>>(),
            });
            return Ok(output::say_json(&line)?);
        }
        let (asset, at, command) = (self.domain.asset, moment(*at), self.words.command(command));
        let head = format!("{asset} {seq} at {at}: {command}");
        let lines: Vec<String> = std::iter::once(head).chain(said).collect();
        Ok(output::say(&lines.join("\n    "))?)
    }

    fn mark(&self, seq: Seq, mark: Mark) -> anyhow::Result<GoOn> {
        if seq.0 < self.from || self.only.is_some() {
            return Ok(true);
        }
        let asset = self.domain.asset.as_str();
        let root = output::hex(&mark.root);
        if self.json {
            let line = json!({"domain": asset, "seq": seq.0, "root": root});
            return Ok(output::say_json(&line)?);
        }
        Ok(output::say(&format!("{asset} root after {seq}: {root}"))?)
    }
}
