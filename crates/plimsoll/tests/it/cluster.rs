//! `plimsoll cluster`: the status of nodes that answer and of nodes that do not, changes that are
//! asked for at the leader, and a local cluster that is set up once.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

use expect_test::expect;
use serde_json::{Value, json};

use crate::process::{plimsoll, run, text};

/// A port that nobody listens on.
fn dead_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("there is a free port");
    listener.local_addr().expect("it has an address").port()
}

/// Answers every request with this, from threads that end with the process.
fn answers(listener: TcpListener, result: &Value) {
    let body = json!({"jsonrpc": "2.0", "id": 1, "result": result}).to_string();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().map_while(Result::ok) {
            let mut reader = BufReader::new(stream.try_clone().expect("it is cloned"));
            let mut line = String::new();
            let mut length = 0;
            while reader.read_line(&mut line).is_ok_and(|n| 2 < n) {
                if let Some(n) = line.to_lowercase().strip_prefix("content-length:") {
                    length = n.trim().parse().expect("it is a length");
                }
                line.clear();
            }
            let mut request = vec![0; length];
            reader.read_exact(&mut request).expect("the request is whole");
            assert!(text(&request).contains("public/get_cluster"));
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
            // The caller may have gone.
            let _ =
                stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body.as_bytes()));
        }
    });
}

/// What node `node` of three says; the others have these ports.
fn reply(node: u64, ports: [u16; 3]) -> Value {
    let members = (1..).zip(ports).map(|(node, port)| {
        let address = format!("10.0.0.{node}:7001");
        json!({"node": node, "address": address, "zone": "z", "api": format!("127.0.0.1:{port}")})
    });
    json!({
        "node": node, "cluster": "blue", "zone": "z",
        "domains": [{
            "currency": "BTC", "role": if node == 1 { "leader" } else { "follower" }, "leader": 1,
            "term": 3, "committed_index": 9, "applied_index": 9, "applied_seq": 9,
            "root": "0011", "root_seq": 8, "voters": [1, 2, 3], "learners": [],
            "members": members.collect::<Vec<_>>(),
        }],
    })
}

/// Three nodes, of which the first so many answer; the address of the first.
fn nodes(n_alive: usize) -> String {
    let listeners: Vec<TcpListener> = (0..n_alive)
        .map(|_| TcpListener::bind("127.0.0.1:0").expect("there is a free port"))
        .collect();
    let port = |nth: usize| match listeners.get(nth) {
        Some(listener) => listener.local_addr().expect("it has an address").port(),
        None => dead_port(),
    };
    let ports = [port(0), port(1), port(2)];
    for (node, listener) in (1..).zip(listeners) {
        answers(listener, &reply(node, ports));
    }
    format!("http://127.0.0.1:{}", ports[0])
}

#[test]
fn one_address_finds_all_nodes_and_the_verdict_is_the_exit_code() {
    for (n_alive, code) in [(3, 0), (2, 1), (1, 2)] {
        let url = nodes(n_alive);
        let status = run(&["cluster", "status", "--url", &url]);
        let told = text(&status.stdout);
        assert_eq!(status.status.code(), Some(code), "{n_alive} alive: {told}");
        assert_eq!(told.matches("does not answer at").count(), 3 - n_alive, "{told}");
        let json = text(&run(&["cluster", "status", "--url", &url, "--json"]).stdout);
        let json: Value = serde_json::from_str(&json).expect("it is one line of JSON");
        assert_eq!(json["nodes"].as_array().map(Vec::len), Some(3), "{json}");
    }
    let nobody = run(&["cluster", "status", "--url", &format!("http://127.0.0.1:{}", dead_port())]);
    assert_eq!(nobody.status.code(), Some(2));
    expect![
        "no quorum: none of the 1 that were asked answers. Without one a domain takes no orders"
    ]
    .assert_eq(text(&nobody.stdout).trim().lines().last().unwrap_or_default());
}

#[test]
fn a_change_says_what_it_will_do_and_does_not_do_it_unasked() {
    let url = nodes(3);
    let home = tempfile::tempdir().expect("a temporary directory");
    let data = home.path().display().to_string();
    let args = ["cluster", "remove", "--node", "3", "--url", &url, "--data", &data];
    let asked = run(&args);
    assert_eq!(asked.status.code(), Some(1));
    expect![[r#"
        all well: 3 of 3 voters are there, 2 are a quorum, 1 may go; leaders: BTC 1
          BTC: node 3 loses its vote, for good: 3 voters become 2, quorum 2 becomes 2, and 2 answer (2 survive the loss of 0, as 1 do)
        plimsoll: nobody is there to ask: --yes does it without asking
    "#]].assert_eq(&text(&asked.stderr));
    let args = ["cluster", "remove", "--node", "1", "--url", &url, "--data", &data, "--yes"];
    let refused = text(&run(&args).stderr);
    assert!(refused.contains("node 1 leads"), "{refused}");
}

/// A local cluster that was started, and is killed when it is dropped.
struct Dev {
    child: Child,
    ready: Value,
}

impl Drop for Dev {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        let _ = self.child.wait();
    }
}

impl Dev {
    fn start(dir: &str) -> Dev {
        let args = ["cluster", "dev", "--nodes", "1", "--port", "0", "--json", "--dir", dir];
        let mut child = plimsoll(&args)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("stdout is readable");
        let ready = serde_json::from_str(&line).expect("the ready line is JSON");
        Dev { child, ready }
    }

    /// BTC of the first account.
    fn equity(&self) -> Value {
        let key = &self.ready["accounts"][0];
        let half = |name: &str| key[name].as_str().unwrap_or_default().to_owned();
        let http = self.ready["nodes"][0]["http"].as_str().unwrap_or_default();
        let ws = http.replace("http", "ws") + "/ws/api/v2";
        let (mut socket, _) = tokio_tungstenite::tungstenite::connect(ws).expect("it listens");
        let mut call = |method: &str, params: Value| -> Value {
            let request = json!({"jsonrpc": "2.0", "id": 1, "method": method, "params": params});
            socket.send(request.to_string().into()).expect("it is sent");
            let reply = socket.read().expect("it is answered").into_text().expect("it is text");
            serde_json::from_str(&reply).expect("it is JSON")
        };
        let grant = json!({
            "grant_type": "client_credentials", "client_id": half("client_id"),
            "client_secret": half("client_secret"),
        });
        call("public/auth", grant);
        let asked = json!({"currency": "BTC"});
        call("private/get_account_summary", asked)["result"]["equity"].take()
    }

    fn stop(mut self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status();
        assert!(sent.expect("kill runs").success());
        assert!(self.child.wait().expect("it stops").success());
    }
}

#[test]
fn a_local_cluster_is_set_up_once() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let dir = home.path().join("dev").display().to_string();
    let first = Dev::start(&dir);
    assert_eq!(first.ready["healthy"], true, "{}", first.ready);
    assert_eq!(first.ready["quoted"], true, "{}", first.ready);
    assert_eq!(first.equity(), json!(100));
    let node = first.ready["nodes"][0]["pid"].to_string();
    first.stop();
    let is_alive = Command::new("kill").args(["-0", &node]).stderr(Stdio::null()).status();
    assert!(!is_alive.expect("kill runs").success(), "the node stopped with it");
    let second = Dev::start(&dir);
    assert_eq!(second.equity(), json!(100), "nothing was credited again");
    second.stop();
}
