//! Where in a sorted list of marks a hash lies: a table by the hash's first bits, of a quarter of a byte a mark.

use crate::elastic::scan::Mark;

/// Marks of a bucket, on average.
const BUCKET: usize = 16;

/// In a larger bucket hashes are not spread evenly, and it is halved instead.
const EVEN: usize = 64;

/// The table of one list.
#[derive(Debug, Default)]
pub(super) struct Places {
    /// Where each bucket begins, and at last where the list ends; empty for a list too long to be counted in 32 bits.
    starts: Vec<u32>,
    /// Bits of a hash behind those that select its bucket.
    rest: u32,
}

impl Places {
    /// Of sorted marks.
    pub(super) fn of(marks: &[Mark]) -> Self {
        if u32::try_from(marks.len()).is_err() {
            return Self::default();
        }
        let bits = (marks.len() / BUCKET).max(1).ilog2();
        let mut places = Self { starts: vec![0; (1 << bits) + 1], rest: u64::BITS - bits };
        for mark in marks {
            let behind = places.bucket(mark.id) + 1;
            places.starts[behind] += 1;
        }
        let mut sum = 0;
        for start in &mut places.starts {
            sum += *start;
            *start = sum;
        }
        places
    }

    /// The place of the first mark whose id is at least this one, in the list that the table is of.
    pub(super) fn first_at_least(&self, marks: &[Mark], id: i64) -> usize {
        let (low, mut place, high) = self.guess(marks, id);
        if high - low > EVEN {
            return low + marks[low..high].partition_point(|mark| mark.id < id);
        }
        while place < high && marks[place].id < id {
            place += 1;
        }
        while place > low && marks[place - 1].id >= id {
            place -= 1;
        }
        place
    }

    /// Where the bucket of a hash begins, where in it the hash should lie if hashes are spread evenly, and where it
    /// ends.
    pub(super) fn guess(&self, marks: &[Mark], id: i64) -> (usize, usize, usize) {
        let bucket = self.bucket(id);
        let (low, high) = match self.starts.get(bucket..bucket.saturating_add(2)) {
            Some(&[low, high]) => (low as usize, high as usize),
            _ => (0, marks.len()),
        };
        // The 32 bits behind those of the bucket.
        let share = above_lowest(id).unbounded_shl(u64::BITS - self.rest) >> 32;
        let within = (share * (high - low) as u64) >> 32;
        (low, low + within as usize, high)
    }

    fn bucket(&self, id: i64) -> usize {
        above_lowest(id).unbounded_shr(self.rest) as usize
    }
}

fn above_lowest(id: i64) -> u64 {
    id.wrapping_sub(i64::MIN).cast_unsigned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_found_however_hashes_are_spread() {
        let even = |count: u64| (0..count).map(move |n| (u64::MAX / count * n) as i64 ^ i64::MIN);
        let scattered = (0..5000_u64).map(|n| crate::document::hash(&n.to_le_bytes()).cast_signed());
        let lists: [Vec<i64>; 8] = [
            vec![],
            vec![0],
            vec![i64::MIN, i64::MIN, i64::MAX, i64::MAX],
            (0..1000).collect(),
            (0..1000).map(|n| i64::MAX - n).collect(),
            (0..1000).map(|n| i64::MIN + n / 3).collect(),
            even(4096).collect(),
            scattered.collect(),
        ];
        for mut ids in lists {
            ids.sort_unstable();
            let marks: Vec<Mark> = ids.iter().map(|id| Mark { id: *id, mark: 1 }).collect();
            let around = ids.iter().flat_map(|id| [id.saturating_sub(1), *id, id.saturating_add(1)]);
            for wanted in around.chain([i64::MIN, -1, 0, 1, i64::MAX]) {
                let expected = ids.partition_point(|id| *id < wanted);
                for places in [Places::of(&marks), Places::default()] {
                    let found = places.first_at_least(&marks, wanted);
                    assert_eq!(found, expected, "{wanted} among {}", ids.len());
                }
            }
        }
    }

    #[test]
    fn a_table_is_small() {
        let marks: Vec<Mark> = (0..1 << 16).map(|n| Mark { id: (n << 48) ^ i64::MIN, mark: 1 }).collect();
        assert_eq!(Places::of(&marks).starts.len(), marks.len() / BUCKET + 1);
    }
}
