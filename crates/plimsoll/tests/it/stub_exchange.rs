//! An exchange that does as it is told: real sockets that serve recorded prices over HTTP and
//! WebSocket, with TLS or without, well or in one of the ways in which exchanges fail.
//!
//! A thread for each connection. What it does is its mood at the moment of a request or a message,
//! so that a test can make it fall ill and recover.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{self, ServerConfig, ServerConnection, StreamOwned};
use tokio_tungstenite::tungstenite::{self, Message};

/// What it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// Answers with the next price.
    Well,
    /// Says nothing.
    Hang,
    /// Closes in the middle of an answer.
    Drop,
    /// Says what is not JSON.
    Garbage,
    /// Says that it is broken.
    Status500,
    /// Points elsewhere.
    Redirect,
    /// Never stops talking.
    Huge,
    /// Says its answer a byte at a time.
    Drip,
    /// Speaks, but of something else.
    Chatter,
    /// Says a price of nothing.
    Zero,
    /// Says an old price again and again, with its old time.
    Stuck,
}

/// Between two messages of a socket, and two bytes of a drip.
const PACE: Duration = Duration::from_millis(20);
/// Bytes of a huge answer.
const HUGE: usize = 64 << 20;

/// A running exchange. Its threads end with the process.
pub struct Exchange {
    address: SocketAddr,
    state: Arc<State>,
    /// Certificate that it shows, if it speaks TLS.
    pub ca: Option<PathBuf>,
}

struct State {
    mood: Mutex<Mood>,
    series: Vec<String>,
    next: AtomicUsize,
    connections: AtomicUsize,
    heard: Mutex<Vec<String>>,
    tls: Option<Arc<ServerConfig>>,
}

impl Exchange {
    /// Without TLS.
    pub fn start(series: Vec<String>) -> Exchange {
        Exchange::open(series, None, None)
    }

    /// With TLS: its certificate is written into a directory.
    pub fn start_tls(series: Vec<String>, home: &Path) -> Exchange {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]);
        let made = made.expect("a certificate is made");
        let ca = home.join("stub.pem");
        std::fs::write(&ca, made.cert.pem()).expect("the certificate is written");
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring speaks the usual versions")
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], PrivateKeyDer::Pkcs8(key))
            .expect("the key is that of the certificate");
        Exchange::open(series, Some(Arc::new(config)), Some(ca))
    }

    fn open(series: Vec<String>, tls: Option<Arc<ServerConfig>>, ca: Option<PathBuf>) -> Exchange {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("it is bound");
        let state = Arc::new(State {
            mood: Mutex::new(Mood::Well),
            series,
            next: AtomicUsize::new(0),
            connections: AtomicUsize::new(0),
            heard: Mutex::default(),
            tls,
        });
        let shared = state.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                shared.connections.fetch_add(1, Ordering::Relaxed);
                let state = shared.clone();
                // A client that goes away in the middle is what most of these tests are about.
                std::thread::spawn(move || drop(state.serve(stream)));
            }
        });
        Exchange { address, state, ca }
    }

    /// Where it is: `scheme` is http or ws, with an s for TLS.
    pub fn url(&self, scheme: &str) -> String {
        format!("{scheme}://localhost:{}/ticker?pair=btcusd", self.address.port())
    }

    /// From now on.
    pub fn set(&self, mood: Mood) {
        *lock(&self.state.mood) = mood;
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.state.connections.load(Ordering::Relaxed)
    }

    /// What was sent over sockets.
    pub fn heard(&self) -> Vec<String> {
        lock(&self.state.heard).clone()
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn mood(&self) -> Mood {
        *lock(&self.mood)
    }

    /// The next price of the series, from the beginning again after its end.
    fn ticker(&self) -> String {
        let place = self.next.fetch_add(1, Ordering::Relaxed) % self.series.len();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
        ticker(&self.series[place], &now.as_millis().to_string())
    }

    fn serve(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let Some(tls) = &self.tls else { return self.speak(stream) };
        let connection = ServerConnection::new(tls.clone()).map_err(std::io::Error::other)?;
        self.speak(StreamOwned::new(connection, stream))
    }

    /// HTTP, until somebody asks for a socket.
    fn speak(&self, stream: impl Read + Write) -> std::io::Result<()> {
        let mut reader = BufReader::new(stream);
        loop {
            let mut head = String::new();
            while !head.ends_with("\r\n\r\n") {
                if reader.read_line(&mut head)? == 0 {
                    return Ok(());
                }
            }
            let lower = head.to_ascii_lowercase();
            if let Some((_, key)) = lower.find("sec-websocket-key:").map(|at| head.split_at(at)) {
                let key = key.lines().next().and_then(|line| line.split_once(':'));
                let key = key.map_or("", |(_, key)| key.trim()).to_owned();
                return self.socket(reader.into_inner(), &key);
            }
            self.answer(reader.get_mut())?;
        }
    }

    fn answer(&self, stream: &mut (impl Read + Write)) -> std::io::Result<()> {
        let whole = |status: &str, body: &str| {
            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len())
        };
        let fail = || Err(std::io::Error::other("it was told to"));
        let answer = match self.mood() {
            Mood::Well => whole("200 OK", &self.ticker()),
            Mood::Hang => loop {
                std::thread::sleep(PACE);
            },
            Mood::Drop => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"resu")?;
                stream.flush()?;
                return fail();
            }
            Mood::Garbage => whole("200 OK", "<html>we are upgrading</html>"),
            Mood::Status500 => whole("500 Internal Server Error", "{}"),
            Mood::Redirect => {
                "HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n"
                    .into()
            }
            Mood::Huge => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n[")?;
                return stream.write_all(&vec![b' '; HUGE]);
            }
            Mood::Drip => {
                let answer = whole("200 OK", &self.ticker());
                for byte in answer.bytes() {
                    stream.write_all(&[byte])?;
                    stream.flush()?;
                    std::thread::sleep(PACE);
                }
                return Ok(());
            }
            Mood::Chatter => whole("200 OK", r#"{"result":{"volume":12}}"#),
            Mood::Zero => whole("200 OK", &ticker("0", "1795568400000")),
            Mood::Stuck => whole("200 OK", &ticker(&self.series[0], "1795568400000")),
        };
        stream.write_all(answer.as_bytes())?;
        stream.flush()
    }

    fn socket(&self, mut stream: impl Read + Write, key: &str) -> std::io::Result<()> {
        let accept = tungstenite::handshake::derive_accept_key(key.as_bytes());
        let head = format!(
            "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Accept: {accept}\r\n\r\n"
        );
        stream.write_all(head.as_bytes())?;
        stream.flush()?;
        let role = tungstenite::protocol::Role::Server;
        let mut socket = tungstenite::WebSocket::from_raw_socket(stream, role, None);
        let words = socket.read().map_err(std::io::Error::other)?;
        lock(&self.heard).push(words.to_string());
        loop {
            let message = match self.mood() {
                Mood::Well => self.ticker(),
                Mood::Hang => {
                    std::thread::sleep(PACE);
                    continue;
                }
                Mood::Drop | Mood::Status500 | Mood::Redirect => return Ok(()),
                Mood::Garbage => "\u{1}\u{2}not json".into(),
                Mood::Huge => " ".repeat(HUGE),
                // The head of a frame of 100 bytes, and never the rest of it.
                Mood::Drip => {
                    let stream = socket.get_mut();
                    stream.write_all(&[0x81, 100, b'{'])?;
                    stream.flush()?;
                    loop {
                        std::thread::sleep(PACE);
                    }
                }
                Mood::Chatter => r#"{"event":"heartbeat"}"#.into(),
                Mood::Zero => ticker("0", "1795568400000"),
                Mood::Stuck => ticker(&self.series[0], "1795568400000"),
            };
            socket.send(Message::text(message)).map_err(std::io::Error::other)?;
            std::thread::sleep(PACE);
        }
    }
}

fn ticker(price: &str, ms: &str) -> String {
    format!(r#"{{"result":{{"last":"{price}","ts":{ms}}},"ok":true}}"#)
}

/// Recorded prices: rounds of a chain if the shared data is there, else a few of our own.
pub fn series() -> Vec<String> {
    let name = "market/oracle/chainlink_mainnet_btcusd_rounds.csv.gz";
    let Some(file) = shared(name) else {
        return ["97000.5", "97001", "96999.25", "97010", "97003.75"].map(str::to_owned).to_vec();
    };
    let file = std::fs::File::open(file).expect("the file opens");
    let lines = BufReader::new(flate2::read::GzDecoder::new(file)).lines().skip(1).take(500);
    let prices = lines.map(|line| {
        let line = line.expect("the file reads");
        let answer = line.split(',').nth(2).expect("a round has an answer").to_owned();
        let (dollars, rest) = answer.split_at(answer.len() - 8);
        format!("{dollars}.{rest}")
    });
    prices.collect()
}

/// A file of the shared data, or a word that it is not there.
pub fn shared(name: &str) -> Option<PathBuf> {
    let data = std::env::var_os("PLIMSOLL_DATA").map(PathBuf::from);
    let beside = || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data");
    let file = data.unwrap_or_else(beside).join(name);
    if !file.exists() {
        eprintln!("skipped: {} is not there; set PLIMSOLL_DATA", file.display());
        return None;
    }
    Some(file)
}
