//! One POST of one notice, within a time.
//!
//! ```text
//!   POST path                       a notice as public/get_notices has it, signed by the venue
//!   Plimsoll-Signature: t=MS,v1=HEX        HMAC-SHA256(secret, "MS" ‖ "." ‖ body)
//! ```

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use http_body_util::Full;
use hyper::Request;
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use hyper_util::rt::TokioIo;
use sha2::Sha256;
use tokio::task::JoinSet;

use super::Receiver;
use crate::clock;
use crate::output::hex;
use crate::report::live::{Address, AddressError, Dialer, SourceFault, TrustError};

/// Most bytes of the head of an answer.
const HEADER_BYTES_MAX: usize = 16 << 10;

/// Why a receiver cannot be one.
#[derive(Debug, thiserror::Error)]
pub enum PosterError {
    /// Its address.
    #[error("write an address of HTTP, such as https://host/path")]
    Scheme,
    /// Its address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// Whom to trust.
    #[error(transparent)]
    Trust(#[from] TrustError),
}

/// Why a notice was not taken.
#[derive(Debug, thiserror::Error)]
pub enum PostFault {
    /// No connection.
    #[error(transparent)]
    Dial(#[from] SourceFault),
    /// It broke.
    #[error("the connection broke: {0}")]
    Http(#[from] hyper::Error),
    /// It did not take it.
    #[error("it answered with status {0}")]
    Status(u16),
    /// It did not say.
    #[error("it did not answer within {0:?}")]
    TooSlow(Duration),
}

/// Posts to one receiver.
pub struct Poster {
    receiver: Receiver,
    address: Address,
    dialer: Dialer,
    patience: Duration,
}

impl Poster {
    /// Nothing is connected yet.
    pub fn new(receiver: &Receiver, patience: Duration) -> Result<Poster, PosterError> {
        let address = Address::parse(&receiver.url)?;
        if address.is_socket() {
            return Err(PosterError::Scheme);
        }
        let dialer = Dialer::new(None)?;
        Ok(Poster { receiver: receiver.clone(), address, dialer, patience })
    }

    /// Where it posts to.
    pub fn url(&self) -> &str {
        &self.receiver.url
    }

    /// Posts over a connection of its own; anything but a status of 200 to 299 in time is a fault.
    pub async fn post(&self, notice: &str) -> Result<(), PostFault> {
        let posted = tokio::time::timeout(self.patience, self.exchange(notice)).await;
        posted.unwrap_or(Err(PostFault::TooSlow(self.patience)))
    }

    async fn exchange(&self, notice: &str) -> Result<(), PostFault> {
        let stream = self.dialer.dial(&self.address, self.patience).await?;
        let mut http = http1::Builder::new();
        http.max_buf_size(HEADER_BYTES_MAX);
        let (mut requests, connection) = http.handshake(TokioIo::new(stream)).await?;
        let mut tasks = JoinSet::new();
        // What breaks the connection breaks the request too, and is told there.
        tasks.spawn(async move { drop(connection.await) });
        let response = requests.send_request(self.request(notice)).await?;
        match response.status().as_u16() {
            200..=299 => Ok(()),
            status => Err(PostFault::Status(status)),
        }
    }

    fn request(&self, notice: &str) -> Request<Full<Bytes>> {
        let uri = self.address.uri();
        let path = uri.path_and_query().map_or("/", |path| path.as_str());
        let host = uri.authority().map_or("", |authority| authority.as_str());
        let at = clock::log_time().0;
        let signature = signature(&self.receiver.secret, at, notice);
        let request = Request::post(path)
            .header(HOST, host)
            .header(CONTENT_TYPE, "application/json")
            .header(USER_AGENT, concat!("plimsoll/", env!("CARGO_PKG_VERSION")))
            .header("Plimsoll-Signature", format!("t={at},v1={signature}"));
        let body = Full::new(Bytes::copy_from_slice(notice.as_bytes()));
        request.body(body).expect("the parts come from an address that was read")
    }
}

/// HMAC-SHA256 over time and body, in hexadecimal.
pub fn signature(secret: &str, at_ms: u64, body: &str) -> String {
    let mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes());
    let mut mac = mac.expect("HMAC takes secrets of any length");
    mac.update(format!("{at_ms}.{body}").as_bytes());
    hex(&mac.finalize().into_bytes())
}
