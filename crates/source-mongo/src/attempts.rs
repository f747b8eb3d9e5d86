//! How often, and after which waits, reading is taken up again after a failure that may pass.

use std::error::Error as _;
use std::time::Duration;

use connectors_core::Error;
use tokio::time::sleep;

use crate::client::error;
use crate::client::patience::NoAnswer;

/// Failures without any progress in between, before reading is given up.
const MOST: u32 = 5;

/// Waited after the first failure, and twice as long after each further one.
const PAUSE: Duration = Duration::from_millis(100);

/// The failures since the last progress.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Failures(u32);

impl Failures {
    /// Counts a failure. True, after as long as is due, when another try may help.
    pub(crate) async fn allow_another_try(&mut self, error: &Error) -> bool {
        let pause = self.count(weight(error));
        let allowed = error.kind().is_passing() && self.0 <= MOST;
        if allowed {
            sleep(pause).await;
        }
        allowed
    }

    fn count(&mut self, weight: u32) -> Duration {
        let pause = PAUSE * 2_u32.pow(self.0.min(MOST));
        self.0 += weight;
        pause
    }
}

/// As how many failures an error counts: those that took long by themselves are not repeated as often.
fn weight(error: &Error) -> u32 {
    match error.source() {
        Some(cause) if cause.is::<NoAnswer>() => MOST,
        Some(_) if error::is_no_server(error) => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn five_failures_are_waited_out_for_growing_times() {
        let mut failures = Failures::default();
        let waits: Vec<_> = (0..5).map(|_| failures.count(1).as_millis()).collect();
        assert_eq!(waits, [100, 200, 400, 800, 1600]);
        assert!(!failures.allow_another_try(&Error::transient("broke")).await);
        assert!(!Failures::default().allow_another_try(&Error::denied("no")).await);
    }

    #[tokio::test]
    async fn a_wait_that_met_its_limit_is_tried_once_more() {
        let silence = error::map(&NoAnswer::default().into(), "read");
        let mut failures = Failures::default();
        assert!(failures.allow_another_try(&silence).await);
        assert!(!failures.allow_another_try(&silence).await);
    }
}
