//! Heartbeats at chosen times.

use super::{Beat, Heartbeat};

#[test]
fn a_client_that_speaks_gets_heartbeats_only() {
    let mut heartbeat = Heartbeat::new(10_000, 10_000, 0);
    for beat in 1..5 {
        assert_eq!(heartbeat.due_ms(), beat * 10_000);
        assert_eq!(heartbeat.beat(beat * 10_000 - 1), Beat::Nothing);
        assert_eq!(heartbeat.beat(beat * 10_000), Beat::Heartbeat);
        heartbeat.hear();
    }
}

#[test]
fn a_silent_client_is_asked_and_only_the_answer_saves_it() {
    let mut heartbeat = Heartbeat::new(10_000, 10_000, 0);
    assert_eq!(heartbeat.beat(10_000), Beat::Heartbeat);
    assert_eq!(heartbeat.beat(20_000), Beat::TestRequest);
    heartbeat.answer();
    heartbeat.hear();
    assert_eq!(heartbeat.beat(30_000), Beat::Heartbeat);
    assert_eq!(heartbeat.beat(40_000), Beat::TestRequest);
    heartbeat.hear();
    assert_eq!(heartbeat.due_ms(), 50_000);
    assert_eq!(heartbeat.beat(50_000), Beat::Dead, "traffic is no answer");
}
