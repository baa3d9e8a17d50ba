//! Whether the domain may go on by another version of the rules.
//!
//! ```text
//!   leader ─▶ every member: which versions do you know? ─▶ all know it ─▶ Upgrade may be ordered
//!                                                          one does not, or is silent ─▶ refused
//! ```
//! A node that met an entry which its build does not know would have to stop. So every member is
//! asked, learners too; a build that does not understand the question is an old one.

use std::time::Duration;

use engine::VERSION_MAX;
use futures_util::future::join_all;
use tokio::time::timeout;
use types::Version;

use super::dial::{Callee, Link};
use super::members::MembersError;
use super::network;
use super::status::{MemberStatus, Standing};
use super::wire::hello::Purpose;
use super::wire::rpc::{Request, Response};

/// How long a member may take to say what it knows.
const ANSWER_MAX: Duration = Duration::from_secs(2);

impl Standing {
    /// Refused with who does not know the version. Nothing is proposed.
    pub async fn check_upgrade(&self, to: Version) -> Result<(), MembersError> {
        self.check_leads()?;
        let members = self.status().members;
        let answers = join_all(members.iter().map(|member| self.known_by(member))).await;
        let faults = members.iter().zip(answers).filter_map(|(member, known)| {
            let node = member.node;
            match known {
                Ok(known) if to <= known => None,
                Ok(known) => Some(format!("node {node} knows versions up to {known}")),
                Err(why) => {
                    Some(format!("node {node} does not say which versions it knows: {why}"))
                }
            }
        });
        let faults: Vec<String> = faults.collect();
        if faults.is_empty() {
            return Ok(());
        }
        Err(MembersError::Unsafe(format!(
            "every member must know version {to} of the rules first: {}. Start a build there that \
             knows it, or remove the member",
            faults.join("; ")
        )))
    }

    async fn known_by(&self, member: &MemberStatus) -> Result<Version, String> {
        if member.node == self.node {
            return Ok(VERSION_MAX);
        }
        let (node, address) = (member.node, member.member.address.clone());
        let callee = Callee { node, address, domain: self.asset, purpose: Purpose::Unary };
        let mut link = Link::new(self.caller.clone(), callee);
        let asked = network::ask(&mut link, &Request::Versions, ANSWER_MAX);
        let answered = timeout(ANSWER_MAX, asked).await;
        let answered = answered.map_err(|_| format!("no answer within {ANSWER_MAX:?}"))?;
        match answered.map_err(|error| error.to_string())? {
            Response::Versions(known) => Ok(known),
            Response::Failed(why) => Err(why),
            other => Err(format!("it answers what was not asked: {other:?}")),
        }
    }
}
