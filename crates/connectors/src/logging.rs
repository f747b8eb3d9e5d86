//! Where log lines go: standard error, as text or as JSON, with secrets masked.

mod bounded;
mod ecs;

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write, stderr};
use std::panic;
use std::path::Path;

use connectors_core::config::nearest;
use connectors_core::{Error, Result};
use connectors_service::secrets::mask;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::JsonFields;

use crate::terminal;
use bounded::Bounded;
use ecs::Ecs;

/// What is logged at least, and `off`.
const LEVELS: [&str; 6] = ["error", "warn", "info", "debug", "trace", "off"];

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// For people.
    Plain,
    /// JSON in the Elastic Common Schema.
    Ecs,
}

/// Begins to log at this level or by this filter.
pub(crate) fn start(filter: &str, format: Format) -> Result<()> {
    let has_colours = format == Format::Plain && terminal::has_colours(&stderr());
    let shown: Shown = if has_colours { coloured } else { plain };
    let lines = tracing_subscriber::fmt()
        .with_env_filter(level(filter)?)
        .with_writer(move || Masked(stderr(), shown));
    let _ = match format {
        Format::Plain => lines.with_ansi(has_colours).with_target(false).try_init(),
        Format::Ecs => lines.fmt_fields(JsonFields::new()).event_format(Ecs).try_init(),
    };
    Ok(())
}

/// The same for the process of the embedded server, whose standard error is the file at `path`: one that has grown large
/// becomes `….old`, in place of the one before.
pub(crate) fn start_bounded(filter: &str, path: &Path) -> Result<()> {
    let lines = Bounded::new(path);
    let writer = move || Masked(lines.clone(), plain);
    let lines = tracing_subscriber::fmt().with_env_filter(level(filter)?).with_writer(writer);
    let _ = lines.with_ansi(false).with_target(false).try_init();
    Ok(())
}

/// A part of a filter without a level of its own has to be a level: `dbug` would be the name of a part of the program, and
/// show nothing.
fn level(filter: &str) -> Result<EnvFilter> {
    let parts = filter.split(',').map(str::trim);
    let mut words = parts.filter(|part| !part.is_empty() && !part.contains(['=', '[', '{', '}', ']']));
    if let Some(word) = words.find(|word| !LEVELS.contains(&word.to_lowercase().as_str())) {
        let lower = word.to_lowercase();
        let near =
            LEVELS.into_iter().find(|level| lower.starts_with(level)).or_else(|| nearest(&lower, LEVELS));
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        let hint = hint.unwrap_or_else(|| format!("there are: {}.", LEVELS.join(", ")));
        return Err(Error::config(format!(
            "there is no such log level; {hint} A part of the program is logged as in `connectors_core=debug`"
        ))
        .with("log_level", word));
    }
    EnvFilter::try_new(filter).map_err(|error| {
        Error::config("the log level is none of error, warn, info, debug, trace, and no filter")
            .with("log_level", filter)
            .caused_by(error)
    })
}

/// From now on panics are reported as always, and with secrets masked.
pub(crate) fn mask_panics() {
    log_panics_to(stderr);
}

fn log_panics_to<W: Write>(writer: impl Fn() -> W + Send + Sync + 'static) {
    panic::set_hook(Box::new(move |info| {
        let backtrace = Backtrace::capture();
        let shown = match backtrace.status() {
            BacktraceStatus::Captured => format!("{info}\n{backtrace}\n"),
            _ => format!("{info}\n"),
        };
        // That this failed can't be reported anywhere.
        let _ = Masked(writer(), lines).write_all(shown.as_bytes());
    }));
}

/// What is shown of a text.
type Shown = fn(&str) -> String;

fn plain(line: &str) -> String {
    terminal::line(line).into_owned()
}

fn coloured(line: &str) -> String {
    terminal::coloured(line)
}

fn lines(text: &str) -> String {
    terminal::paragraph(text).into_owned()
}

/// Writes whole lines, as the subscriber hands them over, with secrets masked, and nothing in them that a terminal obeys.
struct Masked<W>(W, Shown);

impl<W: Write> Write for Masked<W> {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(line);
        let text = text.strip_suffix('\n').unwrap_or(&text);
        self.0.write_all(format!("{}\n", (self.1)(&mask(text))).as_bytes())?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use connectors_service::secrets::Secrets;

    fn mask_from_now_on(secret: &str) {
        let folder = tempfile::TempDir::new().unwrap();
        std::fs::write(folder.path().join("log"), secret).unwrap();
        let values = serde_json::json!({"uri": "${secret:log}"});
        let secrets = Secrets::new(Some(folder.path().to_owned()));
        secrets.resolve(values.as_object().unwrap()).unwrap();
    }

    #[test]
    fn a_panic_is_reported_with_secrets_masked() {
        mask_from_now_on("never-in-a-panic");
        let (sender, receiver) = std::sync::mpsc::channel();
        log_panics_to(move || Sent(sender.clone()));
        let ended = panic::catch_unwind(|| panic!("can't reach mongodb://u:never-in-a-panic@h"));
        drop(panic::take_hook());
        let report = String::from_utf8(receiver.try_iter().flatten().collect()).unwrap();
        assert!(ended.is_err() && report.contains("panicked at") && report.contains("u:***@h"), "{report}");
        assert!(!report.contains("never-in-a-panic"), "{report}");
    }

    struct Sent(std::sync::mpsc::Sender<Vec<u8>>);

    impl Write for Sent {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.send(bytes.to_owned()).map_err(io::Error::other)?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_level_that_does_not_exist_is_named_with_the_nearest() {
        for (filter, words) in [
            ("dbug", "did you mean `debug`?"),
            ("WARNING", "did you mean `warn`?"),
            ("loud", "there are: error, warn"),
            ("warn,dbug", "log_level: dbug"),
            ("connectors_core=loud", "no filter"),
        ] {
            let error = level(filter).unwrap_err().to_string();
            assert!(error.contains(words), "{filter}: {error}");
        }
        for filter in ["warn", "INFO", "warn,connectors_core=debug", "off", "[sync]=debug"] {
            assert!(level(filter).is_ok(), "{filter}");
        }
    }

    #[test]
    fn lines_are_written_with_secrets_masked() {
        mask_from_now_on("never-in-a-log");
        let mut masked = Masked(Vec::new(), plain);
        let line = b"WARN can't reach mongodb://u:never-in-a-log@h\n";
        assert_eq!(masked.write(line).unwrap(), line.len());
        masked.flush().unwrap();
        assert_eq!(masked.0, b"WARN can't reach mongodb://u:***@h\n");
    }

    #[test]
    fn a_line_stays_one_and_moves_no_cursor() {
        let text = b"WARN title=\x1b[2Ja\nERROR fake\n";
        for (shown, expected) in [
            (plain as Shown, &b"WARN title=\\u001b[2Ja\\nERROR fake\n"[..]),
            (coloured as Shown, &b"WARN title=\\u001b[2Ja\\nERROR fake\n"[..]),
            (lines as Shown, &b"WARN title=\\u001b[2Ja\n  ERROR fake\n"[..]),
        ] {
            let mut masked = Masked(Vec::new(), shown);
            assert_eq!(masked.write(text).unwrap(), text.len());
            assert_eq!(masked.0, expected, "{}", String::from_utf8_lossy(&masked.0));
        }
    }
}
