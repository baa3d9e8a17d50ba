//! Market-maker protection and self-trade prevention.

use types::{AssetCode, Command, Decimal, MmpConfig, MmpGroup, SelfTradeMode, limits};

use market_data::{Account, Mmp};

use super::prices::with_index;
use super::trading::one;
use super::{me, now, params};
use crate::call::{Answer, Answered, Call, Intent, Reply};
use crate::errors::wrong;
use crate::objects::{Fixed, List, Object};
use crate::params::Params;
use crate::publish::Market;
use crate::rpc::RpcError;
use crate::venue::{Class, DomainId};

/// The group that `mmp_group` names: a number; none is the unnamed group 0.
pub(super) fn group(params: Params<'_>) -> Result<MmpGroup, RpcError> {
    let Some(text) = params.id("mmp_group")?.filter(|text| !text.is_empty()) else {
        return Ok(MmpGroup(0));
    };
    let number = text.parse::<u8>().ok().filter(|number| *number <= limits::MMP_GROUPS_MAX);
    number.map(MmpGroup).ok_or_else(|| {
        wrong("mmp_group", format!("groups are numbers from 0 to {}", limits::MMP_GROUPS_MAX))
    })
}

/// The domain, base and quote of the index that `index_name` names.
fn index(
    market: &Market,
    params: Params<'_>,
) -> Result<(DomainId, AssetCode, AssetCode), RpcError> {
    let name = params.needed("index_name", params.text("index_name")?)?;
    with_index(market, name, |look, index| (look.domain, index.base(), index.quote()))
}

pub(crate) fn set_mmp_config(market: &Market, call: &Call) -> Answered {
    let account = me(call)?;
    let params = params(call);
    let (domain, base, quote) = index(market, params)?;
    let interval = params.needed("interval", params.whole("interval")?)?;
    let frozen = params.needed("frozen_time", params.whole("frozen_time")?)?;
    let config = MmpConfig {
        base,
        quote,
        group: group(params)?,
        interval_ms: interval.saturating_mul(1_000),
        frozen_ms: frozen.saturating_mul(1_000),
        quantity_limit_milli: milli(params, "quantity_limit")?,
        delta_limit_milli: milli(params, "delta_limit")?,
    };
    let intents =
        vec![Intent { domain, class: Class::Order, command: Command::SetMmp { account, config } }];
    Ok(Answer::After(intents, Reply::Mmp))
}

/// Thousandths of the base coin.
fn milli(params: Params<'_>, name: &str) -> Result<Option<u64>, RpcError> {
    let Some(limit) = params.decimal(name)? else { return Ok(None) };
    let milli = Decimal::times_ten_to(&limit, 3).and_then(|milli| u64::try_from(milli).ok());
    let reason = format!("{limit} is not a multiple of 0.001 from 0 on");
    milli.map(Some).ok_or_else(|| wrong(name, reason))
}

pub(crate) fn get_mmp_config(market: &Market, call: &Call) -> Answered {
    list(market, call, write_mmp)
}

pub(crate) fn get_mmp_status(market: &Market, call: &Call) -> Answered {
    list(market, call, |out, mmp| {
        let mut object = Object::new(out);
        object
            .word("index_name", index_name(mmp))
            .word("mmp_group", mmp.config.group)
            .number("frozen_until", mmp.frozen_until.map_or(0, |at| at.0))
            .flag("frozen", mmp.frozen);
        object.end();
    })
}

fn list(market: &Market, call: &Call, write: impl Fn(&mut String, &Mmp)) -> Answered {
    let me = me(call)?;
    let params = params(call);
    let wanted = params.text("index_name")?;
    let group = params.id("mmp_group")?.map(|_| group(params)).transpose()?;
    super::over_domains(market, market.domain_ids().collect(), |list, look| {
        let mmps = look.view.account(me).map(Account::mmps).unwrap_or_default();
        let fits = |mmp: &&Mmp| {
            wanted.is_none_or(|name| name == index_name(mmp))
                && group.is_none_or(|group| group == mmp.config.group)
        };
        mmps.iter().filter(fits).for_each(|mmp| write(list.item(), mmp));
    })
}

fn index_name(mmp: &Mmp) -> String {
    format!("{}_{}", mmp.config.base, mmp.config.quote).to_lowercase()
}

/// All protections of an account, as [`set_mmp_config`] answers.
pub(crate) fn write_mmps(out: &mut String, account: Option<&Account>) {
    let mut list = List::new(out);
    for mmp in account.map(Account::mmps).unwrap_or_default() {
        write_mmp(list.item(), mmp);
    }
    list.end();
}

fn write_mmp(out: &mut String, mmp: &Mmp) {
    let config = &mmp.config;
    let mut object = Object::new(out);
    object
        .word("index_name", index_name(mmp))
        .word("mmp_group", config.group)
        .number("interval", Fixed::new(config.interval_ms.into(), 3))
        .number("frozen_time", Fixed::new(config.frozen_ms.into(), 3));
    let limits = [
        ("quantity_limit", config.quantity_limit_milli),
        ("delta_limit", config.delta_limit_milli),
    ];
    for (key, limit) in limits {
        if let Some(limit) = limit {
            object.number(key, Fixed::new(limit.into(), 3));
        }
    }
    object.end();
}

pub(crate) fn reset_mmp(market: &Market, call: &Call) -> Answered {
    let account = me(call)?;
    let params = params(call);
    let (domain, base, quote) = index(market, params)?;
    let group = group(params)?;
    one(domain, Class::Order, Command::ResetMmp { account, base, quote, group }, Reply::Ok)
}

pub(crate) fn set_self_trading_config(market: &Market, call: &Call) -> Answered {
    let account = me(call)?;
    let params = params(call);
    let modes = [
        ("reject_taker", SelfTradeMode::RejectTaker),
        ("cancel_maker", SelfTradeMode::CancelMaker),
    ];
    let mode = params.needed("mode", params.choice("mode", &modes)?)?;
    let with_subaccounts = params.is("extended_to_subaccounts")?;
    let intents = market.domain_ids().map(|domain| Intent {
        domain,
        class: Class::Order,
        command: Command::SetSelfTrade { account, mode, with_subaccounts },
    });
    Ok(Answer::After(intents.collect(), Reply::Ok))
}

/// Locks of an account: there are none.
pub(crate) fn get_user_locks(market: &Market, call: &Call) -> Answered {
    let me = me(call)?;
    now(|out| {
        let mut list = List::new(out);
        for domain in market.domain_ids() {
            let mut object = Object::new(list.item());
            market.look(domain, |look| {
                let is_locked = look.view.is_liquidating(me);
                object.word("currency", look.asset()).flag("enabled", is_locked);
                if is_locked {
                    object.word("message", "liquidation: cancel, or wait until it is over");
                }
            });
            object.end();
        }
        list.end();
    })
}
