//! A webhook of the real binary: what happens is told, and after a `kill -9` what was not yet.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use crate::process::{Server, run, text};

const PATIENCE: Duration = Duration::from_secs(30);

/// A receiver that takes everything; the bodies come out of the channel.
fn receiver() -> (String, Receiver<Value>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("http://{}/hook", listener.local_addr().expect("bound"));
    let (told, heard) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let Some(body) = take(stream) else { continue };
            if told.send(body).is_err() {
                return;
            }
        }
    });
    (url, heard)
}

fn take(mut stream: TcpStream) -> Option<Value> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4_096];
    loop {
        let read = stream.read(&mut piece).ok().filter(|read| 0 < *read)?;
        bytes.extend_from_slice(&piece[..read]);
        let text = String::from_utf8_lossy(&bytes);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        assert!(head.to_lowercase().contains("plimsoll-signature: t="), "{head}");
        if let Ok(body) = serde_json::from_str(body) {
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").ok()?;
            return Some(body);
        }
    }
}

#[test]
fn ntc_8_a_receiver_hears_of_a_halt_and_after_a_kill_of_what_followed() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let (url, heard) = receiver();
    let data = home.path().join("data").display().to_string();
    let config = home.path().join("venue.toml").display().to_string();
    let hook = format!("[[webhook]]\nurl = '{url}'\nsecret = 'known to both of us'\n");
    std::fs::write(&config, hook).expect("written");
    let serve = ["serve", "--json", "--port", "0", "--data", &data, "--config", &config];
    let mut server = Server::start(&serve).unwrap_or_else(|words| panic!("no venue: {words}"));
    let at = |server: &Server, words: &[&str]| {
        let url = server.ready["ws"].as_str().expect("it says where it is").to_owned();
        let words: Vec<&str> =
            words.iter().copied().chain(["--data", &data, "--url", &url]).collect();
        let output = run(&words);
        assert!(output.status.success(), "{words:?}: {}", text(&output.stderr));
    };
    let next = || heard.recv_timeout(PATIENCE).expect("it is told in time");

    at(&server, &["halt", "BTC-PERPETUAL", "--state", "cancel-only", "--for", "10m", "--yes"]);
    let told = next();
    let halted = (told["type"].as_str(), told["state"].as_str(), told["orders"].as_str());
    assert_eq!(halted, (Some("incident"), Some("cancel_only"), Some("live")), "{told}");
    server.kill();
    server = Server::start(&serve).unwrap_or_else(|words| panic!("no venue: {words}"));
    let words = ["--title", "Back", "--text", "After a kill."];
    at(&server, &[&["notice", "announce", "--currency", "BTC"], &words[..]].concat());
    let mut number = told["number"].as_u64().expect("a number");
    loop {
        let told = next();
        let again = told["number"].as_u64().expect("a number");
        assert!(again == number || again == number + 1, "{again} after {number}");
        number = again;
        if told["title"] == "Back" {
            break;
        }
    }
}
