//! Commands that are sent on: taken, refused, unknown, and never two of these.

use std::time::Duration;

use ::types::Seq;
use ::types::limits::COMMAND_BYTES_MAX;
use tokio::net::TcpListener;
use tokio::sync::mpsc;

use super::{Authority, Stub, domain, serve};
use crate::raft::forward::{
    Fate, Forwarded, Forwarder, NotForwarded, QUEUE_MAX, RootReport, UNANSWERED_MAX,
};
use crate::raft::types::Asked;
use crate::raft::wire::FORWARDED_MAX;

type Told = mpsc::UnboundedReceiver<(u64, Fate)>;

fn forwarder(authority: &Authority, address: impl ToString) -> (Forwarder, Told) {
    let (told, fates) = mpsc::unbounded_channel();
    let tell = move |asked: Asked, fate| told.send((asked.tag, fate)).expect("the test listens");
    let (caller, address) = (authority.caller(2), address.to_string());
    let tell = std::sync::Arc::new(tell);
    (Forwarder::start(caller, 1, address, domain(), tell), fates)
}

fn command(tag: u64) -> Forwarded {
    Forwarded { cancel_class: false, asked: Asked { origin: 5, tag }, command: vec![1, 2, 3] }
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(20), future).await.expect("it comes soon")
}

#[tokio::test]
async fn commands_arrive_in_order_and_those_that_are_refused_are_told() {
    let authority = Authority::new();
    let mut stub = Stub::new(authority.dir());
    stub.admits = |command| match command.asked.tag % 10 {
        9 => Err(format!("tag {} ends in 9", command.asked.tag)),
        _ => Ok(()),
    };
    let commands = stub.commands.clone();
    let server = serve(&authority, 1, stub).await;
    let (forwarder, mut fates) = forwarder(&authority, server.address());
    for begin in [0, 15, 30] {
        forwarder.send((begin..begin + 15).map(command).collect()).expect("there is room");
    }
    for tag in [9, 19, 29, 39] {
        let words = format!("tag {tag} ends in 9");
        assert_eq!(soon(fates.recv()).await, Some((tag, Fate::Refused(words))));
    }
    drop(forwarder);
    assert_eq!(soon(fates.recv()).await, None, "of the others nothing is told");
    let taken: Vec<_> =
        commands.lock().expect("no panic").iter().map(|taken| taken.asked.tag).collect();
    assert_eq!(taken, (0..45).filter(|tag| tag % 10 != 9).collect::<Vec<_>>());
}

#[tokio::test]
async fn roots_arrive_and_a_node_cannot_speak_for_another() {
    let authority = Authority::new();
    let (roots, mut heard) = mpsc::unbounded_channel();
    let mut stub = Stub::new(authority.dir());
    stub.roots = roots;
    let server = serve(&authority, 1, stub).await;
    let (forwarder, mut fates) = forwarder(&authority, server.address());
    let report = RootReport { node: 2, seq: Seq(7), root: [1; 32], chain: [2; 32] };
    assert!(forwarder.report(report));
    assert_eq!(soon(heard.recv()).await, Some(report));
    // The server closes on it, so what follows on that connection is lost, and told as such.
    assert!(forwarder.report(RootReport { node: 3, ..report }));
    forwarder.send(vec![command(1)]).expect("there is room");
    drop(forwarder);
    let fate = soon(fates.recv()).await;
    assert!(matches!(fate, None | Some((1, Fate::Unknown))), "{fate:?}");
    drop(server);
    assert_eq!(soon(heard.recv()).await, None, "no root of node 3 was heard");
}

#[tokio::test]
async fn what_was_sent_and_not_answered_is_unknown_and_what_was_never_sent_is_refused() {
    let authority = Authority::new();
    let server = serve(&authority, 1, Stub::new(authority.dir())).await;
    // A node that takes the connection and never answers a command: one that stands still.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let real = server.address();
    let proxy = tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.expect("a caller");
        drop(listener);
        let mut far = tokio::net::TcpStream::connect(real).await.expect("it listens");
        // Long enough for the handshake and the hello, too short for the frame that follows.
        super::snapshots::copy_some(&mut near, &mut far, 6_000).await;
    });
    let (forwarder, mut fates) = forwarder(&authority, address);
    let long = Forwarded { command: vec![7; COMMAND_BYTES_MAX], ..command(1) };
    forwarder.send(vec![long, command(2)]).expect("there is room");
    assert_eq!(soon(fates.recv()).await, Some((1, Fate::Unknown)));
    assert_eq!(soon(fates.recv()).await, Some((2, Fate::Unknown)));
    soon(proxy).await.expect("the proxy ends");
    forwarder.send(vec![command(3)]).expect("there is room");
    let (tag, fate) = soon(fates.recv()).await.expect("it is told");
    let Fate::Refused(reason) = fate else { panic!("{tag} is {fate:?}") };
    assert_eq!((tag, reason), (3, format!("node 1 at {address}: no connection")));
}

#[tokio::test]
async fn a_queue_and_a_frame_have_bounds_and_give_back_what_is_beyond() {
    let authority = Authority::new();
    // Nothing runs between the sends of this test, so the queue is not emptied.
    let (forwarder, mut fates) = forwarder(&authority, "127.0.0.1:1");
    let many: Vec<_> = (0..=FORWARDED_MAX as u64).map(command).collect();
    assert_eq!(forwarder.send(many.clone()), Err(NotForwarded::TooMany(many)));
    let long = vec![Forwarded { command: vec![0; COMMAND_BYTES_MAX + 1], ..command(1) }];
    assert_eq!(forwarder.send(long.clone()), Err(NotForwarded::TooMany(long)));
    let heavy = Forwarded { command: vec![0; COMMAND_BYTES_MAX], ..command(1) };
    let heavy = vec![heavy; 257];
    assert_eq!(forwarder.send(heavy.clone()), Err(NotForwarded::TooMany(heavy)));
    for tag in 0..QUEUE_MAX as u64 {
        forwarder.send(vec![command(tag)]).expect("there is room");
    }
    let back = forwarder.send(vec![command(99)]);
    assert_eq!(back, Err(NotForwarded::Full(vec![command(99)])));
    for tag in 0..QUEUE_MAX as u64 {
        let fate = soon(fates.recv()).await;
        assert!(matches!(fate, Some((told, Fate::Refused(_))) if told == tag), "{fate:?}");
    }
    const { assert!(UNANSWERED_MAX <= QUEUE_MAX) };
}
