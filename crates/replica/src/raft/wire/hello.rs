//! The first words of a connection: who calls whom, in which domain, for what.
//!
//! ```text
//!   hello     8 "PLIMRFT\n"   4 version   8 cluster   8 domain   8 from   8 to   1 purpose
//!   welcome   0, or 1 and the reason of the refusal as text
//! ```

use ::types::AssetCode;
use ::types::codec::{Codec, DecodeError, Reader};

use super::{decode_string, encode_clipped};

const MAGIC: [u8; 8] = *b"PLIMRFT\n";
/// The protocol that this build speaks; a node of another one is refused.
pub const PROTOCOL_VERSION: u32 = 1;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Unary = 1,
    Append = 2,
    Snapshot = 3,
    Forward = 4,
}

/// Who calls whom, and for what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Hello {
    pub version: u32,
    pub cluster: u64,
    pub domain: AssetCode,
    pub from: u64,
    pub to: u64,
    pub purpose: Purpose,
}

/// The answer to a [`Hello`]: go on, or why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Welcome(pub Result<(), String>);

impl Codec for Hello {
    fn encode(&self, out: &mut Vec<u8>) {
        let Hello { version, cluster, domain, from, to, purpose } = self;
        MAGIC.encode(out);
        version.encode(out);
        cluster.encode(out);
        domain.encode(out);
        from.encode(out);
        to.encode(out);
        out.push(*purpose as u8);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if reader.array()? != MAGIC {
            return Err(reader.refuse("magic of a hello"));
        }
        Ok(Hello {
            version: u32::decode(reader)?,
            cluster: u64::decode(reader)?,
            domain: AssetCode::decode(reader)?,
            from: u64::decode(reader)?,
            to: u64::decode(reader)?,
            purpose: Purpose::decode(reader)?,
        })
    }
}

impl Codec for Purpose {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(*self as u8);
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match u8::decode(reader)? {
            1 => Ok(Purpose::Unary),
            2 => Ok(Purpose::Append),
            3 => Ok(Purpose::Snapshot),
            4 => Ok(Purpose::Forward),
            _ => Err(reader.refuse("Purpose")),
        }
    }
}

impl Codec for Welcome {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.is_err().encode(out);
        if let Err(reason) = &self.0 {
            encode_clipped(reason, out);
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let refused = bool::decode(reader)?;
        Ok(Welcome(if refused { Err(decode_string(reader)?) } else { Ok(()) }))
    }
}
