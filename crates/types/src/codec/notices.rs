//! The bytes of notices.

use alloc::vec::Vec;

use super::{Codec, DecodeError, Reader, choice, decode_text, encode_text, record};
use crate::{Incident, Notice, NoticeBody, NoticeFault, NoticeText, NoticeWords, OrderFate, Stage};

choice!(Stage { 0 => Investigating, 1 => Identified, 2 => Monitoring, 3 => Resolved });
choice!(OrderFate { 0 => Live, 1 => Cancelled, 2 => Unknown });
choice!(NoticeBody {
    0 => Incident(incident),
    1 => Maintenance { starts_at, ends_at, text },
    2 => Announcement { title, text },
    3 => KeyRotated { key, signature },
});
choice!(NoticeWords {
    0 => Announce { title, text },
    1 => Maintain { starts_at, ends_at, text },
    2 => OpenIncident { scope, orders, text },
    3 => UpdateIncident { incident, stage, orders, text },
    4 => RotateKey { key, signature },
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
