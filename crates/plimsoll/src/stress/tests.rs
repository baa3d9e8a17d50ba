//! Small markets in small crashes.

use std::path::Path as FilePath;

use clap::Parser;
use types::{AssetCode, Side};

use super::grid::{Grid, ONE};
use super::outside::{Jolts, Outside};
use super::path::Path;
use super::play::{Outcome, play};
use super::progress::Progress;
use super::terms::Terms;
use super::{plot, report};
use crate::cli::{Cli, Command, Stress};
use crate::demo::pricing::Rng;

const BEGIN: u64 = 1_621_382_400_000;

/// Flags as somebody would type them.
fn args(flags: &str) -> Stress {
    let words = ["plimsoll", "stress"].into_iter().chain(flags.split_whitespace());
    let cli = Cli::try_parse_from(words).expect("the flags are understood");
    match cli.command {
        Some(Command::Stress(args)) => *args,
        other => panic!("not a stress: {other:?}"),
    }
}

/// A file of prices, one each second, for so many seconds.
fn prices(home: &FilePath, seconds: u64, price: impl Fn(u64) -> f64) -> String {
    let rows = (0..=seconds).map(|s| format!("{},{:.4}\n", BEGIN + s * 1_000, price(s)));
    let file = home.join("prices.csv");
    let text = format!("ts_ms,price\n{}", rows.collect::<String>());
    std::fs::write(&file, text).expect("the file is written");
    file.display().to_string()
}

/// A quarter of the price lost within six minutes, after two of calm: a tenth smoothly, the rest in
/// three gaps.
fn crash(second: u64) -> f64 {
    let fallen = second.saturating_sub(120).min(360) as f64 / 360.0;
    let n_gaps = [180, 260, 340].into_iter().filter(|gap| *gap <= second).count();
    40_000.0 * (1.0 - 0.1 * fallen) * [1.0, 0.95, 0.9, 0.85][n_gaps] + (second % 7) as f64
}

fn played(path: impl Fn(u64) -> f64, seconds: u64, flags: &str) -> (Stress, Outcome) {
    let home = tempfile::tempdir().expect("a temporary directory");
    let file = prices(home.path(), seconds, path);
    let args = args(&format!("--path {file} --accounts 120 --open-interest 20 {flags}"));
    let path = Path::find(&args).expect("the prices read");
    let outcome = play(&Terms::of(&args), &path, &mut Progress::new(seconds));
    (args, outcome.expect("the books balance"))
}

fn crashed(flags: &str) -> Outcome {
    played(crash, 600, flags).1
}

#[test]
fn a_play_is_decided_by_path_flags_and_seed() {
    let (first, again, other) = (crashed("--seed 7"), crashed("--seed 7"), crashed("--seed 8"));
    assert_eq!((&first.root, first.n_entries), (&again.root, again.n_entries));
    assert_eq!(first.series.rows, again.series.rows);
    assert_ne!(first.root, other.root, "another seed is another market");
}

#[test]
fn brk_4_breakers_stop_a_crash_and_are_compared_with_none() {
    let (off, on, again) =
        (crashed("--breakers off"), crashed("--breakers on"), crashed("--breakers on"));
    assert_eq!(on.root, again.root);
    assert_ne!(on.root, off.root);
    assert!(off.tally.halts.stops.is_empty() && off.tally.halts.stopped_ms == 0);
    let halts = &on.tally.halts;
    assert!(halts.stops.contains_key(&types::Cause::Range), "{:?}", halts.stops);
    assert!(0 < halts.stopped_ms, "{halts:?}");
    let rows = super::compare::rows(&off, &on);
    let verdicts: Vec<&str> = rows.iter().map(super::compare::Row::verdict).collect();
    assert!(verdicts.contains(&"worse"), "a stop is never free: {verdicts:?}");
}

#[test]
fn in_a_crash_every_step_of_the_waterfall_is_taken_and_what_was_lost_is_paid() {
    let Outcome { tally, groups, .. } = crashed("--fund-ppm 200");
    assert!(0 < tally.rounds.times && 0 < tally.takeovers.times, "{tally:?}");
    assert!(0 < tally.insured.value && tally.fund_empty_at.is_some(), "{tally:?}");
    assert!(0 < tally.deleveraged.value && 0 < tally.haircut, "{tally:?}");
    assert!(!tally.bankrupt.is_empty() && tally.haircut_max <= tally.haircut);
    assert!(tally.liquidated.len() as u64 <= tally.begun);
    assert_eq!(tally.begun, tally.recovered + tally.flat + tally.n_queued() as u64);
    let change: i64 = groups.iter().map(|group| group.end - group.begin).sum();
    assert!(change.abs() <= 200, "what some lost others have: {groups:?}");
    let longs = groups.iter().find(|group| group.name == "longs").expect("there are longs");
    assert!(longs.end < longs.begin / 2, "{longs:?}");
}

#[test]
fn a_fund_that_is_large_enough_keeps_winners_whole() {
    let (poor, rich) = (crashed("--fund-ppm 0"), crashed("--fund-ppm 300000"));
    assert!(0 < poor.tally.haircut && poor.tally.insured.value < rich.tally.insured.value);
    assert_eq!((rich.tally.haircut, rich.tally.socialised.value), (0, 0));
    assert_eq!(rich.tally.shortfall(), rich.tally.insured.value);
    let fund = rich.groups.iter().find(|group| group.name == "insurance fund").expect("a fund");
    assert_eq!(fund.begin, 6_000_000_000_000, "30 % of 20 million");
    assert_eq!(fund.end, rich.tally.fund());
}

#[test]
fn nobody_is_liquidated_while_the_price_stands() {
    let (args, outcome) = played(|_| 40_000.0, 120, "");
    assert_eq!((outcome.tally.begun, outcome.tally.forced()), (0, 0));
    let path = Path::falling(1, None);
    let said = report::to_text(&path, &Terms::of(&args), &outcome);
    assert!(said.contains("Nobody fell below maintenance margin"), "{said}");
}

#[test]
fn makers_show_less_and_wider_in_a_crash() {
    let rows = crashed("").series.rows;
    let (calm, worst) = (&rows[50], &rows[200]);
    assert!(worst.bids < calm.bids / 3.0, "{} of {}", worst.bids, calm.bids);
    assert!(calm.spread < worst.spread, "{:?} and {:?}", calm.spread, worst.spread);
    assert_eq!(calm.away, 0);
    assert!(1 <= worst.away, "some have left");
}

#[test]
fn more_echo_moves_the_price_outside_more() {
    let [none, some] = ["--echo-ppm 0", "--echo-ppm 50000"].map(|echo| crashed(echo).series.shift);
    assert_eq!(none.most, 0.0);
    assert!(0.001 < some.most, "{some:?}");
}

#[test]
fn what_was_passed_on_outside_fades() {
    let mut outside = Outside::new(100.0, 0.001, Jolts::new(0.0, Rng(1)));
    (0..60).for_each(|_| outside.hear(Some(99.0), 0.01));
    let shift = outside.shift();
    assert!(-0.01 < shift && shift < -0.004, "{shift}");
    (0..600).for_each(|_| outside.hear(None, 0.01));
    assert!((outside.shift() / shift - 0.5).abs() < 1e-9, "it halves in ten minutes");
}

#[test]
fn nerves_are_moves_of_a_minute_in_parts_of_a_calm_one() {
    let mut outside = Outside::new(100.0, 0.001, Jolts::new(0.0, Rng(1)));
    (0..300).for_each(|_| outside.move_on(Some(100.0)));
    assert_eq!(outside.nerves(), 1.0);
    // A percent a minute for ten minutes: ten calm ones.
    (0..600).for_each(|s| outside.move_on(Some(100.0 * (1.0 - f64::from(s) / 6_000.0))));
    assert!((9.0..11.5).contains(&outside.nerves()), "{}", outside.nerves());
}

#[test]
fn the_generated_fall_is_sixty_percent_within_an_hour_of_every_seed() {
    for seed in 0..20 {
        let path = Path::falling(seed, None);
        let price = |minute: u64| path.price(path.from.plus_ms(minute * 60_000)).expect("a price");
        let fall = price(70) / price(10) - 1.0;
        assert!((-0.63..-0.57).contains(&fall), "seed {seed}: {fall}");
        assert!((price(5) / 60_000.0 - 1.0).abs() < 0.02, "seed {seed}: it begins calm");
    }
}

#[test]
fn a_contract_can_be_listed_for_prices_of_every_size() {
    let base = AssetCode::new("COIN").expect("a code");
    for (first, high) in [(100_000.0, 150_000.0), (17.3, 21.0), (0.00004, 0.00009), (1.0, 1.0)] {
        let grid = Grid::new(base, first, high).unwrap_or_else(|error| panic!("{first}: {error}"));
        let ticks = grid.passive(first, Side::Bid);
        assert!(4_000 <= ticks.0 && ticks <= types::Ticks::MAX, "{first}: {ticks} ticks");
        let lots = grid.lots(1e6, first);
        let value = grid.value(ticks, lots.into()) as f64 / ONE;
        assert!((value / 1e6 - 1.0).abs() < 1e-3, "{first}: {lots} lots are worth {value}");
    }
    assert!(Grid::new(base, 1e12, 1e12).is_err());
}

#[test]
fn a_crash_that_is_not_in_the_data_says_where_it_was_looked_for() {
    let home = tempfile::tempdir().expect("a temporary directory");
    let data = home.path().display().to_string();
    let refused = |flags: &str| match Path::find(&args(flags)) {
        Ok(path) => panic!("it was found: {}", path.title),
        Err(error) => format!("{error:#}"),
    };
    let flags = format!("--scenario luna-2022 --data {data}");
    let missing = refused(&flags);
    assert!(missing.contains("PLIMSOLL_DATA") && missing.contains(&data), "{missing}");
    let klines = home.path().join("market").join("klines");
    std::fs::create_dir_all(&klines).expect("the directory is made");
    let empty = refused(&flags);
    assert!(empty.contains("no file there has LUNAUSDT in its name"), "{empty}");
    let rows = format!("ts_ms,price\n{BEGIN},17.5\n{},17.4\n", BEGIN + 60_000);
    std::fs::write(klines.join("some_LUNAUSDT_1m.csv"), rows).expect("the file is written");
    let short = refused(&flags);
    assert!(short.contains("2021-05-19 00:00:00 to 2021-05-19 00:01:00"), "{short}");
    let late = home.path().join("market/klines/some_LUNAUSDT_1m.csv").display().to_string();
    let late = refused(&format!("--path {late} --from 2021-05-20"));
    assert!(late.contains("leaves less than a minute"), "{late}");
}

#[test]
fn a_picture_has_its_lines_and_no_holes_that_are_not_there() {
    let outcome = crashed("");
    let svg = plot::to_svg("a <crash>", &outcome.series.rows);
    assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n"));
    assert!(svg.contains("a &lt;crash&gt;"), "the title is escaped");
    assert_eq!(svg.matches("<path").count(), 8, "eight lines in four plots");
    assert!(!svg.contains("NaN") && !svg.contains("inf"), "every number is one");
    assert!(svg.contains("00:00:00 to 2021-05-19 00:09:59"));
}

#[test]
fn what_is_said_to_a_program_is_what_is_said_to_a_person() {
    let (args, outcome) = played(crash, 600, "");
    let path = Path::falling(1, None);
    let terms = Terms::of(&args);
    let (text, json) =
        (report::to_text(&path, &terms, &outcome), report::to_json(&path, &terms, &outcome));
    assert_eq!(json["root"], outcome.root);
    assert!(text.contains(&outcome.root));
    for sentence in json["said"].as_array().expect("sentences") {
        let sentence = sentence.as_str().expect("text");
        assert!(text.contains(sentence), "{sentence}");
    }
    let columns = json["series"].as_object().expect("columns");
    let lengths = columns.values().map(|column| column.as_array().expect("a column").len());
    assert!(lengths.into_iter().all(|length| length == outcome.series.rows.len()));
}
