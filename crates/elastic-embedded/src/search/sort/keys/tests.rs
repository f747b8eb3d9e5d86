use super::{fraction_key, fraction_of};

#[test]
fn keys_order_fractions_and_turn_back_into_them() {
    let numbers = [
        f64::NEG_INFINITY,
        f64::MIN,
        -1.5,
        -1.0,
        -f64::MIN_POSITIVE,
        -0.0,
        0.0,
        1e-300,
        1.0,
        1.5,
        f64::INFINITY,
    ];
    let keys: Vec<_> = numbers.iter().copied().map(fraction_key).collect();
    assert!(keys.is_sorted_by(|a, b| a < b), "{keys:?}");
    assert_eq!(keys.iter().copied().map(fraction_of).collect::<Vec<_>>(), numbers);
    assert!(fraction_of(fraction_key(-0.0)).is_sign_negative());
}
