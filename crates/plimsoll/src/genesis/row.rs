//! One table of a file, read key by key: what is left over at the end does not exist.

use anyhow::{anyhow, bail};
use toml::{Table, Value};
use types::{AccountId, Decimal};

/// A table, without the keys that were read.
#[derive(Debug)]
pub struct Row(Table);

impl Row {
    /// Takes a table.
    pub fn of(value: Value) -> anyhow::Result<Row> {
        match value {
            Value::Table(table) => Ok(Row(table)),
            other => bail!("{other} is no table: write {{ key = value }}"),
        }
    }

    /// Nothing is left over.
    pub fn finish(self: &mut Row) -> anyhow::Result<()> {
        match self.0.keys().next() {
            None => Ok(()),
            Some(key) => bail!("{key} is a key that does not exist"),
        }
    }

    fn take(&mut self, key: &str) -> anyhow::Result<Value> {
        self.0.remove(key).ok_or_else(|| anyhow!("{key} is missing"))
    }

    /// A text.
    pub fn text(&mut self, key: &str) -> anyhow::Result<String> {
        match self.take(key)? {
            Value::String(text) => Ok(text),
            other => bail!("{key} is {other}: write it in quotes"),
        }
    }

    /// One of some words; the first without the key.
    pub fn word_or_first<T: Copy>(&mut self, key: &str, words: &[(&str, T)]) -> anyhow::Result<T> {
        let Some((_, first)) = words.first() else { bail!("{key} has no words") };
        if !self.0.contains_key(key) {
            return Ok(*first);
        }
        let text = self.text(key)?;
        let found = words.iter().find(|(word, _)| *word == text);
        let known = || words.iter().map(|(word, _)| *word).collect::<Vec<_>>().join(", ");
        found.map(|(_, value)| *value).ok_or_else(|| anyhow!("{key} is {text}: write {}", known()))
    }

    /// A number that may be missing.
    pub fn number_or<T: TryFrom<i64>>(&mut self, key: &str, default: T) -> anyhow::Result<T> {
        match self.0.remove(key) {
            None => Ok(default),
            Some(value) => whole(key, &value),
        }
    }

    /// A number that must be there.
    pub fn needed<T: TryFrom<i64>>(&mut self, key: &str) -> anyhow::Result<T> {
        whole(key, &self.take(key)?)
    }

    /// An account.
    pub fn account(&mut self, key: &str) -> anyhow::Result<AccountId> {
        match self.needed(key)? {
            0 => bail!("{key} is 0: accounts are numbered from 1"),
            number => Ok(AccountId(number)),
        }
    }

    /// Changes a number, if it is there.
    pub fn number<T: TryFrom<i64> + Copy>(&mut self, key: &str, to: &mut T) -> anyhow::Result<()> {
        *to = self.number_or(key, *to)?;
        Ok(())
    }

    /// Changes a step, if it is there.
    pub fn step(&mut self, key: &str, to: &mut Decimal) -> anyhow::Result<()> {
        let Some(value) = self.0.remove(key) else { return Ok(()) };
        let step = decimal(key, &value)?;
        if step.mantissa() <= 0 {
            bail!("{key} is {step}: a step is above zero");
        }
        *to = step;
        Ok(())
    }

    /// A decimal in quotes that may be missing.
    pub fn decimal_or(&mut self, key: &str, default: Decimal) -> anyhow::Result<Decimal> {
        self.0.remove(key).map_or(Ok(default), |value| decimal(key, &value))
    }

    /// A table in a table, if it is there.
    pub fn row(&mut self, key: &str) -> anyhow::Result<Option<Row>> {
        let value = self.0.remove(key);
        value.map(|value| Row::of(value).map_err(|error| error.context(key.to_owned()))).transpose()
    }

    /// A list that must be there.
    pub fn list(&mut self, key: &str) -> anyhow::Result<Vec<Value>> {
        match self.take(key)? {
            Value::Array(list) => Ok(list),
            other => bail!("{key} is {other}: write a list in brackets"),
        }
    }

    /// Every key that is left, with its decimal.
    pub fn decimals(self) -> anyhow::Result<Vec<(String, Decimal)>> {
        self.0.into_iter().map(|(key, value)| Ok((key.clone(), decimal(&key, &value)?))).collect()
    }
}

fn whole<T: TryFrom<i64>>(key: &str, value: &Value) -> anyhow::Result<T> {
    let number = value.as_integer().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| anyhow!("{key} is {value}: write a whole number that fits"))
}

fn decimal(key: &str, value: &Value) -> anyhow::Result<Decimal> {
    let text = value.as_str().ok_or_else(|| anyhow!("{key} is {value}: write it in quotes"))?;
    Decimal::parse(text).map_err(|error| anyhow!("{key}: {text} {error}"))
}
