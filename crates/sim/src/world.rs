//! The world: what happens, in the order of its own time.
//!
//! ```text
//!   people, reporters ─command─▶ gateway of a node ─▶ leader ─▶ journal ─▶ quorum ─▶ engine ─▶
//! told
//!                                      ▲                          │            │
//!              faults ── kill, cut, tear, delay, lose ────────────┴────────────┘
//!   checkers look at every entry that is applied, and at every answer
//! ```
//! Everything that happens is drawn from the seed, and one thing happens at a time. What happens
//! at the same moment happens in an order that is drawn, too.

mod calling;
mod ending;
mod faulting;
mod hosting;
mod trading;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::path::PathBuf;
use std::rc::Rc;

use types::{AccountId, At, Command, MarginModel, OrderId, Seq, SessionId};

use crate::Violation;
use crate::calls::Calls;
use crate::disk::Disk;
use crate::edge::terms::{self, Allowance};
use crate::faults::{Fault, Kind};
use crate::log::{LogId, home};
use crate::model::Model;
use crate::node::{Life, Plan};
use crate::people::{self, Habit, Person, Reporter, Trade};
use crate::purse::Purses;
use crate::raft::{Message, NodeId, Us};
use crate::report::Report;
use crate::rng::Rng;
use crate::scenario::Act;
use crate::setup::{SECOND, Setup};
use crate::story::Story;
use crate::truth::Truth;
use crate::twin::Twin;
use crate::venue::{self, Opened, Risks, Terms, Venue};

pub use trading::Outcome;

/// 08:00 UTC of a day, at which the dated contracts end.
const EXPIRY: At = At(1_798_185_600_000);
/// Between two looks of a node at its clock.
const BEAT: Us = 50_000;
/// Before a node that ended is started again.
const RESTART: Us = SECOND / 2;

/// One thing that happens.
#[derive(Debug)]
enum Happening {
    /// A message leaves, if its sender is still in the life in which it wrote it.
    Leave { from: NodeId, life: u32, to: NodeId, message: Message },
    /// A message arrives, that its sender wrote in that life.
    Hear { to: NodeId, from: (NodeId, u32), message: Message },
    /// A disk has done what it was asked.
    Synced { node: NodeId, life: u32, index: u64 },
    /// A node looks at its clock.
    Beat { node: NodeId, life: u32 },
    /// A leader makes a batch.
    Turn { node: NodeId, life: u32 },
    /// A process starts.
    Start { node: NodeId },
    /// A command arrives at a gateway.
    Arrive { tag: u64 },
    /// An answer arrives.
    Told { person: usize, tag: u64, outcome: Outcome },
    /// Nobody has answered for long.
    Tired { tag: u64 },
    /// Somebody asks once more.
    Again { person: usize, command: Box<Command> },
    /// Somebody acts.
    Act { person: usize },
    /// A reporter speaks.
    Speak { reporter: usize },
    /// The price moves.
    Move,
    /// A fault begins, if one may.
    Break,
    /// Links that come and go do.
    Flap { fault: u64 },
    /// A fault ends.
    Mend { fault: u64 },
    /// A line of the script.
    Play { line: usize },
    /// Invariants are looked at.
    Look,
    /// A call arrives at a gateway.
    Say { call: u64 },
    /// Somebody's connections drop.
    HangUp { person: usize },
    /// A gateway goes on cancelling for a connection that dropped.
    EndSession { node: NodeId, life: u32, session: SessionId },
}

/// When, an order among what happens then, and what.
#[derive(Debug)]
struct Planned {
    at: (Us, u32, u64),
    what: Happening,
}

impl PartialEq for Planned {
    fn eq(&self, other: &Planned) -> bool {
        self.at == other.at
    }
}
impl Eq for Planned {}
impl PartialOrd for Planned {
    fn partial_cmp(&self, other: &Planned) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Planned {
    fn cmp(&self, other: &Planned) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

/// One machine.
struct Host {
    plan: Plan,
    disk: Disk,
    life: Option<Life>,
    /// How many lives it has had.
    n_lives: u32,
    /// It stands still until then.
    paused_until: Us,
    /// What it thinks the time is, beside the world's, in microseconds; and what is added to
    /// each sync.
    skew: i64,
    slow: Us,
    /// A batch is about to be made.
    has_turn: bool,
    /// The last second in which it saw to its duties as a leader.
    dutiful: u64,
    /// Up to where it had its log, by its own word, when it last ended.
    kept: LogId,
    /// Its disk is new: it may not vote before it has what was committed.
    probation: Option<u64>,
    /// What it said in this life or before was said by a machine that is gone.
    buried: u32,
    /// Answers that wait until it has applied an entry.
    owed: BTreeMap<u64, Vec<trading::Owed>>,
    /// When its disk is done with the sync that it is at, and with the one after that.
    busy_until: Us,
    next_until: Us,
    rng: Rng,
}

/// The whole of it.
pub struct World {
    setup: Setup,
    venue: Venue,
    now: Us,
    heap: BinaryHeap<Reverse<Planned>>,
    n_planned: u64,
    hosts: BTreeMap<NodeId, Host>,
    /// Directed links that carry nothing, with how many faults say so.
    cuts: BTreeMap<(NodeId, NodeId), u32>,
    extra_delay: Us,
    extra_loss: u64,
    people: Vec<trading::Client>,
    reporters: Vec<(Reporter, NodeId)>,
    price: u64,
    /// How the price moves by the script, in millionths a second, and until which second.
    drift: (i64, u64),
    /// People send so many times as much as usual.
    rush: u64,
    faults: BTreeMap<u64, Fault>,
    n_faults: u64,
    /// Nobody trades, and nothing breaks any more.
    is_quiet: bool,
    /// Nothing new happens at all.
    is_over: bool,
    n_ops: u64,
    truth: Truth,
    /// Calls of gateways, what accounts may spend there, and sessions whose connection dropped.
    calls: Calls,
    purses: Purses,
    dropped: BTreeMap<SessionId, (NodeId, u32)>,
    /// Commands on their way from node to node.
    streams: BTreeMap<(NodeId, NodeId), VecDeque<Message>>,
    model: Model,
    twin: Option<Twin>,
    since_compared: u64,
    opening: VecDeque<types::Command>,
    links: Rng,
    ties: Rng,
    breaking: Rng,
    market: Rng,
    looking: Rng,
    /// What is told at the end.
    pub report: Report,
    /// What happened, for people.
    pub story: Story,
}

impl World {
    /// The world of a setup; its disks are in `scratch`.
    pub fn new(mut setup: Setup, scratch: PathBuf) -> std::io::Result<World> {
        let seed = setup.seed;
        setup.script.extend(outage_in_crash(&setup));
        let venue = venue_of(&setup);
        let (people, opened) = crowd(&setup, &venue);
        let limits = terms::limits(seed);
        let in_flight_max = limits.in_flight_max;
        let allowances = allowances(&setup, &people, &limits);
        let gateway = setup.gateway.then(|| terms::plan(limits, &allowances));
        let nodes: Rc<[NodeId]> = (1..=setup.nodes).collect();
        let mut hosts = BTreeMap::new();
        for id in nodes.iter().copied() {
            let (dir, rng) = (home(&scratch, id), Rng::new(seed, &format!("host-{id}")));
            std::fs::create_dir_all(&dir)?;
            let disk = Disk::new(Rng::new(seed, &format!("disk-{id}")));
            let (voters, nodes, domain) = (nodes.clone(), nodes.clone(), venue.domain());
            let Setup { snapshot_entries, segment_bytes, .. } = setup;
            let gateway = gateway.clone();
            let plan =
                Plan { id, voters, nodes, dir, domain, snapshot_entries, segment_bytes, gateway };
            hosts.insert(id, Host::new(plan, disk, rng));
        }
        let reporters = reporters(seed, setup.nodes);
        let (asset, decimals) = venue.domain();
        let mut world = World {
            now: 0,
            heap: BinaryHeap::new(),
            n_planned: 0,
            hosts,
            cuts: BTreeMap::new(),
            extra_delay: 0,
            extra_loss: 0,
            people,
            reporters,
            price: venue::PRICE * types::IndexPrice::SCALE,
            drift: (0, 0),
            rush: 1,
            faults: BTreeMap::new(),
            n_faults: 0,
            is_quiet: false,
            is_over: false,
            n_ops: 0,
            truth: Truth::new(),
            calls: Calls::default(),
            purses: Purses::new(&allowances, in_flight_max),
            dropped: BTreeMap::new(),
            streams: BTreeMap::new(),
            model: Model::new(asset, decimals),
            twin: None,
            since_compared: 0,
            opening: venue.opening(&opened).into(),
            links: Rng::new(seed, "links"),
            ties: Rng::new(seed, "ties"),
            breaking: Rng::new(seed, "faults"),
            market: Rng::new(seed, "market"),
            looking: Rng::new(seed, "looking"),
            report: Report::new(&setup),
            story: Story::default(),
            setup,
            venue,
        };
        world.begin();
        Ok(world)
    }

    fn begin(&mut self) {
        let ids: Vec<NodeId> = self.hosts.keys().copied().collect();
        for node in ids {
            self.plan(0, Happening::Start { node });
        }
        self.plan(SECOND, Happening::Move);
        self.plan(SECOND, Happening::Look);
        self.plan(4 * SECOND + self.setup.fault_every, Happening::Break);
        for line in 0..self.setup.script.len() {
            let second = self.setup.script[line].0;
            self.plan(second * SECOND, Happening::Play { line });
        }
        for reporter in 0..self.reporters.len() {
            let first = 2 * SECOND + self.ties.below(SECOND);
            self.plan(first, Happening::Speak { reporter });
        }
        for person in 0..self.people.len() {
            let first = 4 * SECOND + self.ties.below(SECOND);
            self.plan(first, Happening::Act { person });
        }
    }

    /// Runs it to its end.
    pub fn run(&mut self) -> Result<(), Violation> {
        let end = self.setup.seconds * SECOND;
        self.run_until(end)?;
        self.wind_down()
    }

    /// How far it is, in seconds of its own time.
    pub fn seconds(&self) -> u64 {
        self.now / SECOND
    }

    fn run_until(&mut self, end: Us) -> Result<(), Violation> {
        while let Some(Reverse(next)) = self.heap.peek() {
            if end < next.at.0 {
                break;
            }
            let Some(Reverse(next)) = self.heap.pop() else { break };
            self.now = next.at.0;
            self.report.n_happenings += 1;
            self.happen(next.what)?;
        }
        self.now = self.now.max(end);
        Ok(())
    }

    fn plan(&mut self, after: Us, what: Happening) {
        self.n_planned += 1;
        let tie = u32::try_from(self.ties.next() >> 32).unwrap_or(0);
        let at = (self.now + after, tie, self.n_planned);
        self.heap.push(Reverse(Planned { at, what }));
    }

    fn happen(&mut self, what: Happening) -> Result<(), Violation> {
        self.trace(&what);
        match what {
            Happening::Leave { from, life, to, message } => self.leave((from, life), to, message),
            Happening::Hear { to, from, message } => self.hear(to, from, message)?,
            Happening::Synced { node, life, index } => self.synced((node, life), index)?,
            Happening::Beat { node, life } => self.beat((node, life))?,
            Happening::Turn { node, life } => self.turn((node, life))?,
            Happening::Start { node } => self.start(node)?,
            Happening::Arrive { tag } => self.arrive(tag),
            Happening::Told { person, tag, outcome } => self.told(person, tag, outcome),
            Happening::Tired { tag } => self.tired(tag),
            Happening::Again { person, command } if !self.is_quiet => self.ask(person, *command),
            Happening::Again { .. } => {}
            Happening::Act { person } => self.act(person),
            Happening::Speak { reporter } => self.speak(reporter),
            Happening::Move => self.move_price(),
            Happening::Break => self.break_something()?,
            Happening::Flap { fault } => self.flap(fault),
            Happening::Mend { fault } => self.mend(fault)?,
            Happening::Play { line } => self.play(line)?,
            Happening::Look => self.look()?,
            Happening::Say { call } => self.say(call)?,
            Happening::HangUp { person } => self.drop_lines(person)?,
            Happening::EndSession { node, life, session } => {
                self.end_session((node, life), session)?;
            }
        }
        Ok(())
    }

    /// The fingerprint of all that happens: two runs of a seed have the same.
    fn trace(&mut self, what: &Happening) {
        let (kind, whom) = match what {
            Happening::Leave { from, .. } => (1, *from),
            Happening::Hear { to, .. } => (2, *to),
            Happening::Synced { node, .. } => (3, *node),
            Happening::Beat { node, .. } => (4, *node),
            Happening::Turn { node, .. } => (5, *node),
            Happening::Start { node } => (6, *node),
            Happening::Arrive { .. } => (7, 0),
            Happening::Told { .. } => (8, 0),
            Happening::Tired { .. } => (9, 0),
            Happening::Act { .. } => (10, 0),
            Happening::Speak { .. } => (11, 0),
            Happening::Move => (12, 0),
            Happening::Break => (13, 0),
            Happening::Mend { .. } => (14, 0),
            Happening::Look => (15, 0),
            Happening::Play { .. } => (16, 0),
            Happening::Flap { .. } => (17, 0),
            Happening::Again { .. } => (18, 0),
            Happening::Say { .. } => (19, 0),
            Happening::HangUp { .. } => (20, 0),
            Happening::EndSession { node, .. } => (21, *node),
        };
        self.report.trace(self.now, kind, whom);
    }

    /// Millionths of a second of the world, as a node's clock has them.
    fn clock(&self, node: NodeId) -> At {
        let skewed = i64::try_from(self.now).unwrap_or(i64::MAX) + self.hosts[&node].skew;
        let ms = u64::try_from(skewed.max(0)).unwrap_or(0) / 1_000;
        self.venue.begin.plus_ms(ms)
    }

    /// The time of day as it is.
    fn today(&self) -> At {
        self.venue.begin.plus_ms(self.now / 1_000)
    }
}

impl Host {
    fn new(plan: Plan, disk: Disk, mut rng: Rng) -> Host {
        let skew = rng.bell(20_000);
        Host {
            plan,
            disk,
            life: None,
            n_lives: 0,
            paused_until: 0,
            skew,
            slow: 0,
            has_turn: false,
            dutiful: 0,
            kept: LogId::default(),
            probation: None,
            buried: 0,
            owed: BTreeMap::new(),
            busy_until: 0,
            next_until: 0,
            rng,
        }
    }
}

impl Host {
    /// When something that is written now is on disk: a sync takes so long, and what comes
    /// during one shares the next.
    fn sync(&mut self, now: Us, took: Us) -> Us {
        if self.busy_until <= now && now < self.next_until {
            self.busy_until = self.next_until;
        }
        if self.busy_until <= now {
            self.busy_until = now + took;
            return self.busy_until;
        }
        if self.next_until <= self.busy_until {
            self.next_until = self.busy_until + took;
        }
        self.next_until
    }
}

/// The venue of a setup.
fn venue_of(setup: &Setup) -> Venue {
    let seed = setup.seed;
    let lead = match setup.seconds {
        2_000.. => Rng::new(seed, "calendar").between(2_000, 2_200),
        seconds => Rng::new(seed, "calendar").between(60, seconds.max(120) * 2),
    };
    let begin = At(EXPIRY.0 - lead * 1_000);
    let terms = if setup.usual { Terms::USUAL } else { Terms::drawn(seed) };
    let has = (setup.portfolio, setup.backstops);
    let risks = Risks::drawn(seed, has);
    Venue { risks, ..Venue::new(setup.linear, begin, EXPIRY, terms) }
}

/// The people of a setup, and what each account begins with.
fn crowd(setup: &Setup, venue: &Venue) -> (Vec<trading::Client>, Vec<Opened>) {
    let (mut people, mut opened) = (Vec::new(), Vec::new());
    let mut ids = (venue::REPORTERS + 1..).map(AccountId);
    let mut next = || ids.next().expect("there are more numbers than people");
    let mut rng = Rng::new(setup.seed, "margined");
    let hedgers = setup.portfolio.then_some(Trade::Hedger);
    let backstops = setup.backstops.then_some(Trade::Backstop);
    let trades = setup.trades.iter().copied().chain(hedgers).chain(backstops);
    for trade in trades.flat_map(|trade| vec![trade; trade.heads()]) {
        let (account, amount) = (next(), venue.worth(trade.funds()));
        let person_rng = Rng::new(setup.seed, &format!("person-{account}"));
        let mut person = Person::new(trade, account, person_rng);
        let mut open = |parent| {
            let is_netted = setup.portfolio && rng.chance(netted_ppm(trade));
            let model = if is_netted { MarginModel::Portfolio } else { MarginModel::Standard };
            let is_backstop = trade == Trade::Backstop;
            let backstop = is_backstop.then(|| people::backstop(&mut rng, venue));
            opened.push(Opened { amount, parent, model, backstop });
        };
        open(None);
        if trade == Trade::Tinkerer {
            person.sub = Some(next());
            open(Some(account));
        }
        people.push(trading::Client::new(person, setup));
    }
    (people, opened)
}

/// How many of those who trade so are under portfolio margin, where it is.
fn netted_ppm(trade: Trade) -> u64 {
    match trade {
        Trade::Hedger => 800_000,
        Trade::Operator => 0,
        _ => 300_000,
    }
}

/// What each account of them may ask of a gateway.
fn allowances(
    setup: &Setup,
    people: &[trading::Client],
    limits: &gateway::Limits,
) -> Vec<(AccountId, Allowance)> {
    let mut rng = Rng::new(setup.seed, "allowances");
    let each = |client: &trading::Client| {
        let Person { trade, account, sub, .. } = client.person;
        let allowance = terms::allowance(limits, trade, &mut rng);
        [Some(account), sub].into_iter().flatten().map(move |account| (account, allowance))
    };
    people.iter().flat_map(each).collect()
}

/// Five, at most one of whom is not honest, and at most one more of whom is late or silent. Where
/// there are both, little is traded: most worlds have one of them or none.
fn reporters(seed: u64, nodes: u32) -> Vec<(Reporter, NodeId)> {
    let mut rng = Rng::new(seed, "reporters");
    let bad = [Habit::Honest, Habit::Honest, Habit::Lying, Habit::Equivocating];
    let weak = [Habit::Honest, Habit::Honest, Habit::Lagging, Habit::Silent];
    let (bad, weak) = (*rng.pick(&bad), *rng.pick(&weak));
    let reporter = |nth: u8| {
        let habit = match nth {
            0 => bad,
            1 => weak,
            _ => Habit::Honest,
        };
        let rng = Rng::new(seed, &format!("reporter-{nth}"));
        (Reporter::new(nth, habit, rng), u32::from(nth) % nodes + 1)
    };
    (0..5).map(reporter).collect()
}

/// Crashes take feeds with them: where prices come from is overloaded in the same minutes.
fn outage_in_crash(setup: &Setup) -> Option<(u64, Act)> {
    let mut rng = Rng::new(setup.seed, "outage");
    let crash = setup.crash.filter(|_| setup.faults.contains(&Kind::FeedOutage))?;
    let second = crash.begin + rng.below(crash.seconds + 10);
    let seconds = rng.between(4, 40);
    rng.chance(600_000).then_some((second, Act::Break(Kind::FeedOutage, 1, seconds)))
}

/// What somebody's command came to.
fn order_of(events: &[types::Event]) -> Option<OrderId> {
    events.iter().find_map(|event| match event {
        types::Event::OrderPlaced(placed) => Some(placed.order),
        types::Event::TriggerPlaced(placed) => Some(OrderId::of_trigger(placed.trigger)),
        types::Event::OrderRepeated { order } => Some(*order),
        _ => None,
    })
}

/// Nothing was told yet.
const NOTHING: Seq = Seq(0);
