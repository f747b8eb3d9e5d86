//! Log lines as JSON in the Elastic Common Schema.

use std::fmt;

use chrono::{SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::fmt::format::{JsonFields, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormattedFields};
use tracing_subscriber::registry::LookupSpan;

/// The version of the schema.
const VERSION: &str = "8.11.0";

/// One JSON object per line: time, level, message, and the fields of the event and its spans as labels.
/// Spans are to be recorded by [`JsonFields`].
#[derive(Debug)]
pub(super) struct Ecs;

impl<S> FormatEvent<S, JsonFields> for Ecs
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, JsonFields>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut fields = Fields(of_spans(context));
        event.record(&mut fields);
        let mut labels = fields.0;
        let message = labels.remove("message").unwrap_or_default();
        let error = labels.remove("error").filter(|error| error != "");
        let mut line = json!({
            "@timestamp": Utc::now().to_rfc3339_opts(SecondsFormat::Millis, true),
            "log.level": event.metadata().level().as_str().to_lowercase(),
            "message": message,
            "ecs.version": VERSION,
            "log.logger": event.metadata().target(),
            "process.pid": std::process::id(),
        });
        if let Some(error) = error {
            line["error.message"] = error;
        }
        if !labels.is_empty() {
            line["labels"] = labels.into();
        }
        writeln!(writer, "{line}")
    }
}

/// The fields of all spans around an event, the inner ones over the outer.
fn of_spans<S>(context: &FmtContext<'_, S, JsonFields>) -> Map<String, Value>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut all = Map::new();
    for span in context.event_scope().into_iter().flat_map(|scope| scope.from_root()) {
        let extensions = span.extensions();
        let recorded = extensions.get::<FormattedFields<JsonFields>>();
        let read = recorded.and_then(|recorded| serde_json::from_str::<Map<String, Value>>(recorded).ok());
        all.extend(read.unwrap_or_default());
    }
    all
}

struct Fields(Map<String, Value>);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.0.insert(field.name().to_owned(), value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_line_is_one_object_with_the_fields_of_its_spans() {
        let lines = Lines::default();
        let writer = lines.clone();
        let subscriber = tracing_subscriber::fmt()
            .fmt_fields(JsonFields::new())
            .event_format(Ecs)
            .with_writer(move || writer.clone())
            .finish();
        tracing::subscriber::with_default(subscriber, || {
            let _job = tracing::info_span!("job", connector = "c", job = "j", index = "i").entered();
            tracing::warn!(error = %"no \"way\"", tries = 3_u64, left = -1_i64, last = false, "it\nfailed");
            tracing::info!("fine");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let read: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(read.len(), 2, "{text}");
        assert_eq!((&read[0]["message"], &read[0]["log.level"]), (&json!("it\nfailed"), &json!("warn")));
        assert_eq!(read[0]["error.message"], "no \"way\"");
        let labels =
            json!({"connector": "c", "job": "j", "index": "i", "tries": 3, "left": -1, "last": false});
        assert_eq!(read[0]["labels"], labels);
        assert_eq!((&read[1]["labels"]["job"], read[1].get("error.message")), (&json!("j"), None));
    }
}
