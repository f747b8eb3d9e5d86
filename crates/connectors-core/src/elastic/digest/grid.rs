//! How ids are distributed among buckets.

use std::ops::{Range, RangeInclusive};

/// Documents of a bucket on average, at the most: sums of so many marks of 45 bits are exact in a double.
const FULL: u64 = 256;
/// How often a grid is made twice as fine as the number of documents asks for.
const FINER: u32 = 3;
/// Enough for four billion documents.
const MOST_BITS: u32 = 24;
/// No id is further than this from the double that it is rounded to.
const ROUNDING: i128 = 1024;

/// Buckets of equal width over all ids, which are rounded to doubles as servers do it.
///
/// There are 2^bits of them and one more, for the 512 highest ids, which are rounded up to 2^63.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    bits: u32,
}

impl Grid {
    /// For this number of documents.
    #[must_use]
    pub fn for_count(count: u64) -> Self {
        let buckets = count.div_ceil(FULL).max(2).next_power_of_two();
        Self { bits: buckets.ilog2().min(MOST_BITS) }
    }

    /// Those that may be tried for this number of documents, the coarsest first: up to eight times as many buckets as are
    /// needed where ids are spread evenly. Where they are not even then, which cannot be brought about without the key of the
    /// index, some sums are not exact, and their buckets are read.
    pub fn choices(count: u64) -> impl Iterator<Item = Self> {
        let first = Self::for_count(count).bits;
        (first..=(first + FINER).min(MOST_BITS)).map(|bits| Self { bits })
    }

    /// The number of buckets.
    #[must_use]
    pub fn places(self) -> usize {
        (1 << self.bits) + 1
    }

    /// The width of a bucket, a power of two.
    #[must_use]
    pub fn interval(self) -> f64 {
        (1_u64 << (64 - self.bits)) as f64
    }

    /// The bucket of an id, from 0.
    #[must_use]
    pub fn place(self, id: i64) -> usize {
        let buckets = id as f64 / self.interval();
        // Rounded down by hand: without SSE 4.1 the library's way is a call.
        let whole = buckets as i64;
        let floor = whole - i64::from(whole as f64 > buckets);
        (floor + self.half()).cast_unsigned() as usize
    }

    /// The bucket that has this key; a key is the lowest id of a bucket, give or take how it was printed.
    #[must_use]
    pub fn at(self, key: f64) -> Option<usize> {
        let place = (key / self.interval()).round() + self.half() as f64;
        (0.0..self.places() as f64).contains(&place).then_some(place as usize)
    }

    /// The ids of these neighbouring buckets, which must be at least one.
    #[must_use]
    pub fn ids(self, places: Range<usize>) -> RangeInclusive<i64> {
        let last = if places.end >= self.places() { i64::MAX } else { self.first(places.end) - 1 };
        self.first(places.start)..=last
    }

    /// The ids of these buckets, which must be in order; neighbours are joined.
    #[must_use]
    pub fn ranges(self, places: &[usize]) -> Vec<RangeInclusive<i64>> {
        let joined = places.chunk_by(|one, next| one + 1 == *next);
        joined.map(|run| self.ids(run[0]..run[run.len() - 1] + 1)).collect()
    }

    /// The lowest id of a bucket: a little below its border, from where ids are rounded up to it.
    fn first(self, place: usize) -> i64 {
        let border = (place as i128 - i128::from(self.half())) << (64 - self.bits);
        let (mut low, mut high) = ((border - ROUNDING).max(i64::MIN.into()), border.min(i64::MAX.into()));
        while low < high {
            let middle = low + (high - low) / 2;
            if self.place(middle as i64) >= place { high = middle } else { low = middle + 1 }
        }
        low as i64
    }

    fn half(self) -> i64 {
        1 << (self.bits - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const EACH: [u64; 6] = [0, 512, 1_000_000, 4_000_000, 16_000_000, u64::MAX];

    #[test]
    fn bits_grow_with_the_count() {
        let bits = |count| Grid::for_count(count).bits;
        let counts = [0, 1, 512, 513, 1_000_000, 1 << 20, 4_000_000, 16_000_000, 1_000_000_000, u64::MAX];
        assert_eq!(counts.map(bits), [1, 1, 1, 2, 12, 12, 14, 16, 22, 24]);
        let choices = |count| Grid::choices(count).map(|grid| grid.bits).collect::<Vec<_>>();
        assert_eq!((choices(1_000_000), choices(u64::MAX)), (vec![12, 13, 14, 15], vec![24]));
    }

    #[test]
    fn buckets_cover_every_id_once() {
        for grid in EACH.map(Grid::for_count) {
            let step = (grid.places() / 1000).max(1);
            for place in (0..grid.places() - 1).step_by(step).chain([grid.places() - 1]) {
                let ids = grid.ids(place..place + 1);
                assert_eq!((grid.place(*ids.start()), grid.place(*ids.end())), (place, place), "{grid:?}");
                match ids.start().checked_sub(1) {
                    Some(before) => assert_eq!(grid.place(before) + 1, place),
                    None => assert_eq!(place, 0),
                }
                assert_eq!(ids.end().checked_add(1).is_none(), place + 1 == grid.places());
            }
        }
    }

    #[test]
    fn the_highest_ids_have_a_bucket_of_their_own() {
        for grid in EACH.map(Grid::for_count) {
            let last = grid.places() - 1;
            assert_eq!(grid.ids(last..last + 1), i64::MAX - 511..=i64::MAX, "{grid:?}");
        }
    }

    #[test]
    fn keys_are_told_apart_however_they_were_printed() {
        for grid in EACH.map(Grid::for_count) {
            for place in [0, 1, grid.places() / 2, grid.places() - 2, grid.places() - 1] {
                let key = (place as f64 - 2_f64.powi(grid.bits.cast_signed() - 1)) * grid.interval();
                assert!([key, key.next_up(), key.next_down()].iter().all(|key| grid.at(*key) == Some(place)));
            }
            assert_eq!((grid.at(-1e20), grid.at(1e20)), (None, None));
        }
    }

    #[test]
    fn neighbours_are_joined() {
        let grid = Grid { bits: 4 };
        let ranges = grid.ranges(&[0, 1, 2, 5, 16]);
        assert_eq!(ranges, [grid.ids(0..3), grid.ids(5..6), grid.ids(16..17)]);
        assert_eq!(grid.ranges(&[]), []);
        assert_eq!(grid.ids(0..grid.places()), i64::MIN..=i64::MAX);
    }
}
