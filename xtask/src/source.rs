//! Rust text with everything blanked that is not code: comments, strings and characters.
//!
//! Line breaks stay where they are, so a line number in the result is a line number in the file.
//! It knows line and nested block comments, plain, byte and raw strings, and tells a character
//! from a lifetime. It does not know macros: what stands in one is code like any other.

/// `text` with comments, strings and characters replaced by blanks.
pub fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = token_end(&chars, at);
        if end == at {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        out.extend(chars[at..end].iter().map(|&c| if c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

/// End of the comment, string or character that starts at `at`; `at` itself when none does.
fn token_end(chars: &[char], at: usize) -> usize {
    match (chars[at], chars.get(at + 1).copied().unwrap_or(' ')) {
        ('/', '/') => line_end(chars, at),
        ('/', '*') => block_comment_end(chars, at),
        ('"', _) => string_end(chars, at + 1),
        ('b' | 'r' | 'c', _) if !continues_word(chars, at) => prefixed_string_end(chars, at),
        ('\'', '\\') => char_end(chars, at + 2),
        ('\'', _) if chars.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
}

fn continues_word(chars: &[char], at: usize) -> bool {
    0 < at && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

fn line_end(chars: &[char], at: usize) -> usize {
    chars[at..].iter().position(|&c| c == '\n').map_or(chars.len(), |n| at + n)
}

fn block_comment_end(chars: &[char], start: usize) -> usize {
    let mut depth = 0;
    let mut at = start;
    while at + 1 < chars.len() {
        match (chars[at], chars[at + 1]) {
            ('/', '*') => (depth, at) = (depth + 1, at + 2),
            ('*', '/') => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    chars.len()
}

fn string_end(chars: &[char], mut at: usize) -> usize {
    while at < chars.len() {
        match chars[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    chars.len()
}

fn char_end(chars: &[char], mut at: usize) -> usize {
    at += 1;
    while at < chars.len() && chars[at] != '\'' {
        at += 1;
    }
    (at + 1).min(chars.len())
}

/// `b"…"`, `c"…"`, `r"…"`, `br#"…"#` and the like; `at` when what starts there is a plain word.
fn prefixed_string_end(chars: &[char], at: usize) -> usize {
    let mut quote = at;
    let mut raw = false;
    while let Some(&letter @ ('b' | 'r' | 'c')) = chars.get(quote) {
        raw |= letter == 'r';
        quote += 1;
        if at + 2 < quote {
            return at;
        }
    }
    let hashes = chars[quote..].iter().take_while(|&&c| c == '#').count();
    if chars.get(quote + hashes) != Some(&'"') || (0 < hashes && !raw) {
        return at;
    }
    if !raw {
        return string_end(chars, quote + 1);
    }
    let mut end = quote + hashes + 1;
    while end < chars.len() {
        let closes = chars[end] == '"'
            && chars[end + 1..].iter().take(hashes).filter(|&&c| c == '#').count() == hashes;
        if closes {
            return end + 1 + hashes;
        }
        end += 1;
    }
    chars.len()
}

/// Whether `word` stands in `line` as a whole: not as a part of a longer name.
pub fn has_word(line: &str, word: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let starts_name = word.starts_with(is_name);
    let ends_name = word.ends_with(is_name);
    line.match_indices(word).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        let goes_on = (starts_name && before.is_some_and(is_name))
            || (ends_name && after.is_some_and(is_name));
        !goes_on
    })
}
