//! Texts and numbers by key, where each came from, and everything that is wrong with them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use super::cluster::{self, Peer};
use super::keys::{Form, KEYS, Key};
use crate::webhook::Receiver;

/// A value as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A whole number.
    Count(u64),
    /// A text.
    Text(String),
    /// True or false.
    Flag(bool),
}

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody gave one.
    Default,
    /// The file.
    File(String),
    /// A flag of the command line.
    Flag(&'static str),
}

/// A value that a flag gives.
#[derive(Clone, Debug)]
pub struct Setting {
    /// Which key.
    pub key: &'static str,
    /// Its value.
    pub value: Value,
    /// Which flag.
    pub flag: &'static str,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    key: String,
    found: String,
    wanted: String,
}

/// Everything that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

/// Values in force, by key.
#[derive(Clone, Debug)]
pub struct RawConfig {
    values: BTreeMap<&'static str, (Value, Origin)>,
    webhooks: Vec<Receiver>,
    /// The members, if there is a section of the cluster.
    cluster: Option<Vec<Peer>>,
    /// Of the file; paths in it are relative to that.
    directory: PathBuf,
}

impl RawConfig {
    /// Reads the text of a file; `flags` stand above it. Every problem is reported, not the first.
    pub fn parse(file: &str, text: &str, flags: Vec<Setting>) -> Result<RawConfig, Problems> {
        let table: toml::Table = text.parse().map_err(|error: toml::de::Error| {
            let found = error.to_string().trim_end().to_owned();
            Problems(vec![Problem::new(file, &found, "write TOML: key = value, one a line")])
        })?;
        let mut table = table;
        let mut problems = Vec::new();
        let mut values = BTreeMap::new();
        let webhooks = match table.remove("webhook") {
            Some(written) => super::webhooks::read(&written, &mut problems),
            None => Vec::new(),
        };
        let cluster = cluster::take_peers(&mut table, &mut problems);
        for (name, written) in flatten("", table) {
            let Some(key) = KEYS.iter().find(|key| key.name == name) else {
                problems.push(Problem::new(&name, "a key that does not exist", &nearest(&name)));
                continue;
            };
            match key.read(&written) {
                Ok(value) => drop(values.insert(key.name, (value, Origin::File(file.to_owned())))),
                Err(problem) => problems.push(problem),
            }
        }
        for Setting { key, value, flag } in flags {
            values.insert(key, (value, Origin::Flag(flag)));
        }
        for key in KEYS {
            values.entry(key.name).or_insert_with(|| (key.form.default(), Origin::Default));
        }
        if problems.is_empty() {
            let directory = Path::new(file).parent().unwrap_or(Path::new("")).to_owned();
            Ok(RawConfig { values, webhooks, cluster, directory })
        } else {
            Err(Problems(problems))
        }
    }

    /// Each key with its value and origin.
    pub fn settings(&self) -> impl Iterator<Item = (&'static Key, &Value, &Origin)> {
        KEYS.iter().filter_map(|key| {
            let (value, origin) = self.values.get(key.name)?;
            Some((key, value, origin))
        })
    }

    /// Who is told of notices.
    pub fn webhooks(&self) -> &[Receiver] {
        &self.webhooks
    }

    /// The members of the cluster; `None` without a section of it.
    pub fn cluster(&self) -> Option<&[Peer]> {
        self.cluster.as_deref()
    }

    /// The path of a key, relative to the file's directory.
    pub fn path(&self, key: &str) -> PathBuf {
        self.directory.join(self.text(key))
    }

    /// The number of a key.
    pub fn count(&self, key: &str) -> u64 {
        match self.values.get(key) {
            Some((Value::Count(count), _)) => *count,
            other => panic!("{key} is a number in the list of keys, and is {other:?}"),
        }
    }

    /// The number of a key, where memory counts it.
    pub fn size(&self, key: &str) -> usize {
        usize::try_from(self.count(key)).unwrap_or(usize::MAX)
    }

    /// The text of a key.
    pub fn text(&self, key: &str) -> &str {
        match self.values.get(key) {
            Some((Value::Text(text), _)) => text,
            other => panic!("{key} is a text in the list of keys, and is {other:?}"),
        }
    }

    /// Whether a key is true.
    pub fn flag(&self, key: &str) -> bool {
        match self.values.get(key) {
            Some((Value::Flag(flag), _)) => *flag,
            other => panic!("{key} is true or false in the list of keys, and is {other:?}"),
        }
    }
}

/// Dotted names and values of a table, in tables included.
fn flatten(prefix: &str, table: toml::Table) -> Vec<(String, toml::Value)> {
    let mut flat = Vec::new();
    for (name, value) in table {
        let name = if prefix.is_empty() { name } else { format!("{prefix}.{name}") };
        match value {
            toml::Value::Table(inner) => flat.append(&mut flatten(&name, inner)),
            value => flat.push((name, value)),
        }
    }
    flat
}

/// What may have been meant: the key with the same last word, or the list.
fn nearest(name: &str) -> String {
    let last = |name: &str| name.rsplit('.').next().unwrap_or_default().to_owned();
    match KEYS.iter().find(|key| last(key.name) == last(name)) {
        Some(key) => format!("did you mean {}?", key.name),
        None => "`plimsoll config explain` lists the keys".into(),
    }
}

impl Key {
    fn read(&self, written: &toml::Value) -> Result<Value, Problem> {
        let refuse = |wanted: String| Err(Problem::new(self.name, &written.to_string(), &wanted));
        match (self.form, written) {
            (Form::Count { min, max, .. }, toml::Value::Integer(number)) => {
                match u64::try_from(*number) {
                    Ok(count) if (min..=max).contains(&count) => Ok(Value::Count(count)),
                    _ => refuse(format!("set between {min} and {max}")),
                }
            }
            (Form::Text { .. } | Form::Needed { .. }, toml::Value::String(text))
                if !text.is_empty() =>
            {
                Ok(Value::Text(text.clone()))
            }
            (Form::Flag { .. }, toml::Value::Boolean(flag)) => Ok(Value::Flag(*flag)),
            (Form::Count { min, max, .. }, _) => {
                refuse(format!("write a whole number between {min} and {max}"))
            }
            (Form::Text { default: example } | Form::Needed { example }, _) => {
                refuse(format!("write a text in quotes, such as \"{example}\""))
            }
            (Form::Flag { .. }, _) => refuse("write true or false".into()),
        }
    }
}

impl Form {
    fn default(&self) -> Value {
        match *self {
            Form::Count { default, .. } => Value::Count(default),
            Form::Text { default } => Value::Text(default.into()),
            Form::Needed { .. } => Value::Text(String::new()),
            Form::Flag { default } => Value::Flag(default),
        }
    }
}

impl Problem {
    /// What is wrong with the value of a key, and what would be right.
    pub fn new(key: &str, found: &str, wanted: &str) -> Problem {
        Problem { key: key.into(), found: found.into(), wanted: wanted.into() }
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Count(count) => count.fmt(f),
            Value::Text(text) => write!(f, "{text:?}"),
            Value::Flag(flag) => flag.fmt(f),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => f.write_str("default"),
            Origin::File(file) => f.write_str(file),
            Origin::Flag(flag) => f.write_str(flag),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.len() {
            1 => f.write_str("the configuration has a problem:")?,
            n => write!(f, "the configuration has {n} problems:")?,
        }
        self.0.iter().try_for_each(|Problem { key, found, wanted }| {
            write!(f, "\n  {key} is {found}: {wanted}")
        })
    }
}

impl std::error::Error for Problems {}
