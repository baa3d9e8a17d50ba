//! The bytes of feeds, reports, surfaces and marks.

use alloc::vec::Vec;

use super::{Codec, DecodeError, Reader, choice, newtype, record};
use crate::{
    Action, Barrier, CrossCheck, DeliveryCount, FeedTerms, FundingSchedule, FundingTerms, Health,
    HealthReason, Incentives, IndexMethod, Mark, MarkMethod, OptionMark, PriceReport, PricingTerms,
    PublicKey, Quorum, ReporterFault, Seat, Signature, SignedReport, SignedSurface, Source,
    SourceId, SurfaceReport, Svi,
};

newtype!(SourceId, PublicKey, Signature);

choice!(IndexMethod { 0 => CappedMedian, 1 => DropExtremes, 2 => WeightedMedian });
choice!(Health { 0 => Manual, 1 => Healthy, 2 => Degraded, 3 => Frozen });
choice!(HealthReason {
    0 => Begun,
    1 => TermStarted,
    2 => TooFew { reporters, sources, need_reporters, need_sources },
    3 => Jump { moved_ppm, max_ppm },
    4 => Spread { spread_ppm, max_ppm },
    5 => CrossCheck { apart_ppm, max_ppm },
    6 => BarrierPassed { reports, sources },
    7 => CrossCheckSilent,
});
choice!(Action {
    0 => Place, 1 => Increase, 2 => Reduce, 3 => Cancel, 4 => Liquidate, 5 => Fund, 6 => Deliver,
    7 => Withdraw,
});
choice!(ReporterFault { 0 => Equivocated { nonce }, 1 => Far { apart_ppm, for_ms }, 2 => Spent });
choice!(MarkMethod { 0 => ImpactBasis, 1 => MedianOfThree });
choice!(FundingSchedule { 0 => Continuous, 1 => Hourly });

record!(Source { name, weight });
record!(Seat { reporter, source });
record!(Quorum { reporters, sources });
record!(Barrier { reports, sources });
record!(CrossCheck { source, apart_ppm });
record!(Incentives { reward_per_hour, far_ppm, far_ms, far_slash_ppm });
record!(FeedTerms {
    base,
    quote,
    method,
    sources,
    seats,
    healthy,
    degraded,
    barrier,
    stale_ms,
    ahead_ms,
    cap_ppm,
    spread_ppm,
    confidence_ppm,
    jump_ppm,
    reporter_cap_ppm,
    cross_check,
    incentives,
});
record!(PriceReport { base, quote, reporter, source, price, confidence, source_at, nonce });
record!(SignedReport { report, signature });
record!(Svi { a, b, rho, m, sigma });
record!(SurfaceReport { base, quote, reporter, expiry, svi, source_at, nonce });
record!(SignedSurface { report, signature });
record!(FundingTerms { schedule, damper_ppb, cap_ppb, interest_ppb });
record!(PricingTerms { mark, impact, clamp_ppm, funding });
record!(OptionMark { iv_ppm, delta, gamma, vega, theta, rho });
record!(Mark { instrument, mark, option });
record!(DeliveryCount { good, due });
