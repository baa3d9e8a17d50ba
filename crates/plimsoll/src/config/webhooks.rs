//! The receivers of notices: `[[webhook]]` with an address and a secret each.

use super::raw::Problem;
use crate::report::live::Address;
use crate::webhook::{Receiver, WEBHOOKS_MAX};

/// Shortest secret in bytes: what can be guessed signs nothing.
const SECRET_BYTES_MIN: usize = 16;

/// Reads the list; what is wrong is added to `problems`.
pub fn read(written: &toml::Value, problems: &mut Vec<Problem>) -> Vec<Receiver> {
    let Some(tables) = written.as_array() else {
        let wanted = "write [[webhook]] with url and secret, once for each receiver";
        problems.push(Problem::new("webhook", "no list of tables", wanted));
        return Vec::new();
    };
    if WEBHOOKS_MAX < tables.len() {
        let wanted = format!("name at most {WEBHOOKS_MAX}");
        problems.push(Problem::new("webhook", &format!("{} receivers", tables.len()), &wanted));
    }
    let mut receivers: Vec<Receiver> = Vec::new();
    for table in tables {
        let field = |name: &str| table.get(name).and_then(toml::Value::as_str).unwrap_or("");
        let receiver = Receiver { url: field("url").into(), secret: field("secret").into() };
        let is_twice = receivers.iter().any(|other| other.url == receiver.url);
        problems.extend(problem(&receiver, table, is_twice));
        receivers.push(receiver);
    }
    receivers
}

/// What is wrong with one; a secret is never shown.
fn problem(receiver: &Receiver, table: &toml::Value, is_twice: bool) -> Option<Problem> {
    let url = format!("{:?}", receiver.url);
    let is_http = Address::parse(&receiver.url).is_ok_and(|address| !address.is_socket());
    if !is_http {
        return Some(Problem::new("webhook.url", &url, "write one such as \"https://host/path\""));
    }
    if is_twice {
        return Some(Problem::new("webhook.url", &url, "name each receiver once"));
    }
    if receiver.secret.len() < SECRET_BYTES_MIN {
        let found = format!("a text of {} bytes", receiver.secret.len());
        let wanted = format!("write at least {SECRET_BYTES_MIN}");
        return Some(Problem::new("webhook.secret", &found, &wanted));
    }
    let known = |name: &str| name == "url" || name == "secret";
    let fields = table.as_table();
    let other = fields.and_then(|fields| fields.keys().find(|name| !known(name.as_str())))?;
    let (key, found) = (format!("webhook.{other}"), "a key that does not exist");
    Some(Problem::new(&key, found, "a webhook has url and secret"))
}
