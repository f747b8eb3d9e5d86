//! Medians, ratios of pairs, straight lines, and how figures are written.

use serde::Serialize;

/// The middle of some figures, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(super) struct Spread {
    /// The middle one; of an even number the mean of the two in the middle.
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

/// The spread of some figures; nothing where there are none.
pub(super) fn spread(figures: &[f64]) -> Option<Spread> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let (low, high) = ((sorted.len() - 1) / 2, sorted.len() / 2);
    Some(Spread { median: f64::midpoint(sorted[low], sorted[high]), min, max })
}

/// The median ratio of figures that were taken in the same rounds: steadier than the ratio of medians, since what
/// disturbs a round disturbs both.
pub(super) fn ratio(above: &[f64], below: &[f64]) -> Option<f64> {
    let pairs = above.iter().zip(below).filter(|(_, below)| **below > 0.0);
    Some(spread(&pairs.map(|(above, below)| above / below).collect::<Vec<_>>())?.median)
}

/// A straight line through points, by least squares.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Line {
    /// What one more costs.
    pub(super) slope: f64,
    /// What none costs.
    pub(super) intercept: f64,
    /// The share of the variation that the line explains: 1 where the points lie on it.
    pub(super) r_squared: f64,
}

/// The line through `(x, y)`; nothing for fewer than two places.
pub(super) fn line(points: &[(f64, f64)]) -> Option<Line> {
    let count = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / count;
    let (x, y) = (mean(|point| point.0), mean(|point| point.1));
    let width: f64 = points.iter().map(|point| (point.0 - x).powi(2)).sum();
    if points.len() < 2 || width == 0.0 {
        return None;
    }
    let slope = points.iter().map(|point| (point.0 - x) * (point.1 - y)).sum::<f64>() / width;
    let intercept = y - slope * x;
    let left: f64 = points.iter().map(|point| (point.1 - intercept - slope * point.0).powi(2)).sum();
    let all: f64 = points.iter().map(|point| (point.1 - y).powi(2)).sum();
    let r_squared = if all == 0.0 { 1.0 } else { 1.0 - left / all };
    Some(Line { slope, intercept, r_squared })
}

/// Three digits, or all of a whole number.
pub(super) fn number(figure: f64) -> String {
    let digits = match figure.abs() {
        whole if whole.fract() == 0.0 => 0,
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    format!("{figure:.digits$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle_and_ratios_are_taken_round_by_round() {
        assert_eq!(spread(&[3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(spread(&[4.0, 1.0]), Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
        assert_eq!(spread(&[]), None);
        assert_eq!(ratio(&[2.0, 20.0, 3.0], &[1.0, 10.0, 1.0]), Some(2.0));
        assert_eq!(ratio(&[1.0], &[0.0]), None);
    }

    #[test]
    fn numbers_keep_three_digits() {
        for (figure, expected) in
            [(3.0, "3"), (123.4, "123"), (12.34, "12.3"), (1.234, "1.23"), (0.1234, "0.123")]
        {
            assert_eq!(number(figure), expected);
        }
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
}
