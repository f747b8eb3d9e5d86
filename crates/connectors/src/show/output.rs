//! Standard output and standard error, which may be closed or full before the program ends.

use std::io::{self, ErrorKind, Write, stderr, stdout};
use std::sync::OnceLock;

/// Why standard output takes no more.
static BROKEN: OnceLock<io::Error> = OnceLock::new();

/// Writes to standard output; after an error no more.
pub(super) fn print(text: &str) {
    write_unless(&BROKEN, stdout().lock(), text);
}

/// Writes to standard error. An error there can't be reported.
pub(super) fn eprint(text: &str) {
    let _ = stderr().lock().write_all(text.as_bytes());
}

/// True once nobody reads standard output any more.
pub(crate) fn is_closed() -> bool {
    BROKEN.get().is_some()
}

/// Why results were not shown, where that is an error: not where the reader had enough, as `head` has.
pub(crate) fn failure() -> Option<&'static io::Error> {
    BROKEN.get().filter(|error| error.kind() != ErrorKind::BrokenPipe)
}

fn write_unless(broken: &OnceLock<io::Error>, mut out: impl Write, text: &str) {
    if broken.get().is_some() {
        return;
    }
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        let _ = broken.set(error);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Full(usize);

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            self.0 += 1;
            Err(io::Error::from(ErrorKind::StorageFull))
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn the_first_error_is_kept_and_nothing_is_written_after_it() {
        let (broken, mut out) = (OnceLock::new(), Full(0));
        write_unless(&broken, &mut out, "a");
        write_unless(&broken, &mut out, "b");
        assert_eq!((out.0, broken.get().unwrap().kind()), (1, ErrorKind::StorageFull));
    }
}
