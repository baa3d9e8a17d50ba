//! Snapshots that are made beside the engine that runs.

mod story;

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use engine::Engine;
use journal::{Journal, Kind, Snapshot, snapshot};
use tokio::sync::mpsc::UnboundedReceiver;
use types::codec::Codec;
use types::{At, Command, Entry, Event, Proposal, Seq, Version};

use super::{Heard, commands, config, deposit, killed, open_account, start};
use crate::beside::{FailedCheck, NotStored, Snapshots, encode};
use crate::feed::PendingSnapshot;
use crate::{Class, Failure, Feed, Solo};

/// An engine that runs, its log, and the snapshots that it asks for.
struct Live {
    dir: tempfile::TempDir,
    journal: Journal,
    engine: Engine,
    events: Vec<Event>,
    snapshots: Snapshots,
    failed: UnboundedReceiver<FailedCheck>,
}

impl Live {
    fn new() -> Live {
        let dir = tempfile::tempdir().expect("a directory");
        let config = config(dir.path());
        let (journal, _) = Journal::open(dir.path(), config.journal).expect("opens");
        let (snapshots, failed) = Snapshots::new(&config);
        let engine = Engine::new(config.asset, config.decimals);
        Live { dir, journal, engine, events: Vec::new(), snapshots, failed }
    }

    fn apply(&mut self, (at, command): (At, Command)) {
        let mut body = at.to_bytes();
        command.encode(&mut body);
        self.journal.append(Kind::Batch, self.journal.next(), 1, &body).expect("appends");
        self.journal.sync().expect("syncs");
        let entry = Entry { seq: self.engine.seq().next(), at, command };
        self.engine.apply(&entry, &mut self.events);
    }

    fn ask(&mut self) -> PendingSnapshot {
        self.snapshots.ask(&mut self.engine, b"where it was".to_vec(), None)
    }

    fn newest(&self) -> Snapshot {
        newest(self.dir.path())
    }
}

fn newest(dir: &Path) -> Snapshot {
    let (seq, path) = snapshot::list(dir).expect("lists").pop().expect("a snapshot");
    snapshot::load(seq, &path).expect("loads")
}

/// Every kind of state that a domain has: trades, a liquidation, sessions, both versions of the
/// rules.
#[test]
fn what_is_made_has_the_bytes_that_the_engine_would_have_given() {
    let mut live = Live::new();
    let mut due: Option<(PendingSnapshot, Snapshot)> = None;
    for (n, entry) in story::entries().into_iter().enumerate() {
        live.apply(entry);
        if n % 13 != 12 {
            continue;
        }
        // Thirteen entries later than asked.
        if let Some((pending, expected)) = due.take() {
            pending.store(b"theirs".to_vec()).expect("stores");
            assert!(live.newest() == expected, "after entry {}", expected.seq);
        }
        let mut expected = encode(&mut live.engine, b"where it was".to_vec());
        expected.projections = b"theirs".to_vec();
        due = Some((live.ask(), expected));
    }
    let told = |what: fn(&Event) -> bool| live.events.iter().filter(|event| what(event)).count();
    assert!(0 < told(|event| matches!(event, Event::Traded(_))));
    assert!(0 < told(|event| matches!(event, Event::LiquidationStepped(_))));
    assert!(0 < told(|event| matches!(event, Event::LiquidationEnded { .. })));
    assert_eq!(live.engine.version(), Version(2));
    assert!(live.newest().seq < live.engine.seq(), "the versions have formats of their own");
    assert!(live.failed.try_recv().is_err());
}

/// Without a snapshot it begins with an engine that has nothing; with one that is damaged, with the
/// one before.
#[test]
fn it_begins_with_the_newest_snapshot_that_is_whole() {
    let mut live = Live::new();
    let mut stored = Vec::new();
    for (n, entry) in story::entries().into_iter().enumerate() {
        live.apply(entry);
        if n % 40 == 39 {
            let expected = encode(&mut live.engine, b"where it was".to_vec());
            live.ask().store(Vec::new()).expect("stores");
            assert!(live.newest() == expected);
            let (_, path) = snapshot::list(live.dir.path()).expect("lists").pop().expect("it");
            let mut bytes = fs::read(&path).expect("reads");
            *bytes.last_mut().expect("it has bytes") ^= 1;
            fs::write(&path, bytes).expect("writes");
            stored.push(expected.seq);
        }
    }
    assert!(4 < stored.len());
}

/// A snapshot of a state that was never there, with the root that it has.
fn plant(dir: &Path, seq: Seq) {
    let mut other = Live::new();
    (1..=seq.0).for_each(|account| {
        other.apply((At(1_000), open_account(u32::try_from(account).expect("small"))));
    });
    snapshot::store(dir, &encode(&mut other.engine, Vec::new())).expect("stores");
}

/// REP-12.
#[test]
fn what_is_unlike_the_engine_is_not_stored_and_the_replica_is_told() {
    let mut live = Live::new();
    commands(20).for_each(|command| live.apply((At(1_000), command)));
    plant(live.dir.path(), Seq(5));
    let refused = live.ask().store(Vec::new()).expect_err("they differ");
    let NotStored::Differs(differs) = &refused else { panic!("{refused}") };
    assert_eq!((differs.from, differs.seq), (Seq(5), Seq(21)));
    assert_ne!(differs.engine, differs.made);
    assert_eq!(live.failed.try_recv().expect("it is told"), (Seq(21), refused.to_string()));
    assert_eq!(live.newest().seq, Seq(5), "nothing is stored");
}

/// The chain alone differs when a state was come to in another way.
#[test]
fn the_chain_is_compared_too() {
    let mut live = Live::new();
    commands(20).for_each(|command| live.apply((At(1_000), command)));
    let mut other = Live::new();
    other.apply((At(1_000), open_account(1)));
    [2, 1].into_iter().for_each(|amount| other.apply((At(1_000), deposit(amount))));
    snapshot::store(live.dir.path(), &encode(&mut other.engine, Vec::new())).expect("stores");
    let refused = live.ask().store(Vec::new()).expect_err("they differ");
    let NotStored::Differs(differs) = &refused else { panic!("{refused}") };
    assert_eq!(differs.engine.root, differs.made.root);
}

#[test]
fn one_that_nobody_needs_any_more_is_given_up() {
    let mut live = Live::new();
    commands(20).for_each(|command| live.apply((At(1_000), command)));
    let pending = live.ask();
    assert!(!live.snapshots.is_idle());
    live.snapshots.abandon();
    assert!(live.snapshots.is_idle());
    let refused = pending.store(Vec::new()).expect_err("it is given up");
    assert!(matches!(refused, NotStored::Abandoned), "{refused}");
    assert!(live.failed.try_recv().is_err());
    let pending = live.ask();
    // As a leader's that was installed meanwhile.
    live.apply((At(1_000), deposit(3)));
    live.ask().store(Vec::new()).expect("stores");
    let refused = pending.store(Vec::new()).expect_err("there is a newer one");
    assert!(matches!(refused, NotStored::Abandoned), "{refused}");
    assert!(live.snapshots.is_idle());
}

/// A log that ends too early is no proof that the engine is wrong.
#[test]
fn what_cannot_be_read_is_said_and_stops_nobody() {
    let mut live = Live::new();
    commands(20).for_each(|command| live.apply((At(1_000), command)));
    live.engine
        .apply(&Entry { seq: Seq(22), at: At(1_000), command: deposit(1) }, &mut live.events);
    let refused = live.ask().store(Vec::new()).expect_err("the log is short").to_string();
    assert!(refused.contains("ends with entry 21, the snapshot includes entry 22"), "{refused}");
    assert!(live.failed.try_recv().is_err());
}

/// The log takes the other engine where the first one never came.
#[test]
fn a_check_that_fails_on_the_way_is_told_too() {
    let mut live = Live::new();
    commands(20).for_each(|command| live.apply((At(1_000), command)));
    let mut body = At(1_000).to_bytes();
    (1..=2).for_each(|amount| deposit(amount).encode(&mut body));
    live.journal.append(Kind::Batch, Seq(22), 2, &body).expect("appends");
    live.journal.sync().expect("syncs");
    let mut middle = Live::new();
    commands(21).for_each(|command| middle.apply((At(1_000), command)));
    snapshot::store(live.dir.path(), &encode(&mut middle.engine, Vec::new())).expect("stores");
    for (seq, amount) in [(22, 1), (23, 2)] {
        let entry = Entry { seq: Seq(seq), at: At(1_000), command: deposit(amount) };
        live.engine.apply(&entry, &mut live.events);
    }
    let refused = live.ask().store(Vec::new()).expect_err("it panics");
    assert!(matches!(refused, NotStored::Halted(_)), "{refused}");
    assert_eq!(live.failed.try_recv().expect("it is told").0, Seq(23));
}

/// A replica whose snapshots are stored by another thread, when it is told to.
fn start_with_storing(config: crate::Config) -> (Solo, mpsc::Receiver<PendingSnapshot>) {
    let (tell, asked) = mpsc::channel();
    let sink = move |feed| {
        if let Feed::Snapshot(pending) = feed {
            tell.send(pending).unwrap_or_default();
        }
    };
    let (solo, _) = Solo::start(config, || At(1_000), sink, &mut |_| {}).expect("starts");
    (solo, asked)
}

fn submit_and_wait(solo: &Solo, commands: impl IntoIterator<Item = Command>, last: Seq) {
    for command in commands {
        super::submit(&solo.handle(), 1, command);
    }
    let begin = Instant::now();
    while solo.handle().inspect(Engine::seq).expect("it runs") < last {
        assert!(begin.elapsed() < Duration::from_secs(60), "it comes to {last:?}");
    }
}

#[test]
fn entries_go_on_while_one_is_made_and_a_start_uses_it() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut often = config(dir.path());
    often.snapshot_entries = 10;
    let (solo, asked) = start_with_storing(often);
    submit_and_wait(&solo, commands(15), Seq(16));
    let pending = asked.recv().expect("one is due");
    let seq = pending.seq();
    assert!((Seq(10)..=Seq(16)).contains(&seq));
    // The next ones fall due while this one is not made, and wait.
    submit_and_wait(&solo, (1..=40).map(deposit), Seq(56));
    assert!(asked.try_recv().is_err(), "one at most is in the making");
    let goes_on = solo.handle();
    let trading = thread::spawn(move || {
        (1..=200).map(deposit).for_each(|command| super::submit(&goes_on, 1, command));
    });
    pending.store(b"theirs".to_vec()).expect("stores");
    trading.join().expect("it trades");
    submit_and_wait(&solo, [deposit(9)], Seq(257));
    let next = asked.recv().expect("the next one was due long ago");
    assert!(Seq(56) < next.seq());
    let root = solo.handle().root().expect("it runs");
    let left = killed(dir.path());
    let venue = start(config(left.path())).expect("starts again");
    assert_eq!(venue.started.snapshot, seq);
    assert_eq!((venue.started.seq, venue.started.root, venue.started.chain), root);
    assert_eq!(venue.heard.recv(), Ok(Heard::Restored(seq, b"theirs".to_vec())));
}

#[test]
fn a_replica_that_stops_gives_up_what_is_in_the_making_and_stores_where_it_ended() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut often = config(dir.path());
    often.snapshot_entries = 10;
    let (solo, asked) = start_with_storing(often);
    submit_and_wait(&solo, commands(15), Seq(16));
    let pending = asked.recv().expect("one is due");
    assert_eq!(solo.stop().expect("stops"), Seq(16));
    let refused = pending.store(Vec::new()).expect_err("nobody needs it");
    assert!(matches!(refused, NotStored::Abandoned), "{refused}");
    asked.recv().expect("the last one").store(Vec::new()).expect("stores");
    assert_eq!(newest(dir.path()).seq, Seq(16));
    assert_eq!(start(config(dir.path())).expect("starts again").started.snapshot, Seq(16));
}

#[test]
fn a_replica_whose_snapshot_differs_gives_no_outcome_any_more() {
    let dir = tempfile::tempdir().expect("a directory");
    let mut often = config(dir.path());
    often.snapshot_entries = 10;
    let (solo, asked) = start_with_storing(often);
    submit_and_wait(&solo, commands(15), Seq(16));
    let pending = asked.recv().expect("one is due");
    plant(dir.path(), pending.seq());
    pending.store(Vec::new()).expect_err("they differ");
    let handle = solo.handle();
    let proposal = Proposal { tag: 2, command: deposit(1) };
    handle.submit(Class::Order, proposal).expect("it is let in");
    let begin = Instant::now();
    while handle.is_running() {
        assert!(begin.elapsed() < Duration::from_secs(60), "it stops");
        thread::sleep(Duration::from_millis(1));
    }
    let failure = solo.stop().expect_err("it halted");
    let says = |failure: &Failure| failure.to_string().contains("one of the two is wrong");
    assert!(matches!(&failure, Failure::Halted(_)) && says(&failure), "{failure}");
    assert!(asked.try_recv().is_err(), "and it stores nothing where it ended");
}

/// An engine whose state reads and breaks an invariant: one bit of it is another.
fn unsound(engine: &mut Engine) -> Engine {
    let state = encode(engine, Vec::new()).state;
    let changed = (0..state.len()).filter_map(|at| {
        let mut changed = state.clone();
        changed[at] ^= 1;
        catch_unwind(|| Engine::from_bytes(&changed).ok()).ok().flatten()
    });
    let mut unsound =
        changed.filter(|engine| catch_unwind(AssertUnwindSafe(|| engine.check())).is_err());
    unsound.next().expect("one is read")
}

/// The engine that runs and the one beside it agree, and both are wrong.
#[test]
fn what_breaks_an_invariant_is_not_stored_and_the_replica_is_told() {
    let mut live = Live::new();
    story::entries().into_iter().take(110).for_each(|entry| live.apply(entry));
    live.engine = unsound(&mut live.engine);
    let seq = live.engine.seq();
    snapshot::store(live.dir.path(), &encode(&mut live.engine, Vec::new())).expect("stores");
    live.apply((At(1_800_000_000_000), deposit(1)));
    let refused = live.ask().store(Vec::new()).expect_err("it is unsound");
    assert!(matches!(refused, NotStored::Halted(_)), "{refused}");
    assert_eq!(live.failed.try_recv().expect("it is told").0, seq.next());
    assert_eq!(live.newest().seq, seq, "nothing is stored");
}
