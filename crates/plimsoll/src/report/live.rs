//! A source that is alive somewhere else: an exchange's ticker over HTTP or WebSocket, asked again
//! and again for as long as the reporter runs.
//!
//! ```text
//!   dial ─▶ http: a request an interval ─┐
//!      │                                 ├─▶ ticker: the price in the text ─▶ the newest Said
//!      └──▶ ws: subscribe, then listen ──┘
//!                 any fault ─▶ told, waited (longer each time, with jitter), dialled again
//! ```
//! Invariants: an old price never becomes a new one (a price carries the time at which its source
//! said it, and one that does not move in time is silence); no answer is read beyond its limit;
//! nothing is waited for without an end.

mod dial;
mod http;
mod ticker;
mod ws;

#[cfg(test)]
mod tests;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_tungstenite::tungstenite;
use types::At;

use super::said::{PriceFault, Said};
use super::tell::Teller;
use super::wait::Waits;
pub use dial::{Address, AddressError, Dialer, TrustError};
pub use ticker::Ticker;

/// Most bytes of one answer or message; tickers have a few thousand.
pub const ANSWER_BYTES_MAX: usize = 256 << 10;
/// How long dialling and one answer may take each, at most.
const PATIENCE_MAX: Duration = Duration::from_secs(5);

/// What is wrong with a source.
#[derive(Debug, thiserror::Error)]
pub enum SourceFault {
    /// No connection.
    #[error("connecting failed: {0}")]
    Dial(io::Error),
    /// The answer did not come, or came in drops.
    #[error("there was no whole answer within {within_ms} ms")]
    TooSlow {
        /// How long it was waited for.
        within_ms: u128,
    },
    /// The connection ended in the middle, or spoke something else.
    #[error("the connection broke: {0}")]
    Http(#[from] hyper::Error),
    /// An answer that is none.
    #[error("it answered with status {status}{}", to(.location))]
    Status {
        /// Of HTTP.
        status: u16,
        /// Where it says to look instead; that is not followed.
        location: Option<String>,
    },
    /// More than a ticker has.
    #[error("its answer has more than {max} bytes", max = ANSWER_BYTES_MAX)]
    TooLarge,
    /// The socket.
    #[error("the socket broke: {0}")]
    Socket(Box<tungstenite::Error>),
    /// The end of the socket.
    #[error("it closed the socket")]
    Closed,
    /// Not JSON.
    #[error("it said what is not JSON: {0}")]
    Json(serde_json::Error),
    /// JSON without a price.
    #[error("its answer has no number at {pointer}: set --path or --time-path")]
    Missing {
        /// Where it was looked for.
        pointer: String,
    },
    /// A price that is none.
    #[error("what it says at {pointer} {fault}")]
    Price {
        /// Where.
        pointer: String,
        /// What is wrong.
        fault: PriceFault,
    },
    /// Nothing new.
    #[error("it has said nothing new for {for_ms} ms")]
    Silent {
        /// How long.
        for_ms: u64,
    },
}

fn to(location: &Option<String>) -> String {
    location.as_ref().map_or_else(String::new, |to| format!(" and points to {to}: use that"))
}

/// How a source is asked.
#[derive(Clone, Debug)]
pub struct Asking {
    /// Which index it is for, in what is told.
    pub index_name: String,
    /// Where it is.
    pub address: Address,
    /// Where the price is in what it says.
    pub ticker: Ticker,
    /// What is sent after connecting, for WebSocket.
    pub subscribe: Option<String>,
    /// Between two requests, for HTTP.
    pub interval: Duration,
    /// Without anything new for so long it is silent.
    pub silent_ms: u64,
}

impl Asking {
    /// How long dialling and one answer may take each. What comes later than the source may be
    /// silent would be too old to report.
    fn patience(&self) -> Duration {
        Duration::from_millis(self.silent_ms).min(PATIENCE_MAX)
    }
}

/// A source that is asked in the background. It stops when this is dropped.
#[derive(Debug)]
pub struct Live {
    newest: watch::Receiver<Option<Said>>,
    _asking: JoinSet<()>,
}

impl Live {
    /// Starts to ask.
    pub fn start(asking: Asking, dialer: Dialer, teller: Arc<Teller>) -> Live {
        let (news, newest) = watch::channel(None);
        let mut tasks = JoinSet::new();
        tasks.spawn(ask_for_ever(asking, dialer, teller, news));
        Live { newest, _asking: tasks }
    }

    /// The newest price, however old it is.
    pub fn newest(&self) -> Option<Said> {
        *self.newest.borrow()
    }
}

async fn ask_for_ever(
    asking: Asking,
    dialer: Dialer,
    teller: Arc<Teller>,
    news: watch::Sender<Option<Said>>,
) {
    let mut waits = Waits::default();
    loop {
        let mut listener = Listener { news: &news, waits: &mut waits, silent_ms: asking.silent_ms };
        let fault = match asking.address.is_socket() {
            true => ws::listen(&asking, &dialer, &mut listener).await,
            false => http::poll(&asking, &dialer, &mut listener).await,
        };
        let wait = waits.next();
        teller.source_fault(&asking.index_name, &fault, wait);
        tokio::time::sleep(wait).await;
    }
}

/// Who hears what a source says.
struct Listener<'a> {
    news: &'a watch::Sender<Option<Said>>,
    waits: &'a mut Waits,
    silent_ms: u64,
}

impl Listener<'_> {
    /// True if it is new: not before anything that it said, and not the same.
    fn hear(&mut self, said: Said) -> bool {
        let is_new = |last: Said| last.at <= said.at && last != said;
        let is_new = self.news.borrow().is_none_or(is_new);
        if is_new {
            self.news.send_replace(Some(said));
            self.waits.reset();
        }
        is_new
    }

    /// How long it may still be silent when it last said something new at `heard`.
    fn patience(&self, heard: tokio::time::Instant) -> Result<Duration, SourceFault> {
        let silent = Duration::from_millis(self.silent_ms);
        let left = silent.checked_sub(heard.elapsed()).filter(|left| !left.is_zero());
        left.ok_or(SourceFault::Silent { for_ms: self.silent_ms })
    }
}

/// The moment of arrival, for sources that do not say their own time.
fn arrival() -> At {
    crate::clock::log_time()
}
