//! Log lines, on standard error so that standard output stays for answers.
//!
//! Only lines that this program wrote are shown, whatever the filter: a library's line could quote
//! a URL with an item's name or a signature in it. For the same reason a panic is logged by its
//! place alone; its message may quote the data that it stumbled over.

use std::fmt;
use std::panic;

use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Subscriber};
use tracing_subscriber::filter::{EnvFilter, FilterExt, FilterFn, ParseError};
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::{LookupSpan, Registry};
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};

/// How a line looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// One JSON object a line, for machines: fields of the event and of its spans side by side.
    Json,
    /// For people at a terminal.
    Pretty,
}

/// Why there are no log lines.
#[derive(Debug, thiserror::Error)]
pub enum LoggingError {
    /// The filter does not parse.
    #[error("reading the log filter")]
    Filter(#[from] ParseError),
    /// This process logs already.
    #[error("starting to log")]
    Started(#[from] TryInitError),
}

/// Starts logging for the whole process, and logs panics.
///
/// `filter` is a level or a list of `target=level` (`info`, `dsrd=debug`, `dsrd::worker=trace`);
/// empty means `info`. Lines for people may have colours.
///
/// # Errors
/// [`LoggingError`]; then nothing is logged.
pub fn init(format: Format, filter: &str, colours: bool) -> Result<(), LoggingError> {
    layer(format, filter, colours, std::io::stderr)?
        .with_subscriber(Registry::default())
        .try_init()?;
    panic::set_hook(Box::new(log_panic));
    Ok(())
}

/// What [`init`] starts, writing to `writer`.
///
/// # Errors
/// [`LoggingError::Filter`].
pub fn layer<W>(
    format: Format,
    filter: &str,
    colours: bool,
    writer: W,
) -> Result<impl Layer<Registry>, LoggingError>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::try_new(if filter.is_empty() { "info" } else { filter })?;
    let ours = FilterFn::new(|line| {
        line.target().split("::").next().is_some_and(|program| program == "dsrd")
    });
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        Format::Json => Box::new(JsonLines { writer }),
        Format::Pretty => Box::new(
            tracing_subscriber::fmt::layer()
                .with_ansi(colours)
                .with_target(false)
                .with_writer(writer),
        ),
    };
    Ok(lines.with_filter(filter.and(ours)))
}

fn log_panic(panic: &panic::PanicHookInfo<'_>) {
    let place = panic.location().map(ToString::to_string).unwrap_or_default();
    tracing::error!(panic.location = place, "the program ran into a bug and gave up what it did");
}

/// Writes each event as one JSON object. The formatter of `tracing-subscriber` nests the fields of
/// spans; we want `request.id` to be found in the same place on every line.
struct JsonLines<W> {
    writer: W,
}

/// Names and values of a line, or of a span, which keeps them while it lives.
#[derive(Clone, Default)]
struct Fields(Map<String, Value>);

impl<S, W> Layer<S> for JsonLines<W>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> MakeWriter<'a> + 'static,
{
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, record: &Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            record.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let mut line = Fields::default();
        let mut time = String::new();
        // Nothing can be done about a line that cannot be written, least of all to log it.
        SystemTime.format_time(&mut Writer::new(&mut time)).ok();
        line.set("timestamp", time);
        line.set("level", event.metadata().level().as_str());
        line.set("target", event.metadata().target());
        for span in ctx.event_scope(event).into_iter().flat_map(|scope| scope.from_root()) {
            if let Some(fields) = span.extensions().get::<Fields>() {
                line.0.extend(fields.0.clone());
            }
        }
        event.record(&mut line);
        let text = format!("{}\n", Value::Object(line.0));
        let mut out = self.writer.make_writer_for(event.metadata());
        std::io::Write::write_all(&mut out, text.as_bytes()).ok();
    }
}

impl Fields {
    fn set(&mut self, name: &str, value: impl Into<Value>) {
        self.0.insert(name.to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.set(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.set(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.set(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.set(field.name(), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.set(field.name(), value);
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.set(field.name(), format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: Format, filter: &str, work: impl FnOnce()) -> Vec<String> {
        let lines = Lines::default();
        let writer = lines.clone();
        let layer = layer(format, filter, false, move || writer.clone()).unwrap();
        tracing::subscriber::with_default(layer.with_subscriber(Registry::default()), work);
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn a_request() {
        let span = tracing::info_span!("request", request.id = "r-1", request.kind = "erasure");
        let _entered = span.enter();
        tracing::info!(item.count = 3_u64, done = true, "planned {} items", 3);
    }

    #[test]
    fn the_fields_of_the_span_are_on_every_line() {
        let lines = logged(Format::Json, "", a_request);
        let mut line: Map<String, Value> = serde_json::from_str(&lines[0]).unwrap();
        let time = line.remove("timestamp").unwrap();
        assert!(time.as_str().unwrap().parse::<jiff::Timestamp>().is_ok(), "{time}");
        let expected = serde_json::json!({
            "level": "INFO", "target": "dsrd::telemetry::logging::tests",
            "request.id": "r-1", "request.kind": "erasure",
            "message": "planned 3 items", "item.count": 3, "done": true,
        });
        assert_eq!(Value::Object(line), expected);
    }

    #[test]
    fn people_get_the_request_too() {
        let lines = logged(Format::Pretty, "info", a_request);
        assert!(lines[0].contains("request.id=\"r-1\"") && lines[0].contains("planned 3 items"));
    }

    #[test]
    fn lines_of_libraries_are_never_shown() {
        let work = || {
            tracing::error!(target: "azure_core::http", "GET https://a/b?sig=secret");
            tracing::error!(target: "dsrdx", "not ours either");
            tracing::debug!("ours, below the level");
            tracing::info!("ours");
        };
        assert_eq!(logged(Format::Json, "info", work).len(), 1);
        assert_eq!(logged(Format::Json, "trace,azure_core=trace", work).len(), 2);
    }

    #[test]
    fn a_panic_is_logged_by_its_place_alone() {
        let lines = logged(Format::Json, "info", || {
            let before = panic::take_hook();
            panic::set_hook(Box::new(log_panic));
            let panicked = panic::catch_unwind(|| panic!("ann@contoso.com"));
            panic::set_hook(before);
            assert!(panicked.is_err());
        });
        assert!(lines[0].contains("src/telemetry/logging.rs:"), "{lines:?}");
        assert!(!lines[0].contains("ann@"), "{lines:?}");
    }

    #[test]
    fn a_filter_that_does_not_parse_is_refused() {
        assert!(layer(Format::Json, "dsrd=loudly", false, std::io::sink).is_err());
    }
}
