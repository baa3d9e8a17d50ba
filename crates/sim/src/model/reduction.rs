//! What a round of a liquidation closes (LIQ-5, PM-8): the position whose end frees most
//! maintenance margin, or, where none frees any because they hedge each other, of all the same
//! share.
//!
//! ```text
//!   one frees most, for sure       it is the one that is reduced
//!   none frees any, for sure       every position is, in this entry, or the account is let go
//!   the margin is known roughly    nothing is said: so, too, of the option that is worth most
//!                                  (LIQ-14)
//! ```

use types::{AccountId, InstrumentId, LiquidationStep, MarginSnapshot};

use super::state::{Holding, State};
use super::{Check, hold, liquidation::JUST, margin, portfolio};
use crate::Violation;

/// Rounds of an entry.
#[derive(Debug, Default)]
pub(crate) struct Reductions {
    rounds: Vec<Round>,
}

/// A round in which a position is not the only one to be reduced, or may not be.
#[derive(Debug)]
pub(crate) struct Round {
    pub account: AccountId,
    reduced: Vec<InstrumentId>,
    /// What must be reduced still.
    pub left: Vec<InstrumentId>,
    /// The account after the last of its reductions.
    pub after: MarginSnapshot,
}

impl Round {
    /// Everything that is to be reduced, or was.
    pub fn instruments(&self) -> impl Iterator<Item = InstrumentId> {
        self.reduced.iter().chain(&self.left).copied()
    }
}

/// What is to be closed.
enum Choice {
    One { frees: i128, most: (i128, InstrumentId), off: i128 },
    All(Vec<InstrumentId>),
    Unsure,
}

impl Reductions {
    /// A position was reduced by as much as was bought; whether those that hedge each other go
    /// together.
    pub fn reduced(
        &mut self,
        state: &State,
        step: &LiquidationStep,
        (instrument, bought): (InstrumentId, i64),
        together: bool,
    ) -> Check {
        let (account, after) = (step.account, step.after);
        if let Some(round) = self.rounds.iter_mut().find(|round| round.account == account) {
            round.left.retain(|other| *other != instrument);
            round.reduced.push(instrument);
            round.after = after;
            return Ok(());
        }
        let needs = 0 < step.before.maintenance.0;
        let left = match choice(state, account, (instrument, bought))? {
            Choice::One { frees, most: (most, other), off } => {
                hold!(
                    most <= frees + off,
                    JUST,
                    "{account} is reduced in {instrument}: it frees {frees}, {other} frees {most}"
                );
                return Ok(());
            }
            Choice::All(mut all) if needs && together => {
                all.retain(|other| *other != instrument);
                all
            }
            Choice::All(_) | Choice::Unsure => Vec::new(),
        };
        self.rounds.push(Round { account, reduced: vec![instrument], left, after });
        Ok(())
    }

    /// The rounds of an entry are over: those that left something out.
    pub fn end(&mut self) -> Vec<Round> {
        let mut rounds = std::mem::take(&mut self.rounds);
        rounds.retain(|round| !round.left.is_empty());
        rounds
    }
}

/// Of what the account held before this was bought.
fn choice(
    state: &State,
    account: AccountId,
    (instrument, bought): (InstrumentId, i64),
) -> Result<Choice, Violation> {
    let mut holdings = state.account(account)?.holdings.clone();
    let here = holdings.iter_mut().filter(|(other, _)| *other == instrument);
    here.for_each(|(_, held)| held.size -= bought);
    let open: Vec<usize> = (0..holdings.len()).filter(|nth| holdings[*nth].1.size != 0).collect();
    let (mut frees, mut most, mut off) = (0, (i128::MIN, instrument), 0);
    for nth in &open {
        let other = holdings[*nth].0;
        let Some((freed, of_it)) = freed(state, account, &holdings, *nth)? else {
            return Ok(Choice::Unsure);
        };
        off = off.max(of_it);
        if other == instrument {
            frees = freed;
        }
        if most.0 < freed {
            most = (freed, other);
        }
    }
    if off < most.0 {
        return Ok(Choice::One { frees, most, off });
    }
    if most.0.saturating_add(off) <= 0 {
        return Ok(Choice::All(open.iter().map(|nth| holdings[*nth].0).collect()));
    }
    Ok(Choice::Unsure)
}

/// What the end of a position frees, and how far off that may be.
fn freed(
    state: &State,
    account: AccountId,
    holdings: &[(InstrumentId, Holding)],
    nth: usize,
) -> Result<Option<(i128, i128)>, Violation> {
    let (instrument, held) = holdings[nth];
    if !state.account(account)?.is_portfolio {
        let freed = margin::to_stay(state, state.market(instrument)?, held.size);
        return Ok(freed.map(|freed| (freed, 0)));
    }
    let mut without = holdings.to_vec();
    without[nth].1.size = 0;
    let (all, rest) =
        (portfolio::needs_of(state, holdings)?, portfolio::needs_of(state, &without)?);
    Ok(all
        .zip(rest)
        .map(|(all, rest)| (all.maintenance - rest.maintenance, 2 * (all.off + rest.off))))
}
