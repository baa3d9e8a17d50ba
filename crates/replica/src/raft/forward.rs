//! Sending commands on to the leader.
//!
//! ```text
//!   send ─▶ queue, bounded ─▶ frame ─▶ leader: taken, or refused and why
//!             │ full: given back          │
//!             └─ no connection: refused   └─ broken before the answer: unknown
//! ```
//! A refusal is final and true: the command was never handed to the connection, or the leader says
//! that it did not take it. What was handed over and not answered may have arrived: its fate is
//! unknown, and only the log tells. The leader's "taken" is not "committed".

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use ::types::AssetCode;
use ::types::codec::Codec;
use ::types::limits::COMMAND_BYTES_MAX;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, sleep_until, timeout};

use super::dial::{Callee, Caller, Link};
use super::pipe::not_ours;
use super::types::Asked;
use super::wire::FORWARDED_MAX;
use super::wire::forward::{Outgoing, Taken};
use super::wire::hello::Purpose;

pub use super::wire::forward::{Forwarded, RootReport};

/// Frames that wait for the connection.
pub const QUEUE_MAX: usize = 64;
/// Bytes of the commands of one frame.
pub const FORWARD_BYTES_MAX: usize = 4 << 20;
/// Frames that wait for their answers.
pub const UNANSWERED_MAX: usize = 32;
/// How long a connection may take until it is there.
const DIAL_PATIENCE: Duration = Duration::from_secs(1);
/// How long the leader may take to answer, until the connection is given up.
const STALL_MAX: Duration = Duration::from_secs(2);

/// What became of a command that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// The leader will never order it, and why.
    Refused(String),
    /// It may have arrived.
    Unknown,
}

/// Hears what became of a command that was not taken; once, and for no command that was. It must
/// not wait.
pub type TellFate = Arc<dyn Fn(Asked, Fate) + Send + Sync>;

/// Why commands were given back; none of them was sent.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotForwarded {
    /// The connection is slower than the commands.
    #[error("{QUEUE_MAX} frames wait for the leader's node already: try again later")]
    Full(Vec<Forwarded>),
    /// One of the bounds of a frame is exceeded.
    #[error(
        "a frame takes {FORWARDED_MAX} commands of {COMMAND_BYTES_MAX} bytes, {FORWARD_BYTES_MAX} \
         bytes together: send fewer"
    )]
    TooMany(Vec<Forwarded>),
    /// The runtime has ended.
    #[error("the node is stopping")]
    Stopped(Vec<Forwarded>),
}

/// Sends commands and roots of one domain to one node. When it is dropped, what is in its queue is
/// still sent.
#[derive(Clone, Debug)]
pub struct Forwarder {
    queue: Sender<Outgoing>,
}

impl Forwarder {
    /// For `domain` of node `node` at `address`, host and port; the connection is made with the
    /// first command. It must be called within the runtime.
    pub fn start(
        caller: Caller,
        node: u64,
        address: String,
        domain: AssetCode,
        tell: TellFate,
    ) -> Forwarder {
        let (queue, waiting) = mpsc::channel(QUEUE_MAX);
        let callee = Callee { node, address, domain, purpose: Purpose::Forward };
        let link = Link::new(caller, callee);
        let courier = Courier { link, waiting, unanswered: VecDeque::new(), tell };
        tokio::spawn(courier.run());
        Forwarder { queue }
    }

    /// Sends commands, in their order. It does not wait, and may be called from any thread.
    ///
    /// `Ok` says nothing about what becomes of them: [`TellFate`] does, or the log.
    pub fn send(&self, commands: Vec<Forwarded>) -> Result<(), NotForwarded> {
        let bytes = commands.iter().map(|command| command.command.len());
        let fits = commands.len() <= FORWARDED_MAX
            && bytes.clone().all(|bytes| bytes <= COMMAND_BYTES_MAX)
            && bytes.sum::<usize>() <= FORWARD_BYTES_MAX;
        if !fits {
            return Err(NotForwarded::TooMany(commands));
        }
        self.queue.try_send(Outgoing::Commands(commands)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(back) => NotForwarded::Full(commands_of(back)),
            mpsc::error::TrySendError::Closed(back) => NotForwarded::Stopped(commands_of(back)),
        })
    }

    /// Sends a root, if there is room for it; `false` if there is not. It may be lost on the way:
    /// the next one says as much.
    pub fn report(&self, report: RootReport) -> bool {
        self.queue.try_send(Outgoing::Root(report)).is_ok()
    }
}

fn commands_of(outgoing: Outgoing) -> Vec<Forwarded> {
    match outgoing {
        Outgoing::Commands(commands) => commands,
        Outgoing::Root(_) => Vec::new(),
    }
}

/// The task behind a [`Forwarder`].
struct Courier {
    link: Link,
    waiting: Receiver<Outgoing>,
    /// Who waits for each frame that was handed to the connection.
    unanswered: VecDeque<Vec<Asked>>,
    tell: TellFate,
}

enum Step {
    Answered(io::Result<Vec<u8>>),
    Next(Option<Outgoing>),
    Stalled,
}

impl Courier {
    async fn run(mut self) {
        let mut is_open = true;
        while is_open || !self.unanswered.is_empty() {
            match self.step(is_open).await {
                Step::Next(Some(Outgoing::Commands(commands))) => self.hand_over(commands).await,
                Step::Next(Some(Outgoing::Root(report))) => self.report(report).await,
                Step::Next(None) => is_open = false,
                Step::Answered(body) => {
                    let taken = body.and_then(|body| Taken::from_bytes(&body).map_err(not_ours));
                    match taken {
                        Ok(taken) => self.settle(taken),
                        Err(_) => self.lose(),
                    }
                }
                Step::Stalled if self.is_stalled() => self.lose(),
                Step::Stalled => {}
            }
        }
    }

    async fn step(&mut self, is_open: bool) -> Step {
        let takes = is_open && self.unanswered.len() < UNANSWERED_MAX;
        let open = self.link.open().filter(|_| !self.unanswered.is_empty());
        let Some(open) = open else {
            return Step::Next(self.waiting.recv().await);
        };
        let stalls_at = open.stalls_at(STALL_MAX).unwrap_or_else(Instant::now);
        tokio::select! {
            biased;
            body = std::future::poll_fn(|cx| open.poll_answer(cx)) => Step::Answered(body),
            next = self.waiting.recv(), if takes => Step::Next(next),
            () = sleep_until(stalls_at) => Step::Stalled,
        }
    }

    /// Whether nothing has moved since the pause was set.
    fn is_stalled(&mut self) -> bool {
        let stalls_at = self.link.open().and_then(|open| open.stalls_at(STALL_MAX));
        stalls_at.is_none_or(|at| at <= Instant::now())
    }

    /// Hands commands to the connection. Before that, a failure is a refusal.
    async fn hand_over(&mut self, commands: Vec<Forwarded>) {
        if let Err(reason) = self.connect().await {
            self.refuse(&commands, &reason);
            // What waits behind them would wait as long, for nothing.
            while let Ok(next) = self.waiting.try_recv() {
                self.refuse(&commands_of(next), &reason);
            }
            return;
        }
        let asked = commands.iter().map(|command| command.asked).collect();
        let open = self.link.open().expect("the link was opened above");
        let outgoing = Outgoing::Commands(commands);
        match open.ask(|out| outgoing.encode(out)) {
            Ok(()) => self.unanswered.push_back(asked),
            Err(error) => self.refuse(&commands_of(outgoing), &error.to_string()),
        }
    }

    async fn report(&mut self, report: RootReport) {
        if self.connect().await.is_err() {
            return;
        }
        let open = self.link.open().expect("the link was opened above");
        let pushed = open.pipe.push_message(&Outgoing::Root(report));
        let sent = timeout(STALL_MAX, open.pipe.send()).await;
        if pushed.is_err() || !matches!(sent, Ok(Ok(()))) {
            self.lose();
        }
    }

    /// Sees to it that the link is open.
    async fn connect(&mut self) -> Result<(), String> {
        if self.unanswered.is_empty() {
            let opened = self.link.ready(DIAL_PATIENCE, STALL_MAX).await;
            opened.map_err(|error| error.to_string())?;
        }
        Ok(())
    }

    /// Commands were taken, but for those that were refused.
    fn settle(&mut self, taken: Taken) {
        let n_commands = usize::try_from(taken.n_commands).unwrap_or(usize::MAX);
        let is_due = self.unanswered.front().is_some_and(|asked| asked.len() == n_commands);
        let Some(asked) = self.unanswered.pop_front_if(|_| is_due) else {
            return self.lose();
        };
        for (index, reason) in taken.refused {
            let index = usize::try_from(index).unwrap_or(usize::MAX);
            if let Some(asked) = asked.get(index) {
                (self.tell)(*asked, Fate::Refused(reason));
            }
        }
    }

    /// The connection broke.
    fn lose(&mut self) {
        self.link.close();
        for asked in self.unanswered.drain(..).flatten() {
            (self.tell)(asked, Fate::Unknown);
        }
    }

    fn refuse(&self, commands: &[Forwarded], reason: &str) {
        for command in commands {
            (self.tell)(command.asked, Fate::Refused(reason.to_owned()));
        }
    }
}

impl Drop for Courier {
    /// When the runtime ends, nobody is left without an answer.
    fn drop(&mut self) {
        self.waiting.close();
        while let Ok(next) = self.waiting.try_recv() {
            self.refuse(&commands_of(next), "the node is stopping");
        }
        self.lose();
    }
}
