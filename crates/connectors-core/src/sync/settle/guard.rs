//! The guard of deletes.

use crate::sync::job::Options;

/// Whether so many deletes may go through by themselves, out of an index that held so many documents before the sync: more
/// than the floor and more than the share of them need to be allowed.
pub fn allows_deletes(options: &Options, held: u64, deletes: u64) -> bool {
    let share = deletes as f64 / held.max(1) as f64;
    options.allow_deletes || deletes <= options.delete_floor || share <= options.delete_share
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_floor_and_the_share_need_to_be_allowed() {
        let options = Options { delete_share: 0.5, delete_floor: 10, ..Options::default() };
        for (held, deletes, expected) in [
            (0, 10, true),
            (0, 11, false),
            (20, 11, false),
            (22, 11, true),
            (1000, 500, true),
            (1000, 501, false),
        ] {
            assert_eq!(allows_deletes(&options, held, deletes), expected, "{deletes} of {held}");
            assert!(allows_deletes(&Options { allow_deletes: true, ..options }, held, deletes));
        }
    }
}
