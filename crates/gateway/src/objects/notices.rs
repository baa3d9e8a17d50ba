//! Notices: for people in sentences, for programs with what is needed to check them.

use market_data::{InstrumentView, Told};
use types::codec::Codec;
use types::{
    AssetCode, At, Cause, Component, ComponentState, Incident, MarketState, NoticeBody, OrderFate,
    PublicKey, Scope, Stage,
};

use super::halts::found;
use super::{Look, Object, state_word};
use crate::publish::Market;

/// A notice in words, apart from the view that knows the names of things.
pub(crate) struct Worded {
    asset: AssetCode,
    told: Told,
    title: String,
    body: String,
    /// Whose signature counts.
    key: Option<PublicKey>,
}

impl Worded {
    pub(crate) fn of(look: Look<'_>, told: &Told) -> Worded {
        let said = &told.notice.body;
        Worded {
            asset: look.view.asset(),
            told: told.clone(),
            title: title(look, said),
            body: body(look, said),
            key: look.view.notices().key(),
        }
    }
}

/// A notice as it is: readable members, then the bytes, the chain and the signature that hold them
/// (docs/rules/notices.md, NTC-1, NTC-2). Signing takes a while: never while the view is locked.
pub(crate) fn write_notice(out: &mut String, market: &Market, worded: &Worded) {
    let Worded { asset, told, title, body, key } = worded;
    let notice = &told.notice;
    let message = ledger::notice_head_message(*asset, &told.head, (title, body));
    let signed = market.venue().sign_notice(&message).filter(|(signer, _)| Some(*signer) == *key);
    let mut bytes = Vec::new();
    notice.encode(&mut bytes);
    let mut object = Object::new(out);
    object
        .word("currency", asset)
        .number("number", notice.number)
        .number("log_seq", notice.seq)
        .number("issued_at", notice.at)
        .word("type", notice_word(&notice.body))
        .text("title", title)
        .text("body", body);
    match &notice.body {
        NoticeBody::Incident(incident) => write_incident_fields(&mut object, incident),
        NoticeBody::ComponentChanged { component, state, .. } => {
            object
                .word("component", component_word(*component))
                .word("state", component_state_word(*state));
        }
        _ => {}
    }
    object
        .word("bytes", hex(&bytes))
        .word("previous", hex(&told.previous))
        .word("head", hex(&told.head));
    match signed {
        Some((key, signature)) => {
            object.word("key", hex(&key.0)).word("signature", hex(&signature.0));
        }
        None => {
            object.key("signature").push_str("null");
        }
    }
    object.end();
}

/// What a program asks of an incident.
fn write_incident_fields(object: &mut Object<'_>, incident: &Incident) {
    object
        .number("incident", incident.incident)
        .word("stage", stage_word(incident.stage))
        .word("state", state_word(incident.state))
        .word("orders", fate_word(incident.orders))
        .number("orders_accepted_before", incident.since)
        .number_or_null("until", incident.until);
}

/// As the dialect has it (api.md §7.1). Its id is unique over the venue.
pub(crate) fn write_announcement(out: &mut String, look: Look<'_>, told: &Told) {
    let notice = &told.notice;
    let mut object = Object::new(out);
    object
        .number("id", notice.number * 256 + u64::from(look.domain.0))
        .text("title", &title(look, &notice.body))
        .text("body", &body(look, &notice.body))
        .number("publication_timestamp", notice.at)
        .flag("important", matches!(notice.body, NoticeBody::Incident(_)))
        .word("action", "new");
    object.end();
}

/// Our word for a part of the venue.
pub fn component_word(component: Component) -> &'static str {
    match component {
        Component::Matching => "matching",
        Component::Margin => "margin",
        Component::Liquidation => "liquidation",
        Component::OracleFeeds => "oracle_feeds",
        Component::Funds => "deposits_and_withdrawals",
        Component::MarketData => "market_data",
        Component::Api => "api",
    }
}

/// Our word for how well it works.
pub fn component_state_word(state: ComponentState) -> &'static str {
    match state {
        ComponentState::Operational => "operational",
        ComponentState::Maintenance => "maintenance",
        ComponentState::Degraded => "degraded",
        ComponentState::PartialOutage => "partial_outage",
        ComponentState::MajorOutage => "major_outage",
    }
}

/// A word of ours as people write it.
pub(crate) fn spaced(word: &str) -> String {
    word.replace('_', " ")
}

/// Our word for what a notice is.
pub fn notice_word(body: &NoticeBody) -> &'static str {
    match body {
        NoticeBody::Incident(_) => "incident",
        NoticeBody::Maintenance { .. } => "maintenance",
        NoticeBody::Announcement { .. } => "announcement",
        NoticeBody::ComponentChanged { .. } => "component_changed",
        NoticeBody::KeyRotated { .. } => "key_rotated",
    }
}

/// In a line.
pub(crate) fn title(look: Look<'_>, body: &NoticeBody) -> String {
    match body {
        NoticeBody::Incident(incident) => format!(
            "{}: {} ({})",
            scope_name(look, incident.scope),
            what_happened(incident.cause),
            stage_word(incident.stage)
        ),
        NoticeBody::Maintenance { .. } => format!("{}: planned maintenance", look.asset()),
        NoticeBody::Announcement { title, .. } => title.as_str().to_owned(),
        NoticeBody::ComponentChanged { component, state, .. } => format!(
            "{}: {}: {}",
            look.asset(),
            spaced(component_word(*component)),
            spaced(component_state_word(*state))
        ),
        NoticeBody::KeyRotated { .. } => format!("{}: notices have another key", look.asset()),
    }
}

/// In sentences: what is affected, what became of orders, what can be done, and what is known.
pub(crate) fn body(look: Look<'_>, body: &NoticeBody) -> String {
    match body {
        NoticeBody::Incident(incident) => incident_body(look, incident),
        NoticeBody::Maintenance { starts_at, ends_at, text } => {
            format!("From {} to {}: {}", rfc3339(*starts_at), rfc3339(*ends_at), text.as_str())
        }
        NoticeBody::Announcement { text, .. } | NoticeBody::ComponentChanged { text, .. } => {
            text.as_str().to_owned()
        }
        NoticeBody::KeyRotated { key, .. } => {
            format!("From here on notices are signed with {}.", hex(&key.0))
        }
    }
}

fn incident_body(look: Look<'_>, incident: &Incident) -> String {
    let name = scope_name(look, incident.scope);
    let state = state_word(incident.state);
    let until = match incident.until {
        Some(until) => format!(" until {}", rfc3339(until)),
        None => String::new(),
    };
    let mut said = match incident.stage {
        Stage::Resolved => format!("{name} is in state {state}; the incident is over."),
        Stage::Investigating | Stage::Identified | Stage::Monitoring => {
            format!("{name} is in state {state}{until}.")
        }
    };
    said += &facts(look, incident);
    said += &format!(
        " Orders accepted before {} are {}.",
        rfc3339(incident.since),
        match incident.orders {
            OrderFate::Live => "live; cancels are taken",
            OrderFate::Cancelled => "cancelled",
            OrderFate::Unknown => "in an unknown state: ask for them by their id",
        }
    );
    if MarketState::Auction <= incident.state {
        said += " Liquidations wait.";
    }
    if !incident.text.as_str().is_empty() {
        said.push(' ');
        said += incident.text.as_str();
    }
    said
}

/// What a rule found, in the units of the instrument.
fn facts(look: Look<'_>, incident: &Incident) -> String {
    if incident.limit == 0 {
        return String::new();
    }
    let about = (incident.scope, incident.cause);
    let (value, limit) = found(look, about, (incident.value, incident.limit));
    match incident.cause {
        Some(Cause::Velocity | Cause::Range | Cause::LimitState) => {
            format!(" The price would be {value}, the rule allows {limit}.")
        }
        Some(Cause::BookVanished) => {
            format!(" The book shows {value}, the rule asks for {limit}.")
        }
        Some(Cause::LiquidationRate) => {
            format!(" {value} were liquidated, the rule allows {limit}.")
        }
        Some(Cause::Outage) => format!(" The venue was away for {} s.", incident.value / 1_000),
        Some(Cause::Operator | Cause::FeedFrozen) | None => String::new(),
    }
}

fn what_happened(cause: Option<Cause>) -> &'static str {
    match cause {
        Some(Cause::Operator) => "held by the operator",
        Some(Cause::Outage) => "the venue was away",
        Some(Cause::FeedFrozen) => "the index cannot be made",
        Some(Cause::LimitState) => "the book stands at the edge of its band",
        Some(Cause::Velocity) => "the price moved too fast",
        Some(Cause::Range) => "the price moved too far",
        Some(Cause::BookVanished) => "the book lost its depth",
        Some(Cause::LiquidationRate) => "liquidations were too large for the book",
        None => "something is wrong",
    }
}

/// The name of what a notice is about.
pub(crate) fn scope_name(look: Look<'_>, scope: Scope) -> String {
    match scope {
        Scope::Instrument(id) => {
            look.view.instrument(id).map_or("", InstrumentView::name).to_owned()
        }
        Scope::Index { base, quote } => format!("{base}_{quote}").to_lowercase(),
        Scope::Domain => format!("everything in {}", look.asset()),
    }
}

/// Our word for a stage.
pub fn stage_word(stage: Stage) -> &'static str {
    match stage {
        Stage::Investigating => "investigating",
        Stage::Identified => "identified",
        Stage::Monitoring => "monitoring",
        Stage::Resolved => "resolved",
    }
}

/// Our word for what became of orders.
pub fn fate_word(fate: OrderFate) -> &'static str {
    match fate {
        OrderFate::Live => "live",
        OrderFate::Cancelled => "cancelled",
        OrderFate::Unknown => "unknown",
    }
}

/// A moment as RFC 3339 in UTC.
pub(crate) fn rfc3339(at: At) -> String {
    let (year, month, day) = at.date();
    let second = at.0 % At::DAY / 1_000;
    let (hour, minute, second) = (second / 3_600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

/// Bytes as lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
