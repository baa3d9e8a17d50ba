//! What `cluster dev` says when it is ready: nodes, keys, and what to try.

use gateway::Key;
use serde_json::{Value, json};

use super::children::{Children, Node};
use crate::cluster::ask::socket_of;
use crate::demo::keys::{Keys, OPERATOR};
use crate::demo::reporters::Reporters;
use crate::output;
use crate::serve::key_json;

/// What there is to say beside the nodes.
pub struct Ready<'a> {
    /// Of the accounts and the operator.
    pub keys: &'a Keys,
    /// Who says the prices.
    pub reporters: &'a Reporters,
    /// Every feed is.
    pub is_healthy: bool,
    /// The makers have quoted everything once.
    pub is_quoted: bool,
}

impl Ready<'_> {
    /// Says it: one line of JSON for a program, things to try for a person.
    pub fn say(&self, children: &Children, json: bool) -> anyhow::Result<()> {
        match json {
            true => output::say_json(&self.to_json(&children.nodes)?)?,
            false => output::say(&self.to_text(&children.nodes)?)?,
        };
        Ok(())
    }

    fn to_json(&self, nodes: &[Node]) -> anyhow::Result<Value> {
        let nodes = nodes.iter().map(|node| {
            json!({
                "node": node.member.node, "pid": node.pid(), "http": node.http(),
                "ws": socket_of(&node.http()), "zone": node.member.zone, "config": node.config,
                "command": node.command,
            })
        });
        Ok(json!({
            "nodes": nodes.collect::<Vec<_>>(),
            "accounts": self.keys.yours()?.map(key_json),
            "operator": key_json(self.keys.of(OPERATOR)?),
            "reporters": self.reporters.to_json(),
            "healthy": self.is_healthy,
            "quoted": self.is_quoted,
        }))
    }

    fn to_text(&self, nodes: &[Node]) -> anyhow::Result<String> {
        let [first, second] = self.keys.yours()?;
        let Key { client_id: id, client_secret: secret, .. } = first;
        let Key { client_id: other_id, client_secret: other_secret, .. } = second;
        let program = std::env::current_exe().unwrap_or_else(|_| "plimsoll".into());
        let (program, rows) = (program.display(), nodes.iter().map(row).collect::<String>());
        let http = nodes.first().map(Node::http).unwrap_or_default();
        let victim = nodes.first().map(Node::pid).unwrap_or_default();
        let again: String =
            nodes.iter().map(|node| format!("    {}\n", node.command_line())).collect();
        let healthy = match (self.is_healthy, self.is_quoted) {
            (true, true) => "All feeds are healthy, and the makers quote.",
            (false, _) => "Not all feeds are healthy yet.",
            (true, false) => "The makers have not quoted everything yet.",
        };
        Ok(format!(
            "The cluster is ready: {n} nodes, of which {quorum} are a quorum. It is play money.
{healthy} Ctrl-C stops all of it.

{rows}
  account 1  client_id {id}  client_secret {secret}
  account 2  client_id {other_id}  client_secret {other_secret}

Any node takes orders. Try these:

  curl -s '{http}/api/v2/public/ticker?instrument_name=BTC-PERPETUAL'

  curl -s -u '{id}:{secret}' \\
    '{http}/api/v2/private/buy?instrument_name=BTC-PERPETUAL&amount=100&type=market'

  python3 - <<'END'
import ccxt
venue = ccxt.deribit({{'apiKey': '{id}', 'secret': '{secret}'}})
venue.urls['api'] = {{'rest': '{http}'}}
print(venue.create_order('BTC/USD:BTC', 'market', 'buy', 100)['status'], venue.fetch_positions())
END

  {program} cluster status --url {http} --watch     who leads, who lags

  kill -9 {victim}                                  and watch the others elect

Start a node again:
{again}
",
            n = nodes.len(),
            quorum = crate::config::quorum(nodes.len()),
        ))
    }
}

fn row(node: &Node) -> String {
    let (number, zone, pid) = (node.member.node, &node.member.zone, node.pid());
    format!("  node {number}  zone {zone}  pid {pid:<8} {}/api/v2\n", node.http())
}
