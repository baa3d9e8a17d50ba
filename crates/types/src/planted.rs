//! Bugs on purpose, for the simulator and the drills to find: a check that cannot fail is none.
//!
//! ```text
//!   if planted::is(Bug::InsuranceBelowZero) { … }     one line where somebody could have slipped
//! ```
//! Without the feature `planted` the answer is the constant `false`, and nothing of a bug is left
//! in what is built. With it at most one is planted at a time, by whoever runs the test. Such a
//! build needs debug assertions, so that `--release` cannot make one.
//!
//! A bug is one that people do write, in a line or two, and it does its harm in ordinary trading
//! under faults. It reads no environment: that is for the binary (`PLIMSOLL_PLANTED`).

#[cfg(feature = "planted")]
use core::sync::atomic::{AtomicU16, Ordering};

#[cfg(all(feature = "planted", not(debug_assertions)))]
compile_error!("planted bugs are for test builds: build with debug assertions, never for release");

/// The enum, and what is said of each of its bugs.
macro_rules! bugs {
    ($($(#[doc = $what:literal])+ $bug:ident = $name:literal in $place:literal,)+) => {
        /// What can be planted.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr(u16)]
        pub enum Bug {
            $($(#[doc = $what])+ $bug,)+
        }

        impl Bug {
            /// All of them, by place.
            pub const ALL: &[Bug] = &[$(Bug::$bug,)+];

            /// Its name, in words with hyphens.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Bug::$bug => $name,)+
                }
            }

            /// The crate that it sits in, and what it concerns there.
            pub const fn place(self) -> &'static str {
                match self {
                    $(Bug::$bug => $place,)+
                }
            }

            /// What it does, in the words of whoever would have to write about it afterwards.
            pub const fn what(self) -> &'static str {
                match self {
                    $(Bug::$bug => concat!($($what),+).trim_ascii(),)+
                }
            }
        }
    };
}

bugs! {
    /// When the last order of the best 64 ticks goes, the book takes its side for empty: what
    /// rests further away is not met any more.
    BestLostBeyondPage = "best-lost-beyond-page" in "book",
    /// An order that is made smaller still counts in full in the depth of its level.
    ReduceLeavesLevelTotal = "reduce-leaves-level-total" in "book",
    /// An iceberg shows its next slice where it stood, in front of those who came before the
    /// slice.
    IcebergKeepsFront = "iceberg-keeps-front" in "book",
    /// An auction takes the lowest of the prices at which most trades, whichever side presses.
    AuctionTakesLowestPrice = "auction-takes-lowest-price" in "book/auction",
    /// A snapshot writes each level by id, so that an order that had gone to the back is in front
    /// again after a start.
    QueueByIdInSnapshot = "queue-by-id-in-snapshot" in "book/snapshot",
    /// A snapshot writes the free slots in rising order: after a start new orders get other ids
    /// than on a node that went on.
    FreeSlotsSortedInSnapshot = "free-slots-sorted-in-snapshot" in "book/snapshot",
    /// An order that is made smaller at its price goes to the back of its queue.
    AmendDownLosesPlace = "amend-down-loses-place" in "engine/amend",
    /// An order that becomes larger or dearer is not asked for margin.
    AmendAsksNoMargin = "amend-asks-no-margin" in "engine/amend",
    /// An order that traded in part still says that it shows what it showed before.
    PartialFillKeepsDisplayed = "partial-fill-keeps-displayed" in "engine/matching",
    /// A post-only order at the best opposite price is let in, and takes.
    PostOnlyTakesAtBest = "post-only-takes-at-best" in "engine/place",
    /// Fill-or-kill counts on reduce-only orders that are cut while it trades: some are filled in
    /// part.
    FillOrKillCountsReduceOnly = "fill-or-kill-counts-reduce-only" in "engine/matching",
    /// Orders of a main account and its subaccounts trade with each other, although they were set
    /// not to.
    SelfTradeForgetsSubaccounts = "self-trade-forgets-subaccounts" in "engine/place",
    /// Market-maker protection counts what others took, and not what the quotes took themselves.
    MmpCountsMakersOnly = "mmp-counts-makers-only" in "engine/mmp",
    /// Market-maker protection never forgets a fill, and freezes a group that traded slowly.
    MmpKeepsOldFills = "mmp-keeps-old-fills" in "engine/mmp",
    /// A frozen group may quote again at once.
    MmpFreezeLetsQuotesIn = "mmp-freeze-lets-quotes-in" in "engine/mmp",
    /// The order whose number is the fence's own is still placed.
    FenceOffByOne = "fence-off-by-one" in "engine/fences",
    /// A fence that arrives late lowers the one that stands, and what was fenced off is placed.
    FenceFalls = "fence-falls" in "engine/fences",
    /// The client order id of a trigger is not remembered: sent again, it is placed twice.
    TriggerForgetsClientId = "trigger-forgets-client-id" in "engine/triggers",
    /// Cancelling everything leaves the orders that have traded in part.
    CancelAllSkipsPartlyFilled = "cancel-all-skips-partly-filled" in "engine/cancel",
    /// A cancel that comes while an auction collects orders is acknowledged and does nothing.
    CancelLostInAuction = "cancel-lost-in-auction" in "engine/cancel",
    /// Whoever is stopped keeps its triggers.
    KillSwitchLeavesTriggers = "kill-switch-leaves-triggers" in "engine/cancel",
    /// The maker's fee is told with the trade and never booked.
    MakerFeeNotBooked = "maker-fee-not-booked" in "engine/money",
    /// Fees are rounded down: whoever trades in small pieces pays nothing.
    FeeRoundsForPayer = "fee-rounds-for-payer" in "engine/money",
    /// What may be withdrawn is what is above maintenance margin: what orders and positions were
    /// opened on can leave.
    WithdrawalIgnoresOrders = "withdrawal-ignores-orders" in "engine/money",
    /// Profit that is not realised can be withdrawn, and the account is left owing.
    UnrealisedProfitWithdrawn = "unrealised-profit-withdrawn" in "engine/money",
    /// What rounding leaves in the pool of funding and of delivery stays there.
    ResidueNotBooked = "residue-not-booked" in "engine/money",
    /// Margin is taken of the last price where there is one, not of the mark.
    MarginOnLastPrice = "margin-on-last-price" in "engine/margin",
    /// Open sell orders need no margin.
    OpenAsksNeedNoMargin = "open-asks-need-no-margin" in "engine/margin",
    /// Reduce-only orders are not cut when the position shrinks, and open the other way.
    ReduceOnlyNotCut = "reduce-only-not-cut" in "engine/matching",
    /// The sums of an account are taken as fresh after prices have moved.
    StaleMarginSums = "stale-margin-sums" in "engine/valuation",
    /// Scenarios of portfolio margin end one step before the largest rise.
    PortfolioGridEndsEarly = "portfolio-grid-ends-early" in "risk/portfolio",
    /// Open orders are left out of the scenarios of portfolio margin.
    PortfolioOrdersLeftOut = "portfolio-orders-left-out" in "risk/portfolio",
    /// The scenarios of portfolio margin stay as they were made first.
    PortfolioGridStandsStill = "portfolio-grid-stands-still" in "engine/portfolio",
    /// Short options need nothing beside the scenarios of portfolio margin.
    PortfolioShortsNeedNothing = "portfolio-shorts-need-nothing" in "engine/portfolio",
    /// Whoever asks for portfolio margin gets it, also without what that needs.
    PortfolioTakenUnchecked = "portfolio-taken-unchecked" in "engine/portfolio",
    /// A liquidation under portfolio margin begins with what is largest by itself, be it the hedge.
    PortfolioClosesHedgeFirst = "portfolio-closes-hedge-first" in "engine/liquidation",
    /// A backstop takes over as if it had not taken anything over yet.
    BackstopForgetsTaken = "backstop-forgets-taken" in "engine/liquidation",
    /// A backstop keeps the insurance fund's share of the margin that comes with a position.
    BackstopKeepsShare = "backstop-keeps-share" in "engine/liquidation",
    /// All that an account has left goes with the first position that is taken over.
    BackstopTakesAll = "backstop-takes-all" in "engine/liquidation",
    /// Positions are taken over as soon as a liquidation starts.
    BackstopComesAtOnce = "backstop-comes-at-once" in "engine/liquidation",
    /// A mark goes as far from the index as the book does.
    MarkNotClamped = "mark-not-clamped" in "risk/mark",
    /// Funding is paid, and not noted as paid: the next trade pays it again.
    FundingPaidAgain = "funding-paid-again" in "engine/funding",
    /// The time that the venue was away is funded at the rate of before.
    AbsenceFunded = "absence-funded" in "engine/funding",
    /// Funding goes on by an index that is frozen.
    FundingOnUnfitIndex = "funding-on-unfit-index" in "engine/funding",
    /// Shorts pay where they should receive: funding has no sign.
    ShortsPayFunding = "shorts-pay-funding" in "risk/funding",
    /// Funding is rounded for whoever holds the position, and the pool pays the difference.
    FundingRoundsForHolder = "funding-rounds-for-holder" in "risk/funding",
    /// Options that end worthless stay open after their delivery.
    WorthlessOptionsStayOpen = "worthless-options-stay-open" in "engine/delivery",
    /// Delivery prices take samples of an index that is not good enough for it.
    DeliverySamplesUnfitIndex = "delivery-samples-unfit-index" in "engine/delivery",
    /// Accounts are liquidated when they fall below initial margin.
    LiquidatesBelowInitial = "liquidates-below-initial" in "engine/liquidation",
    /// A liquidation goes on until nothing is left, although the account has recovered.
    LiquidationGoesOn = "liquidation-goes-on" in "engine/liquidation",
    /// Orders of an account in liquidation stay on the book and trade.
    LiquidationKeepsOrders = "liquidation-keeps-orders" in "engine/liquidation",
    /// The fee of a liquidation is charged to accounts that have nothing left to pay it.
    LiquidationFeeBankrupts = "liquidation-fee-bankrupts" in "engine/liquidation",
    /// The insurance fund pays more than it has.
    InsuranceBelowZero = "insurance-below-zero" in "engine/liquidation",
    /// Auto-deleveraging begins with the last of the ranking.
    AdlRanksBackwards = "adl-ranks-backwards" in "risk/adl",
    /// Accounts are liquidated by prices that the gate refuses.
    LiquidationIgnoresGate = "liquidation-ignores-gate" in "engine/gate",
    /// After a start a feed is as healthy as it was: prices of before the outage count.
    GateOpenAfterStart = "gate-open-after-start" in "oracle/feed",
    /// An index stands with one reporter fewer than its quorum.
    QuorumOffByOne = "quorum-off-by-one" in "oracle/feed",
    /// A feed whose reporters fall silent is healthy until the next report comes.
    SilentFeedStaysHealthy = "silent-feed-stays-healthy" in "oracle/feed",
    /// A report counts for ever, however old it is.
    StaleReportCounts = "stale-report-counts" in "oracle/seat",
    /// The index is the mean of what was reported: one reporter moves it as far as it likes.
    OutlierIncluded = "outlier-included" in "oracle/index",
    /// The barrier after a start counts reports, and not from how many sources they are.
    BarrierCountsReportsOnly = "barrier-counts-reports-only" in "oracle/barrier",
    /// A report that was overtaken by a newer one is taken when it arrives.
    ReplayedReportTaken = "replayed-report-taken" in "oracle/check",
    /// Of several halts that hold a market the weakest counts.
    WeakestHaltCounts = "weakest-halt-counts" in "engine/halts",
    /// An auction ends on its time although the index is not good enough to trade by.
    AuctionEndsOnUnfitIndex = "auction-ends-on-unfit-index" in "engine/halts",
    /// A breaker's window knows only the newest of its parts: a slow slide does not trip it.
    BreakerWindowForgets = "breaker-window-forgets" in "engine/breakers",
    /// A trigger does not fire at its price, only beyond it.
    TriggerMissesItsPrice = "trigger-misses-its-price" in "engine/triggers",
    /// Triggers fire while their market is halted or collects orders.
    TriggersFireInHalt = "triggers-fire-in-halt" in "engine/triggers",
    /// A snapshot has no fences: after a start orders that were fenced off are placed.
    FencesLostBySnapshot = "fences-lost-by-snapshot" in "engine/snapshot",
    /// A snapshot has no client order ids: after a start an order that is sent again is placed
    /// twice.
    ClientIdsLostBySnapshot = "client-ids-lost-by-snapshot" in "engine/snapshot",
    /// A snapshot has no fills of market-maker protection: after a start a maker is hit for as
    /// much again. The root does not have them either.
    MmpFillsLostBySnapshot = "mmp-fills-lost-by-snapshot" in "engine/snapshot",
    /// A snapshot does not say of which connection an order is: after a start its end cancels
    /// nothing. The root does not say it either.
    SessionsLostBySnapshot = "sessions-lost-by-snapshot" in "engine/snapshot",
    /// A snapshot has no extensions of an auction, which is extended anew after a start. The root
    /// does not have them either.
    ExtensionsLostBySnapshot = "extensions-lost-by-snapshot" in "engine/snapshot",
    /// A snapshot has a funding index of zero: after a start everybody owes or is owed all of it.
    /// The root has it at zero too.
    FundingIndexLostBySnapshot = "funding-index-lost-by-snapshot" in "risk/snapshot",
    /// A snapshot has no average basis: after a start the mark jumps to the index. The root does
    /// not have it either.
    MarkBasisLostBySnapshot = "mark-basis-lost-by-snapshot" in "risk/snapshot",
    /// What the view stores beside a snapshot has no open interest: after a start it is told from
    /// zero on.
    OpenInterestLostByView = "open-interest-lost-by-view" in "market-data/snapshot",
    /// A group is said to be durable when it was written, not when it was synced.
    SyncSkipped = "sync-skipped" in "journal",
    /// The seal of a group is written before the group is synced: after a crash that tore the
    /// group it says that the group is damaged.
    SealBeforeSync = "seal-before-sync" in "journal",
    /// What is found behind the last seal at a start is not synced before it is applied: the next
    /// power cut takes it back.
    ReopenedTailNotSynced = "reopened-tail-not-synced" in "journal/recovery",
    /// Checksums of records are not compared.
    ChecksumNotChecked = "checksum-not-checked" in "journal/record",
    /// Segments behind the one in which a new leader cuts the log stay in the directory.
    TruncationLeavesSegments = "truncation-leaves-segments" in "journal",
    /// The directory is not synced after a segment is made: a power cut takes the file.
    SegmentNotInDirectory = "segment-not-in-directory" in "journal",
    /// A segment is closed with its reserve behind the last record.
    ClosedSegmentKeepsReserve = "closed-segment-keeps-reserve" in "journal",
    /// Reading ends with the first segment, as if there were no more.
    ReadingStopsAtSegmentEnd = "reading-stops-at-segment-end" in "journal/reader",
    /// A last segment that cannot be read counts as one that a crash left empty, and is removed.
    ReadErrorIsEnd = "read-error-is-end" in "journal/recovery",
    /// Where zeros stand in place of a record the log ends, whatever stands behind them.
    ZerosAreTheEnd = "zeros-are-the-end" in "journal/segment",
    /// A snapshot has its name before its bytes are on disk.
    SnapshotNotSynced = "snapshot-not-synced" in "journal/snapshot",
    /// Replay begins one entry behind the one that follows the snapshot.
    ReplaySkipsFirst = "replay-skips-first" in "replica/restore",
    /// A batch has the time of the clock, also when that is before the batch that stands in the
    /// log.
    BatchTimeGoesBack = "batch-time-goes-back" in "replica/batch",
    /// Entries are said to be on disk when they are not: a leader acknowledges what a quorum may
    /// still lose.
    AcknowledgeEarly = "acknowledge-early" in "replica/raft",
    /// A node forgets whom it voted for when it starts.
    ForgetVote = "forget-vote" in "replica/raft",
    /// A node that comes to lead applies the last batch again.
    ApplyTwice = "apply-twice" in "replica/raft",
    /// A node takes each order for one lot more, from entry `PLIMSOLL_PLANTED_FROM` on if that is
    /// set.
    Diverge = "diverge" in "replica/raft",
    /// A balance that comes to zero stays in the money root as it was.
    RootKeepsEmptiedBalance = "root-keeps-emptied-balance" in "ledger/root",
    /// An order that becomes smaller is in the root as it was before.
    RootMissesShrink = "root-misses-shrink" in "engine/root",
    /// A cancel pays with the credits of orders: whoever has spent those gets no cancel in.
    CancelPaysForOrders = "cancel-pays-for-orders" in "gateway/admit",
    /// Credits are counted by the time of day: when that is set back, none come until it has
    /// caught up.
    CreditsByTimeOfDay = "credits-by-time-of-day" in "gateway/admit",
    /// What has come back is counted, and not noted as counted, when a call is refused: the next
    /// one gets it again.
    CreditsRefilledTwice = "credits-refilled-twice" in "gateway/credits",
    /// Orders of a connection that wait for their outcomes keep its cancels out.
    OrdersKeepCancelsOut = "orders-keep-cancels-out" in "gateway/visitor",
    /// A command is acknowledged when it is proposed.
    ReplyBeforeCommit = "reply-before-commit" in "gateway/publish",
    /// An outcome that is not known is told as a refusal.
    UnknownToldAsRefused = "unknown-told-as-refused" in "gateway/publish",
    /// The end of a connection is proposed, and nobody looks whether it came into the log.
    DisconnectNotConfirmed = "disconnect-not-confirmed" in "gateway/cod",
    /// Refused commands are not in the chain.
    ChainSkipsRefusals = "chain-skips-refusals" in "engine/chain",
}

impl Bug {
    /// The bug of this name.
    pub fn from_name(name: &str) -> Option<Bug> {
        Bug::ALL.iter().copied().find(|bug| bug.name() == name)
    }
}

/// The number of what is planted, counted from one; zero for nothing.
#[cfg(feature = "planted")]
static PLANTED: AtomicU16 = AtomicU16::new(0);

/// Whether this process has the bug.
#[cfg(feature = "planted")]
#[inline]
pub fn is(bug: Bug) -> bool {
    PLANTED.load(Ordering::Relaxed) == number(bug)
}

/// Whether this process has the bug: never.
#[cfg(not(feature = "planted"))]
#[inline(always)]
pub const fn is(_: Bug) -> bool {
    false
}

/// Plants a bug in this process, in place of the one before; `None` takes it away.
#[cfg(feature = "planted")]
pub fn plant(bug: Option<Bug>) {
    PLANTED.store(bug.map_or(0, number), Ordering::Relaxed);
}

#[cfg(feature = "planted")]
const fn number(bug: Bug) -> u16 {
    bug as u16 + 1
}
