//! The forms in which metrics are shown: `OpenMetrics` to whoever asks for it, else the older text
//! of Prometheus, which is what every tool reads that says nothing of what it takes.

use std::collections::BTreeSet;

/// A form.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// `OpenMetrics` 1.0.
    Open,
    /// Prometheus 0.0.4.
    Plain,
}

impl Form {
    /// The one for whoever accepts these media types.
    pub fn asked_for(accept: &str) -> Self {
        match accept.contains("application/openmetrics-text") {
            true => Self::Open,
            false => Self::Plain,
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            Self::Open => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// Text of `OpenMetrics` in this form.
    pub fn of(self, text: String) -> String {
        match self {
            Self::Open => text,
            Self::Plain => plain(&text),
        }
    }
}

/// In the older form a counter is described under its whole name, and nothing marks the end.
fn plain(text: &str) -> String {
    let words = |line: &'_ str| {
        let mut words = line.splitn(4, ' ').skip(1).map(str::to_owned);
        Some((words.next()?, words.next()?, words.next().unwrap_or_default()))
    };
    let described = |line: &&str| line.starts_with("# ");
    let counters: BTreeSet<String> = text
        .lines()
        .filter(described)
        .filter_map(words)
        .filter(|(what, _, kind)| what == "TYPE" && kind == "counter")
        .map(|(_, name, _)| name)
        .collect();
    let mut plain = String::with_capacity(text.len());
    for line in text.lines() {
        match words(line).filter(|_| line.starts_with("# ")) {
            Some((what, name, rest)) if what != "UNIT" => {
                let total = if counters.contains(&name) { "_total" } else { "" };
                plain.push_str(&format!("# {what} {name}{total} {rest}\n"));
            }
            Some(_) => {}
            None if line.starts_with("# ") => {}
            None => {
                plain.push_str(line);
                plain.push('\n');
            }
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_a_form_is_given_it_and_all_others_the_plain_one() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;q=0.3";
        for (accept, form) in [(prometheus, Form::Open), ("*/*", Form::Plain), ("", Form::Plain)] {
            assert_eq!(Form::asked_for(accept), form, "{accept}");
        }
    }

    #[test]
    fn in_the_plain_form_counters_are_described_by_their_whole_name() {
        let open = "# HELP a_b Told of it.\n# TYPE a_b counter\na_b_total{x=\"y z\"} 1\n\
                    # HELP c Gauge.\n# TYPE c gauge\n# UNIT c seconds\nc 2\n# EOF\n";
        let plain = "# HELP a_b_total Told of it.\n# TYPE a_b_total counter\n\
                     a_b_total{x=\"y z\"} 1\n# HELP c Gauge.\n# TYPE c gauge\nc 2\n";
        assert_eq!(Form::Plain.of(open.to_owned()), plain);
        assert_eq!(Form::Open.of(open.to_owned()), open);
    }
}
