//! Marks in any order, kept in chunks of fixed size: none is ever copied to make room.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::elastic::scan::Mark;

/// Marks of a chunk: 1 MiB.
const CHUNK: usize = 1 << 16;

/// Marks in chunks.
#[derive(Debug, Default)]
pub(super) struct Fresh {
    chunks: Vec<Vec<Mark>>,
    /// Chunks that are sorted and full.
    sealed: usize,
}

impl Fresh {
    pub(super) fn push(&mut self, mark: Mark) {
        match self.chunks[self.sealed..].last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(mark),
            Some(_) => self.chunks.push(first(CHUNK, mark)),
            // Most syncs bring a few.
            None => self.chunks.push(first(0, mark)),
        }
    }

    pub(super) fn len(&self) -> usize {
        self.chunks.iter().map(Vec::len).sum()
    }

    /// Sorts what is there, so that [`contains`](Self::contains) finds it.
    pub(super) fn seal(&mut self) {
        self.sort();
        self.sealed = self.chunks.len();
    }

    /// True for a mark that was there when this was last sealed.
    pub(super) fn contains(&self, mark: Mark) -> bool {
        self.chunks[..self.sealed].iter().any(|chunk| chunk.binary_search(&mark).is_ok())
    }

    /// Sorts each chunk, as [`iter`](Self::iter) requires.
    pub(super) fn sort(&mut self) {
        self.chunks[self.sealed..].iter_mut().for_each(|chunk| chunk.sort_unstable());
    }

    /// All marks in order, from sorted chunks.
    pub(super) fn iter(&self) -> impl Iterator<Item = Mark> + '_ {
        let mut rests: Vec<_> = self.chunks.iter().map(|chunk| chunk.iter().copied()).collect();
        let heads = rests.iter_mut().enumerate();
        let mut heap: BinaryHeap<Reverse<(Mark, usize)>> =
            heads.filter_map(|(place, rest)| Some(Reverse((rest.next()?, place)))).collect();
        std::iter::from_fn(move || {
            let mut least = heap.peek_mut()?;
            let Reverse((mark, place)) = *least;
            match rests[place].next() {
                Some(next) => *least = Reverse((next, place)),
                None => drop(std::collections::binary_heap::PeekMut::pop(least)),
            }
            Some(mark)
        })
    }
}

fn first(room: usize, mark: Mark) -> Vec<Mark> {
    let mut chunk = Vec::with_capacity(room);
    chunk.push(mark);
    chunk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_out_in_order_however_many() {
        for count in [0, 1, 1000, 3 * CHUNK as i64 + 7] {
            let mut fresh = Fresh::default();
            // Odd factors permute the numbers below a power of two.
            let ids = (0..1_i64 << 20).map(|n| n * 7_919 % (1 << 20)).filter(|id| *id < count);
            ids.for_each(|id| fresh.push(Mark { id, mark: -id }));
            assert_eq!(fresh.len() as i64, count);
            fresh.sort();
            assert!(fresh.iter().eq((0..count).map(|id| Mark { id, mark: -id })), "{count}");
            assert!(fresh.chunks.iter().all(|chunk| chunk.capacity() <= CHUNK));
        }
    }

    #[test]
    fn what_is_sealed_is_found_and_the_rest_is_not_lost() {
        let mut fresh = Fresh::default();
        let mark = |id| Mark { id, mark: -id };
        (0..CHUNK as i64 + 5).rev().for_each(|id| fresh.push(mark(id)));
        fresh.seal();
        fresh.push(mark(-3));
        assert!(fresh.contains(mark(0)) && fresh.contains(mark(CHUNK as i64)));
        assert!(!fresh.contains(Mark { id: 0, mark: 1 }) && !fresh.contains(mark(-3)));
        fresh.seal();
        assert!(fresh.contains(mark(-3)));
        fresh.push(mark(-4));
        fresh.sort();
        assert!(fresh.iter().eq((-4..CHUNK as i64 + 5).filter(|id| !matches!(id, -2..0)).map(mark)));
    }
}
