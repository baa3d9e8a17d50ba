//! The bytes of units, ids, instruments, orders and commands.

use alloc::vec::Vec;

use super::{Codec, DecodeError, Reader, choice, decode_text, encode_text, newtype, record};
use crate::{
    AccountId, AmendOrder, Amount, AssetCode, At, CancelScope, ClientOrderId, Command, Decimal,
    Entry, Fees, IndexId, IndexPrice, Instrument, InstrumentId, Kind, KindFilter, Label, Lots,
    MarginRates, MassQuote, MmpConfig, MmpGroup, OptionRight, OrderId, OrderKind, PlaceOrder,
    PostOnly, Quote, SelfTradeMode, Seq, SessionId, SettlementPeriod, Side, SignedLots, Style,
    TickStep, Ticks, TimeInForce, TradeId, TriggerId, Version,
};

newtype!(Ticks, Lots, SignedLots, Amount, IndexPrice);
newtype!(
    AccountId,
    InstrumentId,
    IndexId,
    OrderId,
    TriggerId,
    TradeId,
    Seq,
    At,
    SessionId,
    MmpGroup,
    Version
);

choice!(Side { 0 => Bid, 1 => Ask });
choice!(Style { 0 => Inverse, 1 => Linear });
choice!(OptionRight { 0 => Call, 1 => Put });
choice!(SettlementPeriod { 0 => Perpetual, 1 => Day, 2 => Week, 3 => Month });
choice!(Kind { 0 => Perpetual, 1 => Future { expiry }, 2 => Option { expiry, strike, right } });
choice!(OrderKind { 0 => Limit { price }, 1 => Market, 2 => MarketLimit });
choice!(TimeInForce {
    0 => GoodTilCancelled, 1 => GoodTilDay, 2 => ImmediateOrCancel, 3 => FillOrKill,
});
choice!(PostOnly { 0 => No, 1 => Slide, 2 => Reject });
choice!(SelfTradeMode { 0 => RejectTaker, 1 => CancelMaker });
choice!(KindFilter { 0 => Future, 1 => Option });
choice!(CancelScope {
    0 => All, 1 => Instrument(instrument), 2 => Kind(kind), 3 => Label(label), 4 => Quotes(group),
    5 => Only { family, within },
});

record!(TickStep { above, multiple });
record!(Fees { maker_ppm, taker_ppm });
record!(MarginRates { initial_ppm, maintenance_ppm });
record!(Instrument {
    kind,
    style,
    base,
    quote,
    tick,
    tick_steps,
    lot,
    contract_size,
    size_min,
    size_max,
    settlement_period,
    fees,
    margin,
    band_ppm,
});
record!(PlaceOrder {
    account,
    instrument,
    side,
    kind,
    size,
    display,
    time_in_force,
    post_only,
    reduce_only,
    mmp,
    label,
    client_order_id,
    valid_until,
    session,
});
record!(AmendOrder { account, order, size, price, display, post_only, reduce_only, valid_until });
record!(Quote { instrument, side, price, size });
record!(MassQuote { account, group, quotes, label, valid_until, session });
record!(MmpConfig {
    base,
    quote,
    group,
    interval_ms,
    frozen_ms,
    quantity_limit_milli,
    delta_limit_milli,
});
record!(Entry { seq, at, command });

choice!(Command {
    1 => ListInstrument(spec),
    2 => OpenAccount { account, parent },
    3 => Deposit { account, amount },
    4 => Withdraw { account, amount },
    5 => Transfer { from, to, amount },
    6 => ReportIndex { base, quote, price },
    7 => ReportMarks(marks),
    8 => PlaceOrder(order),
    9 => AmendOrder(amendment),
    10 => CancelOrder { account, order },
    11 => CancelOrders { account, scope },
    12 => ClosePosition { account, instrument, price },
    13 => MassQuote(quotes),
    14 => SetMmp { account, config },
    15 => ResetMmp { account, base, quote, group },
    16 => SetSelfTrade { account, mode, with_subaccounts },
    17 => DropSession { session },
    18 => EndDay,
    19 => SetFeed(terms),
    20 => RegisterReporter { account, key, stake },
    21 => ReportPrice(report),
    22 => ReportSurface(report),
    23 => SetPricing { instrument, terms },
    24 => Tick,
    25 => StartTerm,
    26 => SettleDelivery { base, quote, expiry, price },
    27 => SetMargin { instrument, terms },
    28 => SetRisk(terms),
    29 => FundInsurance { amount },
    30 => OfferBackstop { account, terms },
    31 => Liquidate,
    32 => SetPortfolio { base, quote, terms },
    33 => SetMarginModel { account, model },
    36 => Halt { scope, state, until },
    37 => Resume { scope },
    38 => SetBreakers { base, quote, kind, terms },
    39 => SetReopening(terms),
    40 => SetOrderRate(rate),
    41 => SetKillSwitch { account, on },
    42 => PublishNotice(words),
    43 => SetOpenInterestBand { instrument, band },
    44 => SetFillable(terms),
    34 => PlaceTrigger(placed),
    35 => AmendTrigger(amendment),
    45 => FenceOrders { account, up_to },
    46 => Upgrade { to },
    47 => DropSessions { first, last },
});

impl Codec for AssetCode {
    fn encode(&self, out: &mut Vec<u8>) {
        self.bytes().encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes = reader.array()?;
        AssetCode::from_bytes(bytes).ok_or_else(|| reader.refuse("AssetCode"))
    }
}

impl Codec for Decimal {
    fn encode(&self, out: &mut Vec<u8>) {
        self.mantissa().encode(out);
        self.scale().encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let (mantissa, scale) = (i64::decode(reader)?, u8::decode(reader)?);
        let decimal = Decimal::new(mantissa, scale);
        let same = decimal.filter(|d| d.mantissa() == mantissa && d.scale() == scale);
        same.ok_or_else(|| reader.refuse("Decimal"))
    }
}

impl Codec for Label {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_text(self.as_str(), out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let text = decode_text(reader, Label::BYTES_MAX)?;
        Label::new(text).map_err(|_| reader.refuse("Label"))
    }
}

impl Codec for ClientOrderId {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_text(self.as_str(), out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let text = decode_text(reader, ClientOrderId::BYTES_MAX)?;
        ClientOrderId::new(text).map_err(|_| reader.refuse("ClientOrderId"))
    }
}
