//! The margin domains of a venue on one machine, and where their logs are.
//!
//! ```text
//!   DIR/
//!     keys.json      who may call (the gateway's)
//!     btc/ eth/ usdc/   log and snapshots of each domain
//! ```

use std::path::{Path, PathBuf};

use gateway::venue::Domain;
use types::AssetCode;

/// Settlement assets that a domain may have, with their decimals. A log keeps its asset for
/// ever, so a row is never changed.
const ASSETS: [(&str, u8); 4] = [("BTC", 8), ("ETH", 8), ("USDC", 6), ("USDT", 8)];

/// Domains of `serve` and `demo`.
pub const SERVED: [&str; 3] = ["BTC", "ETH", "USDC"];

/// The domain of a settlement asset; `None` if it is not one of ours.
pub fn domain(asset: &str) -> Option<Domain> {
    let (code, decimals) = ASSETS.into_iter().find(|(code, _)| *code == asset)?;
    Some(Domain { asset: AssetCode::new(code)?, decimals })
}

/// Where a domain's log is.
pub fn directory(data: &Path, domain: &Domain) -> PathBuf {
    data.join(domain.asset.as_str().to_ascii_lowercase())
}

/// The domains that have a directory in `data`.
pub fn present(data: &Path) -> Vec<Domain> {
    let domains = ASSETS.into_iter().filter_map(|(asset, _)| domain(asset));
    domains.filter(|domain| directory(data, domain).is_dir()).collect()
}
