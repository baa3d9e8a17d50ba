//! Account summary and portfolio.

use market_data::Account;
use types::{AccountView, Amount, MarginModel, PositionView};

use super::positions::{greeks, size_in_base};
use super::{Fixed, List, Look, Object, self_trade};

/// An account at one moment: the engine's numbers and the view's history.
#[derive(Clone, Copy)]
pub(crate) struct Summary<'a> {
    pub(crate) look: Look<'a>,
    pub(crate) account: &'a Account,
    pub(crate) numbers: &'a AccountView,
}

/// Sums over futures and over options.
#[derive(Default)]
struct Sums {
    futures_upl: Amount,
    options_upl: Amount,
}

/// The account fields of a portfolio notification.
pub(crate) fn write_portfolio(out: &mut String, summary: Summary<'_>) {
    let mut object = Object::new(out);
    write_money(&mut object, summary);
    object.end();
}

/// A summary: user fields and fees with `extended`, `limits` where the venue publishes them.
pub(crate) fn write_summary(
    out: &mut String,
    summary: Summary<'_>,
    extended: bool,
    limits: Option<&str>,
) {
    let mut object = Object::new(out);
    write_money(&mut object, summary);
    if let Some(limits) = limits {
        object.key("limits").push_str(limits);
    }
    write_user(&mut object, summary.account);
    if extended {
        write_fees(object.key("fees"), summary.look);
    }
    object.end();
}

/// Who the account is. There are no mail addresses here: the name stands for one.
pub(crate) fn write_user(object: &mut Object<'_>, account: &Account) {
    let id = account.id();
    object
        .number("id", id)
        .word("username", format_args!("account_{id}"))
        .word("system_name", format_args!("account_{id}"))
        .word("email", "")
        .word("type", account_type(account))
        .number("creation_timestamp", account.opened_at())
        .flag("login_enabled", account.parent().is_none())
        .flag("security_keys_enabled", false)
        .flag("receive_notifications", false)
        .flag("interuser_transfers_enabled", false)
        .flag("has_non_block_chain_equity", true)
        .flag("mmp_enabled", true)
        .word("self_trading_reject_mode", self_trade(account.self_trade().0))
        .flag("self_trading_extended_to_subaccounts", account.self_trade().1);
}

pub(crate) fn account_type(account: &Account) -> &'static str {
    if account.parent().is_none() { "main" } else { "subaccount" }
}

fn write_money(object: &mut Object<'_>, summary: Summary<'_>) {
    let Summary { look, account, numbers } = summary;
    let money = |amount| look.money(amount);
    let equity = numbers.collateral.plus(numbers.unrealised).plus(numbers.options_value);
    let is_netted = numbers.model == MarginModel::Portfolio;
    let available = numbers.free.max(Amount::ZERO);
    let excess = numbers.collateral.plus(numbers.unrealised).minus(numbers.maintenance_margin);
    let sums = sums(look, &numbers.positions);
    let (futures_rpl, options_rpl) = account.realised();
    let upl = sums.futures_upl.plus(sums.options_upl);
    let rpl = futures_rpl.plus(options_rpl);
    object
        .word("currency", look.asset())
        .number("balance", money(numbers.collateral))
        .number("equity", money(equity))
        .number("margin_balance", money(numbers.collateral.plus(numbers.unrealised)))
        .number("available_funds", money(available))
        .number("available_withdrawal_funds", money(available))
        .number("initial_margin", money(numbers.initial_margin))
        .number("maintenance_margin", money(numbers.maintenance_margin))
        .number("projected_initial_margin", money(numbers.initial_margin))
        .number("projected_maintenance_margin", money(numbers.maintenance_margin))
        .number("maintenance_excess", money(excess))
        .flag("liquidating", numbers.liquidating)
        .number("total_pl", money(upl.plus(rpl)))
        .number("session_upl", money(upl))
        .number("session_rpl", money(rpl))
        .number("futures_pl", money(sums.futures_upl.plus(futures_rpl)))
        .number("futures_session_upl", money(sums.futures_upl))
        .number("futures_session_rpl", money(futures_rpl))
        .number("options_pl", money(sums.options_upl.plus(options_rpl)))
        .number("options_session_upl", money(sums.options_upl))
        .number("options_session_rpl", money(options_rpl))
        .number("options_value", money(numbers.options_value));
    write_option_greeks(object, look, &numbers.positions);
    write_deltas(object, look, &numbers.positions);
    for zero in ["spot_reserve", "additional_reserve", "fee_balance", "locked_balance"] {
        object.number(zero, 0);
    }
    object
        .word("margin_model", if is_netted { "segregated_pm" } else { "segregated_sm" })
        .flag("portfolio_margining_enabled", is_netted)
        .flag("cross_collateral_enabled", false);
}

fn sums(look: Look<'_>, positions: &[PositionView]) -> Sums {
    let mut sums = Sums::default();
    for position in positions {
        let Some(instrument) = look.view.instrument(position.instrument) else { continue };
        if instrument.spec().kind.is_option() {
            sums.options_upl = sums.options_upl.plus(position.unrealised);
        } else {
            sums.futures_upl = sums.futures_upl.plus(position.unrealised);
        }
    }
    sums
}

/// A number for each index that it is about.
type ByIndex<'a> = Vec<(&'a str, Fixed)>;

fn add<'a>(to: &mut ByIndex<'a>, index: &'a str, number: Fixed) {
    match to.iter_mut().find(|(name, _)| *name == index) {
        Some((_, sum)) => *sum = sum.plus(number),
        None => to.push((index, number)),
    }
}

fn total(numbers: &ByIndex<'_>) -> Fixed {
    numbers.iter().fold(Fixed::ZERO, |sum, (_, number)| sum.plus(*number))
}

fn write_map(out: &mut String, numbers: &ByIndex<'_>) {
    let mut map = Object::new(out);
    for (index, number) in numbers {
        map.number(index, *number);
    }
    map.end();
}

/// Sums over options; null where one of them was never priced.
fn write_option_greeks(object: &mut Object<'_>, look: Look<'_>, positions: &[PositionView]) {
    let sums = option_greeks(look, positions);
    let keys = ["options_delta", "options_gamma", "options_theta", "options_vega"];
    for (nth, key) in keys.into_iter().enumerate() {
        let sum = sums.as_ref().and_then(|sums| sums.get(nth));
        object.number_or_null(key, sum.map(total));
    }
    let maps = ["options_gamma_map", "options_theta_map", "options_vega_map"];
    for (nth, key) in maps.into_iter().enumerate() {
        let sum = sums.as_ref().and_then(|sums| sums.get(nth + 1));
        write_map(object.key(key), sum.unwrap_or(&Vec::new()));
    }
}

/// Delta, gamma, theta and vega of the options by index.
fn option_greeks<'a>(look: Look<'a>, positions: &[PositionView]) -> Option<[ByIndex<'a>; 4]> {
    let mut sums: [ByIndex<'a>; 4] = Default::default();
    for position in positions {
        let Some(instrument) = look.view.instrument(position.instrument) else { continue };
        if !instrument.spec().kind.is_option() || position.size.0 == 0 {
            continue;
        }
        let (delta, gamma, theta, vega) = greeks(instrument, position.size.0)?;
        let index = super::tickers::index_of(look, instrument);
        for (sum, greek) in sums.iter_mut().zip([delta, gamma, theta, vega]) {
            add(sum, index, greek);
        }
    }
    Some(sums)
}

/// Deltas of futures, and of the options that were priced.
fn write_deltas(object: &mut Object<'_>, look: Look<'_>, positions: &[PositionView]) {
    let mut deltas = ByIndex::new();
    for position in positions {
        let Some(instrument) = look.view.instrument(position.instrument) else { continue };
        let delta = match instrument.spec().kind.is_option() {
            true => greeks(instrument, position.size.0).map_or(Fixed::ZERO, |(delta, ..)| delta),
            false => size_in_base(look, instrument, position),
        };
        add(&mut deltas, super::tickers::index_of(look, instrument), delta);
    }
    let sum = total(&deltas);
    object.number("delta_total", sum).number("projected_delta_total", sum);
    write_map(object.key("delta_total_map"), &deltas);
}

/// Fees by kind, as the first listed instrument of each kind has them.
fn write_fees(out: &mut String, look: Look<'_>) {
    let mut rows = List::new(out);
    for (word, fits) in FEE_KINDS {
        let found = look.view.instruments().iter().find(|instrument| fits(&instrument.spec().kind));
        let Some(instrument) = found else { continue };
        let fees = instrument.spec().fees;
        let mut row = Object::new(rows.item());
        row.word("currency", look.asset())
            .word("instrument_type", word)
            .word("fee_type", "relative")
            .number("maker_fee", Fixed::ppm(fees.maker_ppm.into()))
            .number("taker_fee", Fixed::ppm(fees.taker_ppm.into()));
        row.end();
    }
    rows.end();
}

type Fits = fn(&types::Kind) -> bool;
const FEE_KINDS: [(&str, Fits); 3] = [
    ("perpetual", |kind| matches!(kind, types::Kind::Perpetual)),
    ("future", |kind| matches!(kind, types::Kind::Future { .. })),
    ("option", types::Kind::is_option),
];
