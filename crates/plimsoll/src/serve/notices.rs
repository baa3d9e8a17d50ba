//! The key that notices are signed with (docs/rules/notices.md, NTC-2 and NTC-6).
//!
//! ```text
//!   notice.pem         the key in force; made at the first start, and published
//!   notice-next.pem    put there by `plimsoll notice rotate-key`: the next start has the old key
//!                      sign it, publishes that, and moves it in the old one's place
//!   notice-old.pem     the key before
//! ```

use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use gateway::venue::{Domain, DomainId};
use types::{Command, NoticeWords, PublicKey};

use super::site::Site;
use crate::key_file::KeyFile;
use crate::output;

/// The key in force.
pub const KEY: &str = "notice.pem";
/// The one that follows it.
pub const NEXT_KEY: &str = "notice-next.pem";
const OLD_KEY: &str = "notice-old.pem";

/// The key of a data directory, made if there is none.
pub fn open_key(data: &Path) -> anyhow::Result<KeyFile> {
    let path = data.join(KEY);
    if !path.exists() {
        KeyFile::make(&path).with_context(|| format!("making {}", path.display()))?;
    }
    KeyFile::open(&path).with_context(|| format!("opening {}", path.display()))
}

impl Site {
    /// Publishes the key where none is in force; where another one is, notices go unsigned, and it
    /// is said so. A key that waits to follow is published last, signed by the one it follows.
    pub async fn announce_key(&self) -> anyhow::Result<()> {
        let (own, data) = (self.venue().notice_key(), self.data());
        let own = own.context("a venue that is open has its notice key")?;
        for (id, domain) in self.domain_ids() {
            match self.key_in_force(id)? {
                None => self.publish_key((id, domain), &own, own.public()).await?,
                Some(key) if key == own.public() => {}
                Some(key) => output::note(&format!(
                    "{}: notices are signed with {}, which is not the key in {KEY}: new ones go \
                     unsigned until that key is back",
                    domain.asset,
                    output::hex(&key.0)
                )),
            }
        }
        let path = data.join(NEXT_KEY);
        if !path.exists() {
            return Ok(());
        }
        let next = KeyFile::open(&path).with_context(|| format!("opening {}", path.display()))?;
        for (id, domain) in self.domain_ids() {
            if self.key_in_force(id)? == Some(own.public()) {
                self.publish_key((id, domain), &own, next.public()).await?;
            }
        }
        fs::rename(data.join(KEY), data.join(OLD_KEY)).context("keeping the old notice key")?;
        fs::rename(&path, data.join(KEY)).context("putting the new notice key in its place")?;
        self.venue().sign_with(Arc::new(next));
        Ok(())
    }

    pub(super) async fn publish_key(
        &self,
        (id, domain): (DomainId, Domain),
        signer: &KeyFile,
        key: PublicKey,
    ) -> anyhow::Result<()> {
        let signature = signer.sign(&ledger::notice_key_message(domain.asset, &key));
        let words = NoticeWords::RotateKey { key, signature };
        self.carry_out(id, vec![Command::PublishNotice(Box::new(words))])
            .await
            .context("publishing the notice key")
    }
}
