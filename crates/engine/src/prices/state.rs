//! What an index with a feed, and a future under it, remember.

use alloc::vec::Vec;

use oracle::Feed;
use risk::delivery::Delivery;
use risk::funding::FundingState;
use risk::mark::MarkState;
use types::codec::{Codec, DecodeError, Reader};
use types::{
    AccountId, At, FundingSchedule, FundingTerms, IndexPrice, Instrument, Kind, Lots, MarkMethod,
    PricingTerms, SurfaceReport, Ticks, limits,
};

/// The prices of one index.
#[derive(Clone, Debug)]
pub(crate) struct IndexPrices {
    pub feed: Feed,
    /// By expiry.
    pub surfaces: Vec<Surface>,
    /// The last good report of each reporter of each expiry, by expiry and reporter.
    pub candidates: Vec<SurfaceReport>,
    /// Expiries whose window is open and that are not settled, by expiry.
    pub deliveries: Vec<Delivery>,
    /// Those among them that wait for the operator, who was told.
    pub disputed: Vec<At>,
    /// When its marks were made last: marks of options follow from it and from what stands here.
    pub made_at: At,
}

/// The volatilities of one expiry, once there are any.
#[derive(Clone, Debug)]
pub(crate) struct Surface {
    pub expiry: At,
    /// The one that marks are made by: the last good one that was chosen.
    pub standing: SurfaceReport,
}

/// The prices of one future or perpetual under a feed.
#[derive(Clone, Debug)]
pub(crate) struct FuturePrices {
    pub terms: PricingTerms,
    pub marks: MarkState,
    pub funding: Option<FundingState>,
    /// When accrued funding is moved next, for those who did not trade.
    pub funds_at: At,
    /// Price of the last trade; zero: none.
    pub last: Ticks,
}

impl IndexPrices {
    pub fn new(feed: Feed) -> IndexPrices {
        IndexPrices {
            feed,
            surfaces: Vec::new(),
            candidates: Vec::new(),
            deliveries: Vec::new(),
            disputed: Vec::new(),
            made_at: At(0),
        }
    }

    pub fn surface(&self, expiry: At) -> Option<&Surface> {
        let place = self.surfaces.binary_search_by_key(&expiry, |surface| surface.expiry).ok()?;
        self.surfaces.get(place)
    }

    /// From now on this one stands for its expiry.
    pub fn stand(&mut self, standing: SurfaceReport) {
        let expiry = standing.expiry;
        let place = self.surfaces.partition_point(|surface| surface.expiry < expiry);
        match self.surfaces.get_mut(place) {
            Some(known) if known.expiry == expiry => known.standing = standing,
            _ => self.surfaces.insert(place, Surface { expiry, standing }),
        }
    }

    /// Expiries of which something was said.
    pub fn n_expiries(&self) -> usize {
        self.candidates.chunk_by(|one, next| one.expiry == next.expiry).count()
    }

    /// What each reporter said last of an expiry.
    pub fn candidates(&self, expiry: At) -> &[SurfaceReport] {
        let from = self.candidates.partition_point(|report| report.expiry < expiry);
        let to = self.candidates.partition_point(|report| report.expiry <= expiry);
        self.candidates.get(from..to).unwrap_or_default()
    }
}

impl FuturePrices {
    /// Under the usual terms (docs/rules/marks.md).
    pub fn new(spec: &Instrument, at: At) -> FuturePrices {
        let terms = usual_terms(spec);
        FuturePrices {
            terms,
            marks: MarkState::new(),
            funding: terms.funding.map(|_| FundingState::new(at)),
            funds_at: at.next_eight_utc(),
            last: Ticks(0),
        }
    }
}

/// MRK-6: what holds until `SetPricing` says something else: venue.md §2.3.1 and §2.5.1.
fn usual_terms(spec: &Instrument) -> PricingTerms {
    let is_perpetual = spec.kind == Kind::Perpetual;
    let funding = FundingTerms {
        schedule: FundingSchedule::Continuous,
        damper_ppb: 250_000,
        cap_ppb: 5_000_000,
        interest_ppb: 0,
    };
    PricingTerms {
        mark: MarkMethod::ImpactBasis,
        impact: Lots(1_000).min(spec.size_max),
        clamp_ppm: if is_perpetual { 5_000 } else { 100_000 },
        funding: is_perpetual.then_some(funding),
    }
}

/// The index price in ticks of an instrument is the other way round of this: a price in ticks as
/// hundred-millionths of the quote.
pub(crate) fn as_index_price(price: Ticks, tick_price: u64) -> IndexPrice {
    IndexPrice(u64::from(price.0).saturating_mul(tick_price).min(IndexPrice::MAX.0))
}

/// Where a report stands among the candidates of an index.
pub(super) fn place_of(report: &SurfaceReport) -> (At, AccountId) {
    (report.expiry, report.reporter)
}

impl Codec for IndexPrices {
    fn encode(&self, out: &mut Vec<u8>) {
        self.feed.encode(out);
        self.surfaces.encode(out);
        self.candidates.encode(out);
        self.deliveries.encode(out);
        self.disputed.encode(out);
        self.made_at.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let feed = Feed::decode(reader)?;
        let surfaces: Vec<Surface> = Vec::decode(reader)?;
        let candidates: Vec<SurfaceReport> = Vec::decode(reader)?;
        let deliveries: Vec<Delivery> = Vec::decode(reader)?;
        let (disputed, made_at) = (Vec::decode(reader)?, At::decode(reader)?);
        let rises = surfaces.is_sorted_by(|one, next| one.expiry < next.expiry);
        if !rises || limits::SURFACES_MAX < surfaces.len() {
            return Err(reader.refuse("surfaces"));
        }
        let is_good = |report: &SurfaceReport| pricing::check(&report.svi).is_ok();
        let rises = candidates.is_sorted_by(|one, next| place_of(one) < place_of(next));
        if !rises || !candidates.iter().all(is_good) {
            return Err(reader.refuse("reports of surfaces"));
        }
        if !deliveries.is_sorted_by(|one, next| one.expiry() < next.expiry()) {
            return Err(reader.refuse("deliveries"));
        }
        Ok(IndexPrices { feed, surfaces, candidates, deliveries, disputed, made_at })
    }
}

impl Codec for Surface {
    fn encode(&self, out: &mut Vec<u8>) {
        self.standing.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let standing = SurfaceReport::decode(reader)?;
        if pricing::check(&standing.svi).is_err() {
            return Err(reader.refuse("Surface"));
        }
        Ok(Surface { expiry: standing.expiry, standing })
    }
}

impl Codec for FuturePrices {
    fn encode(&self, out: &mut Vec<u8>) {
        self.terms.encode(out);
        self.marks.encode(out);
        self.funding.encode(out);
        self.funds_at.encode(out);
        self.last.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let prices = FuturePrices {
            terms: Codec::decode(reader)?,
            marks: Codec::decode(reader)?,
            funding: Codec::decode(reader)?,
            funds_at: Codec::decode(reader)?,
            last: Codec::decode(reader)?,
        };
        let fits =
            prices.funding.is_some() == prices.terms.funding.is_some() && prices.last <= Ticks::MAX;
        if fits { Ok(prices) } else { Err(reader.refuse("FuturePrices")) }
    }
}
