//! What the node that leads a domain owes it, on a venue of several machines.
//!
//! ```text
//!   leads ─▶ sessions of before are gone ─▶ never begun? ─▶ instruments, breakers, key ─▶ stays
//!            (cancel-on-disconnect)             │ each step again, if a leader died in the middle
//!                                               └─ begun: the notice key, published last, says so
//! ```
//! The term itself is opened by the replica, before anything else (`StartTerm`). Ticks, ended days
//! and listings are proposed by whoever leads: see [`super::upkeep`].

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use gateway::venue::{Class, Domain, DomainId};
use tokio::task::JoinSet;
use types::{AccountId, Amount, Command};

use super::site::Site;
use super::{gone, safety};
use crate::genesis::{self, Genesis};
use crate::output;

/// Before a duty that failed is tried again, if this node still leads.
const AGAIN: Duration = Duration::from_millis(500);

/// Does its duties in every domain, whenever it leads; they end when the set is dropped.
pub fn start(site: &Arc<Site>, genesis: &Arc<Genesis>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    for (id, domain) in site.domain_ids() {
        tasks.spawn(follow(site.clone(), genesis.clone(), id, domain));
        tasks.spawn(gone::watch(site.clone(), id, domain));
    }
    tasks
}

async fn follow(site: Arc<Site>, genesis: Arc<Genesis>, id: DomainId, domain: Domain) {
    let standing = site.venue().standing(id).expect("a node of a cluster knows how it stands");
    let mut leadership = standing.follow_leadership();
    loop {
        if leadership.borrow_and_update().leading.is_some() {
            while site.venue().leads(id) {
                match take_over(&site, &genesis, (id, domain)).await {
                    Ok(()) => break,
                    Err(error) => output::note(&format!("{}: {error:#}", domain.asset)),
                }
                tokio::time::sleep(AGAIN).await;
            }
        }
        if leadership.changed().await.is_err() {
            return;
        }
    }
}

async fn take_over(
    site: &Site,
    genesis: &Genesis,
    (id, domain): (DomainId, Domain),
) -> anyhow::Result<()> {
    output::note(&format!("{}: this node leads", domain.asset));
    let dropped = vec![Command::DropSession { session: None }];
    site.carry_out_as(id, Class::Cancel, dropped).await.context("dropping sessions of before")?;
    if site.key_in_force(id)?.is_some() {
        return Ok(());
    }
    for command in genesis::newest_rules().chain(genesis.commands(domain.asset)) {
        begin_with(site, id, command).await?;
    }
    for command in safety::commands(&site.pairs(id)?, safety::SERVED) {
        begin_with(site, id, command).await?;
    }
    let key = site.venue().notice_key().context("a venue that is open has its notice key")?;
    site.publish_key((id, domain), &key, key.public()).await
}

/// What a leader that died in the middle has done already is refused, which is as well; money is
/// not credited a second time.
async fn begin_with(site: &Site, id: DomainId, command: Command) -> anyhow::Result<()> {
    if let Command::Deposit { account, .. } = command
        && is_credited(site, id, account).await?
    {
        return Ok(());
    }
    let begun = site.carry_out(id, vec![command]).await;
    if !site.venue().leads(id) {
        begun.context("this node does not lead any more")?;
    }
    Ok(())
}

async fn is_credited(site: &Site, id: DomainId, account: AccountId) -> anyhow::Result<bool> {
    let view = site.account(id, account).await;
    let has_money = view.is_some_and(|view| Amount::ZERO < view.collateral);
    Ok(has_money || site.reporter(id, account)?.is_some())
}
