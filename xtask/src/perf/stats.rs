//! Medians, ratios of pairs, and straight lines.

use serde::Serialize;

/// The middle of some figures, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread {
    /// The middle one; of an even number the mean of the two in the middle.
    pub median: f64,
    /// The smallest.
    pub min: f64,
    /// The largest.
    pub max: f64,
}

/// The spread of some figures; nothing where there are none.
#[must_use]
pub fn spread(figures: &[f64]) -> Option<Spread> {
    let mut sorted = figures.to_vec();
    sorted.sort_by(f64::total_cmp);
    let (min, max) = (*sorted.first()?, *sorted.last()?);
    let middle = sorted.len() / 2;
    let median = if sorted.len() % 2 == 1 {
        sorted[middle]
    } else {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    };
    Some(Spread { median, min, max })
}

/// The spread of the ratios of figures that were taken in the same rounds: steadier than the ratio of medians, since
/// what disturbs a round disturbs both.
#[must_use]
pub fn ratios(above: &[f64], below: &[f64]) -> Option<Spread> {
    let pairs = above.iter().zip(below).filter(|(_, below)| **below > 0.0);
    spread(&pairs.map(|(above, below)| above / below).collect::<Vec<_>>())
}

/// A straight line through points, by least squares.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Line {
    /// What one more costs.
    pub slope: f64,
    /// What none costs.
    pub intercept: f64,
    /// The share of the variation that the line explains: 1 where the points lie on it.
    pub r_squared: f64,
}

/// The line through `(x, y)`; nothing for fewer than two places.
#[must_use]
pub fn line(points: &[(f64, f64)]) -> Option<Line> {
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

#[cfg(test)]
mod tests;
