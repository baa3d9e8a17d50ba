//! Plays a script of reports on one feed and writes down what it says.
//!
//! ```text
//!   12:21:05 kraken 41000            the first seat of that source reports, at its own time
//!   12:21:05 2@kraken 41000 ±20      reporter 2 reports that source, with a confidence
//!   12:21:05 kraken,gemini 41000     one after the other; `all`: every seat
//!   12:21:05 kraken 41000 of 12:20:00 nonce 7        what the source's time and the nonce are
//!   12:21:05 tick | term | reload | suspend 3 | show | seats
//!   12:21:05 terms healthy 2 2       other terms from now on
//!   12:21:05..12:22:00 by 5s all 41000               again and again, and a tick each time
//!   12:21:05 pace 10s                from now on each seat says its last word again, and a tick
//!   12:21:05 silent kraken,gemini    but these do not
//! ```
//! Changes of health, refusals, faults and rewards are written when they happen; the price, and
//! what the gate allows by it, when `show` asks. Seats are written when `seats` asks.

use expect_test::Expect;
use std::format;
use std::string::String;
use std::vec::Vec;

use types::codec::Codec;
use types::{
    AccountId, Amount, AssetCode, At, Barrier, CrossCheck, FeedTerms, Incentives, IndexMethod,
    IndexPrice, Label, PriceReport, Quorum, Seat, Source, SourceId,
};

use crate::{Changes, Feed, check_terms, gate};

/// A feed of the sources given as `name:weight`, one reporter each, numbered from 1.
pub fn terms(sources: &str) -> FeedTerms {
    let mut terms = FeedTerms {
        base: AssetCode::new("BTC").expect("a code"),
        quote: AssetCode::new("USDC").expect("a code"),
        method: IndexMethod::CappedMedian,
        sources: Vec::new(),
        seats: Vec::new(),
        healthy: Quorum { reporters: 3, sources: 3 },
        degraded: Quorum { reporters: 2, sources: 2 },
        barrier: Barrier { reports: 3, sources: 2 },
        stale_ms: 60_000,
        ahead_ms: 1_000,
        cap_ppm: 5_000,
        spread_ppm: 20_000,
        confidence_ppm: 20_000,
        jump_ppm: 100_000,
        reporter_cap_ppm: 1_000_000,
        cross_check: None,
        incentives: Incentives {
            reward_per_hour: Amount(0),
            far_ppm: 25_000,
            far_ms: 60_000,
            far_slash_ppm: 50_000,
        },
    };
    for (index, word) in sources.split_whitespace().enumerate() {
        let (name, weight) = word.split_once(':').unwrap_or((word, "1"));
        let weight = weight.parse().expect("a weight");
        terms.sources.push(Source { name: Label::new(name).expect("a name"), weight });
        let source = SourceId(index as u8);
        terms.seats.push(Seat { reporter: AccountId(1 + index as u32), source });
    }
    terms
}

/// Changes terms by lines such as `healthy 4 4`, `cap_ppm 5000`, `cross check 5000`,
/// `seats 1@a 1@b`.
pub fn adjust(terms: &mut FeedTerms, lines: &str) {
    for line in lines.lines().flat_map(|line| line.split(';')) {
        let words: Vec<&str> = line.split_whitespace().collect();
        adjust_one(terms, &words);
    }
}

fn adjust_one(terms: &mut FeedTerms, words: &[&str]) {
    let number = |index: usize| words[index].parse::<u32>().expect("a number stands here");
    let count = |index: usize| number(index) as u8;
    let quorum = || Quorum { reporters: count(1), sources: count(2) };
    match words {
        [] => {}
        ["method", "capped_median"] => terms.method = IndexMethod::CappedMedian,
        ["method", "drop_extremes"] => terms.method = IndexMethod::DropExtremes,
        ["method", "weighted_median"] => terms.method = IndexMethod::WeightedMedian,
        ["healthy", _, _] => terms.healthy = quorum(),
        ["degraded", _, _] => terms.degraded = quorum(),
        ["barrier", _, _] => {
            terms.barrier = Barrier { reports: number(1) as u16, sources: count(2) };
        }
        ["stale_ms", _] => terms.stale_ms = number(1),
        ["ahead_ms", _] => terms.ahead_ms = number(1),
        ["cap_ppm", _] => terms.cap_ppm = number(1),
        ["spread_ppm", _] => terms.spread_ppm = number(1),
        ["confidence_ppm", _] => terms.confidence_ppm = number(1),
        ["jump_ppm", _] => terms.jump_ppm = number(1),
        ["reporter_cap_ppm", _] => terms.reporter_cap_ppm = number(1),
        ["reward", _] => terms.incentives.reward_per_hour = Amount(i64::from(number(1))),
        ["far_ppm", _] => terms.incentives.far_ppm = number(1),
        ["far_ms", _] => terms.incentives.far_ms = number(1),
        ["cross", name, _] => {
            let source = source(terms, name);
            terms.cross_check = Some(CrossCheck { source, apart_ppm: number(2) });
        }
        ["rename", name, new] => {
            let index = usize::from(source(terms, name).0);
            terms.sources[index].name = Label::new(new).expect("a name");
        }
        ["seats", seats @ ..] => {
            terms.seats = seats.iter().map(|word| seat(terms, word)).collect();
        }
        _ => panic!("{words:?} are no terms"),
    }
}

fn source(terms: &FeedTerms, name: &str) -> SourceId {
    let place = terms.sources.iter().position(|source| source.name.as_str() == name);
    SourceId(place.unwrap_or_else(|| panic!("there is no source {name}")) as u8)
}

/// `2@kraken`, or `kraken` for the first seat of it.
fn seat(terms: &FeedTerms, word: &str) -> Seat {
    if let Some((reporter, name)) = word.split_once('@') {
        let reporter = AccountId(reporter.parse().expect("a reporter's number"));
        return Seat { reporter, source: source(terms, name) };
    }
    let source = source(terms, word);
    let seats = terms.seats.iter().find(|seat| seat.source == source);
    *seats.unwrap_or_else(|| panic!("there is no seat of {word}"))
}

/// Runs a script on a new feed; compares what it says.
pub fn check(terms: FeedTerms, script: &str, due: Expect) {
    due.assert_eq(&play(terms, script));
}

pub fn play(terms: FeedTerms, script: &str) -> String {
    check_terms(&terms).expect("the terms make a feed");
    let begun = At(DAY);
    let mut stage = Stage {
        feed: Feed::new(terms, begun),
        nonces: Vec::new(),
        quotes: Vec::new(),
        beat: None,
        said: String::new(),
    };
    let lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
    let mut steps: Vec<(At, &str)> = lines.flat_map(steps).collect();
    // Stable: what happens at one time happens in the order of the lines.
    steps.sort_by_key(|(at, _)| *at);
    for (at, what) in steps {
        stage.beat(at);
        stage.step(at, what);
    }
    stage.said
}

/// The steps of one line; with `by`, each has a tick before it.
fn steps(line: &str) -> Vec<(At, &str)> {
    let (when, what) = line.split_once(' ').expect("a time and what happens");
    let Some((first, last)) = when.split_once("..") else {
        return Vec::from([(time(when), what)]);
    };
    let by = what.strip_prefix("by ").and_then(|rest| rest.split_once(' '));
    let (every, what) = by.expect("`by 5s` or `by 250ms` stands here");
    let times = (0..).map(|count| time(first).plus_ms(count * span_ms(every)));
    let times = times.take_while(|at| *at <= time(last));
    times.flat_map(|at| [(at, "tick"), (at, what)]).collect()
}

/// `5s` or `250ms`.
fn span_ms(word: &str) -> u64 {
    let (number, unit) = match word.strip_suffix("ms") {
        Some(number) => (number, 1),
        None => (word.strip_suffix('s').expect("a unit"), 1_000),
    };
    number.parse::<u64>().expect("a number") * unit
}

/// 20 September 2021, 00:00 UTC; the date is the same in every story.
const DAY: u64 = 1_632_096_000_000;

/// `12:21:05` or `12:21:05.250`.
fn time(word: &str) -> At {
    let (word, ms) = word.split_once('.').unwrap_or((word, "0"));
    let parts: Vec<u64> = word.split(':').map(|part| part.parse().expect("a time")).collect();
    let [hours, minutes, seconds] = parts[..] else { panic!("{word} is no time") };
    let ms: u64 = ms.parse().expect("milliseconds");
    At(DAY + ((hours * 60 + minutes) * 60 + seconds) * 1_000 + ms)
}

fn clock(at: At) -> String {
    let ms = at.0 - DAY;
    let (seconds, ms) = (ms / 1_000, ms % 1_000);
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    let fraction = if ms == 0 { String::new() } else { format!(".{ms:03}") };
    format!("{hours:02}:{minutes:02}:{:02}{fraction}", seconds % 60)
}

/// Decimal text to 1e-8, exactly.
pub fn price(word: &str) -> IndexPrice {
    let (whole, fraction) = word.split_once('.').unwrap_or((word, ""));
    let digits = format!("{whole}{fraction:0<8}");
    assert!(fraction.len() <= 8, "{word} has more than eight decimals");
    IndexPrice(digits.parse().unwrap_or_else(|_| panic!("{word} is no price")))
}

/// With two decimals, or more if there are more.
pub fn told(price: IndexPrice) -> String {
    let (whole, fraction) = (price.0 / IndexPrice::SCALE, price.0 % IndexPrice::SCALE);
    let fraction = format!("{fraction:08}");
    let fraction = fraction.trim_end_matches('0');
    format!("{whole}.{fraction:0<2}")
}

struct Stage {
    feed: Feed,
    nonces: Vec<(Seat, u64)>,
    /// What each seat says again at every beat.
    quotes: Vec<(String, String)>,
    /// The next beat, and how long after it the one after that is.
    beat: Option<(At, u64)>,
    said: String,
}

impl Stage {
    /// The beats that are due before what happens at `at`.
    fn beat(&mut self, at: At) {
        while let Some((due, every_ms)) = self.beat.filter(|(due, _)| *due <= at) {
            self.beat = Some((due.plus_ms(every_ms), every_ms));
            self.step(due, "tick");
            for (seat, words) in self.quotes.clone() {
                self.step(due, &format!("{seat} {words}"));
            }
        }
    }

    fn step(&mut self, at: At, what: &str) {
        let words: Vec<&str> = what.split_whitespace().collect();
        let changes = match words[..] {
            ["tick"] => self.feed.tick(at),
            ["term"] => self.feed.start_term(at),
            ["reload"] => {
                let bytes = self.feed.to_bytes();
                let read = Feed::from_bytes(&bytes).expect("our own bytes");
                assert_eq!(read, self.feed, "what is read is what was written");
                self.feed = read;
                Changes::default()
            }
            ["suspend", reporter] => {
                let reporter = AccountId(reporter.parse().expect("a reporter's number"));
                self.feed.suspend(reporter, at)
            }
            ["pace", every] => {
                let every_ms = span_ms(every);
                self.beat = Some((at.plus_ms(every_ms), every_ms));
                Changes::default()
            }
            ["silent", seats] => {
                let silent: Vec<&str> = seats.split(',').collect();
                self.quotes.retain(|(seat, _)| !silent.contains(&seat.as_str()));
                Changes::default()
            }
            ["show"] => return self.show(at),
            ["seats"] => return self.show_seats(at),
            ["terms", ..] => {
                let mut terms = self.feed.terms().clone();
                adjust(&mut terms, what.strip_prefix("terms").expect("the first word"));
                check_terms(&terms).expect("the terms make a feed");
                self.feed.set_terms(terms, at)
            }
            [seats, ref rest @ ..] => return self.report(at, seats, rest),
            [] => panic!("nothing happens"),
        };
        self.tell(at, &changes);
    }

    fn report(&mut self, at: At, seats: &str, words: &[&str]) {
        let terms = self.feed.terms().clone();
        let named: Vec<(String, Seat)> = if seats == "all" {
            let name = |seat: &Seat| terms.sources[usize::from(seat.source.0)].name.as_str().into();
            terms.seats.iter().map(|seat| (name(seat), *seat)).collect()
        } else {
            seats.split(',').map(|word| (word.into(), seat(&terms, word))).collect()
        };
        for (name, seat) in named {
            self.quotes.retain(|(other, _)| *other != name);
            self.quotes.push((name.clone(), words.join(" ")));
            let report = self.word(seat, at, words);
            match self.feed.check(&report, at) {
                Ok(taken) => {
                    let changes = self.feed.take(&report, taken, at);
                    self.tell(at, &changes);
                }
                Err(reject) => {
                    self.quotes.retain(|(other, _)| *other != name);
                    self.say(at, &format!("{name}: refused: {reject}"));
                }
            }
        }
    }

    /// A report as the words say it; the nonce is the seat's next one unless they do.
    fn word(&mut self, seat: Seat, at: At, words: &[&str]) -> PriceReport {
        let terms = self.feed.terms();
        let known = self.nonces.iter_mut().find(|(known, _)| *known == seat);
        let nonce = match known {
            Some((_, nonce)) => {
                *nonce += 1;
                *nonce
            }
            None => {
                self.nonces.push((seat, 1));
                1
            }
        };
        let mut report = PriceReport {
            base: terms.base,
            quote: terms.quote,
            reporter: seat.reporter,
            source: seat.source,
            price: price(words[0]),
            confidence: IndexPrice(0),
            source_at: at,
            nonce,
        };
        let mut rest = words[1..].iter();
        while let Some(word) = rest.next() {
            match (word.strip_prefix('±'), *word) {
                (Some(confidence), _) => report.confidence = price(confidence),
                (None, "of") => report.source_at = time(rest.next().expect("a time")),
                (None, "nonce") => {
                    let nonce = rest.next().expect("a number");
                    report.nonce = nonce.parse().expect("a nonce");
                }
                (None, _) => panic!("{word} is not in the grammar of the scripts"),
            }
        }
        report
    }

    fn tell(&mut self, at: At, changes: &Changes) {
        for change in &changes.health {
            let price = self.feed.price().map_or("no price".into(), told);
            self.say(
                at,
                &format!("{:?} -> {:?}: {} ({price})", change.from, change.to, change.reason),
            );
        }
        for (account, fault) in &changes.faults {
            self.say(at, &format!("reporter {account} is at fault: {fault:?}"));
        }
        for (account, amount) in &changes.rewards {
            self.say(at, &format!("reporter {account} earns {amount}"));
        }
    }

    fn show(&mut self, at: At) {
        let view = self.feed.view(at);
        let rows = gate::TABLE.iter().filter(|row| gate::allows(row.action, view.health));
        let allowed: Vec<String> =
            rows.map(|row| format!("{:?}", row.action).to_lowercase()).collect();
        let price = told(view.price);
        let confidence = told(view.confidence);
        let barrier = view.barrier.map_or(String::new(), |barrier| {
            let due = self.feed.terms().barrier;
            let Barrier { reports, sources } = barrier;
            format!(", {reports}/{} reports {sources}/{} sources", due.reports, due.sources)
        });
        let health = format!("{:?}", view.health);
        self.say(at, &format!("{health} at {price} ± {confidence}{barrier}"));
        self.said += &format!("    may {}\n", allowed.join(", "));
    }

    fn show_seats(&mut self, at: At) {
        let view = self.feed.view(at);
        for seat in view.seats {
            let name = self.feed.terms().sources[usize::from(seat.seat.source.0)].name.as_str();
            let last = seat.last.map_or(String::new(), |last| {
                format!(" {} ({:+} ppm)", told(last.price), last.deviation_ppm)
            });
            let (good, all) = seat.score;
            let line = format!(
                "    {}@{name}: {:?}, weight {} ppm,{last} {good}/{all} good\n",
                seat.seat.reporter, seat.standing, seat.weight_ppm
            );
            self.said += &line;
        }
    }

    fn say(&mut self, at: At, words: &str) {
        self.said += &format!("{} {words}\n", clock(at));
    }
}
