//! What this node says of its cluster, and how it changes the members.

use std::path::Path;

use gateway::venue::{
    ClusterView, Domain, DomainId, DomainStanding, Later, MemberChange, MemberStanding, Venue,
};
use replica::raft::{Member, MembersError, Role, Standing, Status};
use types::{AssetCode, Seq, Version};

use super::{LocalVenue, Seat};

/// How a node of a cluster stands.
pub fn among_others(venue: &LocalVenue, seat: &Seat) -> ClusterView {
    let domains = (0..).map(DomainId).zip(venue.domains());
    let standing = |(id, domain): (DomainId, &Domain)| {
        Some(of_domain(domain.asset, &venue.standing(id)?.status()))
    };
    ClusterView {
        node: seat.cluster.node(),
        cluster: seat.name.clone(),
        zone: seat.zone.clone(),
        domains: domains.filter_map(standing).collect(),
        disk_free_bytes: disk_free_bytes(&seat.data),
        version_max: engine::VERSION_MAX,
    }
}

/// Where a domain is: after which entry, by which rules.
type Place = (Seq, Version);

/// How a venue of one machine stands: as a node that leads. A domain that does not answer is left
/// out.
pub async fn alone(domains: Vec<(Domain, Later<Option<Place>>)>) -> ClusterView {
    let (cluster, version_max) = ("solo".to_owned(), engine::VERSION_MAX);
    let mut view = ClusterView { node: 1, cluster, version_max, ..ClusterView::default() };
    for (domain, place) in domains {
        let Some((applied, version)) = place.await else { continue };
        view.domains.push(DomainStanding {
            asset: domain.asset,
            role: "solo",
            leader: Some(1),
            term: 0,
            last_index: None,
            committed_index: None,
            applied_index: None,
            applied,
            version,
            root: None,
            voters: vec![1],
            learners: Vec::new(),
            lag_ms: 0,
            members: Vec::new(),
        });
    }
    view
}

fn of_domain(asset: AssetCode, status: &Status) -> DomainStanding {
    let last = status.last_index;
    let members = status.members.iter().map(|member| {
        let Member { address, zone, api } = member.member.clone();
        let matched_index = member.matched_index;
        let lag_entries =
            matched_index.zip(last).map(|(matched, last)| last.saturating_sub(matched));
        MemberStanding { node: member.node, address, zone, api, matched_index, lag_entries }
    });
    DomainStanding {
        asset,
        role: word(status.role),
        leader: status.leader,
        term: status.term,
        last_index: last,
        committed_index: status.committed_index,
        applied_index: status.applied_index,
        applied: status.applied,
        version: status.version,
        root: status.root,
        voters: status.voters.iter().copied().collect(),
        learners: status.learners.iter().copied().collect(),
        lag_ms: u64::try_from(status.silence.as_millis()).unwrap_or(u64::MAX),
        members: members.collect(),
    }
}

fn word(role: Role) -> &'static str {
    match role {
        Role::Leader => "leader",
        Role::Follower => "follower",
        Role::Candidate => "candidate",
        Role::Learner => "learner",
        Role::Stopped => "stopped",
    }
}

/// How old what this node shows may be, at the worst of its domains; `None` where it leads all.
pub fn lag_ms(venue: &LocalVenue) -> Option<u64> {
    venue.seat.as_ref()?;
    let standings = venue.standings.iter().filter_map(|slot| slot.get());
    let lags = standings.filter(|standing| !standing.leads());
    lags.map(|standing| u64::try_from(standing.silence().as_millis()).unwrap_or(u64::MAX)).max()
}

/// Changes the members of a domain.
pub async fn change(standing: Option<Standing>, change: MemberChange) -> Result<(), String> {
    let Some(standing) = standing else {
        return Err("this venue runs on one machine: it has no members".to_owned());
    };
    change_one(&standing, change).await.map_err(|error| error.to_string())
}

/// Whether every build that applies the domain's log knows the version.
pub async fn check_upgrade(standing: Option<Standing>, to: Version) -> Result<(), String> {
    match standing {
        Some(standing) => standing.check_upgrade(to).await.map_err(|error| error.to_string()),
        None if to <= engine::VERSION_MAX => Ok(()),
        None => Err(format!(
            "this build knows versions of the rules up to {}, not {to}: start a newer one",
            engine::VERSION_MAX
        )),
    }
}

async fn change_one(standing: &Standing, change: MemberChange) -> Result<(), MembersError> {
    match change {
        MemberChange::AddLearner { node, address, zone, api } => {
            standing.add_learner(node, Member { address, zone, api }).await
        }
        MemberChange::Promote { node, force } => standing.promote(node, force).await,
        MemberChange::Remove { node, force } => standing.remove(node, force).await,
        MemberChange::Transfer { node } => standing.transfer(node).await,
    }
}

/// For those who may not use what is reserved for root.
fn disk_free_bytes(data: &Path) -> Option<u64> {
    let told = rustix::fs::statvfs(data).ok()?;
    told.f_bavail.checked_mul(told.f_frsize)
}
