//! The log lines of one test, whatever the other tests of its process log.

use std::cell::RefCell;
use std::io::Write;
use std::sync::Once;

thread_local! {
    static LINES: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Collects lines for the thread that writes them.
struct Own;

impl Write for Own {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        LINES.with_borrow_mut(|lines| lines.write(bytes))
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Runs `run`, and returns its result and what its thread logged meanwhile.
///
/// `tracing` caches for each call site whether anybody wants its lines. Where the first thread that reaches it has no
/// subscriber, nobody does, even if another thread has a subscriber of its own; so there is one for all threads.
pub(crate) fn logged<T>(run: impl FnOnce() -> T) -> (T, String) {
    static INSTALLED: Once = Once::new();
    INSTALLED.call_once(|| tracing_subscriber::fmt().with_ansi(false).with_writer(|| Own).init());
    // Another thread may have reached a call site while the subscriber was being installed.
    tracing::callsite::rebuild_interest_cache();
    LINES.take();
    let result = run();
    (result, String::from_utf8_lossy(&LINES.take()).into_owned())
}

#[test]
fn a_line_that_another_thread_logs_first_is_read_and_its_own_is_not() {
    let say = |who: &str| tracing::error!("said by {who}");
    let ((), lines) = logged(|| {
        std::thread::scope(|scope| scope.spawn(|| say("another")).join()).unwrap();
        say("this one");
    });
    assert!(lines.contains("said by this one") && !lines.contains("said by another"), "{lines}");
}
