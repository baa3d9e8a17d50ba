//! `plimsoll rules`: what the code decides by, printed from the code.

use engine::states::{ASKS, Answer, STATES, answer};
use serde_json::json;
use types::{Ask, MarketState};

use crate::cli::Rules;
use crate::output;

/// Runs the command.
pub fn rules(args: &Rules) -> anyhow::Result<()> {
    let Rules::States { json } = args;
    match json {
        true => output::say_json(&states_json())?,
        false => output::say(&states_text())?,
    };
    Ok(())
}

fn states_json() -> serde_json::Value {
    let row = |state: MarketState| {
        let cells = ASKS.iter().map(|ask| (asked(*ask), json!(word(answer(state, *ask)))));
        let cells: serde_json::Map<String, serde_json::Value> =
            cells.map(|(ask, word)| (ask.to_owned(), word)).collect();
        json!({ "state": name(state), "allows": cells })
    };
    json!(STATES.map(row))
}

fn states_text() -> String {
    let mut lines = vec![format!("{:<12}", "")];
    lines[0].extend(ASKS.iter().map(|ask| format!("{:>11}", asked(*ask))));
    for state in STATES {
        let cells = ASKS.iter().map(|ask| format!("{:>11}", word(answer(state, *ask))));
        lines.push(format!("{:<12}{}", name(state), cells.collect::<String>()));
    }
    lines.push(String::new());
    lines.push("passive: taken if it does not trade at once (docs/rules/states.md, STA-1)".into());
    lines.join("\n")
}

fn word(answer: Answer) -> &'static str {
    match answer {
        Answer::Yes => "yes",
        Answer::Passive => "passive",
        Answer::No => "no",
    }
}

fn asked(ask: Ask) -> &'static str {
    match ask {
        Ask::Cancel => "cancel",
        Ask::Shrink => "smaller",
        Ask::Limit => "limit",
        Ask::Immediate => "immediate",
        Ask::Reduce => "reduce",
        Ask::Quote => "quote",
        Ask::Trigger => "trigger",
        Ask::Liquidate => "liquidate",
    }
}

fn name(state: MarketState) -> String {
    gateway::state_word(state).replace('_', "-")
}
