//! What the gateway needs of the venue behind it. `plimsoll` provides it, and the simulator will.

use std::future::Future;
use std::pin::Pin;

use types::{
    AccountId, AccountView, AdlPlace, AssetCode, FeedView, InstrumentId, Lots, OrderNeeds,
    Proposal, PublicKey, Signature, Ticks, WaterfallView,
};

/// One margin domain, by its place in [`Venue::domains`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DomainId(pub u8);

/// A margin domain: its settlement asset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Domain {
    /// The asset of its margin, profit and fees.
    pub asset: AssetCode,
    /// Decimals of that asset: one is `10^decimals` atoms.
    pub decimals: u8,
}

/// How a proposal is queued. Load is shed from the back of this list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// Cancels, reduce-only orders, and reports of prices: they have a reserve of their own. A
    /// venue that sheds its prices first cannot trade when that matters most.
    Cancel,
    /// Everything else.
    Order,
}

/// The queue is full. The command was not proposed and never will be: sending it again is safe.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{queued} commands are queued: send it again in a moment")]
pub struct Busy {
    /// How many wait.
    pub queued: usize,
}

/// A future that can be kept in a box.
pub type Later<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The venue behind a gateway.
///
/// Outcomes do not come back from here: whoever implements this hands each applied batch of a
/// domain to that domain's publisher, which knows each proposal by its tag.
pub trait Venue: Send + Sync + 'static {
    /// The domains, in an order that never changes while the process runs.
    fn domains(&self) -> &[Domain];
    /// Proposes a command. Never blocks.
    fn propose(&self, domain: DomainId, class: Class, proposal: Proposal) -> Result<(), Busy>;
    /// The numbers of an account after some applied batch; `None` if there is no such account.
    fn account(&self, domain: DomainId, account: AccountId) -> Later<Option<AccountView>>;
    /// The feed of a pair after some applied batch; `None` if the domain has no such index.
    fn feed(&self, domain: DomainId, base: AssetCode, quote: AssetCode) -> Later<Option<FeedView>>;
    /// Where an account's positions stand in the ranking of auto-deleveraging; `None`: no answer.
    fn adl_places(&self, domain: DomainId, account: AccountId) -> Later<Option<Vec<AdlPlace>>>;
    /// What an order of an account to buy, and one to sell, would need; `None` if there is no such
    /// account or no mark.
    fn order_needs(
        &self,
        domain: DomainId,
        account: AccountId,
        order: (InstrumentId, Lots, Ticks),
    ) -> Later<Option<[OrderNeeds; 2]>>;
    /// The insurance fund and what stands behind it; `None`: no answer.
    fn waterfall(&self, domain: DomainId) -> Later<Option<WaterfallView>>;
    /// Signs a message with the venue's notice key; `None`: there is none here.
    fn sign_notice(&self, message: &[u8]) -> Option<(PublicKey, Signature)>;
}
