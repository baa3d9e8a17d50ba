//! Commands on their way to the log: bounded, in two classes.
//!
//! ```text
//!   Cancel  ▪▪▪▪▪▪······   its own bound: a flood of orders cannot shut cancels out
//!   Order   ▪▪▪▪▪▪▪▪▪▪▪▪
//!              └─▶ a batch takes cancels first, then orders, and keeps the order of arrival among
//!                  what it took
//! ```
//! While everything that waits fits in one batch, the log has the order of arrival. Under overload
//! a cancel overtakes orders that wait; who needs it behind an order waits for the order's answer.
//!
//! Submitting takes a short lock and allocates nothing once the queue has grown to its bound. A
//! venue on one machine waits for work on its thread ([`Queue::next_turn`]), and looks for it for a
//! while before it sleeps: waking a sleeping thread takes as long as a third of a sync. A replica
//! of several waits in a task.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::hint;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::{Duration, Instant};

use engine::Engine;
use types::{Command, Proposal};

/// What is let in first when there is too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Takes risk away (cancels, reduce-only orders, closing), and what the venue must hear to know
    /// its risk: prices, and that time passes. A flood of orders stops neither.
    Cancel,
    /// Everything else.
    Order,
}

/// How much waits at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Commands of class [`Class::Cancel`].
    pub cancels_max: usize,
    /// Commands of class [`Class::Order`].
    pub orders_max: usize,
}

/// Why a command was not proposed. It is final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Too much waits already.
    #[error(
        "{waiting} commands of this class wait already, which is the most: send it again later"
    )]
    Busy {
        /// How many.
        waiting: usize,
    },
    /// The replica takes nothing more.
    #[error("the replica has stopped: send it to the venue when it is back")]
    Stopped,
}

/// Looks at the engine between two batches.
pub(crate) type Inspection = Box<dyn FnOnce(&mut Engine) + Send>;

/// Looks at the engine that may wait.
pub const INSPECTIONS_MAX: usize = 1_024;

/// Commands and inspections that wait.
#[derive(Debug)]
pub struct Queue {
    lanes: Mutex<Lanes>,
    work: Condvar,
    limits: Limits,
    /// Commands that wait, for a look without the lock.
    waiting: AtomicUsize,
    /// Something else to see to: an inspection, or the end.
    attention: AtomicBool,
}

#[derive(Default)]
struct Lanes {
    cancels: VecDeque<Waiting>,
    orders: VecDeque<Waiting>,
    inspections: Vec<Inspection>,
    arrivals: u64,
    closed: bool,
    abandoned: bool,
    /// The thread that waits sleeps.
    asleep: bool,
    /// Of the task that waits.
    waker: Option<Waker>,
}

/// A command that waits.
struct Waiting {
    arrival: u64,
    origin: u64,
    proposal: Proposal,
}

/// What the engine's thread does next.
#[derive(Default)]
pub struct Turn {
    /// In the order in which they go into the log.
    pub proposals: Vec<Proposal>,
    /// Where each of them comes from: 0 is this node.
    pub origins: Vec<u64>,
    pub(crate) inspections: Vec<Inspection>,
    /// Nothing more comes after these.
    pub last: bool,
    /// The replica was dropped, not stopped.
    pub abandoned: bool,
}

/// How long the engine's thread looks for work.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Before it sleeps.
    pub spin: Duration,
    /// For as many commands as the last batch had, once there is one.
    pub gather: Duration,
    /// Commands of the last batch.
    pub expected: usize,
    /// Most commands of a batch.
    pub commands_max: usize,
}

impl Class {
    /// The class that a command has by itself.
    pub fn of(command: &Command) -> Class {
        let reduces = match command {
            Command::CancelOrder { .. }
            | Command::CancelOrders { .. }
            | Command::ClosePosition { .. }
            | Command::DropSession { .. }
            | Command::DropSessions { .. }
            | Command::ReportPrice(_)
            | Command::ReportSurface(_)
            | Command::Tick
            | Command::Liquidate
            | Command::Halt { .. }
            | Command::SetKillSwitch { .. }
            | Command::FenceOrders { .. } => true,
            Command::PlaceOrder(order) => order.reduce_only,
            Command::PlaceTrigger(placed) => placed.order.reduce_only,
            Command::MassQuote(mass) => mass.quotes.iter().all(|quote| quote.size.0 == 0),
            Command::ListInstrument(_)
            | Command::OpenAccount { .. }
            | Command::Deposit { .. }
            | Command::Withdraw { .. }
            | Command::Transfer { .. }
            | Command::ReportIndex { .. }
            | Command::ReportMarks(_)
            | Command::AmendOrder(_)
            | Command::AmendTrigger(_)
            | Command::SetMmp { .. }
            | Command::ResetMmp { .. }
            | Command::SetSelfTrade { .. }
            | Command::EndDay
            | Command::SetFeed(_)
            | Command::RegisterReporter { .. }
            | Command::SetPricing { .. }
            | Command::StartTerm
            | Command::Upgrade { .. }
            | Command::SettleDelivery { .. }
            | Command::SetMargin { .. }
            | Command::SetOpenInterestBand { .. }
            | Command::SetRisk(_)
            | Command::SetFillable(_)
            | Command::FundInsurance { .. }
            | Command::OfferBackstop { .. }
            | Command::SetPortfolio { .. }
            | Command::SetMarginModel { .. }
            | Command::Resume { .. }
            | Command::SetBreakers { .. }
            | Command::SetReopening(_)
            | Command::SetOrderRate(_)
            | Command::PublishNotice(_) => false,
        };
        if reduces { Class::Cancel } else { Class::Order }
    }
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { cancels_max: 16_384, orders_max: 65_536 }
    }
}

impl std::fmt::Debug for Lanes {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} cancels, {} orders", self.cancels.len(), self.orders.len())
    }
}

impl Queue {
    /// Empty.
    pub fn new(limits: Limits) -> Queue {
        Queue {
            lanes: Mutex::default(),
            work: Condvar::new(),
            limits,
            waiting: AtomicUsize::new(0),
            attention: AtomicBool::new(false),
        }
    }

    /// Takes a command, or refuses it for good.
    pub fn submit(&self, class: Class, proposal: Proposal) -> Result<(), Refused> {
        self.submit_from(0, class, proposal)
    }

    /// Takes a command that came from another node, or refuses it for good.
    pub fn submit_from(
        &self,
        origin: u64,
        class: Class,
        proposal: Proposal,
    ) -> Result<(), Refused> {
        let mut lanes = self.lock();
        if lanes.closed {
            return Err(Refused::Stopped);
        }
        let arrival = lanes.arrivals;
        let (lane, max) = match class {
            Class::Cancel => (&mut lanes.cancels, self.limits.cancels_max),
            Class::Order => (&mut lanes.orders, self.limits.orders_max),
        };
        if max <= lane.len() {
            return Err(Refused::Busy { waiting: lane.len() });
        }
        lane.push_back(Waiting { arrival, origin, proposal });
        lanes.arrivals += 1;
        self.waiting.fetch_add(1, Ordering::Release);
        self.wake(lanes);
        Ok(())
    }

    /// Takes an inspection.
    pub(crate) fn inspect(&self, inspection: Inspection) -> Result<(), Refused> {
        let mut lanes = self.lock();
        if lanes.closed {
            return Err(Refused::Stopped);
        }
        if INSPECTIONS_MAX <= lanes.inspections.len() {
            return Err(Refused::Busy { waiting: lanes.inspections.len() });
        }
        lanes.inspections.push(inspection);
        self.attention.store(true, Ordering::Release);
        self.wake(lanes);
        Ok(())
    }

    /// Takes nothing more. What waits is still handed out.
    pub(crate) fn close(&self) {
        let mut lanes = self.lock();
        lanes.closed = true;
        self.attention.store(true, Ordering::Release);
        self.wake(lanes);
    }

    /// Takes nothing more and forgets what waits: its outcome is unknown to its proposers.
    pub(crate) fn abandon(&self) {
        let mut lanes = self.lock();
        lanes.abandoned |= !lanes.closed;
        lanes.closed = true;
        lanes.cancels.clear();
        lanes.orders.clear();
        lanes.inspections.clear();
        self.waiting.store(0, Ordering::Release);
        self.attention.store(true, Ordering::Release);
        self.wake(lanes);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    /// Waits for something to do.
    pub fn next_turn(&self, turn: &mut Turn, patience: &Patience) {
        self.spin(patience);
        let mut lanes = self.lock();
        while lanes.is_idle() {
            lanes.asleep = true;
            lanes = self.work.wait(lanes).unwrap_or_else(PoisonError::into_inner);
            lanes.asleep = false;
        }
        self.hand_out(&mut lanes, turn, patience.commands_max);
    }

    /// [`Queue::next_turn`] for a task.
    pub(crate) async fn turn(&self, turn: &mut Turn, commands_max: usize) {
        poll_fn(|cx| {
            let mut lanes = self.lock();
            if lanes.is_idle() {
                lanes.waker = Some(cx.waker().clone());
                return Poll::Pending;
            }
            self.hand_out(&mut lanes, turn, commands_max);
            Poll::Ready(())
        })
        .await;
    }

    fn hand_out(&self, lanes: &mut Lanes, turn: &mut Turn, commands_max: usize) {
        self.attention.store(lanes.closed, Ordering::Relaxed);
        turn.inspections.append(&mut lanes.inspections);
        turn.origins.clear();
        lanes.take(turn, commands_max);
        self.waiting.fetch_sub(turn.proposals.len(), Ordering::Release);
        turn.last = lanes.closed && lanes.is_empty();
        turn.abandoned = lanes.abandoned;
    }

    /// Looks for work without the lock; once there is some, gives as many as came last time a
    /// moment to come again, so that they share one sync.
    fn spin(&self, patience: &Patience) {
        let begin = Instant::now();
        while self.is_quiet() && begin.elapsed() < patience.spin {
            hint::spin_loop();
        }
        let waiting = || self.waiting.load(Ordering::Acquire);
        if patience.expected <= waiting() || self.is_quiet() {
            return;
        }
        let begin = Instant::now();
        while waiting() < patience.expected && begin.elapsed() < patience.gather {
            hint::spin_loop();
        }
    }

    fn is_quiet(&self) -> bool {
        self.waiting.load(Ordering::Acquire) == 0 && !self.attention.load(Ordering::Acquire)
    }

    fn wake(&self, mut lanes: MutexGuard<'_, Lanes>) {
        let (asleep, waker) = (lanes.asleep, lanes.waker.take());
        drop(lanes);
        if let Some(waker) = waker {
            waker.wake();
        }
        if asleep {
            self.work.notify_one();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Lanes> {
        // A panic elsewhere leaves the lanes whole: nothing in here stops half way.
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lanes {
    fn is_idle(&self) -> bool {
        self.is_empty() && self.inspections.is_empty() && !self.closed
    }

    fn is_empty(&self) -> bool {
        self.cancels.is_empty() && self.orders.is_empty()
    }

    /// Cancels first, then orders; what is taken keeps the order of arrival.
    fn take(&mut self, turn: &mut Turn, max: usize) {
        let mut cancels = self.cancels.len().min(max);
        let mut orders = self.orders.len().min(max - cancels);
        turn.proposals.reserve(cancels + orders);
        while 0 < cancels + orders {
            let cancel = self.cancels.front().filter(|_| 0 < cancels).map(|next| next.arrival);
            let order = self.orders.front().filter(|_| 0 < orders).map(|next| next.arrival);
            let cancel_is_next = match (cancel, order) {
                (Some(cancel), Some(order)) => cancel < order,
                (cancel, _) => cancel.is_some(),
            };
            let (lane, left) = match cancel_is_next {
                true => (&mut self.cancels, &mut cancels),
                false => (&mut self.orders, &mut orders),
            };
            *left -= 1;
            if let Some(Waiting { origin, proposal, .. }) = lane.pop_front() {
                turn.proposals.push(proposal);
                turn.origins.push(origin);
            }
        }
    }
}
