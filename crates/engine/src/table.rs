//! A vector of things that are found by a dense number.

use alloc::vec::Vec;

/// Things by number. A number that the engine holds is there: [`Table::at`] panics otherwise, which
/// stops the replica. A number that a client sent goes through [`Table::get`].
#[derive(Clone, Debug)]
pub(crate) struct Table<T>(Vec<T>);

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table(Vec::new())
    }
}

impl<T> Table<T> {
    pub fn push(&mut self, thing: T) -> u32 {
        let index = self.len();
        self.0.push(thing);
        index
    }

    pub fn len(&self) -> u32 {
        u32::try_from(self.0.len()).expect("tables are bounded far below 2^32")
    }

    pub fn get(&self, index: u32) -> Option<&T> {
        self.0.get(usize::try_from(index).ok()?)
    }

    #[inline]
    pub fn at(&self, index: u32) -> &T {
        self.get(index).expect("a number that the engine holds is in its table")
    }

    #[inline]
    pub fn at_mut(&mut self, index: u32) -> &mut T {
        let index = usize::try_from(index).expect("an index");
        self.0.get_mut(index).expect("a number that the engine holds is in its table")
    }

    pub fn iter(&self) -> impl Iterator<Item = (u32, &T)> {
        (0..).zip(self.0.iter())
    }

    /// Makes room up to and with `index`, filling with `empty`.
    pub fn reach(&mut self, index: u32, empty: impl Fn() -> T) {
        while self.len() <= index {
            self.0.push(empty());
        }
    }
}
