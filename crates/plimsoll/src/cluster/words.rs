//! The answers of the nodes as a table for a person, and the verdict as its last line.

use super::ask::Answer;
use super::reply::{DomainReply, NodeReply};
use super::verdict::{DomainState, Health, Verdict};

const COLUMNS: usize = 11;
const HEAD: [&str; COLUMNS] = [
    "node", "zone", "domain", "role", "leader", "term", "applied", "behind", "root", "clock ms",
    "disk GiB",
];
/// Columns of words; the others are numbers, and stand to the right.
const WORDS: [bool; COLUMNS] =
    [false, true, true, true, false, false, false, false, true, false, false];
/// Hexadecimal digits of a root that are shown.
const ROOT_DIGITS: usize = 12;

/// One row for each node and domain, then the verdict.
pub fn table(answers: &[Answer], verdict: &Verdict) -> String {
    let mut rows = vec![Row::Cells(Box::new(HEAD.map(str::to_owned)))];
    for answer in answers {
        match &answer.said {
            Ok(reply) => rows.extend(reply.domains.iter().map(|view| row(reply, view, verdict))),
            Err(why) => rows.push(Row::Silent(silent(answer, why))),
        }
    }
    format!("{}\n{}", aligned(&rows), sentence(verdict))
}

enum Row {
    Cells(Box<[String; COLUMNS]>),
    Silent(String),
}

fn silent(answer: &Answer, why: &str) -> String {
    let node = answer.node().map_or("?".to_owned(), |node| node.to_string());
    format!("{node:>4}  does not answer at {}: {why}", answer.asked.url)
}

fn row(reply: &NodeReply, view: &DomainReply, verdict: &Verdict) -> Row {
    let or_dash = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
    let domain = verdict.domains.iter().find(|domain| domain.currency == view.currency);
    let root: String = view.root.chars().take(ROOT_DIGITS).collect();
    Row::Cells(Box::new([
        reply.node.to_string(),
        reply.zone.clone(),
        view.currency.clone(),
        view.role.word().to_owned(),
        or_dash(view.leader),
        view.term.to_string(),
        or_dash(view.applied_index),
        or_dash(domain.and_then(|domain| domain.behind(reply.node))),
        if root.is_empty() { "-".into() } else { format!("{root}@{}", view.root_seq) },
        reply.clock_offset_ms.map_or("-".into(), |offset| format!("{offset:+}")),
        or_dash(reply.disk_free_bytes.map(|bytes| bytes >> 30)),
    ]))
}

/// Columns as wide as their widest cell.
fn aligned(rows: &[Row]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| match row {
            Row::Cells(cells) => Some(cells[column].chars().count()),
            Row::Silent(_) => None,
        });
        cells.max().unwrap_or_default()
    };
    let widths: [usize; COLUMNS] = std::array::from_fn(width);
    let line = |row: &Row| match row {
        Row::Silent(words) => words.clone(),
        Row::Cells(cells) => {
            let cells = cells.iter().zip(widths).zip(WORDS).map(|((cell, width), is_word)| {
                if is_word { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        }
    };
    rows.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// The verdict, and what follows from it.
pub fn sentence(verdict: &Verdict) -> String {
    let word = verdict.health.word();
    let reasons = verdict.reasons.join("; ");
    match verdict.health {
        Health::Well => format!("{word}: {}", votes(verdict)),
        Health::Degraded => format!("{word}: {reasons}; {}", votes(verdict)),
        Health::NoQuorum => format!("{word}: {reasons}. Without one a domain takes no orders"),
    }
}

/// How many voters are there, how many may still go, and who leads.
fn votes(verdict: &Verdict) -> String {
    let spare = |domain: &DomainState| domain.there.len().saturating_sub(domain.quorum());
    let Some(weakest) = verdict.domains.iter().min_by_key(|domain| spare(domain)) else {
        return "it has no domains".to_owned();
    };
    let leads = |domain: &DomainState| {
        domain.leader.map_or(format!("{} none", domain.currency), |leader| {
            format!("{} {leader}", domain.currency)
        })
    };
    let leaders: Vec<String> = verdict.domains.iter().map(leads).collect();
    let (n_there, n_voters) = (weakest.there.len(), weakest.voters.len());
    let left = match spare(weakest) {
        0 => "none may go now".to_owned(),
        n => format!("{n} may go"),
    };
    format!(
        "{n_there} of {n_voters} voters are there, {} are a quorum, {left}; leaders: {}",
        weakest.quorum(),
        leaders.join(", ")
    )
}
