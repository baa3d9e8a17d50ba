//! Delivery to real servers on this machine: up, down, failing, and slow.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use engine::Engine;
use gateway::Market;
use gateway::venue::{Domain, DomainId};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use types::{Applied, AssetCode, At, Command, Entry, EntryOutcome, NoticeText, NoticeWords};

use super::{Pace, Receiver, Webhooks, post, store, wait_after};
use crate::cli::{WebhookCall, WebhookResend};
use crate::notice::verify;
use crate::serve::notices;
use crate::venue::LocalVenue;

const SECRET: &str = "a secret of this test";
const PATIENCE: Duration = Duration::from_secs(20);

fn pace() -> Pace {
    Pace {
        look: Duration::from_millis(5),
        patience: Duration::from_millis(300),
        first: Duration::from_millis(5),
        longest: Duration::from_millis(20),
        attempts_max: 3,
    }
}

/// A market that is told notices, without a log.
struct Teller {
    market: Market,
    engine: Engine,
    domain: Domain,
    home: tempfile::TempDir,
}

impl Teller {
    fn new() -> Teller {
        let home = tempfile::tempdir().expect("a directory");
        let domain = Domain { asset: AssetCode::new("BTC").expect("a code"), decimals: 8 };
        let signer = Arc::new(notices::open_key(home.path()).expect("a key"));
        let key = signer.public();
        let signature = signer.sign(&ledger::notice_key_message(domain.asset, &key));
        let venue = Arc::new(LocalVenue::new(vec![domain], None));
        venue.sign_with(signer);
        let market = Market::new(venue);
        let engine = Engine::new(domain.asset, domain.decimals);
        let mut teller = Teller { market, engine, domain, home };
        teller.say(NoticeWords::RotateKey { key, signature });
        teller
    }

    fn say(&mut self, words: NoticeWords) {
        let (seq, at) = (self.engine.seq().next(), At(1_790_000_000_000));
        let command = Command::PublishNotice(words.into());
        let mut events = Vec::new();
        self.engine.apply(&Entry { seq, at, command }, &mut events);
        let entries = vec![EntryOutcome { seq, tag: 0, events: 0..events.len() }];
        let applied = Applied { at, entries, events, signed: Vec::new() };
        self.market.publish(DomainId(0), &applied);
    }

    fn announce(&mut self, title: &str) {
        let title = NoticeText::new(title).expect("short");
        let text = NoticeText::new("In whole.").expect("short");
        self.say(NoticeWords::Announce { title, text });
    }

    fn data(&self) -> &Path {
        self.home.path()
    }

    fn start(&self, urls: &[String]) -> Webhooks {
        let receiver = |url: &String| Receiver { url: url.clone(), secret: SECRET.into() };
        let receivers: Vec<Receiver> = urls.iter().map(receiver).collect();
        Webhooks::start(&self.market, &[self.domain], self.data(), &receivers, pace())
            .expect("the receivers are addresses")
    }

    fn letters(&self) -> Vec<store::DeadLetter> {
        let path = store::dead_letters(&store::directory(self.data()));
        store::read(&path).expect("it is read")
    }
}

/// How a receiver answers.
#[derive(Clone, Copy)]
enum Manner {
    /// With these statuses in turn, the last one for ever.
    Statuses(&'static [u16]),
    /// A byte a second.
    Drip,
}

/// A receiver; what it was sent comes out of the channel: signature and body.
struct Server {
    url: String,
    sent: mpsc::UnboundedReceiver<(String, String)>,
}

async fn serve(manner: Manner) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}/notices?of=us", listener.local_addr().expect("bound"));
    let (told, sent) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        let mut n_requests = 0;
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(answer(stream, manner, n_requests, told.clone()));
            n_requests += 1;
        }
    });
    Server { url, sent }
}

async fn answer(
    mut stream: TcpStream,
    manner: Manner,
    nth: usize,
    told: mpsc::UnboundedSender<(String, String)>,
) {
    let Some(request) = read_request(&mut stream).await else { return };
    // The test may be over.
    let _ = told.send(request);
    match manner {
        Manner::Statuses(statuses) => {
            let status = statuses[nth.min(statuses.len() - 1)];
            let head = format!("HTTP/1.1 {status} so\r\nContent-Length: 0\r\n\r\n");
            let _ = stream.write_all(head.as_bytes()).await;
        }
        Manner::Drip => {
            for byte in b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" {
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn read_request(stream: &mut TcpStream) -> Option<(String, String)> {
    let mut bytes = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let header = |name: &str| {
                let mut lines = head.lines().filter_map(|line| line.split_once(": "));
                let found = lines.find(|(key, _)| key.eq_ignore_ascii_case(name));
                found.map(|(_, value)| value.to_owned())
            };
            let length: usize = header("content-length")?.parse().ok()?;
            if length <= body.len() {
                assert!(head.starts_with("POST /notices?of=us HTTP/1.1"), "{head}");
                return Some((header("plimsoll-signature")?, body.to_owned()));
            }
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}

impl Server {
    async fn next(&mut self) -> (String, Value) {
        let (signature, body) = self.next_text().await;
        (signature, serde_json::from_str(&body).expect("JSON"))
    }

    async fn next_text(&mut self) -> (String, String) {
        let next = tokio::time::timeout(PATIENCE, self.sent.recv()).await;
        next.expect("it is sent in time").expect("the server runs")
    }
}

/// Looks until there are so many dead letters.
async fn wait_for_letters(teller: &Teller, n: usize) -> Vec<store::DeadLetter> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let letters = teller.letters();
        if n <= letters.len() {
            return letters;
        }
        assert!(Instant::now() < deadline, "{} letters of {n}", letters.len());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

/// Looks until the receiver is known to have so many: what a crash before that sends twice is
/// allowed.
async fn wait_for_cursor(teller: &Teller, url: &str, number: u64) {
    let deadline = Instant::now() + PATIENCE;
    let dir = store::directory(teller.data());
    while store::Cursor::open(&dir, url, Default::default()).expect("read").last("BTC") < number {
        assert!(Instant::now() < deadline, "the cursor does not move on");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn numbers(letters: &[store::DeadLetter]) -> Vec<u64> {
    let number = |letter: &store::DeadLetter| {
        let notice: Value = serde_json::from_str(letter.notice.get()).expect("JSON");
        notice["number"].as_u64().expect("a number")
    };
    letters.iter().map(number).collect()
}

/// NTC-8: what is published from the start on arrives in order, as the venue signed it, and with
/// the receiver's own signature.
#[tokio::test]
async fn notices_arrive_in_order_and_signed_for_the_receiver() {
    let mut teller = Teller::new();
    let mut server = serve(Manner::Statuses(&[204])).await;
    let webhooks = teller.start(&[server.url.clone()]);
    teller.announce("one");
    teller.announce("two");
    let (signature, body) = server.next_text().await;
    let (at, mac) = signature.split_once(",v1=").expect("time and signature");
    let at: u64 = at.strip_prefix("t=").and_then(|at| at.parse().ok()).expect("a time");
    assert_eq!(mac, post::signature(SECRET, at, &body));
    assert!(verify::verify(&body, None).is_ok(), "the venue's own signature holds");
    assert_eq!(server.next().await.1["title"], "two");

    wait_for_cursor(&teller, &server.url, 3).await;
    drop(webhooks);
    teller.announce("three");
    let _webhooks = teller.start(&[server.url.clone()]);
    assert_eq!(server.next().await.1["number"], 4, "a restart goes on after what was delivered");
    assert!(teller.letters().is_empty());
}

/// NTC-8: what fails is sent again, and counts as delivered when it is taken.
#[tokio::test]
async fn a_receiver_that_fails_twice_gets_it_the_third_time() {
    let mut teller = Teller::new();
    let mut server = serve(Manner::Statuses(&[500, 302, 200])).await;
    let _webhooks = teller.start(&[server.url.clone()]);
    teller.announce("one");
    teller.announce("two");
    let mut sent = Vec::new();
    for _ in 0..4 {
        sent.push(server.next().await.1["number"].as_u64());
    }
    assert_eq!(sent, [2, 2, 2, 3].map(Some));
    assert!(teller.letters().is_empty());
}

/// NTC-8: receivers that are dead, failing or slow end in dead letters, each with its reason, and
/// hold up neither the venue nor the receiver that is well.
#[tokio::test]
async fn what_is_given_up_is_a_dead_letter_and_holds_nobody_up() {
    let mut teller = Teller::new();
    let closed = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let down = format!("http://{}/notices?of=us", closed.local_addr().expect("bound"));
    drop(closed);
    let failing = serve(Manner::Statuses(&[500])).await;
    let slow = serve(Manner::Drip).await;
    let mut well = serve(Manner::Statuses(&[200])).await;
    let urls = [down.clone(), failing.url.clone(), slow.url.clone(), well.url.clone()];
    let _webhooks = teller.start(&urls);
    let begun = Instant::now();
    teller.announce("one");
    teller.announce("two");
    assert!(begun.elapsed() < pace().patience, "publishing waits for nobody");
    assert_eq!(well.next().await.1["number"], 2);
    assert_eq!(well.next().await.1["number"], 3);
    let letters = wait_for_letters(&teller, 6).await;
    for (url, reason) in [(&down, "connect"), (&failing.url, "500"), (&slow.url, "within")] {
        let own: Vec<_> = letters.iter().filter(|letter| letter.url == *url).collect();
        assert_eq!(own.len(), 2, "{url}");
        assert!(own.iter().all(|letter| letter.fault.contains(reason)), "{own:?}");
        assert!(own.iter().all(|letter| letter.attempts == pace().attempts_max));
    }
    let failed: Vec<_> = letters.into_iter().filter(|letter| letter.url == failing.url).collect();
    assert_eq!(numbers(&failed), [2, 3], "in order");
}

/// NTC-8: an operator sends dead letters again; what fails again stays one.
#[tokio::test]
async fn dead_letters_are_sent_again() {
    let teller = Teller::new();
    let mut server = serve(Manner::Statuses(&[200])).await;
    let dir = store::directory(teller.data());
    std::fs::create_dir_all(&dir).expect("made");
    for url in [server.url.as_str(), "http://127.0.0.1:1/gone"] {
        let letter = store::DeadLetter::new(url, 3, "it was down".into(), "{\"number\":7}");
        store::append(&dir, &letter).expect("stored");
    }
    let config = teller.data().join("venue.toml");
    let text = format!("[[webhook]]\nurl = '{}'\nsecret = '{SECRET}'\n", server.url);
    std::fs::write(&config, text).expect("written");
    let data = Some(teller.data().to_owned());
    let args = WebhookResend { config, data, json: true };
    let failed =
        super::webhook(WebhookCall::Resend(args)).await.expect_err("one receiver is unknown");
    assert!(failed.to_string().starts_with("1 notices"), "{failed}");
    assert_eq!(server.next().await.1["number"], 7);
    let left = teller.letters();
    assert_eq!(left.len(), 1);
    assert_eq!((left[0].attempts, left[0].url.as_str()), (4, "http://127.0.0.1:1/gone"));
    assert!(left[0].fault.contains("names it no more"), "{}", left[0].fault);
}

#[test]
fn waits_double_up_to_the_longest() {
    let waits = [1, 2, 3, 8, 9, 40].map(|failures| wait_after(failures, Pace::default()));
    assert_eq!(waits.map(|wait| wait.as_millis()), [500, 1_000, 2_000, 60_000, 60_000, 60_000]);
}

/// RFC 4231, test case 2, in the form that a receiver checks: time, point, body.
#[test]
fn the_signature_is_an_hmac_of_time_and_body() {
    let made = post::signature("Jefe", 1, "what do ya want for nothing?");
    assert_eq!(made.len(), 64);
    assert_ne!(made, post::signature("Jefe", 2, "what do ya want for nothing?"));
    assert_ne!(made, post::signature("jefe", 1, "what do ya want for nothing?"));
}
