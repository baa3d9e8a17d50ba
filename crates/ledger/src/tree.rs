//! A Merkle tree over numbered leaves, of which few change at a time.
//!
//! ```text
//!   levels[2]           root
//!   levels[1]      n01         n23        node = H("node", left, right)
//!   levels[0]    l0    l1    l2    ·      a leaf that was never set is 32 zero bytes
//! ```
//!
//! A missing right half counts as 32 zero bytes and is not hashed again on the way up: a node of
//! two empty halves is empty. The height is that of the highest leaf, and [`Tree::root`] hashes it
//! in, so that no leaf of a low tree can be passed off as a node of a high one.

use alloc::vec::Vec;

use crate::{Hash, hash};

/// The tree. `set` is O(1); `root` hashes what is above the leaves that were set since.
#[derive(Clone, Debug, Default)]
pub struct Tree {
    levels: Vec<Vec<Hash>>,
    changed: Vec<u32>,
}

/// The hashes beside the way from a leaf to the root, from below.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proof {
    /// One a level.
    pub siblings: Vec<Hash>,
}

impl Tree {
    /// The leaf that was never set, and the node above two of them.
    pub const EMPTY: Hash = [0; 32];

    /// Sets a leaf.
    pub fn set(&mut self, index: u32, leaf: Hash) {
        if self.levels.is_empty() {
            self.levels.push(Vec::new());
        }
        if let Some(leaves) = self.levels.first_mut() {
            put(leaves, index, leaf);
        }
        self.changed.push(index);
    }

    /// The root; `H("root", height, top)`.
    pub fn root(&mut self) -> Hash {
        let mut changed = core::mem::take(&mut self.changed);
        let mut level = 0;
        while self.levels.get(level).is_some_and(|nodes| 1 < nodes.len()) {
            changed.iter_mut().for_each(|index| *index /= 2);
            changed.sort_unstable();
            changed.dedup();
            self.lift(level, &changed);
            level += 1;
        }
        self.sealed()
    }

    /// Hashes the parents numbered in `parents` from the level below them.
    fn lift(&mut self, level: usize, parents: &[u32]) {
        if self.levels.len() <= level + 1 {
            self.levels.push(Vec::new());
        }
        for &parent in parents {
            let pair = node(&self.at(level, 2 * parent), &self.at(level, 2 * parent + 1));
            if let Some(nodes) = self.levels.get_mut(level + 1) {
                put(nodes, parent, pair);
            }
        }
    }

    fn at(&self, level: usize, index: u32) -> Hash {
        let nodes = self.levels.get(level).map_or(&[][..], Vec::as_slice);
        let node = usize::try_from(index).ok().and_then(|index| nodes.get(index));
        node.copied().unwrap_or(Tree::EMPTY)
    }

    fn sealed(&self) -> Hash {
        let height = self.levels.len().saturating_sub(1);
        seal(height, &self.at(height, 0))
    }

    /// The proof of a leaf; call [`Tree::root`] first.
    pub fn prove(&self, index: u32) -> Proof {
        let height = self.levels.len().saturating_sub(1);
        let beside = |level: usize| self.at(level, (index >> level) ^ 1);
        Proof { siblings: (0..height).map(beside).collect() }
    }
}

impl Proof {
    /// True if the leaf with this hash stands at `index` under `root`.
    pub fn verify(&self, root: &Hash, index: u32, leaf: &Hash) -> bool {
        self.climb(index, leaf).is_some_and(|climbed| climbed == *root)
    }

    /// The root that the leaf with this hash at `index` leads to; `None` if no tree has that shape.
    pub fn climb(&self, index: u32, leaf: &Hash) -> Option<Hash> {
        let height = self.siblings.len();
        if 32 < height || (height < 32 && index >> height != 0) {
            return None;
        }
        let climb = |(at, below): (u32, Hash), beside: &Hash| {
            let pair = if at % 2 == 0 { node(&below, beside) } else { node(beside, &below) };
            (at / 2, pair)
        };
        let (_, top) = self.siblings.iter().fold((index, *leaf), climb);
        Some(seal(height, &top))
    }
}

fn node(left: &Hash, right: &Hash) -> Hash {
    if *left == Tree::EMPTY && *right == Tree::EMPTY {
        return Tree::EMPTY;
    }
    hash(&[b"plimsoll.node.1", left, right])
}

fn seal(height: usize, top: &Hash) -> Hash {
    let height = u8::try_from(height).expect("a tree over u32 has at most 32 levels");
    hash(&[b"plimsoll.root.1", &[height], top])
}

fn put(nodes: &mut Vec<Hash>, index: u32, hash: Hash) {
    let index = usize::try_from(index).expect("an index fits");
    if nodes.len() <= index {
        nodes.resize(index + 1, Tree::EMPTY);
    }
    if let Some(node) = nodes.get_mut(index) {
        *node = hash;
    }
}
