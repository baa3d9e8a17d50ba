//! The status page: what holds what, what became of orders, and how to check that the venue said
//! so.
//!
//! ```text
//!   GET /status        HTML, readable without JavaScript
//!   GET /status.json   the same for programs: halts and auctions, signed notices
//!   GET /status.atom   the notices as an Atom feed (RFC 4287)
//! ```
//! It is rendered when it is asked for, from the views, and changes nothing.

use std::fmt::Write;

use axum::body::Body;
use axum::http::{HeaderValue, Method, header, request::Parts};
use axum::response::Response;
use market_data::{InstrumentView, Told};
use types::{At, Incident, MarketState, Stage};

use crate::components::{components, write_components};
use crate::methods::halts::write_halts;
use crate::methods::notices::write_notices;
use crate::objects::{
    Look, Scale, body, component_state_word, component_word, hex, rfc3339, scope_name, spaced,
    stage_word, state_word, title,
};
use crate::publish::Market;

/// Notices of a domain that a page shows.
const SHOWN: usize = 20;

/// The answer to a request for one of the pages; `None`: it is for something else.
pub(crate) fn respond(market: &Market, parts: &Parts) -> Option<Response> {
    if parts.method != Method::GET {
        return None;
    }
    let (kind, text) = match parts.uri.path() {
        "/status" => ("text/html; charset=utf-8", html(market)),
        "/status.json" => ("application/json", json(market)),
        "/status.atom" => ("application/atom+xml; charset=utf-8", atom(market)),
        _ => return None,
    };
    let mut response = Response::new(Body::from(text));
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; style-src 'unsafe-inline'"),
    );
    Some(response)
}

fn json(market: &Market) -> String {
    let mut out = String::from("{\"status\":");
    let all: Vec<_> = market.domain_ids().collect();
    write_halts(&mut out, market, &all);
    out.push_str(",\"components\":");
    write_components(&mut out, market);
    out.push_str(",\"notices\":");
    write_notices(&mut out, market, &all, SHOWN);
    out.push('}');
    out
}

fn html(market: &Market) -> String {
    let mut page = String::from(HEAD);
    let mut worst = MarketState::Open;
    let mut sections = String::new();
    for domain in market.domain_ids() {
        market.look(domain, |look| {
            worst = worst.max(strongest(look));
            write_domain(&mut sections, look);
        });
    }
    let (class, sentence) = match worst {
        MarketState::Open => ("good", "All markets are open."),
        MarketState::PostOnly | MarketState::ReduceOnly | MarketState::Auction => {
            ("fair", "Some markets are restricted. Cancels are taken everywhere.")
        }
        _ => ("poor", "Some markets take only cancels."),
    };
    let _ = write!(page, "<p class=\"{class}\" role=\"status\">{sentence}</p>");
    list_components(&mut page, market);
    page.push_str(&sections);
    page.push_str(FOOT);
    page
}

fn list_components(page: &mut String, market: &Market) {
    page.push_str(
        "<section><h2>Components</h2><table><thead><tr><th scope=\"col\">Component</th>\
         <th scope=\"col\">State</th></tr></thead><tbody>",
    );
    for (component, state) in components(market) {
        let (name, state) = (component_word(component), component_state_word(state));
        let _ = write!(
            page,
            "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
            spaced(name),
            spaced(state)
        );
    }
    page.push_str("</tbody></table></section>");
}

/// Of the markets that have not expired.
fn strongest(look: Look<'_>) -> MarketState {
    let live = look.view.instruments().iter().map(InstrumentView::state);
    let live = live.filter(|state| *state < MarketState::Delivering);
    live.max().unwrap_or(MarketState::Open)
}

fn write_domain(page: &mut String, look: Look<'_>) {
    let notices = look.view.notices();
    let _ = write!(page, "<section><h2>{}</h2>", look.asset());
    let open: Vec<&Incident> = notices.open().collect();
    if open.is_empty() {
        page.push_str("<p>No incident is open.</p>");
    }
    for incident in open {
        write_incident(page, look, incident);
    }
    write_restricted(page, look);
    page.push_str("<h3>Notices</h3><ol reversed>");
    for told in notices.newest().take(SHOWN) {
        let notice = &told.notice;
        let (title, said) = (title(look, &notice.body), body(look, &notice.body));
        let _ = write!(
            page,
            "<li value=\"{}\"><time datetime=\"{}\">{}</time> <b>{}</b><br>{}</li>",
            notice.number,
            rfc3339(notice.at),
            rfc3339(notice.at),
            escaped(&title),
            escaped(&said)
        );
    }
    page.push_str("</ol>");
    let key = notices.key().map(|key| hex(&key.0));
    let head = notices.newest().next().map(|told| hex(&told.head));
    let _ = write!(
        page,
        "<p>Notices are signed with <code>{}</code>; the head of their chain is <code>{}</code>. \
         Check them with <code>plimsoll verify notice</code> on \
         <a href=\"/status.json\">/status.json</a>.</p></section>",
        key.as_deref().unwrap_or("no key yet"),
        head.as_deref().unwrap_or("empty")
    );
}

fn write_incident(page: &mut String, look: Look<'_>, incident: &Incident) {
    let said = body(look, &types::NoticeBody::Incident(incident.clone()));
    let stages = [Stage::Investigating, Stage::Identified, Stage::Monitoring, Stage::Resolved];
    let stages = stages.map(|stage| match stage == incident.stage {
        true => format!("<strong aria-current=\"step\">{}</strong>", stage_word(stage)),
        false => stage_word(stage).to_owned(),
    });
    let _ = write!(
        page,
        "<article><h3>Incident {}: {}</h3><p>{}</p><p>{}</p></article>",
        incident.incident,
        escaped(&scope_name(look, incident.scope)),
        stages.join(" &rarr; "),
        escaped(&said)
    );
}

/// Markets that do not allow everything, with what their auctions would give.
fn write_restricted(page: &mut String, look: Look<'_>) {
    let restricted = look.view.instruments().iter().filter(|market| {
        market.state() != MarketState::Open && market.state() < MarketState::Delivering
    });
    let mut rows = String::new();
    for market in restricted {
        let auction = market.auction();
        let until = auction.map_or(String::new(), |auction| rfc3339(auction.ends_at));
        let found = auction.and_then(|auction| auction.indication);
        let would = found.map_or(String::new(), |found| {
            format!("{} at {}", market.amount(found.volume.into()), market.price(found.price))
        });
        let _ = write!(
            rows,
            "<tr><th scope=\"row\">{}</th><td>{}</td><td>{until}</td><td>{would}</td></tr>",
            escaped(market.name()),
            state_word(market.state())
        );
    }
    if !rows.is_empty() {
        let _ = write!(
            page,
            "<div class=\"wide\"><table><thead><tr><th scope=\"col\">Instrument</th>\
             <th scope=\"col\">State</th><th scope=\"col\">Auction ends</th>\
             <th scope=\"col\">Would trade</th></tr></thead>\
             <tbody>{rows}</tbody></table></div>"
        );
    }
}

fn atom(market: &Market) -> String {
    let mut entries: Vec<(At, String)> = Vec::new();
    for domain in market.domain_ids() {
        market.look(domain, |look| {
            let newest = look.view.notices().newest().take(SHOWN);
            entries.extend(newest.map(|told| (told.notice.at, entry(look, told))));
        });
    }
    entries.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    let updated = entries.first().map_or(At(0), |(at, _)| *at);
    let mut feed = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\
         <id>urn:plimsoll:notices</id><title>Notices of the venue</title>\
         <author><name>The venue</name></author><updated>{}</updated>",
        rfc3339(updated)
    );
    entries.iter().for_each(|(_, entry)| feed.push_str(entry));
    feed.push_str("</feed>\n");
    feed
}

fn entry(look: Look<'_>, told: &Told) -> String {
    let notice = &told.notice;
    format!(
        "<entry><id>urn:plimsoll:notice:{}:{}</id><title>{}</title><updated>{}</updated>\
         <content type=\"text\">{}</content></entry>",
        look.asset(),
        notice.number,
        escaped(&title(look, &notice.body)),
        rfc3339(notice.at),
        escaped(&body(look, &notice.body))
    )
}

/// Text in HTML and XML.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // XML has no other control characters.
            letter if letter.is_control() && letter != '\n' => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

const HEAD: &str = "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\">\
<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
<title>Status of the venue</title>\
<link rel=\"alternate\" type=\"application/atom+xml\" href=\"/status.atom\"><style>\
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
color:#1a1a1a;background:#fff;overflow-wrap:anywhere}.wide{overflow-x:auto;\
overflow-wrap:normal}table{border-collapse:collapse}\
th,td{padding:.2rem .8rem .2rem 0;text-align:left}article{border-left:4px solid #a15c00;\
padding-left:1rem}.good,.fair,.poor{padding:.6rem 1rem;font-weight:600}.good{background:#dff3e3}\
.fair{background:#fff0cf}.poor{background:#fbdcd9}</style></head><body><main><h1>Status</h1>";
const FOOT: &str = "</main></body></html>\n";
