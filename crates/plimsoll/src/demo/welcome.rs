//! What the demo says when it is ready.

use gateway::Key;
use serde_json::Value;

use super::keys::Keys;
use super::reporters::Reporters;
use crate::output;
use crate::serve::{Ready, key_json};

/// Says it: one line of JSON for a program, keys and things to try for a person.
pub fn say(
    ready: &Ready,
    keys: &Keys,
    (reporters, is_healthy): (&Reporters, bool),
    json: bool,
) -> anyhow::Result<()> {
    let yours = keys.yours()?;
    if json {
        let mut line = ready.to_json(None, &[]);
        line["accounts"] = yours.into_iter().map(key_json).collect::<Value>();
        line["reporters"] = reporters.to_json();
        line["healthy"] = is_healthy.into();
        output::say_json(&line)?;
        return Ok(());
    }
    output::say(&text(ready, yours, (reporters, is_healthy)))?;
    Ok(())
}

fn text(
    ready: &Ready,
    [first, second]: [&Key; 2],
    (reporters, is_healthy): (&Reporters, bool),
) -> String {
    let (http, ws) = (&ready.http, &ready.ws);
    let program = std::env::current_exe().unwrap_or_else(|_| "plimsoll".into());
    let program = program.display();
    let Key { client_id: id, client_secret: secret, .. } = first;
    let Key { client_id: other_id, client_secret: other_secret, .. } = second;
    let reporters = reporters.to_text();
    let healthy = match is_healthy {
        true => "All feeds are healthy.",
        false => "Not all feeds are healthy yet.",
    };
    format!(
        "The demo venue is ready. It is play money: its five price sources are simulated, the market
makers are bots, and the keys follow from the seed. Ctrl-C stops it.

  HTTP       {http}/api/v2
  WebSocket  {ws}
  account 1  client_id {id}  client_secret {secret}
  account 2  client_id {other_id}  client_secret {other_secret}

Try these:

  curl -s '{http}/api/v2/public/ticker?instrument_name=BTC-PERPETUAL'

  curl -s -u '{id}:{secret}' \\
    '{http}/api/v2/private/buy?instrument_name=BTC-PERPETUAL&amount=100&type=market'

  python3 - <<'END'
import ccxt
venue = ccxt.deribit({{'apiKey': '{id}', 'secret': '{secret}'}})
venue.urls['api'] = {{'rest': '{http}'}}
print(venue.fetch_order_book('BTC/USD:BTC', 5))
print(venue.create_order('BTC/USD:BTC', 'market', 'buy', 100)['status'], venue.fetch_positions())
END

{healthy} Five reporters, each a process of its own, sign what the indexes are.
Kill two and the feeds are degraded: nothing may grow. Kill a third and they are frozen: orders
only reduce, cancels work. Start them again and ten fresh reports make them healthy. See it:

  {program} feed --watch --to {ws}

{reporters}"
    )
}
