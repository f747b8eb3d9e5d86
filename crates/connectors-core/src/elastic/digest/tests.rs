//! The digest as both sides compute it.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

const MARKS: Range<i64> = 0..1 << 45;

/// Ids anywhere, and ids close to the borders of some bucket.
fn ids() -> impl Strategy<Value = i64> {
    let near = (any::<i64>(), -1100..1100_i64, 1..24_u32)
        .prop_map(|(id, off, bits)| ((id >> (64 - bits)) << (64 - bits)).saturating_add(off));
    prop_oneof![any::<i64>(), near, i64::MAX - 2000..=i64::MAX, i64::MIN..=i64::MIN + 2000]
}

fn marks() -> impl Strategy<Value = Vec<Mark>> {
    vec((ids(), MARKS).prop_map(|(id, mark)| Mark { id, mark }), 0..200)
}

/// As a server computes it: keys and sums in doubles.
fn answer(grid: Grid, marks: &[Mark]) -> Digest {
    let mut buckets = std::collections::BTreeMap::<i64, (u64, f64)>::new();
    for mark in marks {
        let bucket = buckets.entry((mark.id as f64 / grid.interval()).floor() as i64).or_default();
        *bucket = (bucket.0 + 1, bucket.1 + mark.mark as f64);
    }
    let mut digest = Digest::new(grid);
    for (place, (doc_count, value)) in buckets {
        let answer = Bucketed { key: place as f64 * grid.interval(), doc_count, marks: Sum { value } };
        digest.buckets[grid.at(answer.key).unwrap()] = answer.bucket();
    }
    digest
}

proptest! {
    #[test]
    fn both_sides_reckon_the_same(marks in marks(), count in any::<u32>()) {
        let grid = Grid::for_count(u64::from(count >> 12));
        let ours = Digest::of(grid, marks.iter().copied());
        prop_assert_eq!(ours.differing(&answer(grid, &marks)), Vec::<usize>::new());
        prop_assert_eq!(ours.count(), marks.len() as u64);
    }

    #[test]
    fn a_document_more_or_less_or_other_is_found_in_its_bucket(marks in marks(), other in (ids(), MARKS), count in any::<u32>()) {
        let grid = Grid::for_count(u64::from(count >> 12));
        let mut changed = marks.clone();
        let more = Mark { id: other.0, mark: other.1 };
        changed.push(more);
        let ours = Digest::of(grid, marks.into_iter());
        prop_assert_eq!(ours.differing(&answer(grid, &changed)), vec![grid.place(more.id)]);
        prop_assert!(grid.ranges(&[grid.place(more.id)])[0].contains(&more.id));
    }
}

#[test]
fn sums_that_may_be_rounded_are_never_equal() {
    let grid = Grid::for_count(0);
    let highest = MARKS.end - 1;
    let many = |count| (0..count).map(move |id| Mark { id, mark: highest });
    let exact = Digest::of(grid, many(256));
    assert!(exact.is_exact() && exact.differing(&exact).is_empty(), "256 of the highest marks are exact");
    let rounded = Digest::of(grid, many(257));
    assert!(!rounded.is_exact());
    assert_eq!(rounded.differing(&rounded), [1]);
    for foreign in [-1, i64::MIN, i64::MAX] {
        let digest = Digest::of(grid, [Mark { id: 5, mark: foreign }, Mark { id: 5, mark: 7 }].into_iter());
        assert_eq!(digest.differing(&digest), [1], "{foreign}");
        assert_eq!((digest.count(), digest.count_in(&[0]), digest.count_in(&[1])), (2, 0, 2));
    }
    let answer = |value| Bucketed { key: 0.0, doc_count: 1, marks: Sum { value } }.bucket();
    assert!(!answer(2_f64.powi(53)).equals(answer(2_f64.powi(53))) && !answer(-1.0).equals(answer(-1.0)));
}

#[test]
fn a_server_that_claims_more_documents_than_there_are_numbers_is_read() {
    let buckets = json!([{"key": -9.223372036854776e18, "doc_count": u64::MAX, "marks": {"value": 1.0}},
        {"key": 0.0, "doc_count": 2, "marks": {"value": -1.0}}]);
    let answer = json!({"aggregations": {"ids": {"buckets": buckets}}}).to_string();
    let digest = read_digest(answer.as_bytes(), Grid::for_count(0)).unwrap();
    assert_eq!((digest.count(), digest.count_in(&[0, 1]), digest.is_exact()), (u64::MAX, u64::MAX, false));
}
