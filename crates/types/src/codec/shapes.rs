//! The three shapes of a coded type, as macros: a number with a name, a record, a choice.

/// `newtype!(Ticks, Lots)`: the bytes of the number inside.
macro_rules! newtype {
    ($($name:ident),* $(,)?) => {$(
        impl Codec for $name {
            #[inline]
            fn encode(&self, out: &mut Vec<u8>) {
                self.0.encode(out);
            }
            #[inline]
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok($name(Codec::decode(reader)?))
            }
        }
    )*};
}

/// `record!(Entry { seq, at, command })`: the bytes of the fields in this order.
macro_rules! record {
    ($name:ident { $($field:ident),* $(,)? }) => {
        impl Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                $(self.$field.encode(out);)*
            }
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                Ok($name { $($field: Codec::decode(reader)?),* })
            }
        }
    };
}

/// `choice!(Side { 0 => Bid, 1 => Ask })`: a tag, then the fields of the variant.
macro_rules! choice {
    ($name:ident { $(
        $tag:literal => $variant:ident $({ $($field:ident),* })? $(( $inner:ident ))?
    ),* $(,)? }) => {
        impl Codec for $name {
            fn encode(&self, out: &mut Vec<u8>) {
                match self {$(
                    $name::$variant $({ $($field),* })? $(( $inner ))? => {
                        out.push($tag);
                        $($($field.encode(out);)*)?
                        $($inner.encode(out);)?
                    }
                )*}
            }
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                match u8::decode(reader)? {
                    $($tag => Ok($name::$variant
                        $({ $($field: Codec::decode(reader)?),* })?
                        $(({
                            let $inner = Codec::decode(reader)?;
                            $inner
                        }))?
                    ),)*
                    _ => Err(reader.refuse(stringify!($name))),
                }
            }
        }
    };
}

pub(crate) use {choice, newtype, record};
