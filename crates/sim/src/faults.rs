//! What breaks, and for how long. A fault never takes more nodes than a quorum can spare, except
//! for those that take all and give them back.

use crate::raft::{NodeId, Us};
use crate::rng::Rng;
use crate::setup::SECOND;

/// A kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A process is gone; what it wrote is still with the system. One in three times power is gone,
    /// too, at some operation of the disk after it has begun to start.
    Kill,
    /// Power is gone in the middle of some operation of the disk.
    PowerCut,
    /// All power of the site.
    PowerCutAll,
    /// A process stands still.
    Pause,
    /// A node hears nobody and is heard by nobody.
    Isolate,
    /// Two nodes do not hear each other.
    Bridge,
    /// A node is heard, and hears nobody.
    Deaf,
    /// A node hears, and is heard by nobody.
    Mute,
    /// The links of a node come and go.
    Flapping,
    /// Messages are late.
    SlowLinks,
    /// Messages are lost.
    LossyLinks,
    /// Writes fail.
    WriteFails,
    /// Syncs fail.
    SyncFails,
    /// The disk is full.
    DiskFull,
    /// Syncs take long.
    SlowDisk,
    /// A bit of what is on disk changes, and then the node is started anew.
    Rot,
    /// The disk says that it has written something, and has not.
    LostWrite,
    /// The disk writes something to another place than it was for.
    MisdirectedWrite,
    /// A sector cannot be read any more; whoever has read it before does not know.
    BadSector,
    /// Reads fail at times.
    ReadFails,
    /// The time of day of a node leaps.
    ClockJump,
    /// A node is gone for good, and comes back with an empty disk.
    Replace,
    /// No reporter says anything: prices grow old.
    FeedOutage,
}

/// A fault that is there.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which.
    pub kind: Kind,
    /// At whom.
    pub victim: NodeId,
    /// The other end of a link that is cut.
    pub other: NodeId,
    /// When it began.
    pub began: Us,
    /// When it ends.
    pub ends: Us,
    /// How bad, as its kind means it.
    pub amount: u64,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 23] = [
        Kind::Kill,
        Kind::PowerCut,
        Kind::PowerCutAll,
        Kind::Pause,
        Kind::Isolate,
        Kind::Bridge,
        Kind::Deaf,
        Kind::Mute,
        Kind::Flapping,
        Kind::SlowLinks,
        Kind::LossyLinks,
        Kind::WriteFails,
        Kind::SyncFails,
        Kind::DiskFull,
        Kind::SlowDisk,
        Kind::Rot,
        Kind::LostWrite,
        Kind::MisdirectedWrite,
        Kind::BadSector,
        Kind::ReadFails,
        Kind::ClockJump,
        Kind::Replace,
        Kind::FeedOutage,
    ];

    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Kill => "kill",
            Kind::PowerCut => "power-cut",
            Kind::PowerCutAll => "power-cut-all",
            Kind::Pause => "pause",
            Kind::Isolate => "isolate",
            Kind::Bridge => "bridge",
            Kind::Deaf => "one-way-deaf",
            Kind::Mute => "one-way-mute",
            Kind::Flapping => "flapping",
            Kind::SlowLinks => "slow-links",
            Kind::LossyLinks => "lossy-links",
            Kind::WriteFails => "write-fails",
            Kind::SyncFails => "sync-fails",
            Kind::DiskFull => "disk-full",
            Kind::SlowDisk => "slow-disk",
            Kind::Rot => "bit-rot",
            Kind::LostWrite => "lost-write",
            Kind::MisdirectedWrite => "misdirected-write",
            Kind::BadSector => "bad-sector",
            Kind::ReadFails => "read-fails",
            Kind::ClockJump => "clock-jump",
            Kind::Replace => "replace",
            Kind::FeedOutage => "feed-outage",
        }
    }

    /// Whether its victim counts as broken while it lasts.
    pub fn is_hard(self) -> bool {
        !matches!(
            self,
            Kind::SlowLinks
                | Kind::LossyLinks
                | Kind::ClockJump
                | Kind::SlowDisk
                | Kind::FeedOutage
        )
    }

    /// Whether it needs somebody else to be there.
    pub fn needs_others(self) -> bool {
        matches!(
            self,
            Kind::Isolate
                | Kind::Bridge
                | Kind::Deaf
                | Kind::Mute
                | Kind::Flapping
                | Kind::SlowLinks
                | Kind::LossyLinks
                | Kind::Replace
        )
    }

    /// Whether it breaks what a disk promises, so that its victim may find damage.
    pub fn spoils(self) -> bool {
        matches!(self, Kind::Rot | Kind::LostWrite | Kind::MisdirectedWrite | Kind::BadSector)
    }

    /// Whether what a node has on disk may be gone with it.
    pub fn loses(self) -> bool {
        self.spoils() || self == Kind::Replace
    }

    /// Whether it ends the victim's process.
    pub fn ends_process(self) -> bool {
        matches!(
            self,
            Kind::Kill
                | Kind::PowerCut
                | Kind::PowerCutAll
                | Kind::WriteFails
                | Kind::SyncFails
                | Kind::DiskFull
                | Kind::Rot
                | Kind::LostWrite
                | Kind::MisdirectedWrite
                | Kind::BadSector
                | Kind::ReadFails
                | Kind::Replace
        )
    }

    /// One of this kind that begins now.
    pub fn drawn(self, rng: &mut Rng, now: Us, (victim, other): (NodeId, NodeId)) -> Fault {
        let longest = match self {
            Kind::Kill | Kind::PowerCutAll | Kind::ClockJump => 8,
            Kind::FeedOutage | Kind::LostWrite | Kind::MisdirectedWrite => 60,
            _ => 20,
        };
        let lasts = rng.wait(longest * SECOND / 3).max(SECOND / 20);
        let amount = match self {
            Kind::PowerCut | Kind::PowerCutAll => rng.below(12),
            Kind::Kill => rng.below(3),
            Kind::LostWrite | Kind::MisdirectedWrite | Kind::BadSector => rng.heavy(500),
            Kind::SlowLinks => rng.between(2_000, 200_000),
            Kind::LossyLinks => rng.between(10_000, 300_000),
            Kind::SlowDisk => rng.between(5_000, 400_000),
            Kind::ReadFails => rng.below(2),
            Kind::ClockJump => rng.heavy(600_000),
            _ => 0,
        };
        Fault { kind: self, victim, other, began: now, ends: now + lasts, amount }
    }
}
