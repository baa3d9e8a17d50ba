//! Implied volatilities a second beside the best of the crate registry, `implied-vol` 2.1.0, a
//! port of "Let's Be Rational" with four solvers: the same prices, in turn, in one process. And
//! its price of an option beside our price with all Greeks.
//!
//! A peer gets forward, strike, time, price and right through its builder, checked, as a caller
//! has them; so does ours. Nine rounds, the solvers taking turns; the median and the extremes are
//! printed, CPU time of the thread, and the largest relative error against the volatility that
//! made the price.
//!
//! `cargo bench --manifest-path peers/Cargo.toml --bench pricing`

use implied_vol::{DefaultSpecialFn, ImpliedBlackVolatility, PriceBlackScholes, solver};
use pricing::{Black76, implied_volatility};
use types::OptionRight;

const OPTIONS: usize = 2_000;
const REPEATS: usize = 1_000;
const ROUNDS: usize = 9;

struct Priced {
    black: Black76,
    right: OptionRight,
    price: f64,
}

type Solve = fn(&Priced) -> f64;

fn main() {
    let solvers: [(&str, Solve); 5] = [
        ("plimsoll `implied_volatility`", ours),
        ("implied-vol, Hybrid (its default)", peer::<solver::Hybrid>),
        ("implied-vol, Jaeckel", peer::<solver::Jaeckel>),
        ("implied-vol, FlashIv", peer::<solver::FlashIv>),
        ("implied-vol, Experimental", peer::<solver::Experimental>),
    ];
    let prices: [(&str, Solve); 2] =
        [("plimsoll, price and five Greeks", our_greeks), ("implied-vol, price alone", peer_price)];
    compare("implied volatility, a chain", &chain(), &solvers, true);
    compare("implied volatility, wide", &wide(), &solvers, true);
    compare("price, a chain", &chain(), &prices, false);
}

fn compare(title: &str, options: &[Priced], solvers: &[(&str, Solve)], inverts: bool) {
    let mut times = vec![Vec::new(); solvers.len()];
    for _ in 0..ROUNDS {
        for ((_, solve), times) in solvers.iter().zip(&mut times) {
            times.push(nanoseconds(options, *solve));
        }
    }
    times.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
    let median = |place: usize| times[place][ROUNDS / 2];
    let best_peer = (1..solvers.len()).map(median).fold(f64::INFINITY, f64::min);
    println!("\n#### {title}\n");
    println!("| | ns each, median | fastest – slowest | million/s | best peer ÷ this | error |");
    println!("|---|---:|---:|---:|---:|---:|");
    for (place, (name, solve)) in solvers.iter().enumerate() {
        let (ns, runs) = (median(place), &times[place]);
        let off = |option: &Priced| (solve(option) / option.black.sigma - 1.0).abs();
        let worst =
            options.iter().map(off).fold(0.0, |one, other| if one < other { other } else { one });
        let error = if inverts { format!("{worst:.1e}") } else { String::from("–") };
        let (fastest, slowest) = (runs[0], runs[ROUNDS - 1]);
        let (rate, ratio) = (1e3 / ns, best_peer / ns);
        println!(
            "| {name} | {ns:.1} | {fastest:.1} – {slowest:.1} | {rate:.1} | {ratio:.2} | {error} |"
        );
    }
}

fn nanoseconds(options: &[Priced], solve: Solve) -> f64 {
    let started = core_seconds();
    let mut sum = 0.0;
    for _ in 0..REPEATS {
        sum += options.iter().map(|option| solve(std::hint::black_box(option))).sum::<f64>();
    }
    std::hint::black_box(sum);
    (core_seconds() - started) * 1e9 / (options.len() * REPEATS) as f64
}

/// Time that this thread has had a core for: other work on a shared machine does not count.
fn core_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").expect("Linux");
    let nanoseconds: f64 =
        stat.split(' ').next().and_then(|word| word.parse().ok()).expect("a number");
    nanoseconds / 1e9
}

fn ours(option: &Priced) -> f64 {
    let Black76 { forward, strike, years, .. } = option.black;
    implied_volatility(option.price, forward, strike, years, option.right).expect("a price")
}

fn peer<S: solver::BlackSolver>(option: &Priced) -> f64 {
    let built = ImpliedBlackVolatility::builder()
        .option_price(option.price)
        .forward(option.black.forward)
        .strike(option.black.strike)
        .expiry(option.black.years)
        .is_call(option.right == OptionRight::Call)
        .build();
    built.and_then(|built| built.calculate_with::<S>()).expect("a price")
}

fn our_greeks(option: &Priced) -> f64 {
    let greeks = option.black.greeks(option.right);
    greeks.price + greeks.delta + greeks.gamma + greeks.vega + greeks.theta + greeks.rho
}

fn peer_price(option: &Priced) -> f64 {
    let built = PriceBlackScholes::builder()
        .forward(option.black.forward)
        .strike(option.black.strike)
        .volatility(option.black.sigma)
        .expiry(option.black.years)
        .is_call(option.right == OptionRight::Call)
        .build();
    built.expect("an option").calculate::<DefaultSpecialFn>()
}

/// Forward 60 000, strikes within ± 50 %, volatilities of 30 to 150 %, one hour to two years; out
/// of the money, worth at least a hundredth.
fn chain() -> Vec<Priced> {
    let mut dice = Dice(44);
    let draw = || Black76 {
        forward: 60_000.0,
        strike: dice.between(30_000.0, 90_000.0),
        sigma: dice.between(0.3, 1.5),
        years: dice.between(1.0 / 8_760.0, 2.0),
    };
    priced(std::iter::repeat_with(draw), 1e-2)
}

/// Logarithm of the strike up to 5 from that of the forward, deviations of 0.001 to 6.
fn wide() -> Vec<Priced> {
    let mut dice = Dice(45);
    let draw = || Black76 {
        forward: 1.0,
        strike: dice.between(-5.0, 5.0).exp(),
        sigma: dice.between(-6.9, 1.8).exp(),
        years: 1.0,
    };
    priced(std::iter::repeat_with(draw), 1e-250)
}

fn priced(draw: impl Iterator<Item = Black76>, least: f64) -> Vec<Priced> {
    let out_of_the_money = draw.map(|black| {
        let call = black.forward < black.strike;
        let right = if call { OptionRight::Call } else { OptionRight::Put };
        Priced { black, right, price: black.price(right) }
    });
    let sensible = out_of_the_money.filter(|option| {
        let most = 0.999 * option.black.forward.min(option.black.strike);
        least < option.price && option.price < most
    });
    sensible.take(OPTIONS).collect()
}

/// xorshift64*: enough for a workload, the same everywhere.
struct Dice(u64);

impl Dice {
    fn between(&mut self, low: f64, high: f64) -> f64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        let bits = self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 11;
        low + (high - low) * (bits as f64 / (1_u64 << 53) as f64)
    }
}
