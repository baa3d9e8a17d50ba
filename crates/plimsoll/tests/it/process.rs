//! Running the binary, and calling what it serves.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use serde_json::Value;

/// A command line of the binary.
pub fn plimsoll(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_plimsoll"));
    command.args(args).stdin(Stdio::null()).env_remove("PLIMSOLL_CLIENT_ID");
    command
}

/// Runs a command to its end.
pub fn run(args: &[&str]) -> Output {
    plimsoll(args).output().expect("the binary runs")
}

/// What a command wrote, as text.
pub fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A server that said that it is ready. It is killed when it is dropped.
pub struct Server {
    child: Child,
    /// Its ready line.
    pub ready: Value,
    address: String,
}

impl Server {
    /// Starts `plimsoll demo` on a data directory.
    pub fn demo(data: &Path) -> Server {
        let data = data.display().to_string();
        Server::start(&["demo", "--json", "--port", "0", "--seed", "7", "--data", &data])
            .unwrap_or_else(|words| panic!("the demo did not start: {words}"))
    }

    /// Starts a server, or returns what it wrote to stderr before it stopped.
    pub fn start(args: &[&str]) -> Result<Server, String> {
        let mut command = plimsoll(args);
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut line = String::new();
        let stdout = child.stdout.as_mut().expect("stdout is a pipe");
        BufReader::new(stdout).read_line(&mut line).expect("stdout is readable");
        if line.is_empty() {
            return Err(words_of(child));
        }
        let ready: Value = serde_json::from_str(&line).expect("the ready line is JSON");
        let http = ready["http"].as_str().expect("the ready line says where HTTP is");
        let address = http.trim_start_matches("http://").to_owned();
        Ok(Server { child, ready, address })
    }

    /// Calls a method as one of the two accounts.
    pub fn call(&self, account: usize, method: &str, params: Value) -> Value {
        self.call_as(&self.ready["accounts"][account], method, params)
    }

    /// Calls a method with a key, by basic authentication; `null`: without one.
    pub fn call_as(&self, key: &Value, method: &str, params: Value) -> Value {
        let half = |name: &str| key[name].as_str().unwrap_or_default();
        let pair = format!("{}:{}", half("client_id"), half("client_secret"));
        let login = match key.is_null() {
            true => String::new(),
            false => format!("Authorization: Basic {}\r\n", base64(pair.as_bytes())),
        };
        let request = serde_json::json!({
            "jsonrpc": "2.0", "id": 1, "method": method, "params": params,
        });
        let body = request.to_string();
        let head = format!(
            "POST /api/v2 HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{login}\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        let mut stream = TcpStream::connect(&self.address).expect("the server listens");
        stream.write_all(head.as_bytes()).expect("the request is written");
        stream.write_all(body.as_bytes()).expect("the request is written");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("the reply is read");
        let body = reply.split_once("\r\n\r\n").map(|(_, body)| body).unwrap_or_default();
        serde_json::from_str(body).unwrap_or_else(|_| panic!("{method} was answered with {reply}"))
    }

    /// A page of the server.
    pub fn page(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).expect("the server listens");
        let head =
            format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", self.address);
        stream.write_all(head.as_bytes()).expect("the request is written");
        let mut reply = String::new();
        stream.read_to_string(&mut reply).expect("the reply is read");
        assert!(reply.starts_with("HTTP/1.1 200"), "{reply}");
        reply
    }

    /// The result of a call without a key.
    pub fn ask(&self, method: &str, params: Value) -> Value {
        let mut reply = self.call_as(&Value::Null, method, params);
        assert!(reply["error"].is_null(), "{method}: {reply}");
        reply["result"].take()
    }

    /// The result of a call that succeeds.
    pub fn result(&self, account: usize, method: &str, params: Value) -> Value {
        let mut reply = self.call(account, method, params);
        assert!(reply["error"].is_null(), "{method}: {reply}");
        reply["result"].take()
    }

    /// Kills it as `kill -9` does; what it wrote to stderr.
    pub fn kill(mut self) -> String {
        self.child.kill().expect("it runs");
        self.take_words()
    }

    /// Asks it to stop with SIGTERM, and waits.
    pub fn terminate(mut self) -> (ExitStatus, String) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().expect("kill runs");
        assert!(sent.success());
        let words = self.take_words();
        (self.child.wait().expect("it stops"), words)
    }

    /// Waits until it stops by itself.
    pub fn wait(mut self) -> (ExitStatus, String) {
        let words = self.take_words();
        (self.child.wait().expect("it stops"), words)
    }

    fn take_words(&mut self) -> String {
        let mut words = String::new();
        let mut stderr = self.child.stderr.take().expect("stderr is a pipe");
        stderr.read_to_string(&mut words).expect("stderr is readable");
        words
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn words_of(child: Child) -> String {
    let output = child.wait_with_output().expect("it ends");
    assert!(!output.status.success(), "it ended without a ready line and without an error");
    text(&output.stderr)
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let chunks = bytes.chunks(3).map(|chunk| {
        let three = [chunk[0], *chunk.get(1).unwrap_or(&0), *chunk.get(2).unwrap_or(&0)];
        let bits = u32::from_be_bytes([0, three[0], three[1], three[2]]);
        let letter = |nth: u32| {
            let index = usize::try_from(bits >> (18 - 6 * nth) & 63).expect("six bits");
            char::from(LETTERS[index])
        };
        let mut four: String = (0..4).map(letter).collect();
        four.truncate(chunk.len() + 1);
        format!("{four:=<4}")
    });
    chunks.collect()
}
