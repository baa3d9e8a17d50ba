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
            let root = output::hex(&start.started.root);
            (start.asset.to_string(), start.started.seq.0, root)
        });
        Ready {
            http: format!("http://{address}"),
            ws: format!("ws://{address}/ws/api/v2"),
            domains: domains.collect(),
        }
    }

    /// One line of JSON.
    pub fn to_json(&self, operator: Option<&Key>) -> Value {
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
        line
    }

    /// For a person.
    pub fn to_text(&self, operator: Option<&Key>) -> String {
        let mut text = format!("ready: {} and {}", self.http, self.ws);
        for (asset, seq, root) in &self.domains {
            text.push_str(&format!("\n  {asset}: after entry {seq}, root {root}"));
        }
        if let Some(key) = operator {
            let Key { client_id, client_secret, .. } = key;
            text.push_str(&format!(
                "\noperator's key (kept in keys.json, printed this once):\
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
