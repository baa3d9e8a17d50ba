//! The rows of the methods that the transport answers: tokens, sockets, keys. How a row is made.

use super::ParamKind::{Boolean, Integer, Number, OneOf, Text, Texts};
use super::Tier::{Minimum, Ours, Second, Third};
use super::{Method, Needs, Param, ParamKind, Run, Tier};
use crate::auth::scopes::{Area, Level};
use crate::call::Call;
use crate::credits::Pool;
use crate::gateway::{Caller, LaterHere};
use crate::rpc::{Json, RpcError};
use crate::{api_keys, opening, session};

type Here = fn(&mut Caller<'_>, &Call) -> Result<Json, RpcError>;

const ACCOUNT_READ: Needs = Needs::Scope(Area::Account, Level::Read);
const ACCOUNT_WRITE: Needs = Needs::Scope(Area::Account, Level::ReadWrite);

/// A parameter that may be left out.
pub(super) const fn may(name: &'static str, kind: ParamKind) -> Param {
    Param { name, kind, is_mandatory: false }
}

/// A parameter that must be sent.
pub(super) const fn must(name: &'static str, kind: ParamKind) -> Param {
    Param { name, kind, is_mandatory: true }
}

/// A method that everybody may call over any transport, with the usual cost and no parameters.
pub(super) const fn method(tier: Tier, name: &'static str, run: Run) -> Method {
    Method {
        name,
        tier,
        needs: Needs::Nothing,
        pool: Pool::NonMatching,
        cost: 500,
        is_socket_only: false,
        params: &[],
        more_params: &[],
        run,
    }
}

impl Method {
    pub(super) const fn needs(self, needs: Needs) -> Method {
        Method { needs, ..self }
    }

    pub(super) const fn takes(self, params: &'static [Param]) -> Method {
        Method { params, ..self }
    }

    pub(super) const fn also_takes(self, more_params: &'static [Param]) -> Method {
        Method { more_params, ..self }
    }

    pub(super) const fn costs(self, pool: Pool, cost: u64) -> Method {
        Method { pool, cost, ..self }
    }

    const fn on_sockets(self) -> Method {
        Method { is_socket_only: true, ..self }
    }
}

/// A method that is answered at once.
const fn here(tier: Tier, name: &'static str, answer: Here) -> Method {
    method(tier, name, Run::Here(answer))
}

/// A method that is answered after a conversation with the venue.
const fn later(tier: Tier, name: &'static str, answer: LaterHere) -> Method {
    method(tier, name, Run::LaterHere(answer))
}

const COD: &[Param] = &[may("scope", OneOf(&["connection", "account"]))];
const KEY: &[Param] = &[must("id", Integer)];
const CHANNELS: &[Param] = &[must("channels", Texts), may("label", Text)];
const GRANTS: ParamKind = OneOf(&["client_credentials", "client_signature", "refresh_token"]);

pub(super) const METHODS: &[Method] = &[
    here(Minimum, "public/auth", session::auth).takes(&[
        must("grant_type", GRANTS),
        may("client_id", Text),
        may("client_secret", Text),
        may("refresh_token", Text),
        may("timestamp", Integer),
        may("signature", Text),
        may("nonce", Text),
        may("data", Text),
        may("state", Text),
        may("scope", Text),
    ]),
    here(Minimum, "private/logout", session::logout)
        .needs(Needs::Login)
        .takes(&[may("invalidate_token", Boolean)])
        .on_sockets(),
    here(Minimum, "public/hello", session::hello)
        .takes(&[must("client_name", Text), must("client_version", Text)])
        .on_sockets(),
    here(Minimum, "public/test", session::test)
        .takes(&[may("expected_result", OneOf(&["exception"]))]),
    here(Minimum, "public/get_time", session::get_time),
    here(Minimum, "public/status", session::status),
    here(Minimum, "public/set_heartbeat", session::set_heartbeat)
        .takes(&[must("interval", Number)])
        .on_sockets(),
    here(Minimum, "public/disable_heartbeat", session::disable_heartbeat).on_sockets(),
    here(Minimum, "private/enable_cancel_on_disconnect", session::enable_cod)
        .needs(ACCOUNT_WRITE)
        .takes(COD)
        .on_sockets(),
    here(Second, "private/disable_cancel_on_disconnect", session::disable_cod)
        .needs(ACCOUNT_WRITE)
        .takes(COD)
        .on_sockets(),
    here(Minimum, "private/get_cancel_on_disconnect", session::get_cod)
        .needs(ACCOUNT_READ)
        .takes(COD)
        .on_sockets(),
    here(Minimum, "public/subscribe", session::subscribe)
        .takes(CHANNELS)
        .costs(Pool::Subscribe, 3_000)
        .on_sockets(),
    here(Minimum, "public/unsubscribe", session::unsubscribe).takes(CHANNELS).on_sockets(),
    here(Minimum, "public/unsubscribe_all", session::unsubscribe_all).on_sockets(),
    here(Minimum, "private/subscribe", session::subscribe)
        .needs(Needs::Login)
        .takes(CHANNELS)
        .costs(Pool::Subscribe, 3_000)
        .on_sockets(),
    here(Minimum, "private/unsubscribe", session::unsubscribe)
        .needs(Needs::Login)
        .takes(CHANNELS)
        .on_sockets(),
    here(Minimum, "private/unsubscribe_all", session::unsubscribe_all)
        .needs(Needs::Login)
        .on_sockets(),
    here(Second, "private/create_api_key", api_keys::create_api_key).needs(ACCOUNT_WRITE).takes(&[
        must("max_scope", Texts),
        may("name", Text),
        may("public_key", Text),
        may("enabled_features", Texts),
    ]),
    here(Second, "private/list_api_keys", api_keys::list_api_keys).needs(ACCOUNT_READ),
    here(Second, "private/edit_api_key", api_keys::edit_api_key).needs(ACCOUNT_WRITE).takes(&[
        must("id", Integer),
        must("max_scope", Texts),
        may("name", Text),
        may("enabled", Boolean),
        may("enabled_features", Texts),
        may("ip_whitelist", Texts),
    ]),
    here(Second, "private/enable_api_key", api_keys::enable_api_key)
        .needs(ACCOUNT_WRITE)
        .takes(KEY),
    here(Second, "private/disable_api_key", api_keys::disable_api_key)
        .needs(ACCOUNT_WRITE)
        .takes(KEY),
    here(Second, "private/reset_api_key", api_keys::reset_api_key).needs(ACCOUNT_WRITE).takes(KEY),
    here(Second, "private/remove_api_key", api_keys::remove_api_key)
        .needs(ACCOUNT_WRITE)
        .takes(KEY),
    here(Third, "private/change_api_key_name", api_keys::change_api_key_name)
        .needs(ACCOUNT_WRITE)
        .takes(&[must("id", Integer), must("name", Text)]),
    here(Third, "private/change_scope_in_api_key", api_keys::edit_api_key)
        .needs(ACCOUNT_WRITE)
        .takes(&[must("id", Integer), must("max_scope", Texts)]),
    later(Second, "private/create_subaccount", opening::create_subaccount).needs(ACCOUNT_WRITE),
    later(Ours, "operator/open_account", opening::open_account)
        .needs(Needs::Operator)
        .takes(&[may("name", Text)]),
];
