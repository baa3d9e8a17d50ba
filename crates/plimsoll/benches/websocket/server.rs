//! The real binary on an empty directory: two accounts that have money, no limits in the way.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use crate::socket::Socket;

/// Limits are counted as on any venue; these are out of reach.
const CONFIG: &str = "\
[gateway]
connections_max = 20000
connections_per_address_max = 20000
queued_per_account_max = 65536
orders_per_s = 1000000
orders_burst = 1000000
cancels_per_s = 1000000
cancels_burst = 1000000
queries_per_s = 1000000
queries_burst = 1000000
";

pub const INSTRUMENT: &str = "BTC-PERPETUAL";
const ACCOUNTS: usize = 2;
const INDEX: u32 = 97_000;
/// The kernel counts processor time in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// A server; it is killed when it is dropped.
pub struct Server {
    child: Child,
    address: SocketAddr,
    operator: Value,
    accounts: Vec<Value>,
}

impl Server {
    pub fn start(binary: &Path, home: &Path) -> Server {
        let config = home.join("venue.toml");
        std::fs::write(&config, CONFIG).expect("the configuration is written");
        let mut child = Command::new(binary)
            .args(["serve", "--json", "--port", "0", "--config"])
            .arg(&config)
            .arg("--data")
            .arg(home.join("data"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("stdout is readable");
        let ready: Value = serde_json::from_str(&line).expect("the ready line is JSON");
        let http = ready["http"].as_str().expect("the ready line says where HTTP is");
        let address = http.trim_start_matches("http://").parse().expect("an address");
        let operator = ready["operator"].clone();
        let mut server = Server { child, address, operator, accounts: Vec::new() };
        server.open_accounts();
        server
    }

    fn open_accounts(&mut self) {
        let mut socket = Socket::connect(self.address);
        log_in(&mut socket, &self.operator);
        for _ in 0..ACCOUNTS {
            let opened = result(&mut socket, "operator/open_account", &json!({}));
            let account = &opened["account"];
            let money = json!({"account": account, "currency": "BTC", "amount": 10_000});
            result(&mut socket, "operator/deposit", &money);
            self.accounts.push(opened);
        }
        let index = json!({"base": "BTC", "quote": "USD", "price": INDEX});
        result(&mut socket, "operator/report_index", &index);
        result(&mut socket, "operator/report_marks", &json!({"marks": [[INSTRUMENT, INDEX]]}));
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Authenticates a connection as one of the accounts.
    pub fn log_in(&self, socket: &mut Socket, account: usize) {
        log_in(socket, &self.accounts[account % ACCOUNTS]);
    }

    /// Authenticates a connection as the operator.
    pub fn log_in_operator(&self, socket: &mut Socket) {
        log_in(socket, &self.operator);
    }

    /// Processor time that the server has used.
    pub fn cpu(&self) -> Duration {
        cpu_of(&self.id().to_string())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn log_in(socket: &mut Socket, key: &Value) {
    let params = json!({
        "grant_type": "client_credentials",
        "client_id": key["client_id"],
        "client_secret": key["client_secret"],
    });
    result(socket, "public/auth", &params);
}

fn result(socket: &mut Socket, method: &str, params: &Value) -> Value {
    let reply = socket.call(method, &params.to_string());
    let mut reply: Value = serde_json::from_str(&reply).expect("a reply is JSON");
    assert!(reply["error"].is_null(), "{method}: {reply}");
    reply["result"].take()
}

/// Processor time that this process has used.
pub fn own_cpu() -> Duration {
    cpu_of("self")
}

fn cpu_of(process: &str) -> Duration {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    // The name, in parentheses, may have spaces; user and system time are 12th and 13th after it.
    let after_name = stat.rsplit_once(')').map(|(_, rest)| rest).unwrap_or_default();
    let ticks = after_name.split_whitespace().skip(11).take(2);
    TICK * ticks.filter_map(|ticks| ticks.parse::<u32>().ok()).sum()
}

/// Of one, five and fifteen minutes.
pub fn load_average() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split_whitespace().take(3).collect::<Vec<_>>().join(" ")
}
