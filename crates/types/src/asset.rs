//! Asset codes: BTC, ETH, USDC.

use core::fmt;

/// A short name of an asset: one to eight capital letters or digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetCode([u8; 8]);

impl AssetCode {
    /// Reads a code; `None` unless it is 1 to 8 of `A–Z`, `0–9`.
    pub fn new(text: &str) -> Option<AssetCode> {
        let letters = text.as_bytes();
        let fits = matches!(letters.len(), 1..=8)
            && letters.iter().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
        let mut code = [0; 8];
        code.get_mut(..letters.len()).filter(|_| fits)?.copy_from_slice(letters);
        Some(AssetCode(code))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        let len = self.0.iter().position(|&byte| byte == 0).unwrap_or(self.0.len());
        let letters = self.0.get(..len).unwrap_or_default();
        core::str::from_utf8(letters).unwrap_or_default()
    }

    /// The eight bytes, padded with zeros.
    pub fn bytes(&self) -> [u8; 8] {
        self.0
    }

    /// From eight bytes padded with zeros; `None` unless they are those of a code.
    pub fn from_bytes(bytes: [u8; 8]) -> Option<AssetCode> {
        let code = AssetCode(bytes);
        AssetCode::new(code.as_str()).filter(|same| *same == code)
    }
}

impl fmt::Display for AssetCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for AssetCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
