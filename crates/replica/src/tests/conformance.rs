//! What every sequencer must do, asked of each: the same commands give the same events and roots.

use types::{AccountId, Amount, Applied, Command, Event, Seq};

use super::cluster::Nodes;
use super::{config, open_account, start};

/// Commands that are accepted, refused, and that depend on each other.
fn script() -> Vec<Command> {
    let deposit =
        |account, amount| Command::Deposit { account: AccountId(account), amount: Amount(amount) };
    let mut commands = vec![open_account(1), open_account(2), open_account(2), deposit(9, 5)];
    for n in 1..=120 {
        commands.push(deposit(1 + u32::from(n % 2 == 0), n));
        if n % 7 == 0 {
            let (from, to, amount) = (AccountId(1), AccountId(2), Amount(n * 3));
            commands.push(Command::Transfer { from, to, amount });
        }
        if n % 11 == 0 {
            commands.push(Command::Withdraw { account: AccountId(2), amount: Amount(n) });
        }
        if n % 13 == 0 {
            commands.push(Command::Tick);
        }
    }
    commands
}

/// What a sequencer made of a script.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// Every entry's events, in the order of the log.
    events: Vec<(Seq, Vec<Event>)>,
    /// Every command that was answered, in the order of the answers.
    tags: Vec<u64>,
    root: (Seq, [u8; 32], [u8; 32]),
}

fn outcome(batches: &[Applied], root: (Seq, [u8; 32], [u8; 32])) -> Outcome {
    let entries = || batches.iter().flat_map(|one| one.entries.iter().map(move |e| (one, e)));
    let events = entries().map(|(one, entry)| (entry.seq, one.events_of(entry).to_vec()));
    let tags = entries().map(|(_, entry)| entry.tag).filter(|tag| *tag != 0);
    Outcome { events: events.collect(), tags: tags.collect(), root }
}

fn solo(commands: &[Command]) -> Outcome {
    let dir = tempfile::tempdir().expect("a directory");
    let venue = start(config(dir.path())).expect("starts");
    for (tag, command) in (1..).zip(commands) {
        super::submit(&venue.handle(), tag, command.clone());
    }
    let mut batches: Vec<Applied> = Vec::new();
    while batches.iter().map(|one| one.entries.len()).sum::<usize>() < commands.len() {
        batches.push(venue.applied());
    }
    outcome(&batches, venue.handle().root().expect("runs"))
}

/// REP-2.
#[test]
fn one_machine_and_three_make_the_same_of_the_same_commands() {
    let commands = script();
    let alone = solo(&commands);
    let nodes = Nodes::three_at(1_000);
    let leader = nodes.leader();
    for (tag, command) in (1..).zip(&commands) {
        super::submit(&nodes.handle(leader), tag, command.clone());
    }
    let last = Seq(u64::try_from(commands.len()).expect("small"));
    for id in [1, 2, 3] {
        let mut heard = outcome(&nodes.applied(id, last), nodes.root(id));
        if id != leader {
            assert!(heard.tags.is_empty(), "node {id} was asked nothing");
            heard.tags.clone_from(&alone.tags);
        }
        assert!(heard == alone, "node {id}: {:?} and {:?}", heard.root, alone.root);
    }
}
