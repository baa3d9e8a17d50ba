//! A server for one test, a venue that remembers what it is asked, and clients of raw bytes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use gateway::venue::{Busy, Class, Domain, DomainId, Later, Venue};
use gateway::{
    Config, Key, KeyStore, Limits, Market, NewKey, OPERATOR_SCOPE, Running, TRADER_SCOPE, serve,
};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};
use types::{AccountId, AssetCode, Proposal};

/// How long any answer may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// A venue that takes every proposal and applies none.
pub struct DeafVenue {
    domains: Vec<Domain>,
    pub proposals: Mutex<Vec<(DomainId, Class, Proposal)>>,
    /// So many proposals are refused first.
    pub busy: Mutex<usize>,
}

impl Venue for DeafVenue {
    fn domains(&self) -> &[Domain] {
        &self.domains
    }

    fn propose(&self, domain: DomainId, class: Class, proposal: Proposal) -> Result<(), Busy> {
        let mut busy = self.busy.lock().expect("nobody panicked");
        if 0 < *busy {
            *busy -= 1;
            return Err(Busy { queued: 1_000 });
        }
        self.proposals.lock().expect("nobody panicked").push((domain, class, proposal));
        Ok(())
    }

    fn check_upgrade(&self, _: DomainId, to: types::Version) -> Later<Result<(), String>> {
        Box::pin(async move {
            match to.0 {
                ..=2 => Ok(()),
                to => Err(format!("this build does not know version {to}")),
            }
        })
    }
}

/// One server and what stands around it.
pub struct World {
    pub running: Running,
    pub venue: Arc<DeafVenue>,
    pub market: Arc<Market>,
    pub trader: Arc<Key>,
    pub operator: Arc<Key>,
}

impl World {
    /// A server with the limits of a local venue.
    pub async fn new() -> World {
        World::with(Limits::local()).await
    }

    pub async fn with(limits: Limits) -> World {
        let domains = ["BTC", "ETH"]
            .map(|asset| Domain { asset: AssetCode::new(asset).expect("a code"), decimals: 8 });
        let venue = Arc::new(DeafVenue {
            domains: domains.into(),
            proposals: Mutex::default(),
            busy: Mutex::new(0),
        });
        let keys = Arc::new(KeyStore::in_memory());
        let trader = keys.create(new_key(1, TRADER_SCOPE), 0).expect("a key");
        let operator = keys.create(new_key(0, OPERATOR_SCOPE), 0).expect("a key");
        let listen = ([127, 0, 0, 1], 0).into();
        let config = Config { listen, testnet: true, limits, first_session: 1 };
        let market = Arc::new(Market::new(venue.clone()));
        let running = serve(config, venue.clone(), market.clone(), keys).await;
        let running = running.expect("a free port");
        World { running, venue, market, trader, operator }
    }

    /// Sends raw bytes and reads one response.
    pub async fn http(&self, request: &str) -> Response {
        let mut stream = self.tcp().await;
        stream.write_all(request.as_bytes()).await.expect("the server reads");
        read_response(&mut stream).await
    }

    /// `GET` of a path.
    pub async fn get(&self, path: &str) -> Response {
        self.http(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")).await
    }

    /// `GET` of a path with an `Authorization`.
    pub async fn get_as(&self, path: &str, authorization: &str) -> Response {
        let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}");
        self.http(&format!("{head}\r\n\r\n")).await
    }

    pub async fn tcp(&self) -> TcpStream {
        TcpStream::connect(self.running.address()).await.expect("the server listens")
    }

    pub async fn socket(&self) -> Client {
        let url = format!("ws://{}/ws/api/v2", self.running.address());
        let (stream, _) = connect_async(url).await.expect("the server upgrades");
        Client { stream }
    }

    /// A socket that the trader is logged in on.
    pub async fn trader(&self) -> Client {
        let mut client = self.socket().await;
        let reply = client.call("public/auth", credentials(&self.trader)).await;
        assert_eq!(reply["result"]["token_type"], "bearer", "{reply}");
        client
    }
}

pub fn credentials(key: &Key) -> Value {
    json!({
        "grant_type": "client_credentials",
        "client_id": key.client_id,
        "client_secret": key.client_secret,
    })
}

fn new_key(account: u32, scope: &str) -> NewKey {
    NewKey {
        account: AccountId(account),
        name: "test".into(),
        max_scope: scope.into(),
        limits: None,
    }
}

/// A response of HTTP.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub head: String,
    pub body: Value,
}

impl Response {
    /// Status and code of an error, or the result.
    pub fn line(&self) -> String {
        let body = &self.body;
        for member in ["usIn", "usOut", "usDiff"] {
            assert!(body[member].is_u64(), "{member} of {body}");
        }
        assert_eq!(body["testnet"], true, "{body}");
        assert_eq!(body["jsonrpc"], "2.0", "{body}");
        let said = match &body["error"] {
            Value::Null => format!("result {}", body["result"]),
            error => format!("error {} {}", error["code"], error["message"]),
        };
        format!("{} id {} {said}", self.status, body["id"])
    }
}

/// Reads one response with a length; the body must be JSON.
pub async fn read_response(stream: &mut TcpStream) -> Response {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            break at;
        }
        let n = stream.read_buf(&mut bytes).await.expect("a response");
        assert!(0 < n, "closed within {:?}", String::from_utf8_lossy(&bytes));
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).expect("a head of text");
    let lower = head.to_lowercase();
    let length = lower.lines().find_map(|line| line.strip_prefix("content-length: "));
    let length: usize = length.map_or(0, |length| length.parse().expect("a length"));
    while bytes.len() < head_end + 4 + length {
        assert!(0 < stream.read_buf(&mut bytes).await.expect("a body"), "closed within the body");
    }
    let status = head.split(' ').nth(1).expect("a status").parse().expect("a status");
    let body = &bytes[head_end + 4..head_end + 4 + length];
    let body = match body.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(body).expect("JSON in every response"),
    };
    Response { status, head, body }
}

/// A WebSocket client.
pub struct Client {
    pub stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Client {
    pub async fn send(&mut self, text: &str) {
        self.stream.send(Message::text(text)).await.expect("the server reads");
    }

    /// The next text that is no notification.
    pub async fn reply(&mut self) -> Value {
        loop {
            let text = self.text().await;
            if text.get("method").is_none() {
                return text;
            }
        }
    }

    /// The next text.
    pub async fn text(&mut self) -> Value {
        loop {
            let next = timeout(PATIENCE, self.stream.next()).await.expect("a message in time");
            match next.expect("a message").expect("a message") {
                Message::Text(text) => return serde_json::from_str(&text).expect("JSON"),
                Message::Ping(_) | Message::Pong(_) => {}
                other => panic!("{other:?} instead of a text"),
            }
        }
    }

    /// Calls and waits for the reply.
    pub async fn call(&mut self, method: &str, params: Value) -> Value {
        let request = json!({"jsonrpc": "2.0", "id": 7, "method": method, "params": params});
        self.send(&request.to_string()).await;
        self.reply().await
    }

    /// Reads to the end; the reason of the close frame, if there was one.
    pub async fn closed(&mut self) -> Option<String> {
        let mut reason = None;
        while let Some(message) =
            timeout(PATIENCE, self.stream.next()).await.expect("the end in time")
        {
            match message {
                Ok(Message::Close(frame)) => reason = frame.map(close_reason),
                Ok(_) => {}
                Err(Error::ConnectionClosed) => break,
                Err(_) => break,
            }
        }
        reason
    }
}

fn close_reason(frame: CloseFrame) -> String {
    format!("{} {}", u16::from(frame.code), frame.reason)
}

/// The code of an error reply; zero for a result.
pub fn code(reply: &Value) -> i64 {
    reply["error"]["code"].as_i64().unwrap_or(0)
}

/// Waits until something holds, for ten seconds at most.
pub async fn until(what: &str, holds: impl Fn() -> bool) {
    for _ in 0..2_000 {
        if holds() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{what} did not come about");
}
