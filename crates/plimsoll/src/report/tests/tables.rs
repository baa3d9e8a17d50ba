//! Parquet: files that are written here, byte by byte, in each form that is read; and what becomes
//! of files that are damaged or of another form.

use std::io::Write;

use expect_test::expect;
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use types::{At, IndexPrice};

use crate::report::parquet::rows;
use crate::report::recording::Rows;
use crate::report::said::Said;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Form {
    /// 0 nothing, 2 gzip.
    codec: i64,
    is_optional: bool,
    by_dictionary: bool,
    version: u8,
}

/// A writer of compact Thrift.
#[derive(Default)]
struct Thrift {
    bytes: Vec<u8>,
    last: u8,
}

impl Thrift {
    fn varint(&mut self, mut number: u64) {
        while 0x80 <= number {
            self.bytes.push(u8::try_from(number & 0x7f).expect("seven bits") | 0x80);
            number >>= 7;
        }
        self.bytes.push(u8::try_from(number).expect("seven bits"));
    }

    fn head(&mut self, id: u8, kind: u8) {
        self.bytes.push((id - self.last) << 4 | kind);
        self.last = id;
    }

    fn int(mut self, id: u8, number: i64) -> Thrift {
        self.head(id, 6);
        self.varint(u64::try_from(number).expect("from zero on") << 1);
        self
    }

    fn text(mut self, id: u8, text: &str) -> Thrift {
        self.head(id, 8);
        self.varint(u64::try_from(text.len()).expect("it is short"));
        self.bytes.extend(text.as_bytes());
        self
    }

    fn flag(mut self, id: u8, flag: bool) -> Thrift {
        self.head(id, if flag { 1 } else { 2 });
        self
    }

    fn record(mut self, id: u8, record: Thrift) -> Thrift {
        self.head(id, 12);
        self.bytes.extend(record.end());
        self
    }

    fn list(mut self, id: u8, records: Vec<Thrift>) -> Thrift {
        self.head(id, 9);
        self.bytes.push(u8::try_from(records.len()).expect("it is short") << 4 | 12);
        records.into_iter().for_each(|record| self.bytes.extend(record.end()));
        self
    }

    fn end(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

fn size(bytes: &[u8]) -> i64 {
    i64::try_from(bytes.len()).expect("it is short")
}

fn compressed(form: Form, bytes: &[u8]) -> Vec<u8> {
    if form.codec == 0 {
        return bytes.to_vec();
    }
    let mut gzip = GzEncoder::new(Vec::new(), Compression::default());
    gzip.write_all(bytes).expect("a Vec takes everything");
    gzip.finish().expect("a Vec takes everything")
}

/// Pages of a column of eight values of eight bytes.
fn pages(form: Form, values: &[[u8; 8]; 8]) -> Vec<u8> {
    let mut pages = Vec::new();
    let (body, encoding) = match form.by_dictionary {
        false => (values.concat(), 0),
        true => {
            // The last value first, so that an index is not its place.
            let dictionary: Vec<u8> = values.iter().rev().flatten().copied().collect();
            let page = compressed(form, &dictionary);
            let header = Thrift::default().int(1, 2).int(2, size(&dictionary)).int(3, size(&page));
            let header = header.record(7, Thrift::default().int(1, 8).int(2, 0));
            pages.extend([header.end(), page].concat());
            // Indices of three bits, in one group of eight: 7, 6, 5 … 0, the lowest bits first.
            let packed = (0..8_u32).fold(0_u32, |bits, n| bits | (7 - n) << (3 * n));
            let [first, second, third, _] = packed.to_le_bytes();
            (vec![3, 0b11, first, second, third], 8)
        }
    };
    // Eight times level 1, as one run.
    let levels = if form.is_optional { vec![8 << 1, 1] } else { Vec::new() };
    let page = match form.version {
        1 => {
            let prefix = u32::try_from(levels.len()).expect("it is short").to_le_bytes();
            let prefix = if form.is_optional { &prefix[..] } else { &[] };
            let whole = [prefix, &levels, &body].concat();
            let page = compressed(form, &whole);
            let header = Thrift::default().int(1, 0).int(2, size(&whole)).int(3, size(&page));
            let data = Thrift::default().int(1, 8).int(2, encoding).int(3, 3).int(4, 3);
            [header.record(5, data).end(), page].concat()
        }
        _ => {
            let page = [levels.clone(), compressed(form, &body)].concat();
            let whole = size(&levels) + size(&body);
            let header = Thrift::default().int(1, 3).int(2, whole).int(3, size(&page));
            let data = Thrift::default().int(1, 8).int(2, 0).int(3, 8).int(4, encoding);
            let data = data.int(5, size(&levels)).int(6, 0).flag(7, form.codec != 0);
            [header.record(8, data).end(), page].concat()
        }
    };
    [pages, page].concat()
}

/// A file of times and prices.
fn file(form: Form, columns: [(&str, i64, [[u8; 8]; 8]); 2]) -> Vec<u8> {
    let mut file = b"PAR1".to_vec();
    let mut schema = vec![Thrift::default().text(4, "schema").int(5, 2)];
    let mut chunks = Vec::new();
    for (name, kind, values) in columns {
        let element = Thrift::default().int(1, kind).int(3, i64::from(form.is_optional));
        schema.push(element.text(4, name));
        let pages = pages(form, &values);
        let metadata = Thrift::default().int(1, kind).int(4, form.codec).int(5, 8);
        let metadata = metadata.int(6, 64).int(7, size(&pages)).int(9, size(&file));
        chunks.push(Thrift::default().record(3, metadata));
        file.extend(pages);
    }
    let group = Thrift::default().list(1, chunks).int(3, 8);
    let metadata = Thrift::default().int(1, 2).list(2, schema).int(3, 8).list(4, vec![group]);
    let metadata = metadata.end();
    file.extend(&metadata);
    file.extend(u32::try_from(metadata.len()).expect("it is short").to_le_bytes());
    file.extend(b"PAR1");
    file
}

fn times() -> [[u8; 8]; 8] {
    std::array::from_fn(|n| (1_700_000_000_000 + i64::try_from(n).expect("small")).to_le_bytes())
}

fn prices() -> [[u8; 8]; 8] {
    std::array::from_fn(|n| (97_000.25 + n as f64).to_le_bytes())
}

fn well_formed(form: Form) -> Vec<u8> {
    file(form, [("ts_ms", 2, times()), ("price", 5, prices())])
}

const PLAIN: Form = Form { codec: 0, is_optional: false, by_dictionary: false, version: 1 };

fn forms() -> impl Iterator<Item = Form> {
    (0..16).map(|bits: u8| Form {
        codec: if bits & 1 == 0 { 0 } else { 2 },
        is_optional: bits & 2 != 0,
        by_dictionary: bits & 4 != 0,
        version: if bits & 8 == 0 { 1 } else { 2 },
    })
}

#[test]
fn every_form_that_is_read_says_the_same() {
    let expected = (0..8).map(|n| Said {
        at: At(1_700_000_000_000 + n),
        price: IndexPrice(9_700_025_000_000 + n * 100_000_000),
    });
    let expected = Rows::Prices(expected.collect());
    for form in forms() {
        let read = rows(&well_formed(form));
        assert_eq!(read.map_err(|fault| fault.to_string()), Ok(expected.clone()), "{form:?}");
    }
}

#[test]
fn what_is_not_read_is_named() {
    let snappy = Form { codec: 1, ..PLAIN };
    let negative = std::array::from_fn(|_| (-1.0_f64).to_le_bytes());
    let ancient = std::array::from_fn(|_| (-1_i64).to_le_bytes());
    let mut short = well_formed(PLAIN);
    short.drain(4..8);
    let cases = [
        ("nothing", Vec::new()),
        ("a beginning", b"PAR1".to_vec()),
        ("a long tail", [&b"PAR1"[..], &u32::MAX.to_le_bytes(), b"PAR1"].concat()),
        ("no struct", [&b"PAR1\xff"[..], &1_u32.to_le_bytes(), b"PAR1"].concat()),
        ("bytes missing", short),
        ("snappy", file(snappy, [("ts_ms", 2, times()), ("price", 5, prices())])),
        ("no time", file(PLAIN, [("when", 2, times()), ("price", 5, prices())])),
        ("no price", file(PLAIN, [("ts_ms", 2, times()), ("bid", 5, prices())])),
        ("floats for times", file(PLAIN, [("ts_ms", 5, times()), ("price", 5, prices())])),
        ("no such price", file(PLAIN, [("ts_ms", 2, times()), ("price", 5, negative)])),
        ("no such time", file(PLAIN, [("ts_ms", 2, ancient), ("price", 5, prices())])),
    ];
    let words: String = cases
        .iter()
        .map(|(name, bytes)| format!("{name}: {}\n", rows(bytes).expect_err(name)))
        .collect();
    expect![[r#"
        nothing: the Parquet file is damaged: it does not end with PAR1
        a beginning: the Parquet file is damaged: it has no metadata
        a long tail: the Parquet file is damaged: its metadata claims more than a mebibyte
        no struct: the Parquet file is damaged: a header does not read
        bytes missing: the Parquet file is damaged: a header does not read
        snappy: compression number 1 is not read here: write zstd, gzip or nothing
        no time: there is no column ts_ms: name ts_ms, and price or open, high, low and close
        no price: there is no column open: name ts_ms, and price or open, high, low and close
        floats for times: a column ts_ms of another type is not read here: write 64-bit integers (milliseconds)
        no such price: row 1 has no price or no time that an index can have
        no such time: row 1 has no price or no time that an index can have
    "#]].assert_eq(&words);
}

#[test]
fn a_row_without_a_value_is_refused_and_not_shifted() {
    let form = Form { is_optional: true, ..PLAIN };
    let mut bytes = well_formed(form);
    // Level 1 eight times: the run of the levels of the first column, after its length of 2.
    let run = bytes.windows(6).position(|window| window == [2, 0, 0, 0, 16, 1]).expect("a run");
    bytes[run + 5] = 0;
    let refused = rows(&bytes).expect_err("there are no values").to_string();
    assert!(refused.contains("rows without a value in column ts_ms"), "{refused}");
}

#[test]
fn a_page_that_claims_to_be_huge_costs_nothing() {
    let form = Form { codec: 2, ..PLAIN };
    let bytes = well_formed(form);
    // The page's size of 64 bytes, a varint of 128, becomes 8 128 bytes.
    let place = bytes.windows(3).position(|window| window == [0x16, 0x80, 1]);
    let place = place.expect("the header names the size");
    let mut claimed = bytes.clone();
    claimed[place + 2] = 0x7f;
    let refused = rows(&claimed).expect_err("it is not so long").to_string();
    assert!(refused.contains("does not decompress to what its header says"), "{refused}");
}

proptest! {
    /// A file with some bytes changed or cut is read or refused; it never panics, and it never
    /// makes more rows than it has.
    #[test]
    fn damage_is_read_or_refused(
        bits in 0_u8..16,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let form = forms().nth(bits.into()).expect("there are sixteen");
        let mut bytes = well_formed(form);
        for (place, byte) in changes {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        if let Some(cut) = cut {
            let place = cut.index(bytes.len());
            bytes.remove(place);
        }
        match rows(&bytes) {
            Ok(Rows::Prices(prices)) => prop_assert!(prices.len() <= 8),
            Ok(Rows::Bars(bars)) => prop_assert!(bars.len() <= 8),
            Err(_) => (),
        }
    }

    /// Any bytes between the two words.
    #[test]
    fn noise_is_refused(noise in proptest::collection::vec(any::<u8>(), 0..200)) {
        let length = u32::try_from(noise.len()).expect("it is short").to_le_bytes();
        let file = [&b"PAR1"[..], &noise, &length, b"PAR1"].concat();
        prop_assert!(rows(&file).is_err());
    }
}
