//! Worlds as a whole: they are what their seed says, and every promise is kept in them.

use expect_test::expect;
use sim::run::run;
use sim::setup::Setup;
use sim::timeline::svg;

fn short(seed: u64, changes: &str) -> Setup {
    let setup = Setup::whole(seed).with("seconds=20,fault_every_ms=1500,orders_per_s=50");
    setup.and_then(|setup| setup.with(changes)).expect("a setup")
}

#[test]
fn two_runs_of_a_seed_are_the_same_to_the_byte() {
    for (nodes, gateway) in [(1, false), (3, false), (3, true)] {
        let setup = short(11, &format!("nodes={nodes},gateway={gateway}"));
        let [one, other] = [(); 2].map(|()| run(&setup).expect("scratch files").report);
        assert_eq!(one.fingerprint, other.fingerprint);
        assert_eq!(format!("{one:?}"), format!("{other:?}"));
    }
}

#[test]
fn another_seed_is_another_world() {
    let [one, other] = [11, 12].map(|seed| run(&short(seed, "")).expect("scratch files").report);
    assert_ne!(one.fingerprint, other.fingerprint);
}

#[test]
fn every_promise_is_kept_in_worlds_of_each_size() {
    for (seed, nodes) in [(21, 1), (22, 3), (23, 5)] {
        let outcome = run(&short(seed, &format!("nodes={nodes}"))).expect("scratch files");
        assert_eq!(outcome.violation, None, "seed {seed}\n{}", outcome.story.last_words());
        let report = outcome.report;
        assert!(0 < report.n_done && 0 < report.faults.values().sum::<u64>(), "{report:?}");
    }
}

#[test]
fn every_promise_is_kept_where_people_speak_to_gateways() {
    let (mut refused, mut garbage, mut dropped) = (0, 0, 0);
    for (seed, nodes) in [(61, 1), (62, 3), (63, 3), (64, 5)] {
        let setup = short(seed, &format!("nodes={nodes},gateway=true"));
        let outcome = run(&setup).expect("scratch files");
        assert_eq!(outcome.violation, None, "seed {seed}\n{}", outcome.story.last_words());
        refused += outcome.report.n_barred;
        garbage += outcome.report.n_garbage;
        dropped += outcome.report.n_hung_up;
    }
    assert!(0 < refused && 0 < garbage && 0 < dropped, "{refused} {garbage} {dropped}");
}

#[test]
fn a_disk_that_breaks_its_promise_is_refused_or_costs_nothing() {
    let kinds = "faults=lost-write+misdirected-write+bad-sector+bit-rot+read-fails+power-cut+kill";
    for nodes in [1, 3] {
        let (mut refused, mut healed) = (0, 0);
        for seed in 41..47 {
            let setup = short(seed, &format!("nodes={nodes},seconds=40,{kinds}"));
            let outcome = run(&setup).expect("scratch files");
            assert_eq!(outcome.violation, None, "seed {seed}\n{}", outcome.story.last_words());
            let count = |mark| outcome.report.marks.get(mark).copied().unwrap_or(0);
            refused += count("disk refused");
            healed += count("disk healed");
        }
        assert!(0 < refused && 0 < healed, "{refused} {healed}");
    }
}

#[test]
fn a_setup_is_told_and_read_back() {
    let setup = Setup::swarm(7).with("seconds=33,faults=kill+pause,trades=maker,crash=3+4x500");
    let setup = setup.expect("a setup");
    assert_eq!(Setup::swarm(7).with(&setup.changes()), Ok(setup));
    let wrong = ["seconds", "seconds=x", "nodes=2", "faults=fire", "colour=red", "crash=1"];
    let words = wrong.map(|changes| match Setup::swarm(7).with(changes) {
        Ok(_) => "read".to_owned(),
        Err(error) => error.to_string().chars().take(70).collect(),
    });
    expect![[r#"
        seconds is not key=value, such as seconds=60
        seconds=x: send a whole number
        nodes=2: 1, 3 or 5
        there is no fire: none, or with + between kill, power-cut, power-cut-a
        there is no colour: seconds, nodes, orders_per_s, trades, linear, faul
        crash=1: none, or 30+10x5000 for 0.5 % a second from 30 s on, 10 s lon"#]]
    .assert_eq(&words.join("\n"));
}

#[test]
fn a_picture_has_a_lane_for_each_node() {
    let picture = svg(&run(&short(31, "nodes=3")).expect("scratch files"));
    assert!(picture.starts_with("<svg") && picture.ends_with("</svg>\n"));
    assert!((1..=3).all(|node| picture.contains(&format!("node {node}</text>"))));
    assert!(picture.contains("leads</title>"));
}
