//! Deposits, withdrawals, transfers, and rows of the transaction log.
//!
//! Money comes and goes through the operator, so there are no chain addresses: addresses are "".

use market_data::{Account, Movement, Settlement, UserTrade};
use types::{AccountId, LedgerAccount, Side, TransferReason};

use super::{Fixed, Look, Object, Scale};

/// A deposit.
pub(crate) fn write_deposit(out: &mut String, look: Look<'_>, row: &Movement) {
    let mut object = Object::new(out);
    write_money(&mut object, look, row);
    object
        .word("state", "completed")
        .number("received_timestamp", row.at)
        .number("updated_timestamp", row.at);
    object.end();
}

/// A withdrawal.
pub(crate) fn write_withdrawal(out: &mut String, look: Look<'_>, row: &Movement) {
    let mut object = Object::new(out);
    write_money(&mut object, look, row);
    object
        .number("id", row.id)
        .number("fee", 0)
        .number("priority", 0)
        .word("state", "completed")
        .number("created_timestamp", row.at)
        .number("updated_timestamp", row.at)
        .number("confirmed_timestamp", row.at);
    object.end();
}

fn write_money(object: &mut Object<'_>, look: Look<'_>, row: &Movement) {
    object
        .word("currency", look.asset())
        .number("amount", look.money(types::Amount(row.amount.0.abs())))
        .word("address", "")
        .null("transaction_id");
}

/// A transfer between a main account and its subaccounts.
pub(crate) fn write_transfer(out: &mut String, look: Look<'_>, row: &Movement) {
    let mut object = Object::new(out);
    object
        .number("id", row.id)
        .word("currency", look.asset())
        .number("amount", look.money(types::Amount(row.amount.0.abs())))
        .word("direction", if row.amount.0 < 0 { "payment" } else { "income" })
        .word("other_side", other_side(row))
        .word("state", "confirmed")
        .word("type", "subaccount")
        .number("created_timestamp", row.at)
        .number("updated_timestamp", row.at);
    object.end();
}

fn other_side(row: &Movement) -> String {
    match row.other {
        LedgerAccount::Collateral(account) => format!("account_{account}"),
        LedgerAccount::Outside
        | LedgerAccount::Fees
        | LedgerAccount::Clearing(_)
        | LedgerAccount::Funding(_)
        | LedgerAccount::Stake(_)
        | LedgerAccount::Insurance => String::new(),
    }
}

/// One row of the transaction log.
#[derive(Clone, Copy)]
pub(crate) enum LogRow<'a> {
    Moved(&'a Movement),
    Traded(&'a UserTrade),
    Settled(&'a Settlement),
}

impl LogRow<'_> {
    pub(crate) fn at(&self) -> types::At {
        match self {
            LogRow::Moved(row) => row.at,
            LogRow::Traded(own) => own.trade.at,
            LogRow::Settled(row) => row.at,
        }
    }

    /// Rises along an account's log within each sort; ids of trades are even, of movements odd.
    pub(crate) fn id(&self) -> u64 {
        match self {
            LogRow::Moved(row) => row.id * 2 + 1,
            LogRow::Settled(row) => row.id * 2 + 1,
            LogRow::Traded(own) => own.trade.id.0 * 2,
        }
    }
}

/// A row of the transaction log.
pub(crate) fn write_log_row(
    out: &mut String,
    look: Look<'_>,
    (account, user_seq): (&Account, usize),
    row: LogRow<'_>,
) {
    let mut object = Object::new(out);
    object
        .number("id", row.id())
        .number("user_seq", user_seq)
        .number("user_id", account.id())
        .word("username", format_args!("account_{}", account.id()))
        .number("timestamp", row.at())
        .word("currency", look.asset());
    match row {
        LogRow::Moved(row) => write_moved(&mut object, look, row),
        LogRow::Traded(own) => write_traded(&mut object, look, (account.id(), own)),
        LogRow::Settled(row) => write_settled(&mut object, look, row),
    }
    object.end();
}

/// The dialect's word for a movement of money where it has one, else ours.
fn log_type(reason: TransferReason) -> &'static str {
    match reason {
        TransferReason::Deposit => "deposit",
        TransferReason::Withdrawal => "withdrawal",
        TransferReason::Transfer => "transfer",
        TransferReason::Funding => "settlement",
        TransferReason::Delivery => "delivery",
        TransferReason::Stake => "stake",
        TransferReason::Reward => "reward",
        TransferReason::Liquidation => "liquidation",
        TransferReason::Takeover => "takeover",
        TransferReason::Insurance => "insurance",
        TransferReason::Haircut => "socialized_fund",
        TransferReason::Fee
        | TransferReason::Realised
        | TransferReason::Premium
        | TransferReason::Residue
        | TransferReason::Slash => "correction",
    }
}

fn write_settled(object: &mut Object<'_>, look: Look<'_>, row: &Settlement) {
    object
        .word("type", log_type(row.reason))
        .number("change", look.money(row.amount))
        .number("cashflow", look.money(row.amount))
        .number("commission", 0)
        .number("balance", look.money(row.balance));
    let Some(instrument) = row.instrument.and_then(|id| look.view.instrument(id)) else { return };
    object
        .word("instrument_name", instrument.name())
        .number("position", instrument.amount(row.position.0.into()))
        .number("index_price", Fixed::index(row.index_price))
        .number("mark_price", instrument.price(row.mark));
    if row.reason == TransferReason::Funding {
        object.number("interest_pl", look.money(row.amount));
    }
}

fn write_moved(object: &mut Object<'_>, look: Look<'_>, row: &Movement) {
    object
        .word("type", log_type(row.reason))
        .number("change", look.money(row.amount))
        .number("cashflow", look.money(row.amount))
        .number("commission", 0)
        .number("balance", look.money(row.balance));
}

fn write_traded(object: &mut Object<'_>, look: Look<'_>, (_, own): (AccountId, &UserTrade)) {
    let Some(instrument) = look.view.instrument(own.trade.instrument) else { return };
    let size = i64::from(own.trade.size.0);
    let signed = if own.side() == Side::Bid { size } else { -size };
    let before = own.position.0 - signed;
    let opens = before == 0 || (before < 0) == (signed < 0);
    let verb = if opens { "open" } else { "close" };
    let role = if own.is_maker { "maker" } else { "taker" };
    let cashflow = own.change.plus(own.fee);
    object
        .word("type", "trade")
        .number("change", look.money(own.change))
        .number("cashflow", look.money(cashflow))
        .number("commission", look.money(own.fee))
        .number("balance", look.money(own.balance))
        .word("instrument_name", instrument.name())
        .word("side", format_args!("{verb} {}", super::direction(own.side())))
        .number("amount", instrument.amount(size.into()))
        .number("contracts", instrument.contracts(size.into()))
        .number("price", instrument.price(own.trade.price))
        .number("position", instrument.amount(own.position.0.into()))
        .word("trade_id", look.trade_id(own.trade.id))
        .word("order_id", look.order_id(own.order))
        .word("user_role", role)
        .word("fee_role", role)
        .number("index_price", Fixed::index(own.trade.index_price))
        .number("mark_price", instrument.price(own.trade.mark))
        .flag("profit_as_cashflow", true);
}
