//! How often, and after which waits, reading is taken up again after a failure that may pass.

use std::time::Duration;

use tokio::time::sleep;

/// Failures without any progress in between, before reading is given up.
const MOST: u32 = 5;

/// Waited after the first failure, and twice as long after each further one.
const PAUSE: Duration = Duration::from_millis(100);

/// The failures since the last progress.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Failures(u32);

impl Failures {
    /// True when there were so many that another attempt would be in vain.
    pub(crate) fn are_too_many(&self) -> bool {
        self.0 >= MOST
    }

    /// Counts one more, and waits as long as is due before the next attempt.
    pub(crate) async fn pause(&mut self) {
        sleep(self.count()).await;
    }

    fn count(&mut self) -> Duration {
        let pause = PAUSE * 2_u32.pow(self.0.min(MOST));
        self.0 += 1;
        pause
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn five_failures_are_waited_out_for_growing_times() {
        let mut failures = Failures::default();
        let mut waits = Vec::new();
        while !failures.are_too_many() {
            waits.push(failures.count().as_millis());
        }
        assert_eq!(waits, [100, 200, 400, 800, 1600]);
    }
}
