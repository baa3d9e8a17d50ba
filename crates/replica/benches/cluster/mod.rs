//! A cluster of processes on this machine: the benchmark itself, started once more for each node.
//!
//! The driver writes a question to a node's standard input, in words, and reads the answer from its
//! standard output, in figures. What the questions are is the benchmark's own matter, and so is the
//! load. Addresses are loopback, with TLS and certificates as a cluster has them.

pub mod node;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

/// Those that the cluster begins with.
pub const FOUNDERS: [u64; 3] = [1, 2, 3];

/// The arguments of a node, if this process is to be one.
pub fn node_arguments() -> Option<Vec<String>> {
    let mut arguments = std::env::args();
    arguments.find(|argument| argument == "--node").map(|_| arguments.collect())
}

/// The processes.
pub struct Nodes {
    root: PathBuf,
    ports: Vec<u16>,
    running: BTreeMap<u64, (Child, ChildStdin, BufReader<ChildStdout>)>,
}

impl Nodes {
    /// Starts the founders; there is room for nodes up to `n_nodes`.
    pub fn start(root: &Path, n_nodes: u64) -> Nodes {
        certificates(root, n_nodes);
        let free: Vec<_> =
            (0..n_nodes).map(|_| TcpListener::bind("127.0.0.1:0").expect("a port")).collect();
        let ports = free.iter().map(|one| one.local_addr().expect("bound").port()).collect();
        drop(free);
        let mut nodes = Nodes { root: root.to_path_buf(), ports, running: BTreeMap::new() };
        FOUNDERS.iter().for_each(|id| nodes.spawn(*id));
        nodes
    }

    pub fn spawn(&mut self, id: u64) {
        let mut process = Command::new(std::env::current_exe().expect("this program"));
        process.arg("--node").arg(id.to_string()).arg(&self.root);
        process.args(self.ports.iter().map(u16::to_string));
        let child = process.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = child.expect("starts");
        let stdin = child.stdin.take().expect("piped");
        let stdout = BufReader::new(child.stdout.take().expect("piped"));
        self.running.insert(id, (child, stdin, stdout));
    }

    pub fn kill(&mut self, id: u64) {
        // What it reads from is kept until it is dead: a node whose questions end stops by itself.
        let (mut child, _stdin, _stdout) = self.running.remove(&id).expect("it runs");
        child.kill().expect("kills");
        child.wait().expect("is gone");
    }

    pub fn ask(&mut self, id: u64, what: &str) -> Vec<f64> {
        let (_, stdin, stdout) = self.running.get_mut(&id).expect("it runs");
        writeln!(stdin, "{what}").expect("asks");
        let mut line = String::new();
        stdout.read_line(&mut line).expect("answers");
        line.split_whitespace().map(|word| word.parse().expect("a number")).collect()
    }

    pub fn ask_all(&mut self, what: &str) -> Vec<Vec<f64>> {
        let ids: Vec<u64> = self.running.keys().copied().collect();
        ids.into_iter().map(|id| self.ask(id, what)).collect()
    }

    /// The one that leads.
    pub fn leader(&mut self) -> u64 {
        loop {
            let leads = self.ask_all("leads").iter().position(|told| told[0] == 1.0);
            if let Some(at) = leads {
                return *self.running.keys().nth(at).expect("it answered");
            }
            thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits until all have applied the same entry, and gives its seq.
    pub fn wait_level(&mut self) -> f64 {
        loop {
            let at = self.ask_all("applied");
            if at.windows(2).all(|pair| pair[0][0] == pair[1][0]) && 0.0 < at[0][0] {
                return at[0][0];
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Nodes {
    fn drop(&mut self) {
        let ids: Vec<u64> = self.running.keys().copied().collect();
        ids.into_iter().for_each(|id| self.kill(id));
    }
}

fn certificates(root: &Path, n_nodes: u64) {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key"));
    let issuer = issuer.expect("a certificate");
    std::fs::write(root.join("ca.pem"), issuer.pem()).expect("writes");
    for id in 1..=n_nodes {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![format!("node-{id}.plimsoll")]).expect("a name");
        let certificate = params.signed_by(&key, &issuer).expect("a certificate");
        std::fs::write(root.join(format!("{id}.pem")), certificate.pem()).expect("writes");
        std::fs::write(root.join(format!("{id}.key")), key.serialize_pem()).expect("writes");
    }
}
