//! A price feed at one moment: how good it is, why, and what each reporter said. Ours, not of the
//! dialect; words and numbers are those of `docs/api.md`.

use types::{
    At, Barrier, FeedTerms, FeedView, Health, HealthReason, IndexMethod, Quorum, SeatView, Standing,
};

use super::{Fixed, List, Object};

/// A feed, as `public/get_price_feeds` lists it and `price_feed.*` sends it. `changes` are texts of
/// JSON: what became of its health since the channel last spoke.
pub(crate) fn write_feed(out: &mut String, view: &FeedView, changes: Option<&[String]>) {
    let (base, quote) = view.pair;
    let index_name = format!("{base}_{quote}").to_lowercase();
    let mut object = Object::new(out);
    object
        .word("index_name", index_name)
        .number("timestamp", view.at)
        .word("health", health(view.health))
        .number("since", view.since)
        .number_or_null("price", (0 < view.price.0).then(|| Fixed::index(view.price)))
        .number("confidence", Fixed::index(view.confidence));
    match &view.reason {
        Some(reason) => write_reason(object.key("reason"), reason),
        None => drop(object.null("reason")),
    }
    write_barrier(&mut object, view);
    if let Some(terms) = &view.terms {
        write_terms(&mut object, terms);
    }
    let mut seats = List::new(object.key("seats"));
    for seat in &view.seats {
        write_seat(seats.item(), view, seat);
    }
    seats.end();
    if let Some(changes) = changes {
        let mut list = List::new(object.key("changes"));
        changes.iter().for_each(|change| list.item().push_str(change));
        list.end();
    }
    object.end();
}

/// A change of a feed's health, for the list of changes.
pub(crate) fn change_of_health(
    (from, to): (Health, Health),
    reason: &HealthReason,
    at: At,
) -> String {
    crate::publish::text(|out| {
        let mut object = Object::new(out);
        object.word("from", health(from)).word("to", health(to)).number("timestamp", at);
        write_reason(object.key("reason"), reason);
        object.end();
    })
}

/// `word`, `text`, and the numbers of the text by name.
fn write_reason(out: &mut String, reason: &HealthReason) {
    let mut object = Object::new(out);
    match *reason {
        HealthReason::Begun => drop(object.word("word", "begun")),
        HealthReason::TermStarted => drop(object.word("word", "term_started")),
        HealthReason::TooFew { reporters, sources, need_reporters, need_sources } => {
            object
                .word("word", "too_few")
                .number("reporters", reporters)
                .number("sources", sources)
                .number("need_reporters", need_reporters)
                .number("need_sources", need_sources);
        }
        HealthReason::Jump { moved_ppm, max_ppm } => {
            object.word("word", "jump").number("moved_ppm", moved_ppm).number("max_ppm", max_ppm);
        }
        HealthReason::Spread { spread_ppm, max_ppm } => {
            object.word("word", "spread").number("spread_ppm", spread_ppm);
            object.number("max_ppm", max_ppm);
        }
        HealthReason::CrossCheck { apart_ppm, max_ppm } => {
            object.word("word", "cross_check").number("apart_ppm", apart_ppm);
            object.number("max_ppm", max_ppm);
        }
        HealthReason::CrossCheckSilent => drop(object.word("word", "cross_check_silent")),
        HealthReason::BarrierPassed { reports, sources } => {
            object.word("word", "barrier_passed").number("reports", reports);
            object.number("sources", sources);
        }
    }
    object.text("text", &reason.to_string());
    object.end();
}

/// What came since the barrier went up, and what it waits for.
fn write_barrier(object: &mut Object<'_>, view: &FeedView) {
    let Some((came, terms)) = view.barrier.as_ref().zip(view.terms.as_ref()) else {
        object.null("barrier");
        return;
    };
    let Barrier { reports, sources } = *came;
    let mut barrier = Object::new(object.key("barrier"));
    barrier
        .number("reports", reports)
        .number("sources", sources)
        .number("need_reports", terms.barrier.reports)
        .number("need_sources", terms.barrier.sources);
    barrier.end();
}

fn write_terms(object: &mut Object<'_>, terms: &FeedTerms) {
    object
        .word("method", method(terms.method))
        .number("stale_ms", terms.stale_ms)
        .number("ahead_ms", terms.ahead_ms)
        .number("cap_ppm", terms.cap_ppm)
        .number("spread_ppm", terms.spread_ppm)
        .number("confidence_ppm", terms.confidence_ppm)
        .number("jump_ppm", terms.jump_ppm)
        .number("reporter_cap_ppm", terms.reporter_cap_ppm);
    for (key, quorum) in [("healthy", terms.healthy), ("degraded", terms.degraded)] {
        let Quorum { reporters, sources } = quorum;
        let mut object = Object::new(object.key(key));
        object.number("reporters", reporters).number("sources", sources);
        object.end();
    }
    let mut sources = List::new(object.key("sources"));
    for source in &terms.sources {
        let mut row = Object::new(sources.item());
        row.text("name", source.name.as_str()).number("weight", source.weight);
        row.end();
    }
    sources.end();
    match terms.cross_check {
        None => drop(object.null("cross_check")),
        Some(check) => {
            let mut object = Object::new(object.key("cross_check"));
            object.text("source", source_name(Some(terms), check.source.0));
            object.number("apart_ppm", check.apart_ppm);
            object.end();
        }
    }
}

fn write_seat(out: &mut String, view: &FeedView, seat: &SeatView) {
    let (good, all) = seat.score;
    let mut object = Object::new(out);
    object
        .number("reporter", seat.seat.reporter)
        .text("source", source_name(view.terms.as_ref(), seat.seat.source.0))
        .word("standing", standing(seat.standing))
        .number("weight_ppm", seat.weight_ppm);
    let last = seat.last.as_ref();
    object
        .number_or_null("price", last.map(|last| Fixed::index(last.price)))
        .number_or_null("confidence", last.map(|last| Fixed::index(last.confidence)))
        .number_or_null("source_at", last.map(|last| last.source_at))
        .number_or_null("age_ms", last.map(|last| view.at.ms_since(last.source_at)))
        .number_or_null("deviation_ppm", last.map(|last| last.deviation_ppm));
    let mut score = Object::new(object.key("score"));
    score.number("good", good).number("reports", all);
    score.end();
    object.end();
}

fn source_name(terms: Option<&FeedTerms>, source: u8) -> &str {
    let sources = terms.map_or(&[][..], |terms| &terms.sources);
    sources.get(usize::from(source)).map_or("", |source| source.name.as_str())
}

/// Words of a feed's health.
pub(crate) fn health(health: Health) -> &'static str {
    match health {
        Health::Manual => "manual",
        Health::Healthy => "healthy",
        Health::Degraded => "degraded",
        Health::Frozen => "frozen",
    }
}

fn standing(standing: Standing) -> &'static str {
    match standing {
        Standing::Silent => "silent",
        Standing::Live => "live",
        Standing::Stale => "stale",
        Standing::Suspended => "suspended",
    }
}

/// Words of how reports make an index.
pub(crate) const METHODS: &[(&str, IndexMethod)] = &[
    ("capped_median", IndexMethod::CappedMedian),
    ("drop_extremes", IndexMethod::DropExtremes),
    ("weighted_median", IndexMethod::WeightedMedian),
];

fn method(method: IndexMethod) -> &'static str {
    match method {
        IndexMethod::CappedMedian => "capped_median",
        IndexMethod::DropExtremes => "drop_extremes",
        IndexMethod::WeightedMedian => "weighted_median",
    }
}
