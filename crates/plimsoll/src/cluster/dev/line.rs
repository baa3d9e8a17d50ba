//! What is said while the nodes run: a line on a terminal that is kept up to date, plain lines when
//! something has changed elsewhere. All of it goes to stderr.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use crate::cluster::ask::Answer;
use crate::cluster::verdict::{DomainState, Verdict};
use crate::output;

/// How often the line moves on a terminal, so that one sees that it lives.
const SPIN: Duration = Duration::from_millis(250);

/// Where words go. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Line {
    bar: Option<ProgressBar>,
    last: Arc<Mutex<String>>,
}

impl Line {
    /// On a terminal, or not.
    pub fn new() -> Line {
        let bar = std::io::stderr().is_terminal().then(|| {
            let style = ProgressStyle::with_template("{spinner} {wide_msg}")
                .expect("the template names fields that exist");
            let bar = ProgressBar::new_spinner().with_style(style);
            bar.enable_steady_tick(SPIN);
            bar
        });
        Line { bar, last: Arc::default() }
    }

    /// Says something, above the line.
    pub fn say(&self, words: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| output::note(words)),
            None => output::note(words),
        }
    }

    /// Shows how the nodes are.
    pub fn show(&self, answers: &[Answer], verdict: &Verdict) {
        if let Some(bar) = &self.bar {
            bar.set_message(words(answers, verdict, true));
            return;
        }
        let now = words(answers, verdict, false);
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last != now {
            output::note(&now);
            *last = now;
        }
    }

    /// Takes the line away.
    pub fn end(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// Nodes up and down, then each domain; `moving`: with numbers that change all the time.
pub fn words(answers: &[Answer], verdict: &Verdict, moving: bool) -> String {
    let node = |answer: &Answer| {
        let number = answer.node().map_or("?".to_owned(), |node| node.to_string());
        format!("{number} {}", if answer.said.is_ok() { "up" } else { "DOWN" })
    };
    let nodes: Vec<String> = answers.iter().map(node).collect();
    let domains = verdict.domains.iter().map(|domain| domain_words(domain, moving));
    let parts: Vec<String> =
        [format!("nodes {}", nodes.join(", "))].into_iter().chain(domains).collect();
    format!("{} | {}", parts.join(" | "), verdict.health.word())
}

fn domain_words(domain: &DomainState, moving: bool) -> String {
    let leader = domain.leader.map_or("no leader".to_owned(), |node| format!("leader {node}"));
    let fixed = format!("{} {leader} term {}", domain.currency, domain.term);
    if !moving {
        return fixed;
    }
    let behind = domain.behind.iter().map(|(_, entries)| *entries).max().unwrap_or_default();
    format!("{fixed} applied {} lag {behind}", domain.committed)
}
