//! `plimsoll log`: looks into logs on disk. It opens nothing for writing and needs no server;
//! beside a running one it sees what was synced when it came by.

mod inspect;
mod verify;
pub mod words;

use std::path::Path;

use anyhow::{Context, bail};
use gateway::venue::Domain;

pub use inspect::inspect;
pub use verify::verify;

use crate::domains;

/// The domains to look at: the named one, or all that are there.
pub fn chosen(data: &Path, name: Option<&str>) -> anyhow::Result<Vec<Domain>> {
    let present = domains::present(data);
    if present.is_empty() {
        bail!("{} has no log in it: give the data directory of a venue", data.display());
    }
    let Some(name) = name else { return Ok(present) };
    let named = present.iter().find(|domain| domain.asset.as_str().eq_ignore_ascii_case(name));
    let known: Vec<&str> = present.iter().map(|domain| domain.asset.as_str()).collect();
    let named =
        named.with_context(|| format!("there is no domain {name}: {}", known.join(", ")))?;
    Ok(vec![*named])
}
