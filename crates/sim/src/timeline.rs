//! A run as a picture: who led, what was broken, how much was traded, and when markets stopped.

use std::fmt::Write;

use crate::raft::Us;
use crate::run::Outcome;
use crate::setup::SECOND;
use crate::story::Told;

const WIDTH: u64 = 1_200;
const LEFT: u64 = 130;
const LANE: u64 = 22;
const CHART: u64 = 120;

/// An SVG of a run.
pub fn svg(outcome: &Outcome) -> String {
    let report = &outcome.report;
    let nodes = u64::from(report.nodes);
    let span = outcome.story.told().last().map_or(0, |(at, _)| *at);
    let span = span.max(report.lasted * SECOND).max(SECOND);
    let x = |at: Us| LEFT + at * (WIDTH - LEFT - 20) / span;
    let faults_y = 50 + nodes * LANE + 10;
    let markets_y = faults_y + LANE + 10;
    let chart_y = markets_y + LANE + 20;
    let height = chart_y + CHART + 40;
    let mut out = String::new();
    let paced = outcome.story.pace.iter().map(|(entries, _)| u64::from(*entries)).sum();
    let broken = outcome.violation.as_ref();
    let title = format!(
        "seed {}: {} nodes, {} s, {} entries, {} faults{}",
        report.seed,
        report.nodes,
        span / SECOND,
        report.entries.max(paced),
        report.faults.values().sum::<u64>(),
        broken.map_or(String::new(), |found| format!("; {} broken", found.checker)),
    );
    let _ = write!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"10\" y=\"22\" font-size=\"15\">{title}</text>\n",
    );
    lanes(&mut out, outcome, &x, span);
    label(&mut out, faults_y, "faults");
    faults(&mut out, outcome, faults_y, &x, span);
    label(&mut out, markets_y, "markets");
    markets(&mut out, outcome, markets_y, &x);
    chart(&mut out, outcome, chart_y, &x);
    for nth in 0..=10 {
        let at = span * nth / 10;
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{}\" fill=\"#555\" text-anchor=\"middle\">{} s</text>",
            x(at),
            height - 8,
            at / SECOND
        );
    }
    out.push_str("</svg>\n");
    out
}

fn label(out: &mut String, y: u64, words: &str) {
    let _ = writeln!(out, "<text x=\"10\" y=\"{}\" fill=\"#333\">{words}</text>", y + 14);
}

fn bar(out: &mut String, (x, y, width): (u64, u64, u64), colour: &str, title: &str) {
    let _ = writeln!(
        out,
        "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"16\" \
         fill=\"{colour}\"><title>{title}</title></rect>",
        width.max(1)
    );
}

/// A lane a node: grey while it is there, green while it leads.
fn lanes(out: &mut String, outcome: &Outcome, x: &dyn Fn(Us) -> u64, span: Us) {
    for node in 1..=outcome.report.nodes {
        let y = 40 + u64::from(node - 1) * LANE;
        label(out, y, &format!("node {node}"));
        let (mut there, mut leads): (Option<Us>, Option<Us>) = (None, None);
        for (at, told) in outcome.story.told() {
            match told {
                Told::Started { node: who } if *who == node => there = Some(*at),
                Told::Leads { node: who } if *who == node => leads = Some(*at),
                Told::Leads { .. } | Told::Steps { .. } | Told::Ended { .. } => {
                    let own = match told {
                        Told::Steps { node: who } | Told::Ended { node: who } => *who == node,
                        _ => false,
                    };
                    if (own || matches!(told, Told::Leads { .. }))
                        && let Some(since) = leads.take()
                    {
                        bar(out, (x(since), y, x(*at) - x(since)), "#2a9d5c", "leads");
                    }
                    if matches!(told, Told::Ended { node: who } if *who == node)
                        && let Some(since) = there.take()
                    {
                        bar(out, (x(since), y + 10, x(*at) - x(since)), "#c9ced6", "is there");
                    }
                }
                _ => {}
            }
        }
        if let Some(since) = there {
            bar(out, (x(since), y + 10, x(span) - x(since)), "#c9ced6", "is there");
        }
        if let Some(since) = leads {
            bar(out, (x(since), y, x(span) - x(since)), "#2a9d5c", "leads");
        }
    }
}

fn faults(out: &mut String, outcome: &Outcome, y: u64, x: &dyn Fn(Us) -> u64, span: Us) {
    let told = outcome.story.told();
    for (nth, (at, what)) in told.iter().enumerate() {
        let Told::Broke { kind, node } = what else { continue };
        let over = told[nth..].iter().find_map(|(end, other)| {
            let same = *other == Told::Mended { kind: *kind, node: *node };
            same.then_some(*end)
        });
        let end = over.unwrap_or(span);
        let title = format!("{} at node {node}", kind.name());
        bar(out, (x(*at), y, x(end) - x(*at)), "#d0453eaa", &title);
    }
}

fn markets(out: &mut String, outcome: &Outcome, y: u64, x: &dyn Fn(Us) -> u64) {
    for (at, told) in outcome.story.told() {
        let (colour, title) = match told {
            Told::Halted => ("#d9822b", "a market is restricted"),
            Told::Resumed => ("#2a9d5c", "a restriction is over"),
            Told::Liquidation => ("#7a3fb5", "an account is liquidated"),
            _ => continue,
        };
        bar(out, (x(*at), y, 2), colour, title);
    }
}

/// Entries and trades a second.
fn chart(out: &mut String, outcome: &Outcome, y: u64, x: &dyn Fn(Us) -> u64) {
    let pace = &outcome.story.pace;
    let most = u64::from(pace.iter().map(|(entries, _)| *entries).max().unwrap_or(1).max(1));
    label(out, y, "entries a second");
    label(out, y + 16, "and trades");
    for (colour, which) in [("#5b8def", 0), ("#f2a03d", 1)] {
        let mut points = String::new();
        for (second, (entries, trades)) in pace.iter().enumerate() {
            let count = u64::from(if which == 0 { *entries } else { *trades });
            let at = u64::try_from(second).unwrap_or(0) * SECOND;
            let _ = write!(points, "{},{} ", x(at), y + CHART - count.min(most) * CHART / most);
        }
        let _ = writeln!(out, "<polyline points=\"{points}\" fill=\"none\" stroke=\"{colour}\"/>");
    }
}
