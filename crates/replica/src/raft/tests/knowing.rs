//! Who is let in, and what one may say before.

use std::fs;
use std::time::Duration;

use ::types::AssetCode;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{Authority, CLUSTER, Stub, callee, domain, serve};
use crate::raft::dial::{Caller, DialError};
use crate::raft::pipe::Pipe;
use crate::raft::server::CONNECTIONS_MAX;
use crate::raft::tls::{Tls, TlsError, server_name};
use crate::raft::wire::hello::{Hello, PROTOCOL_VERSION, Purpose, Welcome};
use crate::raft::wire::{FRAME_BYTES_MAX, HELLO_BYTES_MAX};

fn hello() -> Hello {
    Hello {
        version: PROTOCOL_VERSION,
        cluster: CLUSTER,
        domain: domain(),
        from: 2,
        to: 1,
        purpose: Purpose::Unary,
    }
}

/// Node 2 calls node 1 with these words.
async fn say(authority: &Authority, address: std::net::SocketAddr, hello: &Hello) -> Welcome {
    let mut pipe = connect(&authority.tls(2), address).await;
    pipe.push_message(hello).expect("a short frame");
    pipe.message().await.expect("an answer")
}

async fn connect(tls: &Tls, address: std::net::SocketAddr) -> Pipe {
    let tcp = TcpStream::connect(address).await.expect("it listens");
    let tls = TlsConnector::from(tls.client.clone()).connect(server_name(1), tcp).await;
    Pipe::new(tls.expect("the node is known"), FRAME_BYTES_MAX)
}

#[tokio::test]
async fn a_certificate_of_another_authority_is_refused_on_both_sides() {
    let (ours, other) = (Authority::new(), Authority::new());
    let server = serve(&ours, 1, Stub::new(ours.dir())).await;
    let callee = callee(&server, 1, Purpose::Unary);
    ours.caller(2).dial(&callee).await.expect("node 2 is of our authority");
    // The client does not believe the server.
    let error = other.caller(2).dial(&callee).await.expect_err("another authority");
    assert!(matches!(error, DialError::Connection { .. }), "{error:?}");
    // A client that believes the server, but shows a certificate of the other authority.
    let mut files = other.files(2);
    files.authority = ours.dir().join("ca.pem");
    let mixed = Tls::load(&files, 2).expect("the files are whole");
    let error = Caller::new(&mixed, CLUSTER, 2).dial(&callee).await.expect_err("not ours");
    assert!(matches!(error, DialError::Connection { .. }), "{error:?}");
}

#[tokio::test]
async fn who_is_not_who_it_says_or_wants_another_is_told_why() {
    let authority = Authority::new();
    let server = serve(&authority, 1, Stub::new(authority.dir())).await;
    let accepted = say(&authority, server.address(), &hello()).await;
    assert_eq!(accepted, Welcome(Ok(())));
    let btc = AssetCode::new("BTC").expect("a code");
    let cases = [
        (Hello { from: 3, ..hello() }, "its certificate must be for node-3.plimsoll"),
        (Hello { from: 1, ..hello() }, "its certificate must be for node-1.plimsoll"),
        (Hello { to: 4, ..hello() }, "this is node 1, the caller wants 4"),
        (Hello { cluster: 9, ..hello() }, "the caller is of cluster 0x9"),
        (Hello { version: 2, ..hello() }, "the caller speaks protocol 2"),
        (Hello { domain: btc, ..hello() }, "node 1 does not run domain BTC, or not yet"),
    ];
    for (hello, words) in cases {
        let Welcome(answer) = say(&authority, server.address(), &hello).await;
        let reason = answer.expect_err(words);
        assert!(reason.contains(words), "{reason}");
    }
}

#[tokio::test]
async fn a_frame_that_is_too_long_closes_the_connection_before_it_is_read() {
    let authority = Authority::new();
    let server = serve(&authority, 1, Stub::new(authority.dir())).await;
    let head = |bytes: usize| u32::try_from(bytes).expect("a length").to_le_bytes();
    // Before the hello, and after it.
    for (greets, bytes) in [(false, HELLO_BYTES_MAX + 1), (true, FRAME_BYTES_MAX + 1)] {
        let tcp = TcpStream::connect(server.address()).await.expect("it listens");
        let tls = TlsConnector::from(authority.tls(2).client);
        let mut tls = tls.connect(server_name(1), tcp).await.expect("the node is known");
        if greets {
            let mut words = Vec::new();
            ::types::codec::Codec::encode(&hello(), &mut words);
            tls.write_all(&head(words.len())).await.expect("it is open");
            tls.write_all(&words).await.expect("it is open");
        }
        tls.write_all(&head(bytes)).await.expect("it is open");
        tls.flush().await.expect("it is open");
        let mut pipe = Pipe::new(tls, FRAME_BYTES_MAX);
        if greets {
            pipe.message::<Welcome>().await.expect("a welcome");
        }
        pipe.frame().await.expect_err("the other side has closed");
    }
}

#[tokio::test]
async fn a_long_frame_takes_no_memory_until_it_arrives() {
    let authority = Authority::new();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let acceptor = tokio_rustls::TlsAcceptor::from(authority.tls(1).server);
    let accept = async {
        let (tcp, _) = listener.accept().await.expect("a caller");
        Pipe::new(acceptor.accept(tcp).await.expect("it is known"), FRAME_BYTES_MAX)
    };
    let call = async {
        let tcp = TcpStream::connect(address).await.expect("it listens");
        let tls = TlsConnector::from(authority.tls(2).client);
        tls.connect(server_name(1), tcp).await.expect("it is known")
    };
    let (mut pipe, mut tls) = tokio::join!(accept, call);
    let length = u32::try_from(FRAME_BYTES_MAX).expect("a length");
    tls.write_all(&length.to_le_bytes()).await.expect("it is open");
    tls.write_all(&[7; 1000]).await.expect("it is open");
    tls.shutdown().await.expect("it is open");
    pipe.frame().await.expect_err("the frame is cut short");
    assert!(pipe.reserved() <= 256 << 10, "{} bytes", pipe.reserved());
}

#[tokio::test]
async fn connections_beyond_the_bound_are_closed_at_once() {
    let authority = Authority::new();
    let server = serve(&authority, 1, Stub::new(authority.dir())).await;
    // Callers that say nothing hold handshakes, of which there are fewer than connections.
    let mut silent = Vec::new();
    for _ in 0..crate::raft::server::HANDSHAKES_MAX {
        silent.push(TcpStream::connect(server.address()).await.expect("it listens"));
    }
    const { assert!(crate::raft::server::HANDSHAKES_MAX < CONNECTIONS_MAX) };
    let callee = callee(&server, 1, Purpose::Unary);
    let error = authority.caller(2).dial(&callee).await.expect_err("no handshake is left");
    assert!(matches!(error, DialError::Connection { .. }), "{error:?}");
    drop(silent);
    // They are gone as soon as the server has seen it.
    let caller = authority.caller(2);
    let again = async { while caller.dial(&callee).await.is_err() {} };
    tokio::time::timeout(Duration::from_secs(20), again).await.expect("a handshake is free");
}

#[test]
fn an_identity_that_is_not_the_nodes_own_is_an_error_that_names_the_file() {
    let authority = Authority::new();
    let (one, two) = (authority.files(1), authority.files(2));
    let error = Tls::load(&one, 2).expect_err("node 1 is not node 2");
    assert!(matches!(&error, TlsError::Name { .. }) && error.to_string().contains("node-1.pem"));
    assert!(error.to_string().contains("node-2.plimsoll"), "{error}");
    let mut files = one.clone();
    files.key = two.key.clone();
    let error = Tls::load(&files, 1).expect_err("the key of another");
    assert!(matches!(error, TlsError::Pair { .. }), "{error:?}");
    files.key = authority.dir().join("none.key");
    let error = Tls::load(&files, 1).expect_err("no key");
    assert!(error.to_string().contains("none.key: it must be PEM with a private key"), "{error}");
    let empty = authority.dir().join("empty.pem");
    fs::write(&empty, "").expect("a file");
    files = one.clone();
    files.authority = empty;
    let error = Tls::load(&files, 1).expect_err("no authority");
    assert!(matches!(error, TlsError::File { .. }), "{error:?}");
}
