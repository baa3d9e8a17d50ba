//! Halts as items of the root, and as bytes of a snapshot.

use alloc::vec::Vec;

use types::codec::{Codec, DecodeError, Reader, encode_count};
use types::planted::{self, Bug};
use types::{AccountId, At, BreakerTerms, Halt, IndexId, InstrumentId, KindFilter};

use super::terms::{check_breakers, check_reopening};
use super::watch::Window;
use super::{Auction, Halts, Sent, Watch, usual_reopening};
use crate::engine::Engine;
use crate::root::{self, Digests};
use crate::snapshot::{decode_map, encode_map};

impl Halts {
    /// Enters everything into a digest that holds nothing of it.
    pub(crate) fn digest(&self, digests: &mut Digests) {
        for (key, halt) in &self.standing {
            digests.replace(root::HALT, *key, None, Some(halt));
        }
        for (instrument, auction) in &self.auctions {
            digests.replace(root::AUCTION, *instrument, None, Some(auction));
        }
        digests.replace_reopening(&usual_reopening(), &self.reopening);
        for (key, terms) in &self.breakers {
            digests.replace(root::BREAKERS, *key, None, Some(terms));
        }
        digests.replace(root::ORDER_RATE, 0_u8, None, self.order_rate.as_ref());
        for account in &self.killed {
            digests.replace(root::KILLED, *account, None, Some(&true));
        }
        for (account, sent) in &self.sent {
            digests.replace(root::SENT, *account, None, Some(sent));
        }
    }

    pub(crate) fn encode(&self, out: &mut Vec<u8>) {
        self.standing.values().copied().collect::<Vec<Halt>>().encode(out);
        encode_count(self.auctions.len(), out);
        for (instrument, auction) in &self.auctions {
            instrument.encode(out);
            auction.encode(out);
        }
        self.reopening.encode(out);
        encode_count(self.breakers.len(), out);
        for ((index, kind), terms) in &self.breakers {
            index.encode(out);
            kind.encode(out);
            terms.encode(out);
        }
        self.order_rate.encode(out);
        self.killed.iter().copied().collect::<Vec<AccountId>>().encode(out);
        encode_map(&self.sent, out);
    }
}

impl Engine {
    /// What names an instrument, an index or an account names one that is there.
    pub(crate) fn decode_halts(&mut self, reader: &mut Reader<'_>) -> Result<(), DecodeError> {
        let mut halts = Halts::default();
        for halt in Vec::<Halt>::decode(reader)? {
            halts.standing.insert((halt.scope, halt.cause), halt);
        }
        for _ in 0..reader.count()? {
            let (instrument, auction) = (InstrumentId::decode(reader)?, Auction::decode(reader)?);
            if self.markets.get(instrument.0).is_none() {
                return Err(reader.refuse("Auction"));
            }
            halts.auctions.insert(instrument, auction);
        }
        halts.reopening = Codec::decode(reader)?;
        for _ in 0..reader.count()? {
            let key = (IndexId::decode(reader)?, KindFilter::decode(reader)?);
            let terms = BreakerTerms::decode(reader)?;
            let is_known = self.indices.get(u32::from(key.0.0)).is_some();
            if !is_known || check_breakers(&terms).is_err() {
                return Err(reader.refuse("BreakerTerms"));
            }
            halts.breakers.insert(key, terms);
        }
        halts.order_rate = Codec::decode(reader)?;
        halts.killed = Vec::<AccountId>::decode(reader)?.into_iter().collect();
        halts.sent = decode_map(reader, self)?;
        let are_known = halts.killed.iter().all(|account| self.check_account(*account).is_ok());
        if !are_known || check_reopening(&halts.reopening).is_err() {
            return Err(reader.refuse("Halts"));
        }
        self.halts = halts;
        Ok(())
    }
}

impl Codec for Auction {
    fn encode(&self, out: &mut Vec<u8>) {
        self.ends_at.encode(out);
        let is_kept = !planted::is(Bug::ExtensionsLostBySnapshot);
        (if is_kept { self.extensions } else { 0 }).encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Auction { ends_at: At::decode(reader)?, extensions: u8::decode(reader)? })
    }
}

impl Codec for Sent {
    fn encode(&self, out: &mut Vec<u8>) {
        self.since.encode(out);
        self.orders.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Sent { since: At::decode(reader)?, orders: u32::decode(reader)? })
    }
}

impl Codec for Watch {
    fn encode(&self, out: &mut Vec<u8>) {
        self.velocity.encode(out);
        self.range.encode(out);
        self.at_edge_since.encode(out);
        self.usual_milli.encode(out);
        self.thin_since.encode(out);
        self.liquidated.encode(out);
        self.minute_at.encode(out);
        self.minutes.encode(out);
        self.paced_until.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        Ok(Watch {
            velocity: Codec::decode(reader)?,
            range: Codec::decode(reader)?,
            at_edge_since: Codec::decode(reader)?,
            usual_milli: Codec::decode(reader)?,
            thin_since: Codec::decode(reader)?,
            liquidated: Codec::decode(reader)?,
            minute_at: Codec::decode(reader)?,
            minutes: Codec::decode(reader)?,
            paced_until: Codec::decode(reader)?,
        })
    }
}

impl Codec for Window {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_count(self.parts.len(), out);
        for (part, range) in &self.parts {
            part.encode(out);
            range.encode(out);
        }
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let mut window = Window::default();
        for _ in 0..reader.count()? {
            window.parts.push_back((u64::decode(reader)?, Codec::decode(reader)?));
        }
        Ok(window)
    }
}
