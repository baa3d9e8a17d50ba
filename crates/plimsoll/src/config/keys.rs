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
    /// A text that has no default; empty without the key.
    Needed {
        /// What one looks like.
        example: &'static str,
    },
    /// True or false.
    Flag {
        /// Without the key.
        default: bool,
    },
}

/// Largest number of a node.
pub const NODES_MAX: u64 = 64;

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
        doc: "entries between two snapshots of a node; those of a cluster take turns",
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
        doc: "how long the thread of a domain on one machine looks for work before it sleeps",
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
    Key {
        name: "cluster.id",
        doc: "name of the cluster, 1 to 32 of a-z, 0-9 and -; needed in [cluster], as are node, \
              listen, ca, certificate and key, and [[cluster.peer]] for every member",
        form: Form::Needed { example: "dev" },
    },
    Key {
        name: "cluster.node",
        doc: "which member this is; never used again for another machine or another disk",
        form: Form::Count { min: 0, max: NODES_MAX, default: 0 },
    },
    Key {
        name: "cluster.listen",
        doc: "host and port where the other nodes connect",
        form: Form::Needed { example: "10.0.0.1:7001" },
    },
    Key {
        name: "cluster.ca",
        doc: "file of the cluster's own authority, PEM; paths are relative to the directory of \
              this file",
        form: Form::Needed { example: "ca.pem" },
    },
    Key {
        name: "cluster.certificate",
        doc: "file of this node's certificate, PEM; it is for node-<node>.plimsoll",
        form: Form::Needed { example: "node.pem" },
    },
    Key {
        name: "cluster.key",
        doc: "file of the private key of that certificate, PEM, its owner's alone",
        form: Form::Needed { example: "node.key" },
    },
    Key {
        name: "cluster.election_timeout_ms",
        doc: "without a word from the leader for so long, or up to twice as long by chance, a node \
              stands for election",
        form: Form::Count { min: 50, max: 60_000, default: 200 },
    },
    Key {
        name: "cluster.heartbeat_ms",
        doc: "between two words of the leader; three must fit into an election timeout",
        form: Form::Count { min: 5, max: 20_000, default: 40 },
    },
    Key {
        name: "cluster.root_entries",
        doc: "entries between two exchanges of the state root, by which a node that differs is \
              found",
        form: Form::Count { min: 1, max: 1 << 30, default: 1_024 },
    },
    Key {
        name: "cluster.begin",
        doc: "at its very first start this node makes the cluster out of the listed members; true \
              on one node of a new cluster, and on no node that is added later",
        form: Form::Flag { default: false },
    },
    Key {
        name: "cluster.one_zone",
        doc: "accept that one zone holds a quorum: what takes that zone stops the venue",
        form: Form::Flag { default: false },
    },
];
