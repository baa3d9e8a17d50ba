//! Appends in a stream: pipelined, in order, bounded; and what survives an asker that has gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures_util::{StreamExt, stream};
use openraft::errors::RPCError;
use openraft::network::RPCOption;
use openraft::raft::{StreamAppendError, VoteRequest};
use openraft::{RaftNetworkFactory, RaftNetworkV2, Vote};
use tokio::sync::mpsc;

use super::{Authority, Stub, append, domain, last_of, log_id, member, serve};
use crate::raft::network::{IN_FLIGHT_MAX, Network, NetworkFactory};
use crate::raft::server::Server;
use crate::raft::wire::FRAME_BYTES_MAX;

fn patient() -> RPCOption {
    RPCOption::new(Duration::from_secs(20))
}

async fn network(authority: &Authority, server: &Server) -> Network {
    let mut factory = NetworkFactory::new(authority.caller(2), domain());
    factory.new_client(1, &member(server.address())).await
}

/// A stub that answers once `n_due` appends have come, and counts those.
fn hesitant(authority: &Authority, n_due: usize) -> (Stub, Arc<AtomicUsize>) {
    let (n_come, mut stub) = (Arc::new(AtomicUsize::new(0)), Stub::new(authority.dir()));
    let counted = n_come.clone();
    stub.appends = Box::new(move |mut requests| {
        let (answers, mut given) = mpsc::unbounded_channel();
        let counted = counted.clone();
        tokio::spawn(async move {
            let mut held = Vec::new();
            while let Some(request) = requests.next().await {
                held.push(Ok(Ok(last_of(&request))));
                if n_due <= counted.fetch_add(1, Ordering::SeqCst) + 1 {
                    held.drain(..).for_each(|answer| answers.send(answer).expect("it listens"));
                }
            }
        });
        Box::pin(stream::poll_fn(move |cx| given.poll_recv(cx)))
    });
    (stub, n_come)
}

#[tokio::test]
async fn appends_are_pipelined_up_to_the_bound_and_answered_in_order() {
    let authority = Authority::new();
    let (stub, n_come) = hesitant(&authority, IN_FLIGHT_MAX);
    let server = serve(&authority, 1, stub).await;
    let mut network = network(&authority, &server).await;
    let n_taken = Arc::new(AtomicUsize::new(0));
    let counted = n_taken.clone();
    let requests = stream::iter((0..100_u64).map(move |index| {
        counted.fetch_add(1, Ordering::SeqCst);
        append(index, &index.to_le_bytes())
    }));
    let mut answers = network.stream_append(requests, patient()).await.expect("it begins");
    let first = answers.next().await.expect("an answer").expect("no error");
    assert_eq!(first, Ok(Some(log_id(1, 0))));
    // Without a pipeline the first answer would never have come; without a bound all 100 were out.
    assert_eq!(n_taken.load(Ordering::SeqCst), IN_FLIGHT_MAX);
    for index in 1..100 {
        let answer = answers.next().await.expect("an answer").expect("no error");
        assert_eq!(answer, Ok(Some(log_id(1, index))));
    }
    assert!(answers.next().await.is_none(), "the stream ends with its input");
    assert_eq!(n_come.load(Ordering::SeqCst), 100);
}

#[tokio::test]
async fn answers_to_an_asker_that_has_gone_are_not_given_to_the_next_one() {
    let authority = Authority::new();
    let (stub, n_come) = hesitant(&authority, 3);
    let server = serve(&authority, 1, stub).await;
    let mut network = network(&authority, &server).await;
    {
        let requests = stream::iter([append(0, b"a"), append(1, b"b")]).chain(stream::pending());
        let mut answers = network.stream_append(requests, patient()).await.expect("it begins");
        while n_come.load(Ordering::SeqCst) < 2 {
            let wait = tokio::time::timeout(Duration::from_millis(1), answers.next());
            wait.await.expect_err("the stub answers only the third");
        }
    }
    let requests = stream::iter([append(2, b"c")]);
    let answers = network.stream_append(requests, patient()).await.expect("it begins");
    let answers: Vec<_> = answers.map(|answer| answer.expect("no error")).collect().await;
    assert_eq!(answers, [Ok(Some(log_id(1, 2)))]);
    // All on one connection: a second one would have a count of its own in the stub's stream.
    assert_eq!(n_come.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn an_append_that_is_longer_than_a_frame_goes_in_pieces() {
    let authority = Authority::new();
    let server = serve(&authority, 1, Stub::new(authority.dir())).await;
    let mut network = network(&authority, &server).await;
    let body = vec![7; FRAME_BYTES_MAX / 2];
    let mut request = append(0, &body);
    (1..5).for_each(|index| request.entries.extend(append(index, &body).entries));
    let last = last_of(&request);
    let answers = network.stream_append(stream::iter([request]), patient()).await;
    let answers: Vec<_> = answers.expect("it begins").collect().await;
    assert_eq!(answers.len(), 5, "two halves and their heads do not fit into one frame");
    assert_eq!(answers.last(), Some(&Ok(Ok(last))));
}

#[tokio::test]
async fn a_refusal_ends_the_stream_and_the_next_one_works() {
    let authority = Authority::new();
    let mut stub = Stub::new(authority.dir());
    stub.appends = Box::new(|requests| {
        let answers = requests.map(|request| match last_of(&request) {
            Some(last) if last.index == 1 => Ok(Err(StreamAppendError::Conflict(last))),
            last => Ok(Ok(last)),
        });
        Box::pin(answers)
    });
    let server = serve(&authority, 1, stub).await;
    let mut network = network(&authority, &server).await;
    for _ in 0..2 {
        let requests = stream::iter((0..9).map(|index| append(index, b"a")));
        let answers = network.stream_append(requests, patient()).await.expect("it begins");
        let answers: Vec<_> = answers.collect().await;
        let refused = StreamAppendError::Conflict(log_id(1, 1));
        assert_eq!(answers, [Ok(Ok(Some(log_id(1, 0)))), Ok(Err(refused))]);
    }
}

#[tokio::test]
async fn a_node_that_is_gone_is_unreachable_and_one_that_returns_is_found_by_the_next_call() {
    let authority = Authority::new();
    let server = serve(&authority, 1, Stub::new(authority.dir())).await;
    let address = server.address();
    let mut network = network(&authority, &server).await;
    let heartbeat = || stream::iter([append(0, b"a")]);
    let answers = network.stream_append(heartbeat(), patient()).await.expect("it begins");
    assert!(matches!(answers.collect::<Vec<_>>().await[..], [Ok(Ok(_))]));
    server.stop().await;
    let answers = network.stream_append(heartbeat(), patient()).await.expect("it begins");
    let answers: Vec<_> = answers.collect().await;
    assert!(matches!(answers[..], [Err(RPCError::Unreachable(_))]), "{answers:?}");
    let vote = VoteRequest::new(Vote::new(1, 2), None);
    let answer = network.vote(vote, patient()).await;
    assert!(matches!(answer, Err(RPCError::Unreachable(_))), "{answer:?}");
    let listener = tokio::net::TcpListener::bind(address).await.expect("the port is free");
    let groups = crate::raft::server::Groups::new();
    groups.insert(domain(), Stub::new(authority.dir()));
    let tls = authority.tls(1);
    let _server = Server::start(listener, &tls, super::CLUSTER, 1, groups).expect("it starts");
    let answers = network.stream_append(heartbeat(), patient()).await.expect("it begins");
    assert!(matches!(answers.collect::<Vec<_>>().await[..], [Ok(Ok(_))]));
}

#[tokio::test]
async fn a_node_that_does_not_answer_is_a_timeout() {
    let authority = Authority::new();
    let (stub, _) = hesitant(&authority, 1_000);
    let server = serve(&authority, 1, stub).await;
    let mut network = network(&authority, &server).await;
    let brief = RPCOption::new(Duration::from_millis(100));
    let answers = network.stream_append(stream::iter([append(0, b"a")]), brief).await;
    let answers: Vec<_> = answers.expect("it begins").collect().await;
    assert!(matches!(answers[..], [Err(RPCError::Timeout(_))]), "{answers:?}");
}
