//! Snapshots: whole, resumed, damaged, cancelled.

use std::fs;
use std::path::Path;
use std::time::Duration;

use ::types::Seq;
use journal::snapshot::file_name;
use openraft::alias::SnapshotOf;
use openraft::errors::{ReplicationClosed, StreamingError};
use openraft::network::RPCOption;
use openraft::raft::SnapshotResponse;
use openraft::{RaftNetworkFactory, RaftNetworkV2, Snapshot, SnapshotMeta, StoredMembership, Vote};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::{Authority, Stub, domain, log_id, member, serve};
use crate::raft::network::NetworkFactory;
use crate::raft::types::{SnapshotFile, Types};
use crate::raft::wire::CHUNK_BYTES;

const SEQ: Seq = Seq(48_000);

/// Copies both ways until `bytes` of the near side have passed, or one side closes; gives what has
/// passed. It returns when the far side has read all of that, and has closed.
pub(super) async fn copy_some(near: &mut TcpStream, far: &mut TcpStream, bytes: usize) -> usize {
    let ((mut near_in, mut near_out), (mut far_in, mut far_out)) = (near.split(), far.split());
    let mut passed = 0;
    let forth = async {
        let mut buffer = vec![0; 16 << 10];
        while passed < bytes {
            let room = buffer.len().min(bytes - passed);
            match near_in.read(&mut buffer[..room]).await {
                Ok(n) if 0 < n && far_out.write_all(&buffer[..n]).await.is_ok() => passed += n,
                Ok(_) | Err(_) => break,
            }
        }
    };
    tokio::select! {
        () = forth => {}
        _ = tokio::io::copy(&mut far_in, &mut near_out) => {}
    }
    // A side that has closed already is not told.
    let _ = (near_out.shutdown().await, far_out.shutdown().await);
    let _ = tokio::io::copy(&mut far_in, &mut tokio::io::sink()).await;
    passed
}

/// One connection to `to`, cut after so many bytes; gives where to call, and what has passed.
async fn proxy(
    to: std::net::SocketAddr,
    bytes: usize,
) -> (std::net::SocketAddr, tokio::task::JoinHandle<usize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let passing = tokio::spawn(async move {
        let (mut near, _) = listener.accept().await.expect("a caller");
        let mut far = TcpStream::connect(to).await.expect("it listens");
        copy_some(&mut near, &mut far, bytes).await
    });
    (address, passing)
}

/// A snapshot of five chunks and a half.
fn store(dir: &Path, fill: u8) -> SnapshotOf<Types, SnapshotFile> {
    let state: Vec<u8> = (0..11 * CHUNK_BYTES / 2).map(|at| (at / 7) as u8 ^ fill).collect();
    let (root, chain) = ([fill; 32], [2; 32]);
    let (projections, position) = (vec![3; 100], vec![4; 30]);
    let stored = journal::Snapshot { seq: SEQ, root, chain, state, projections, position };
    journal::snapshot::store(dir, &stored).expect("it is stored");
    let last_membership = StoredMembership::default();
    let meta = SnapshotMeta { last_log_id: Some(log_id(3, 77)), last_membership };
    Snapshot { meta, snapshot: SnapshotFile { dir: dir.to_path_buf(), seq: SEQ } }
}

async fn send(
    authority: &Authority,
    address: std::net::SocketAddr,
    snapshot: SnapshotOf<Types, SnapshotFile>,
    cancel: impl Future<Output = ReplicationClosed> + Send + 'static,
) -> Result<SnapshotResponse<Types>, StreamingError<Types>> {
    let mut factory = NetworkFactory::new(authority.caller(2), domain());
    let mut network = factory.new_snapshot_client(1, &member(address)).await;
    let option = RPCOption::new(Duration::from_millis(200));
    network.full_snapshot(Vote::new_committed(4, 2), snapshot, cancel, option).await
}

fn never() -> impl Future<Output = ReplicationClosed> + Send + 'static {
    std::future::pending()
}

#[tokio::test]
async fn a_transfer_that_was_cut_goes_on_from_what_has_arrived() {
    let authority = Authority::new();
    let (here, there) = (tempfile::tempdir().expect("a dir"), tempfile::tempdir().expect("a dir"));
    let snapshot = store(here.path(), 0);
    let (installed, mut heard) = mpsc::unbounded_channel();
    let mut stub = Stub::new(there.path());
    stub.installed = installed;
    let server = serve(&authority, 1, stub).await;
    // A part of another snapshot lies about, and is cleared away.
    fs::write(there.path().join("incoming-1.part"), b"old").expect("a file");

    let (cut, passing) = proxy(server.address(), 7 * CHUNK_BYTES / 2).await;
    let error = send(&authority, cut, snapshot.clone(), never()).await.expect_err("it was cut");
    assert!(matches!(error, StreamingError::Network(_)), "{error:?}");
    assert_eq!(passing.await.expect("it ends"), 7 * CHUNK_BYTES / 2);
    let part = there.path().join(format!("incoming-{}.part", SEQ.0));
    let arrived = fs::metadata(&part).expect("the part is kept").len();
    assert!((2 * CHUNK_BYTES as u64..4 * CHUNK_BYTES as u64).contains(&arrived), "{arrived}");
    assert!(!there.path().join("incoming-1.part").exists());

    let (whole, passing) = proxy(server.address(), usize::MAX).await;
    let response = send(&authority, whole, snapshot, never()).await.expect("it goes on");
    assert_eq!(response.vote, Vote::new_committed(4, 2));
    let passed = passing.await.expect("it ends");
    assert!(passed < 4 * CHUNK_BYTES, "{passed} bytes passed, so it began again");
    let file = heard.recv().await.expect("it was installed");
    assert_eq!(file, SnapshotFile { dir: there.path().join("incoming"), seq: SEQ });
    let read = |dir: &Path| fs::read(dir.join(file_name(SEQ))).expect("the file is there");
    assert!(read(&file.dir) == read(here.path()), "the bytes are the same");
    assert!(!part.exists());
}

#[tokio::test]
async fn a_part_that_is_not_of_this_snapshot_is_not_gone_on_with() {
    let authority = Authority::new();
    let (here, there) = (tempfile::tempdir().expect("a dir"), tempfile::tempdir().expect("a dir"));
    let snapshot = store(here.path(), 0);
    let mut part = fs::read(here.path().join(file_name(SEQ))).expect("the file is there");
    part[CHUNK_BYTES + 5] ^= 1;
    fs::write(there.path().join(format!("incoming-{}.part", SEQ.0)), part).expect("a file");
    let (installed, mut heard) = mpsc::unbounded_channel();
    let mut stub = Stub::new(there.path());
    stub.installed = installed;
    let server = serve(&authority, 1, stub).await;
    send(&authority, server.address(), snapshot, never()).await.expect("it is sent whole");
    heard.recv().await.expect("it was installed");
}

#[tokio::test]
async fn a_snapshot_that_is_damaged_is_never_installed_and_does_not_stay() {
    let authority = Authority::new();
    let (here, there) = (tempfile::tempdir().expect("a dir"), tempfile::tempdir().expect("a dir"));
    let snapshot = store(here.path(), 0);
    let path = here.path().join(file_name(SEQ));
    let mut bytes = fs::read(&path).expect("the file is there");
    bytes[3 * CHUNK_BYTES] ^= 1;
    fs::write(&path, bytes).expect("a file");
    let (installed, mut heard) = mpsc::unbounded_channel();
    let mut stub = Stub::new(there.path());
    stub.installed = installed;
    let server = serve(&authority, 1, stub).await;
    let sent = send(&authority, server.address(), snapshot, never()).await;
    let Err(StreamingError::Unreachable(error)) = sent else { panic!("{sent:?}") };
    assert!(error.to_string().contains("is damaged at byte"), "{error}");
    assert!(heard.try_recv().is_err());
    assert!(!there.path().join(format!("incoming-{}.part", SEQ.0)).exists());
}

#[tokio::test]
async fn a_transfer_that_is_cancelled_ends_at_once() {
    let authority = Authority::new();
    let (here, there) = (tempfile::tempdir().expect("a dir"), tempfile::tempdir().expect("a dir"));
    let server = serve(&authority, 1, Stub::new(there.path())).await;
    let cancel = std::future::ready(ReplicationClosed::new("the test says so"));
    let sent = send(&authority, server.address(), store(here.path(), 0), cancel).await;
    assert!(matches!(sent, Err(StreamingError::Closed(_))), "{sent:?}");
}

#[tokio::test]
async fn a_file_that_is_gone_is_trouble_of_the_network_and_stops_nobody() {
    let authority = Authority::new();
    let (here, there) = (tempfile::tempdir().expect("a dir"), tempfile::tempdir().expect("a dir"));
    let server = serve(&authority, 1, Stub::new(there.path())).await;
    let snapshot = store(here.path(), 0);
    fs::remove_file(here.path().join(file_name(SEQ))).expect("the file is there");
    let sent = send(&authority, server.address(), snapshot, never()).await;
    assert!(matches!(sent, Err(StreamingError::Network(_))), "{sent:?}");
}
