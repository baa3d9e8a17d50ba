//! The nodes as processes: started, listened to, stopped.
//!
//! What a node writes goes through with its number in front; its ready line alone is taken out.

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tokio::sync::watch;

use super::line::Line;
use crate::cluster::files;
use crate::config::Peer;
use crate::demo::reporters::quoted;

/// Between two looks at processes.
const LOOK: Duration = Duration::from_millis(50);
/// How long a node may take to stop: it writes a snapshot.
const STOP_MAX: Duration = Duration::from_secs(30);

/// One node.
#[derive(Debug)]
pub struct Node {
    /// Who it is.
    pub member: Peer,
    /// Its configuration file.
    pub config: String,
    /// The command that starts it again.
    pub command: Vec<String>,
    child: Child,
    ready: watch::Receiver<bool>,
    is_over: bool,
}

/// All of them; they end when this is dropped.
#[derive(Debug)]
pub struct Children {
    /// By number.
    pub nodes: Vec<Node>,
    line: Line,
}

impl Node {
    /// Its process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// The command for a shell.
    pub fn command_line(&self) -> String {
        self.command.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// Its HTTP.
    pub fn http(&self) -> String {
        format!("http://{}", self.member.api)
    }

    fn start(home: &Path, member: &Peer, line: &Line) -> anyhow::Result<Node> {
        let program = std::env::current_exe().context("looking for this program")?;
        let config = files::home(home, member.node).join(files::CONFIG);
        let config = config.display().to_string();
        let words = ["serve", "--config", &config, "--json"].map(str::to_owned);
        let command: Vec<String> =
            [program.display().to_string()].into_iter().chain(words).collect();
        let mut child = Command::new(&program)
            .args(&command[1..])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("starting node {}", member.node))?;
        let (is_ready, ready) = watch::channel(false);
        if let Some(out) = child.stdout.take() {
            listen(member.node, out, line.clone(), Some(is_ready));
        }
        if let Some(err) = child.stderr.take() {
            listen(member.node, err, line.clone(), None);
        }
        Ok(Node { member: member.clone(), config, command, child, ready, is_over: false })
    }

    /// True when it ended since the last look.
    fn has_ended(&mut self) -> Option<std::process::ExitStatus> {
        if self.is_over {
            return None;
        }
        let status = self.child.try_wait().ok().flatten()?;
        self.is_over = true;
        Some(status)
    }
}

/// Passes lines on, from a thread of their own, until the process has ended.
fn listen(
    node: u64,
    from: impl Read + Send + 'static,
    line: Line,
    ready: Option<watch::Sender<bool>>,
) {
    std::thread::spawn(move || {
        for words in BufReader::new(from).lines().map_while(Result::ok) {
            let is_ready = ready.is_some()
                && serde_json::from_str(&words).is_ok_and(|told: Value| told["http"].is_string());
            match (is_ready, &ready) {
                (true, Some(ready)) => {
                    line.say(&format!("node {node}: ready"));
                    ready.send_replace(true);
                }
                _ => line.say(&format!("node {node}: {words}")),
            }
        }
    });
}

impl Children {
    /// Starts a node for each member.
    pub fn start(home: &Path, members: &[Peer], line: &Line) -> anyhow::Result<Children> {
        let mut children = Children { nodes: Vec::new(), line: line.clone() };
        for member in members {
            children.nodes.push(Node::start(home, member, line)?);
        }
        Ok(children)
    }

    /// Waits until each has said that it is ready; one that ends before is an error.
    pub async fn wait_until_ready(&mut self, timeout: Duration) -> anyhow::Result<()> {
        let since = Instant::now();
        while !self.nodes.iter().all(|node| *node.ready.borrow()) {
            for node in &mut self.nodes {
                if let Some(status) = node.has_ended() {
                    bail!("node {} did not start ({status}): see above", node.member.node);
                }
            }
            if timeout < since.elapsed() {
                bail!("the nodes were not ready within {} s", timeout.as_secs());
            }
            tokio::time::sleep(LOOK).await;
        }
        Ok(())
    }

    /// Says who has ended, and how to start it again.
    pub fn look(&mut self) {
        for node in &mut self.nodes {
            if let Some(status) = node.has_ended() {
                let (number, command) = (node.member.node, node.command_line());
                let words = format!("node {number} has ended ({status}). Start it again:");
                self.line.say(&format!("{words}\n  {command}"));
            }
        }
    }

    /// Asks all of them to stop, and waits.
    pub async fn stop(mut self) {
        for node in self.nodes.iter_mut().filter(|node| !node.is_over) {
            let pid = i32::try_from(node.child.id()).ok().and_then(Pid::from_raw);
            // It may have ended meanwhile.
            let _ = pid.map(|pid| kill_process(pid, Signal::INT));
        }
        let since = Instant::now();
        while since.elapsed() < STOP_MAX && !self.nodes.iter().all(|node| node.is_over) {
            for node in &mut self.nodes {
                if let Some(status) = node.has_ended().filter(|status| !status.success()) {
                    self.line.say(&format!("node {} ended with {status}", node.member.node));
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Drop for Children {
    fn drop(&mut self) {
        for node in &mut self.nodes {
            // It may have ended already.
            let _ = node.child.kill();
            let _ = node.child.wait();
        }
    }
}
