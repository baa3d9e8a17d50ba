//! What is traded in this world, and by which terms: what an operator sets up before people come.

use engine::VERSION_MAX;
use types::{
    AccountId, AdlPolicy, Amount, AssetCode, At, BackstopTerms, Barrier, BreakerTerms, Command,
    Decimal, DepthTerms, FeedTerms, Fees, FundingSchedule, FundingTerms, Incentives, IndexMethod,
    IndexPrice, Instrument, InstrumentId, Kind, KindFilter, Label, LimitStateTerms, Lots,
    MarginModel, MarginRates, MarkMethod, OptionRight, PortfolioTerms, PricingTerms, PublicKey,
    Quorum, RangeTerms, RiskTerms, Seat, SettlementPeriod, Source, SourceId, Style, Tail, TickStep,
    Ticks, Version,
};

use crate::rng::Rng;

/// The price that everything begins at, in whole quote units.
pub const PRICE: u64 = 60_000;
/// Who reports prices: accounts 1 to 5.
pub const REPORTERS: u32 = 5;

/// The contracts of a world.
#[derive(Clone, Debug)]
pub struct Venue {
    /// Settled in the quote.
    pub linear: bool,
    /// In the order of their ids.
    pub instruments: Vec<Instrument>,
    /// When the world begins.
    pub begin: At,
    /// What differs between worlds.
    pub terms: Terms,
    /// Of portfolio margin and backstops.
    pub risks: Risks,
}

/// Terms by which a world goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    /// How far a mark may be from the index.
    pub clamp_ppm: u32,
    /// What the insurance fund begins with, in dollars.
    pub fund: u64,
    /// Sources that a healthy feed and a degraded one need, of five.
    pub sources: (u8, u8),
    /// How far the trades of an hour may be apart; `None`: no breaker stops what falls, so that
    /// more is liquidated.
    pub range_ppm: Option<u32>,
}

impl Terms {
    /// As most venues have them.
    pub const USUAL: Terms =
        Terms { clamp_ppm: 50_000, fund: 50_000, sources: (4, 3), range_ppm: Some(100_000) };

    /// By which things happen that are rare otherwise.
    pub fn drawn(seed: u64) -> Terms {
        let mut rng = Rng::new(seed, "terms");
        Terms {
            clamp_ppm: *rng.pick(&[300, 2_000, 50_000]),
            fund: *rng.pick(&[1, 500, 50_000]),
            sources: *rng.pick(&[(4, 3), (3, 2), (3, 2)]),
            range_ppm: *rng.pick(&[Some(15_000), Some(100_000), None, None]),
        }
    }
}

/// An account that an operator opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// What it begins with.
    pub amount: Amount,
    /// Whose subaccount it is.
    pub parent: Option<AccountId>,
    /// How it is margined.
    pub model: MarginModel,
    /// It takes positions over.
    pub backstop: Option<BackstopTerms>,
}

/// Terms by which accounts are margined and positions are taken over, in worlds that have either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risks {
    /// The scenarios.
    pub portfolio: Option<PortfolioTerms>,
    /// How liquidations go.
    pub risk: Option<RiskTerms>,
}

impl Risks {
    /// None of them.
    pub const NONE: Risks = Risks { portfolio: None, risk: None };

    /// What a seed draws for a world that has portfolio margin, or backstops.
    pub fn drawn(seed: u64, (portfolio, backstops): (bool, bool)) -> Risks {
        let mut rng = Rng::new(seed, "risks");
        let scenarios = scenarios(&mut rng);
        let takeover_ppm = *rng.pick(&[500_000, 900_000]);
        let idle_rounds = *rng.pick(&[1, 3, 5]);
        let risk = RiskTerms { takeover_ppm, idle_rounds, ..liquidation() };
        Risks { portfolio: portfolio.then_some(scenarios), risk: backstops.then_some(risk) }
    }
}

impl Venue {
    /// Perpetual, future, call and put; the dated ones end at `expiry`, 08:00 UTC of a day.
    pub fn new(linear: bool, begin: At, expiry: At, terms: Terms) -> Venue {
        let perpetual = perpetual(linear);
        let future = Instrument {
            kind: Kind::Future { expiry },
            settlement_period: SettlementPeriod::Month,
            ..perpetual.clone()
        };
        let option = |right| option(linear, expiry, right);
        let instruments =
            vec![perpetual, future, option(OptionRight::Call), option(OptionRight::Put)];
        Venue { linear, instruments, begin, terms, risks: Risks::NONE }
    }

    /// Settlement asset and its decimals.
    pub fn domain(&self) -> (AssetCode, u8) {
        if self.linear { (asset("USDC"), 6) } else { (asset("BTC"), 8) }
    }

    /// What the index prices, and in what.
    pub fn pair(&self) -> (AssetCode, AssetCode) {
        (asset("BTC"), if self.linear { asset("USDC") } else { asset("USD") })
    }

    /// So much of the settlement asset as `dollars` buys at the first price.
    pub fn worth(&self, dollars: u64) -> Amount {
        let atoms = if self.linear { dollars * 1_000_000 } else { dollars * 100_000_000 / PRICE };
        Amount(i64::try_from(atoms).expect("a few millions"))
    }

    /// Ticks of an instrument at a price of the index, in hundred-millionths. Of an option: of a
    /// premium that is this share of it.
    pub fn ticks(&self, instrument: usize, price: u64) -> Ticks {
        let spec = &self.instruments[instrument];
        let ticks = match (spec.kind.is_option(), self.linear) {
            (false, _) => price * 2 / IndexPrice::SCALE,
            (true, false) => 300,
            (true, true) => price / IndexPrice::SCALE / 5 / 33,
        };
        Ticks(u32::try_from(ticks).unwrap_or(1).max(1))
    }

    /// What an operator does first. Accounts 1 to 5 report; those behind them are `people`.
    pub fn opening(&self, people: &[Opened]) -> Vec<Command> {
        let mut commands: Vec<Command> =
            (2..=VERSION_MAX.0).map(|to| Command::Upgrade { to: Version(to) }).collect();
        let list = |spec: &Instrument| Command::ListInstrument(Box::new(spec.clone()));
        commands.extend(self.instruments.iter().map(list));
        let stake = self.worth(100_000);
        for account in (1..=REPORTERS).map(AccountId) {
            commands.push(Command::OpenAccount { account, parent: None });
            commands.push(Command::Deposit { account, amount: stake });
            // A point of the curve; nobody signs in this world.
            let key = PublicKey([9; 32]);
            commands.push(Command::RegisterReporter { account, key, stake });
        }
        let (base, quote) = self.pair();
        commands.push(Command::SetFeed(Box::new(feed(base, quote, self.terms.sources))));
        for instrument in [InstrumentId(0), InstrumentId(1)] {
            let clamp_ppm = self.terms.clamp_ppm;
            let terms = PricingTerms { clamp_ppm, ..pricing(instrument == InstrumentId(0)) };
            commands.push(Command::SetPricing { instrument, terms });
        }
        let of_futures = self.terms.range_ppm.map_or_else(quiet, breakers);
        for (kind, terms) in [(KindFilter::Future, of_futures), (KindFilter::Option, quiet())] {
            commands.push(Command::SetBreakers { base, quote, kind, terms: Box::new(terms) });
        }
        commands.push(Command::FundInsurance { amount: self.worth(self.terms.fund) });
        if let Some(terms) = &self.risks.portfolio {
            let terms = Box::new(terms.clone());
            commands.push(Command::SetPortfolio { base, quote, terms });
        }
        commands.extend(self.risks.risk.map(Command::SetRisk));
        for (account, opened) in (REPORTERS + 1..).map(AccountId).zip(people) {
            let Opened { amount, parent, model, backstop } = *opened;
            commands.push(Command::OpenAccount { account, parent });
            commands.push(Command::Deposit { account, amount });
            if model != MarginModel::Standard {
                commands.push(Command::SetMarginModel { account, model });
            }
            commands.extend(backstop.map(|terms| Command::OfferBackstop { account, terms }));
        }
        commands
    }
}

/// A code of an asset.
pub fn asset(code: &str) -> AssetCode {
    AssetCode::new(code).expect("a code")
}

fn decimal(text: &str) -> Decimal {
    Decimal::parse(text).expect("a decimal")
}

fn perpetual(linear: bool) -> Instrument {
    let (style, quote, lot) = match linear {
        true => (Style::Linear, asset("USDC"), decimal("0.001")),
        false => (Style::Inverse, asset("USD"), decimal("10")),
    };
    Instrument {
        kind: Kind::Perpetual,
        style,
        base: asset("BTC"),
        quote,
        tick: decimal("0.5"),
        tick_steps: Vec::new(),
        lot,
        contract_size: lot,
        size_min: Lots(1),
        size_max: Lots(1_000_000),
        settlement_period: SettlementPeriod::Perpetual,
        fees: Fees { maker_ppm: -20, taker_ppm: 500 },
        margin: MarginRates { initial_ppm: 20_000, maintenance_ppm: 10_000 },
        band_ppm: 100_000,
    }
}

fn option(linear: bool, expiry: At, right: OptionRight) -> Instrument {
    let strike = decimal("60000");
    let (tick, tick_steps, lot, contract_size) = match linear {
        true => (decimal("5"), Vec::new(), decimal("0.01"), decimal("0.01")),
        false => {
            let coarse = TickStep { above: Ticks(50), multiple: 5 };
            (decimal("0.0001"), vec![coarse], decimal("0.1"), decimal("1"))
        }
    };
    Instrument {
        kind: Kind::Option { expiry, strike, right },
        tick,
        tick_steps,
        lot,
        contract_size,
        size_max: Lots(1_000),
        settlement_period: SettlementPeriod::Month,
        fees: Fees { maker_ppm: 300, taker_ppm: 300 },
        margin: MarginRates { initial_ppm: 150_000, maintenance_ppm: 75_000 },
        band_ppm: 1_000_000,
        ..perpetual(linear)
    }
}

fn feed(base: AssetCode, quote: AssetCode, (healthy, degraded): (u8, u8)) -> FeedTerms {
    let source = |nth: u8| Source {
        name: Label::new(&format!("source {nth}")).unwrap_or_default(),
        weight: 1,
    };
    let seats = (1..=REPORTERS).map(AccountId).zip((0..).map(SourceId));
    FeedTerms {
        base,
        quote,
        method: IndexMethod::CappedMedian,
        sources: (0..5).map(source).collect(),
        seats: seats.map(|(reporter, source)| Seat { reporter, source }).collect(),
        healthy: Quorum { reporters: 4, sources: healthy },
        degraded: Quorum { reporters: 3, sources: degraded },
        barrier: Barrier { reports: 10, sources: 3 },
        stale_ms: 5_000,
        ahead_ms: 2_000,
        cap_ppm: 5_000,
        spread_ppm: 20_000,
        confidence_ppm: 20_000,
        jump_ppm: 50_000,
        reporter_cap_ppm: 400_000,
        cross_check: None,
        incentives: Incentives {
            reward_per_hour: Amount(0),
            far_ppm: 25_000,
            far_ms: 60_000,
            far_slash_ppm: 50_000,
        },
    }
}

/// Marks and, of the perpetual, funding.
pub fn pricing(perpetual: bool) -> PricingTerms {
    let funding = FundingTerms {
        schedule: FundingSchedule::Continuous,
        damper_ppb: 250_000,
        cap_ppb: 5_000_000,
        interest_ppb: 0,
    };
    PricingTerms {
        mark: MarkMethod::ImpactBasis,
        impact: Lots(100),
        clamp_ppm: 50_000,
        funding: perpetual.then_some(funding),
    }
}

/// Deribit's grid with Paradex' weights, or a smaller one.
fn scenarios(rng: &mut Rng) -> PortfolioTerms {
    let tails = [
        (-660_000, 240_000),
        (-330_000, 480_000),
        (500_000, 320_000),
        (1_000_000, 160_000),
        (2_000_000, 80_000),
        (5_000_000, 32_000),
    ];
    let tails = tails.map(|(move_ppm, weight_ppm)| Tail { move_ppm, weight_ppm });
    let n_tails = rng.index(tails.len() + 1);
    let beside = *rng.pick(&[3_000, 10_000]);
    PortfolioTerms {
        range_ppm: *rng.pick(&[40_000, 160_000]),
        steps: *rng.pick(&[1, 2, 4]),
        vol_up_ppm: 500_000,
        vol_down_ppm: 250_000,
        near_power_ppm: *rng.pick(&[100_000, 300_000]),
        far_power_ppm: 130_000,
        tails: tails.into_iter().take(n_tails).collect(),
        maintenance_ppm: *rng.pick(&[600_000, 800_000]),
        future_initial_ppm: beside,
        future_maintenance_ppm: beside * 6 / 10,
        short_initial_ppm: beside / 2,
        short_maintenance_ppm: beside * 3 / 10,
    }
}

/// As until an operator says something else.
fn liquidation() -> RiskTerms {
    RiskTerms {
        buffer_ppm: 250_000,
        round_ppm: 250_000,
        round_ms: 1_000,
        depth_ppm: 500_000,
        slippage_ppm: 20_000,
        fee_ppm: 5_000,
        takeover_ppm: 500_000,
        idle_rounds: 5,
        adl: AdlPolicy::Queue,
    }
}

fn breakers(range_ppm: u32) -> BreakerTerms {
    BreakerTerms {
        limit_state: Some(LimitStateTerms { hold_ms: 15_000, pause_ms: 60_000 }),
        velocity: Some(RangeTerms { window_ms: 10_000, move_ppm: 30_000, pause_ms: 10_000 }),
        range: Some(RangeTerms { window_ms: 3_600_000, move_ppm: range_ppm, pause_ms: 60_000 }),
        depth: Some(DepthTerms {
            within_ppm: 10_000,
            share_ppm: 50_000,
            hold_ms: 10_000,
            pause_ms: 10_000,
        }),
        liquidation: None,
        frozen: None,
    }
}

fn quiet() -> BreakerTerms {
    BreakerTerms { limit_state: None, velocity: None, range: None, depth: None, ..breakers(1) }
}
