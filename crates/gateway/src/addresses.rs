//! What the edge remembers of each address: connections, and credits of calls without login.
//!
//! An IPv6 client owns a whole /64, so that is what counts as its address. At most
//! [`ADDRESSES_MAX`] are remembered: an address without connections and with full credits is
//! forgotten first, and when there is none, new addresses share one entry.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::credits::{Bucket, Overdraft, Rate};
use crate::limits::ADDRESSES_MAX;

/// All addresses.
#[derive(Debug, Default)]
pub(crate) struct Addresses {
    entries: Mutex<HashMap<IpAddr, Entry>>,
}

#[derive(Debug, Default)]
struct Entry {
    n_connections: usize,
    bucket: Bucket,
}

/// One connection of an address; counted until it is dropped.
#[derive(Debug)]
pub(crate) struct Connected {
    addresses: Arc<Addresses>,
    group: IpAddr,
    /// How many there are with this one.
    pub(crate) n_connections: usize,
}

impl Addresses {
    /// Counts a connection.
    pub(crate) fn connect(self: &Arc<Self>, address: IpAddr, run_us: u64, rate: Rate) -> Connected {
        let mut entries = self.entries();
        let group = room_for(&mut entries, group(address), run_us, rate);
        let entry = entries.entry(group).or_default();
        entry.n_connections += 1;
        Connected { addresses: self.clone(), group, n_connections: entry.n_connections }
    }

    /// Takes credits of an address.
    pub(crate) fn take(
        &self,
        address: IpAddr,
        run_us: u64,
        rate: Rate,
        cost: u64,
    ) -> Result<(), Overdraft> {
        let mut entries = self.entries();
        let group = room_for(&mut entries, group(address), run_us, rate);
        entries.entry(group).or_default().bucket.take(run_us, rate, cost)
    }

    fn entries(&self) -> MutexGuard<'_, HashMap<IpAddr, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Connected {
    fn drop(&mut self) {
        if let Some(entry) = self.addresses.entries().get_mut(&self.group) {
            entry.n_connections = entry.n_connections.saturating_sub(1);
        }
    }
}

/// The entry that an address uses: its own, or the shared one when there are too many.
fn room_for(
    entries: &mut HashMap<IpAddr, Entry>,
    group: IpAddr,
    run_us: u64,
    rate: Rate,
) -> IpAddr {
    if entries.contains_key(&group) || entries.len() < ADDRESSES_MAX {
        return group;
    }
    entries.retain(|_, entry| 0 < entry.n_connections || !entry.bucket.is_full(run_us, rate));
    if entries.len() < ADDRESSES_MAX { group } else { IpAddr::V6(Ipv6Addr::UNSPECIFIED) }
}

fn group(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(v6) => match v6.to_ipv4_mapped() {
            Some(v4) => IpAddr::V4(v4),
            None => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
        },
    }
}

#[cfg(test)]
mod tests;
