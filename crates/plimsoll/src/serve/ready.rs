//! What a venue says when it is ready: where it is, and what state each domain was restored to.

use gateway::Key;
use serde_json::{Value, json};

use super::Site;
use crate::output;

/// The ready line.
pub struct Ready {
    /// `http://127.0.0.1:8080`
    pub http: String,
    /// `ws://127.0.0.1:8080/ws/api/v2`
    pub ws: String,
    /// Asset, last seq and root of each domain after its replay, before anything new.
    domains: Vec<(String, u64, String)>,
}

impl Ready {
    /// Of a venue that listens.
    pub fn of(site: &Site) -> Ready {
        let address = site.address();
        let domains = site.starts().iter().map(|start| {
            let root = start.started.root.map_or(String::new(), |root| output::hex(&root));
            (start.asset.to_string(), start.started.seq.0, root)
        });
        Ready {
            http: format!("http://{address}"),
            ws: format!("ws://{address}/ws/api/v2"),
            domains: domains.collect(),
        }
    }

    /// One line of JSON; the keys are those that were made at this start.
    pub fn to_json(&self, operator: Option<&Key>, reporters: &[Key]) -> Value {
        let by_asset = |field: fn(&(String, u64, String)) -> Value| -> Value {
            self.domains.iter().map(|domain| (domain.0.clone(), field(domain))).collect()
        };
        let mut line = json!({
            "http": self.http,
            "ws": self.ws,
            "seqs": by_asset(|(_, seq, _)| json!(seq)),
            "roots": by_asset(|(_, _, root)| json!(root)),
        });
        if let Some(key) = operator {
            line["operator"] = key_json(key);
        }
        for key in reporters {
            line["reporters"][key.account.to_string()] = key_json(key);
        }
        line
    }

    /// For a person.
    pub fn to_text(&self, operator: Option<&Key>, reporters: &[Key]) -> String {
        let mut text = format!("ready: {} and {}", self.http, self.ws);
        for (asset, seq, root) in &self.domains {
            text.push_str(&format!("\n  {asset}: after entry {seq}, root {root}"));
        }
        for key in operator.into_iter().chain(reporters) {
            let Key { account, client_id, client_secret, .. } = key;
            let whose = match account {
                0 => "the operator".into(),
                account => format!("account {account}, which reports"),
            };
            text.push_str(&format!(
                "\nkey of {whose} (kept in keys.json, printed this once):\
                 \n  client_id {client_id}\n  client_secret {client_secret}"
            ));
        }
        text
    }
}

/// The two halves of a key.
pub fn key_json(key: &Key) -> Value {
    json!({"client_id": key.client_id, "client_secret": key.client_secret})
}
