//! What an inventory knows and expects.

use super::*;
use crate::elastic::digest::Grid;

fn mark(id: i64, mark: i64) -> Mark {
    Mark { id, mark }
}

fn unseen(inventory: &Inventory) -> Vec<Mark> {
    inventory.unseen(0, usize::MAX).map(|unseen| unseen.marks).unwrap_or_default()
}

fn expected(inventory: &mut Inventory) -> Vec<Mark> {
    inventory.sort();
    inventory.expected().collect()
}

#[test]
fn each_listed_document_is_told_apart() {
    let mut inventory = Inventory::new(vec![mark(-5, 1), mark(1, 1), mark(2, 7), mark(2, 8), mark(9, 9)]);
    assert_eq!(inventory.mark_listed(mark(-5, 1)), Known::Unchanged);
    assert!(!inventory.is_changed());
    assert_eq!(inventory.mark_listed(mark(1, 2)), Known::Changed);
    assert!(inventory.is_changed());
    assert_eq!(inventory.mark_listed(mark(3, 3)), Known::New);
    assert_eq!(
        inventory.mark_listed(mark(2, 8)),
        Known::Unchanged,
        "ids with one hash differ in their marks"
    );
    assert_eq!(inventory.mark_listed(mark(2, 9)), Known::Ambiguous);
    assert_eq!(unseen(&inventory), [mark(2, 7), mark(9, 9)]);
    assert_eq!((inventory.unseen_count(), inventory.sort()), (2, 0));
    assert_eq!(inventory.unknown_ids(), [2], "which of the two takes its place is the server's to tell");
}

#[test]
fn an_index_that_was_not_read_is_unknown_and_costs_nothing() {
    let mut inventory = Inventory::unread();
    assert_eq!(inventory.mark_listed(mark(1, 1)), Known::Unknown);
    assert!(!inventory.mark_if_unchanged(mark(1, 1)) && unseen(&inventory).is_empty());
    assert_eq!((inventory.sort(), inventory.fresh.len()), (0, 0));
}

#[test]
fn documents_listed_twice_are_counted_and_doubted_where_they_differ() {
    let mut inventory = Inventory::new(vec![mark(1, 1)]);
    let listed = [(1, 1), (1, 2), (4, 4), (5, 5), (4, 4), (6, 6), (6, 7), (6, 6)];
    for (id, version) in listed {
        inventory.mark_listed(mark(id, version));
    }
    assert_eq!(inventory.sort(), 4);
    assert!(unseen(&inventory).is_empty());
    assert_eq!(expected(&mut inventory), [mark(1, 2), mark(4, 4), mark(5, 5)]);
    assert_eq!(inventory.unknown_ids(), [6]);
}

#[test]
fn what_was_listed_before_the_listing_began_anew_is_known() {
    let mut inventory = Inventory::new(vec![mark(1, 1), mark(2, 2)]);
    inventory.mark_listed(mark(1, 1));
    inventory.mark_listed(mark(5, 5));
    assert!(inventory.is_repeat(mark(1, 1), 1) && inventory.is_repeat(mark(5, 5), 1));
    for other in [mark(2, 2), mark(1, 7), mark(5, 7), mark(6, 6)] {
        assert!(!inventory.is_repeat(other, 1), "{other:?}");
    }
    inventory.mark_listed(mark(6, 6));
    assert!(inventory.is_repeat(mark(6, 6), 2), "of the second time it is known by the third");
    assert_eq!(inventory.sort(), 0, "nothing of this counts as repeated");
}

#[test]
fn a_document_is_compared_with_what_was_listed_last() {
    let mut inventory = Inventory::new(vec![mark(1, 1), mark(2, 2)]);
    let known = [1, 5, 5, 1].map(|version| inventory.mark_listed(mark(1, version)));
    assert_eq!(known, [Known::Unchanged, Known::Changed, Known::Unchanged, Known::Changed]);
    assert_eq!(unseen(&inventory), [mark(2, 2)]);
}

#[test]
fn what_the_index_should_hold_follows_what_is_written() {
    let mut inventory = Inventory::new((0..6).map(|id| mark(id, id)).collect());
    for listed in [mark(0, 0), mark(1, 9), mark(2, 2), mark(3, 9), mark(7, 7), mark(-1, 1)] {
        inventory.mark_listed(listed);
    }
    inventory.remove(mark(4, 4));
    inventory.remove(mark(5, 99));
    inventory.mark_unknown(3);
    inventory.mark_unknown(7);
    assert_eq!(expected(&mut inventory), [mark(-1, 1), mark(0, 0), mark(1, 9), mark(2, 2), mark(5, 5)]);
    assert_eq!(inventory.unknown_ids(), [3, 7]);
    inventory.correct(3, Some(vec![3]));
    inventory.correct(7, Some(Vec::new()));
    inventory.correct(8, Some(vec![1, 2]));
    let all =
        [mark(-1, 1), mark(0, 0), mark(1, 9), mark(2, 2), mark(3, 3), mark(5, 5), mark(8, 1), mark(8, 2)];
    assert_eq!(expected(&mut inventory), all);
    assert!(inventory.unknown_ids().is_empty());
    assert_eq!(inventory.digest().count(), 8);
}

#[test]
fn many_marks_cost_sixteen_bytes_and_a_bit_each() {
    assert_eq!(size_of::<Mark>(), 16);
    let mut inventory = Inventory::new((0..1000).map(|id| mark(id, id)).collect());
    assert_eq!(inventory.seen.len(), 16);
    for id in (0..1000).filter(|id| id % 3 != 0) {
        assert!(inventory.mark_if_unchanged(mark(id, id)));
    }
    assert_eq!((inventory.unseen_count(), unseen(&inventory).len()), (334, 334));
    let page = inventory.unseen(4, 2).unwrap();
    assert_eq!(page, Unseen { marks: vec![mark(6, 6), mark(9, 9)], between: 4, next: 10 });
    assert_eq!(inventory.unseen(1000, 2), None);
}

#[test]
fn a_digest_is_made_fine_enough_to_be_exact() {
    let highest = (1 << 45) - 1;
    let even = (0..1024).map(|id| mark(id << 53, highest)).collect();
    let digest = Inventory::new(even).digest();
    assert!(digest.is_exact());
    assert!(digest.grid().places() > Grid::for_count(1024).places(), "more buckets than the count asks for");
    let crowded = (0..1024).map(|id| mark(id, highest)).collect();
    let digest = Inventory::new(crowded).digest();
    assert!(
        !digest.is_exact() && digest.grid().places() <= 8 * Grid::for_count(1024).places(),
        "bounded by the count"
    );
}
