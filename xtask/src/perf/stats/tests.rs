use super::*;

#[test]
fn the_median_is_in_the_middle() {
    assert_eq!(spread(&[3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
    assert_eq!(spread(&[4.0, 1.0]), Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
    assert_eq!(spread(&[]), None);
}

#[test]
fn ratios_are_taken_round_by_round() {
    let found = ratios(&[2.0, 20.0, 3.0], &[1.0, 10.0, 1.0]);
    assert_eq!(found, Some(Spread { median: 2.0, min: 2.0, max: 3.0 }));
    assert_eq!(ratios(&[1.0], &[0.0]), None);
}

#[test]
fn points_on_a_line_are_explained_by_it() {
    let found = line(&[(1.0, 3.0), (2.0, 5.0), (10.0, 21.0)]).unwrap();
    assert!((found.slope - 2.0).abs() < 1e-9 && (found.intercept - 1.0).abs() < 1e-9, "{found:?}");
    assert!((found.r_squared - 1.0).abs() < 1e-9, "{found:?}");
    let bent = line(&[(1.0, 1.0), (2.0, 4.0), (3.0, 9.0), (4.0, 100.0)]).unwrap();
    assert!(bent.r_squared < 0.8, "{bent:?}");
    assert_eq!(line(&[(1.0, 3.0)]), None);
    assert_eq!(line(&[(1.0, 3.0), (1.0, 4.0)]), None);
    assert_eq!(line(&[(1.0, 3.0), (2.0, 3.0)]).unwrap().r_squared, 1.0);
}
