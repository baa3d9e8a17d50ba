//! What a key or a token may do (api.md §3.2).
//!
//! A scope is a text of parts between blanks. Capabilities have three levels; a request that does
//! not name a capability gets what the key has, `:none` drops it, and what is asked beyond the key
//! is cut, never refused. Parts that are not known are passed over.

use crate::limits::NAME_BYTES_MAX;

/// What a method needs, and what a token may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// Summaries, keys, subaccounts.
    Account,
    /// Orders and positions.
    Trade,
    /// Deposits, withdrawals, transfers.
    Wallet,
    /// Block trades.
    BlockTrade,
    /// Block requests for quotes.
    BlockRfq,
    /// Custody.
    Custody,
}

/// How much of an area.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Nothing.
    #[default]
    None,
    /// Looking.
    Read,
    /// Looking and doing.
    ReadWrite,
}

impl Level {
    /// Its word in a scope.
    pub fn word(self) -> &'static str {
        match self {
            Level::None => "none",
            Level::Read => "read",
            Level::ReadWrite => "read_write",
        }
    }
}

const AREAS: [(Area, &str); 6] = [
    (Area::Account, "account"),
    (Area::Trade, "trade"),
    (Area::Wallet, "wallet"),
    (Area::BlockTrade, "block_trade"),
    (Area::BlockRfq, "block_rfq"),
    (Area::Custody, "custody"),
];

impl Area {
    /// Its word in a scope.
    pub fn word(self) -> &'static str {
        AREAS[self.index()].1
    }

    fn index(self) -> usize {
        AREAS.iter().position(|(area, _)| *area == self).expect("every area is in the list")
    }
}

/// What may be done.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Capabilities {
    levels: [Level; AREAS.len()],
    /// The methods of the operator.
    pub operator: bool,
    /// The key of a main account.
    pub main_account: bool,
}

impl Capabilities {
    /// Reads the capabilities of a `max_scope`.
    pub fn of_key(max_scope: &str) -> Capabilities {
        let mut capabilities = Capabilities {
            operator: max_scope.split_whitespace().any(|part| part == "operator"),
            main_account: max_scope.split_whitespace().any(|part| part == "mainaccount"),
            ..Capabilities::default()
        };
        for (area, level) in max_scope.split_whitespace().filter_map(capability) {
            let held = &mut capabilities.levels[area.index()];
            *held = level.max(*held);
        }
        capabilities
    }

    /// How much of `area` may be done.
    pub fn level(&self, area: Area) -> Level {
        self.levels[area.index()]
    }

    /// What is in both.
    pub fn within(mut self, other: &Capabilities) -> Capabilities {
        for (held, most) in self.levels.iter_mut().zip(other.levels) {
            *held = most.min(*held);
        }
        self.operator &= other.operator;
        self.main_account &= other.main_account;
        self
    }

    fn cut_to(self, asked: &str) -> Capabilities {
        let mut cut = self;
        for (area, level) in asked.split_whitespace().filter_map(capability) {
            let held = &mut cut.levels[area.index()];
            *held = level.min(*held);
        }
        cut
    }

    fn write_to(&self, scope: &mut String) {
        for (index, (_, word)) in AREAS.iter().enumerate() {
            let level = self.levels[index];
            if level != Level::None {
                push_part(scope, &format!("{word}:{}", level.word()));
            }
        }
        if self.operator {
            push_part(scope, "operator");
        }
        if self.main_account {
            push_part(scope, "mainaccount");
        }
    }
}

impl std::fmt::Display for Capabilities {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut scope = String::new();
        self.write_to(&mut scope);
        formatter.write_str(&scope)
    }
}

fn capability(part: &str) -> Option<(Area, Level)> {
    let (word, level) = part.split_once(':')?;
    let (area, _) = AREAS.iter().find(|(_, name)| *name == word)?;
    let level = match level {
        "none" => Level::None,
        "read" => Level::Read,
        "read_write" => Level::ReadWrite,
        _ => return None,
    };
    Some((*area, level))
}

fn push_part(scope: &mut String, part: &str) {
    if !scope.is_empty() {
        scope.push(' ');
    }
    scope.push_str(part);
}

/// What a token is granted, of what was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Granted {
    /// The name of its session; `None`: it belongs to its connection.
    pub session: Option<String>,
    /// What it may do.
    pub capabilities: Capabilities,
    /// A shorter life than usual, in seconds.
    pub expires_s: Option<u64>,
    /// The only address that may use it, as text; `None`: any.
    pub address: Option<String>,
    /// The scope in words: it begins with `connection` or `session:<name>`.
    pub text: String,
}

impl Granted {
    /// Cuts what is asked to what the key has.
    pub fn cut(asked: &str, max_scope: &str) -> Granted {
        let part = |prefix: &str| {
            let mut parts = asked.split_whitespace();
            parts.find_map(|part| part.strip_prefix(prefix)).filter(|value| !value.is_empty())
        };
        let session = part("session:").filter(|name| name.len() <= NAME_BYTES_MAX);
        let expires_s = part("expires:").and_then(|seconds| seconds.parse().ok());
        let address = part("ip:").filter(|address| *address != "*" && address.len() <= 64);
        let capabilities = Capabilities::of_key(max_scope).cut_to(asked);
        let mut text = match session {
            Some(name) => format!("session:{name}"),
            None => "connection".to_owned(),
        };
        capabilities.write_to(&mut text);
        if let Some(seconds) = expires_s {
            push_part(&mut text, &format!("expires:{seconds}"));
        }
        if let Some(address) = address {
            push_part(&mut text, &format!("ip:{address}"));
        }
        Granted {
            session: session.map(str::to_owned),
            capabilities,
            expires_s,
            address: address.map(str::to_owned),
            text,
        }
    }
}

#[cfg(test)]
mod tests;
