//! Every key of the configuration file: what it means, its default, its limits.

/// One key.
#[derive(Debug)]
pub struct Key {
    /// Dotted name; units come last.
    pub name: &'static str,
    /// What it means.
    pub doc: &'static str,
    /// What it may be.
    pub form: Form,
}

/// What a value may be.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// A whole number.
    Count {
        /// Least.
        min: u64,
        /// Most.
        max: u64,
        /// Without the key.
        default: u64,
    },
    /// A text.
    Text {
        /// Without the key.
        default: &'static str,
    },
    /// True or false.
    Flag {
        /// Without the key.
        default: bool,
    },
}

/// All keys, in the order in which `config explain` prints them.
pub const KEYS: &[Key] = &[
    Key {
        name: "data",
        doc: "directory of the logs, the snapshots and the keys",
        form: Form::Text { default: "venue" },
    },
    Key {
        name: "listen",
        doc: "address and port of HTTP and WebSocket; port 0 picks a free one",
        form: Form::Text { default: "127.0.0.1:8080" },
    },
    Key {
        name: "testnet",
        doc: "said in every reply: this is a test venue, its money is play money",
        form: Form::Flag { default: true },
    },
    Key {
        name: "listing.rule",
        doc: "manual: an operator lists instruments; calendar: futures and options on everything \
              that is listed, at each start and each day after 08:00 UTC",
        form: Form::Text { default: "manual" },
    },
    Key {
        name: "listing.option_expiries_max",
        doc: "by the calendar: expiries with options, the soonest first",
        form: Form::Count { min: 0, max: 64, default: 64 },
    },
    Key {
        name: "listing.strikes_max",
        doc: "by the calendar: strikes of one expiry, those next to the index first",
        form: Form::Count { min: 1, max: 1_000, default: 100 },
    },
    Key {
        name: "log.segment_bytes",
        doc: "bytes of one file of a log",
        form: Form::Count { min: 1 << 20, max: 1 << 32, default: 64 << 20 },
    },
    Key {
        name: "log.mark_entries",
        doc: "entries between two root marks, against which a replay is checked",
        form: Form::Count { min: 1, max: 1 << 30, default: 1 << 16 },
    },
    Key {
        name: "log.snapshot_entries",
        doc: "entries between two snapshots",
        form: Form::Count { min: 1, max: 1 << 40, default: 1 << 20 },
    },
    Key {
        name: "log.snapshots_keep",
        doc: "snapshots to keep; older ones are removed",
        form: Form::Count { min: 1, max: 100, default: 2 },
    },
    Key {
        name: "queue.orders_max",
        doc: "commands of one domain that wait for its log; more are refused as busy",
        form: Form::Count { min: 1, max: 1 << 24, default: 65_536 },
    },
    Key {
        name: "queue.cancels_max",
        doc: "cancels of one domain that wait, beside the commands: cancels always get in",
        form: Form::Count { min: 1, max: 1 << 24, default: 16_384 },
    },
    Key {
        name: "queue.spin_us",
        doc: "how long the thread of a domain looks for work before it sleeps",
        form: Form::Count { min: 0, max: 1_000_000, default: 50 },
    },
    Key {
        name: "gateway.connections_per_address_max",
        doc: "connections of one client address",
        form: Form::Count { min: 1, max: 65_536, default: 32 },
    },
    Key {
        name: "gateway.connections_max",
        doc: "connections of all addresses",
        form: Form::Count { min: 1, max: 1 << 20, default: 10_000 },
    },
    Key {
        name: "gateway.request_bytes_max",
        doc: "bytes of one request or frame",
        form: Form::Count { min: 1_024, max: 16 << 20, default: 32_768 },
    },
    Key {
        name: "gateway.subscriptions_max",
        doc: "channels that one connection listens to",
        form: Form::Count { min: 1, max: 1 << 20, default: 2_000 },
    },
    Key {
        name: "gateway.queued_per_account_max",
        doc: "requests of one account that wait for the engine; cancels have as many beside",
        form: Form::Count { min: 1, max: 65_536, default: 8 },
    },
    Key {
        name: "gateway.orders_per_s",
        doc: "orders and changes of one account a second",
        form: Form::Count { min: 1, max: 1_000_000, default: 5 },
    },
    Key {
        name: "gateway.orders_burst",
        doc: "orders and changes of one account at once",
        form: Form::Count { min: 1, max: 1_000_000, default: 20 },
    },
    Key {
        name: "gateway.cancels_per_s",
        doc: "cancels of one account a second, beside its orders",
        form: Form::Count { min: 1, max: 1_000_000, default: 30 },
    },
    Key {
        name: "gateway.cancels_burst",
        doc: "cancels of one account at once",
        form: Form::Count { min: 1, max: 1_000_000, default: 100 },
    },
    Key {
        name: "gateway.queries_per_s",
        doc: "other requests of one account a second",
        form: Form::Count { min: 1, max: 1_000_000, default: 20 },
    },
    Key {
        name: "gateway.queries_burst",
        doc: "other requests of one account at once",
        form: Form::Count { min: 1, max: 1_000_000, default: 100 },
    },
];
