//! A member on the command line: `1=10.0.0.1:7001,api=10.0.0.1:8080,zone=a`.

use crate::config::Peer;

const FORM: &str = "write one such as 1=10.0.0.1:7001,api=10.0.0.1:8080,zone=a";

/// A member of a cluster, as it was typed; what it says is checked with the others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member(pub Peer);

impl Member {
    /// Reads one.
    pub fn parse(text: &str) -> Result<Member, String> {
        let mut parts = text.split(',');
        let first = parts.next().and_then(|first| first.split_once('='));
        let (node, address) = first.ok_or(FORM)?;
        let node = node.parse().map_err(|_| format!("{node} is no number of a node: {FORM}"))?;
        let mut peer = Peer { node, address: address.into(), ..Peer::default() };
        for part in parts {
            match part.split_once('=') {
                Some(("api", api)) => peer.api = api.into(),
                Some(("zone", zone)) => peer.zone = zone.into(),
                _ => return Err(format!("{part} is neither api=… nor zone=…: {FORM}")),
            }
        }
        match peer.api.is_empty() || peer.zone.is_empty() {
            true => Err(format!("api and zone are needed: {FORM}")),
            false => Ok(Member(peer)),
        }
    }
}
