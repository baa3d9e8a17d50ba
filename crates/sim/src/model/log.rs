//! `LOG-COHERENT`: the log is one story. Places follow each other, time does not go back, a refusal
//! is the only event of its entry, and what is told of was told to begin.
//!
//! It does not see whether a command that was refused should have been (see `cancels`).

use types::{At, Entry, Event};

use super::{Check, hold, state::State};

pub(crate) const COHERENT: &str = "LOG-COHERENT";

/// The entry is the next one.
pub(crate) fn begin(state: &mut State, entry: &Entry) -> Check {
    let next = state.seq.next();
    hold!(entry.seq == next, COHERENT, "entry {} came where {next} is next", entry.seq);
    hold!(state.at <= entry.at, COHERENT, "time goes back from {} to {}", state.at, entry.at);
    state.seq = entry.seq;
    state.at = entry.at;
    Ok(())
}

/// A refusal stands alone.
pub(crate) fn check_alone(events: &[Event]) -> Check {
    let n_refused = events.iter().filter(|event| matches!(event, Event::Refused(_))).count();
    hold!(
        n_refused == 0 || events.len() == 1,
        COHERENT,
        "a refusal is told among {} events: it would be the only one",
        events.len()
    );
    Ok(())
}

/// What is told to have happened at a time happened at that of its entry.
pub(crate) fn check_time(state: &State, at: At) -> Check {
    hold!(at == state.at, COHERENT, "something of {at} is told at {}", state.at);
    Ok(())
}
