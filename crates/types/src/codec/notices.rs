//! The bytes of notices.

use alloc::vec::Vec;

use super::{Codec, DecodeError, Reader, choice, decode_text, encode_text, record};
use crate::{
    Component, ComponentState, Incident, Notice, NoticeBody, NoticeFault, NoticeText, NoticeWords,
    OrderFate, Stage,
};

choice!(Stage { 0 => Investigating, 1 => Identified, 2 => Monitoring, 3 => Resolved });
choice!(OrderFate { 0 => Live, 1 => Cancelled, 2 => Unknown });
choice!(Component {
    0 => Matching, 1 => Margin, 2 => Liquidation, 3 => OracleFeeds, 4 => Funds, 5 => MarketData,
    6 => Api,
});
choice!(ComponentState {
    0 => Operational, 1 => Maintenance, 2 => Degraded, 3 => PartialOutage, 4 => MajorOutage,
});
choice!(NoticeBody {
    0 => Incident(incident),
    1 => Maintenance { starts_at, ends_at, text },
    2 => Announcement { title, text },
    3 => KeyRotated { key, signature },
    4 => ComponentChanged { component, state, text },
});
choice!(NoticeWords {
    0 => Announce { title, text },
    1 => Maintain { starts_at, ends_at, text },
    2 => OpenIncident { scope, orders, text },
    3 => UpdateIncident { incident, stage, orders, text },
    4 => RotateKey { key, signature },
    5 => SetComponent { component, state, text },
});
choice!(NoticeFault { 0 => Stage, 1 => Orders, 2 => Words, 3 => Times, 4 => Key });

record!(Notice { number, seq, at, body });
record!(Incident {
    incident,
    stage,
    scope,
    cause,
    state,
    until,
    value,
    limit,
    orders,
    since,
    text,
});

impl Codec for NoticeText {
    fn encode(&self, out: &mut Vec<u8>) {
        encode_text(self.as_str(), out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let text = decode_text(reader, NoticeText::BYTES_MAX)?;
        NoticeText::new(text).map_err(|_| reader.refuse("NoticeText"))
    }
}
