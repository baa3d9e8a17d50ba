//! What a market is made up of, in dollars: the flags, once the open interest is known.

use serde_json::{Value, json};
use types::{AdlPolicy, RiskTerms};

use crate::cli::{Adl, Breakers, Market, Stress};

/// A market before the crash.
#[derive(Clone, Debug, PartialEq)]
pub struct Terms {
    /// Decides everything that is chosen.
    pub seed: u64,
    /// Leveraged traders.
    pub n_traders: u32,
    /// Positions of longs, in dollars. So are the others.
    pub open_interest: f64,
    /// Median of longs.
    pub leverage: f64,
    /// Within 1 % on each side.
    pub depth: f64,
    /// Most that makers hold together.
    pub makers: f64,
    /// Most that momentum traders hold together.
    pub momentum: f64,
    /// The insurance fund.
    pub fund: f64,
    /// Most that backstops take over.
    pub backstop: f64,
    /// Part of the book's distance that goes outside each second.
    pub echo: f64,
    /// Seconds for which the price outside stands, on average.
    pub jolt_s: f64,
    /// How the engine liquidates.
    pub risk: RiskTerms,
    /// Whether the market stops by itself.
    pub has_breakers: bool,
}

impl Terms {
    /// Of the flags.
    pub fn of(args: &Stress) -> Terms {
        let market = &args.market;
        let open_interest = f64::from(market.open_interest) * 1e6;
        let part = |ppm: u32| open_interest * f64::from(ppm) / 1e6;
        Terms {
            seed: args.seed,
            n_traders: args.accounts,
            open_interest,
            leverage: market.leverage,
            depth: part(market.depth_ppm),
            makers: part(market.makers_ppm),
            momentum: part(market.momentum_ppm),
            fund: part(market.fund_ppm),
            backstop: part(market.backstop_ppm),
            echo: f64::from(market.echo_ppm) / 1e6,
            jolt_s: market.jolt_s,
            risk: risk_terms(market),
            has_breakers: args.breakers == Breakers::On,
        }
    }

    /// For a person: everything that a flag decides.
    pub fn to_text(&self) -> String {
        let million = |usd: f64| format!("{:.2} M", usd / 1e6);
        format!(
            "seed {}, {} traders with {} USDC of open interest, longs levered {} times in the \
             median\n  within 1 % makers show {} a side and hold at most {}; momentum traders \
             hold at most {}\n  insurance fund {}, backstops take over at most {}, deleveraging \
             by {:?}, takeover below {} % of maintenance margin\n  echo {} ppm/s, a jolt every \
             {} s; breakers {}",
            self.seed,
            self.n_traders,
            million(self.open_interest),
            self.leverage,
            million(self.depth),
            million(self.makers),
            million(self.momentum),
            million(self.fund),
            million(self.backstop),
            self.risk.adl,
            f64::from(self.risk.takeover_ppm) / 1e4,
            (self.echo * 1e6).round(),
            self.jolt_s,
            if self.has_breakers { "on" } else { "off" },
        )
    }

    /// For a program, in dollars.
    pub fn to_json(&self) -> Value {
        json!({
            "seed": self.seed, "traders": self.n_traders, "open_interest": self.open_interest,
            "leverage": self.leverage, "depth": self.depth, "makers": self.makers,
            "momentum": self.momentum, "fund": self.fund, "backstop": self.backstop,
            "echo": self.echo, "jolt_s": self.jolt_s, "breakers": self.has_breakers,
            "takeover_ppm": self.risk.takeover_ppm, "adl": format!("{:?}", self.risk.adl),
        })
    }
}

/// LIQ-1, as it holds until an operator says something else, but for what flags say.
fn risk_terms(market: &Market) -> RiskTerms {
    let adl = match market.adl {
        Adl::Queue => AdlPolicy::Queue,
        Adl::ProRata => AdlPolicy::ProRata,
        Adl::WaterFilling => AdlPolicy::WaterFilling,
        Adl::LeastClosing => AdlPolicy::LeastClosing,
    };
    RiskTerms {
        buffer_ppm: 250_000,
        round_ppm: 250_000,
        round_ms: 1_000,
        depth_ppm: 500_000,
        slippage_ppm: 20_000,
        fee_ppm: 5_000,
        takeover_ppm: market.takeover_ppm,
        idle_rounds: 5,
        adl,
    }
}
