//! Trigger orders: what is asked of one beside what is asked of its order, which of them a type
//! means, and their history.

use market_data::{InstrumentView, Trigger};
use types::{
    AmendOrder, AmendTrigger, Command, Decimal, Grid, IndexPrice, OrderFamily, OrderKind,
    PlaceOrder, PlaceTrigger, Ticks, TriggerKind, TriggerLevel, TriggerSource,
};

use super::{domains, me, now, params, place, trading};
use crate::call::{Answered, Call, Reply};
use crate::errors::{Ground, error, wrong};
use crate::objects::{List, Object, Scale, write_trigger_row};
use crate::params::Params;
use crate::publish::{Market, Place, text};
use crate::rpc::RpcError;
use crate::venue::Class;

/// Rows of the history where no count is given.
const ROWS: usize = 20;

const SOURCES: &[(&str, TriggerSource)] = &[
    ("index_price", TriggerSource::Index),
    ("mark_price", TriggerSource::Mark),
    ("last_price", TriggerSource::Last),
];

/// What fires it: a price, or of a trailing stop a distance.
pub(super) fn level(
    params: Params<'_>,
    ground: Ground<'_>,
    kind: TriggerKind,
) -> Result<TriggerLevel, RpcError> {
    let source = params.needed("trigger", params.choice("trigger", SOURCES)?)?;
    let name = match kind {
        TriggerKind::Stop | TriggerKind::Take => "trigger_price",
        TriggerKind::Trailing => "trigger_offset",
    };
    let price = params.needed(name, params.decimal(name)?)?;
    level_of(name, price, source, ground)
}

/// A price or distance in units of its source, which must be a whole number of its steps.
fn level_of(
    name: &str,
    price: Decimal,
    source: TriggerSource,
    ground: Ground<'_>,
) -> Result<TriggerLevel, RpcError> {
    let ticks = |instrument: &InstrumentView| -> Result<Ticks, RpcError> {
        let off =
            |reason: String| error(10044, "trigger_price_wrong_tick", reason).with("param", name);
        let steps = match price.on_grid(instrument.spec().tick) {
            Grid::On(steps) => steps,
            Grid::Between(steps) => {
                let [low, high] = [steps, steps + 1]
                    .map(|steps| instrument.price(Ticks(u32::try_from(steps).unwrap_or(u32::MAX))));
                let reason = format!("{price} is between ticks: send {low} or {high}");
                return Err(off(reason));
            }
            Grid::Outside => return Err(off(format!("{price} is out of range: send more than 0"))),
        };
        let ticks = u32::try_from(steps).ok().map(Ticks);
        ticks.filter(|ticks| *ticks <= Ticks::MAX).ok_or_else(|| {
            let max = instrument.price(Ticks::MAX);
            off(format!("{price} is above {max}"))
        })
    };
    let instrument = ground.instrument.ok_or_else(|| wrong(name, "has no instrument"))?;
    match source {
        TriggerSource::Mark => ticks(instrument).map(TriggerLevel::Mark),
        TriggerSource::Last => ticks(instrument).map(TriggerLevel::Last),
        TriggerSource::Index => {
            let number = price.times_ten_to(8).and_then(|number| u64::try_from(number).ok());
            let number = number.filter(|number| *number <= IndexPrice::MAX.0);
            number.map(|number| TriggerLevel::Index(IndexPrice(number))).ok_or_else(|| {
                let reason = format!(
                    "{price} is no price of an index: it is above 0, and has at \
                                      most 8 decimals"
                );
                error(10044, "trigger_price_wrong_tick", reason).with("param", name)
            })
        }
    }
}

/// Places a trigger whose order is `order`.
pub(super) fn place_trigger(
    place: Place,
    (kind, level): (TriggerKind, TriggerLevel),
    order: PlaceOrder,
) -> Answered {
    let class = if order.reduce_only { Class::Cancel } else { Class::Order };
    let command = Command::PlaceTrigger(Box::new(PlaceTrigger { kind, level, order }));
    trading::one(place.domain, class, command, Reply::OrderAndTrades)
}

/// Amends a waiting trigger, whose source stays.
pub(super) fn amend_trigger(
    market: &Market,
    call: &Call,
    place: Place,
    order: AmendOrder,
) -> Answered {
    let params = params(call);
    let level = trading::grounded(market, place, |ground| {
        let known = order.order.trigger().and_then(|id| ground.look.view.trigger(id));
        let Some(known) = known else { return Ok(None) };
        let (name, other) = match known.terms.kind {
            TriggerKind::Stop | TriggerKind::Take => ("trigger_price", "trigger_offset"),
            TriggerKind::Trailing => ("trigger_offset", "trigger_price"),
        };
        if params.get(other).is_some() {
            return Err(wrong(other, format!("this trigger has none: send {name}")));
        }
        let Some(price) = params.decimal(name)? else { return Ok(None) };
        level_of(name, price, known.terms.level.source(), ground).map(Some)
    })?;
    let command = Command::AmendTrigger(Box::new(AmendTrigger { order, level }));
    trading::one(place.domain, Class::Order, command, Reply::OrderAndTrades)
}

/// Which orders a type of a cancel means; `None`: all of them.
pub(super) fn family(params: Params<'_>) -> Result<Option<OrderFamily>, RpcError> {
    const TYPES: &[(&str, Option<OrderFamily>)] = &[
        ("all", None),
        ("limit", Some(OrderFamily::Resting)),
        ("trigger_all", Some(OrderFamily::Triggers)),
        ("stop", Some(OrderFamily::Stops)),
        ("take", Some(OrderFamily::Takes)),
        ("trailing_stop", Some(OrderFamily::TrailingStops)),
    ];
    Ok(params.choice("type", TYPES)?.flatten())
}

/// Which open orders a type of a list means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct OpenType {
    /// Those on a book.
    pub resting: bool,
    /// Those that wait: of which family, and of these with a limit, without, or both.
    pub waiting: Option<(OrderFamily, Option<bool>)>,
}

impl OpenType {
    pub(super) fn of(params: Params<'_>) -> Result<OpenType, RpcError> {
        use OrderFamily::{Stops, Takes, TrailingStops, Triggers};
        const fn waiting(family: OrderFamily, limit: Option<bool>) -> OpenType {
            OpenType { resting: false, waiting: Some((family, limit)) }
        }
        const ALL: OpenType = OpenType { resting: true, waiting: Some((Triggers, None)) };
        const TYPES: &[(&str, OpenType)] = &[
            ("all", ALL),
            ("limit", OpenType { resting: true, waiting: None }),
            ("trigger_all", waiting(Triggers, None)),
            ("stop_all", waiting(Stops, None)),
            ("stop_limit", waiting(Stops, Some(true))),
            ("stop_market", waiting(Stops, Some(false))),
            ("take_all", waiting(Takes, None)),
            ("take_limit", waiting(Takes, Some(true))),
            ("take_market", waiting(Takes, Some(false))),
            ("trailing_all", waiting(TrailingStops, None)),
            ("trailing_stop", waiting(TrailingStops, None)),
        ];
        Ok(params.choice("type", TYPES)?.unwrap_or(ALL))
    }

    /// Whether it means a trigger.
    pub(super) fn takes(self, trigger: &Trigger) -> bool {
        let is_limit = matches!(trigger.terms.order.kind, OrderKind::Limit { .. });
        self.waiting.is_some_and(|(family, limit)| {
            trigger.terms.kind.is_of(family) && limit.is_none_or(|limit| limit == is_limit)
        })
    }
}

/// Triggers of the caller: those that wait, the newest first, then those that are gone, the last
/// one first.
pub(crate) fn get_trigger_order_history(market: &Market, call: &Call) -> Answered {
    let me = me(call)?;
    let params = params(call);
    let count = params.count(ROWS, super::ROWS_MAX)?;
    let offset = params.whole("continuation")?.unwrap_or(0);
    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
    let only = match params.text("instrument_name")? {
        Some(_) => Some(place(market, params)?),
        None => None,
    };
    let mut rows = Vec::new();
    for domain in domains(market, params)? {
        if only.is_some_and(|only| only.domain != domain) {
            continue;
        }
        let wanted = skip.saturating_add(count).saturating_add(1).saturating_sub(rows.len());
        market.look(domain, |look| {
            let all = look.view.waiting_triggers(me).rev().chain(look.view.gone_triggers(me));
            let fits = all
                .filter(|trigger| only.is_none_or(|only| only.instrument == trigger.instrument()));
            let texts = fits.map(|one| text(|out| write_trigger_row(out, look, one)));
            rows.extend(texts.take(wanted));
        });
    }
    now(|out| {
        let mut object = Object::new(out);
        let mut list = List::new(object.key("entries"));
        rows.iter().skip(skip).take(count).for_each(|row| list.item().push_str(row));
        list.end();
        match skip.saturating_add(count) < rows.len() {
            true => object.word("continuation", skip + count),
            false => object.null("continuation"),
        };
        object.end();
    })
}
