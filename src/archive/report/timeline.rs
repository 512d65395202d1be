//! The timeline of the runs as a picture: a row for each experiment, a mark for each run.
//!
//! A mark is as long as its run, and never too short to be seen. What would be drawn over itself is
//! drawn once, so the picture is bounded by its size and not by the number of runs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::{self, Write};

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp, ToSpan, Unit};

use crate::archive::report::html::Text;
use crate::archive::report::texts::table::{Texts, filled};
use crate::archive::runs::Run;

/// Rows; what does not fit shares the last one.
const ROWS_MAX: usize = 12;

/// Pixels from the left edge to the first moment.
const LEFT: i64 = 200;

/// Pixels from the first moment to the last.
const WIDTH: i64 = 580;

/// Pixels of a row.
const ROW: usize = 26;

/// Shortest mark, in pixels.
const MARK_MIN: i64 = 5;

/// Columns of a row's label; a character of Chinese, Japanese or Korean takes two.
const LABEL_COLUMNS_MAX: usize = 26;

/// Marks on the axis, at most.
const TICKS_MAX: i64 = 7;

/// Writes the picture of those runs that have a time, if there are any.
///
/// # Errors
/// Those of `out`.
pub fn write(out: &mut dyn Write, texts: &Texts, runs: &[&Run]) -> io::Result<()> {
    let Some(axis) = Axis::of(runs) else { return Ok(()) };
    let rows = Rows::of(texts, runs, &axis);
    let bottom = rows.rows.len() * ROW + 10;
    let says = filled(
        texts.picture_says,
        &[
            ("runs", &texts.count(rows.runs)),
            ("first", &axis.first_day()),
            ("last", &axis.last_day()),
        ],
    );
    writeln!(
        out,
        "<div class=\"wide\" role=\"group\" aria-label=\"{title}\" tabindex=\"0\">\n\
         <svg viewBox=\"0 0 {width} {height}\" role=\"img\" \
         aria-labelledby=\"timeline-title timeline-says\">\n\
         <title id=\"timeline-title\">{title}</title>\n\
         <desc id=\"timeline-says\">{says}</desc>",
        title = Text(texts.picture),
        says = Text(&says),
        width = LEFT + WIDTH + 20,
        height = bottom + 60,
    )?;
    axis.write(out, bottom)?;
    for (index, row) in rows.rows.iter().enumerate() {
        row.write(out, index * ROW + 10)?;
    }
    write_legend(out, texts, bottom + 50)?;
    writeln!(out, "</svg>\n</div>")
}

/// Time from left to right.
struct Axis {
    first: Timestamp,
    last: Timestamp,
}

impl Axis {
    fn of(runs: &[&Run]) -> Option<Self> {
        let first = runs.iter().filter_map(|run| run.began()).min()?;
        let ends = runs.iter().filter_map(|run| run.ended.max(run.began()));
        let last = ends.max()?;
        // A moment would have no width.
        let shortest = SignedDuration::from_mins(5);
        Some(Self { first, last: last.max(first.saturating_add(shortest).ok()?) })
    }

    fn seconds(&self) -> i64 {
        self.last.as_second() - self.first.as_second()
    }

    /// Where a moment is, in pixels.
    fn x(&self, moment: Timestamp) -> i64 {
        let passed = (moment.as_second() - self.first.as_second()).clamp(0, self.seconds());
        LEFT + passed * WIDTH / self.seconds().max(1)
    }

    fn first_day(&self) -> String {
        civil(self.first).date().to_string()
    }

    fn last_day(&self) -> String {
        civil(self.last).date().to_string()
    }

    fn write(&self, out: &mut dyn Write, bottom: usize) -> io::Result<()> {
        for (x, label) in self.ticks() {
            writeln!(
                out,
                "<line x1=\"{x}\" y1=\"6\" x2=\"{x}\" y2=\"{bottom}\" stroke=\"#8794a1\"/>\
                 <text x=\"{x}\" y=\"{}\" text-anchor=\"middle\">{label}</text>",
                bottom + 16
            )?;
        }
        Ok(())
    }

    /// Round moments, each with its place.
    fn ticks(&self) -> Vec<(i64, String)> {
        let (step, floor, form) = self.step();
        let begin = civil(self.first);
        let mut moment = begin;
        for unit in floor {
            moment = match unit {
                Unit::Year => moment.date().first_of_year().to_datetime(moment.time()),
                Unit::Day => moment.date().to_datetime(jiff::civil::Time::midnight()),
                _ => {
                    moment.with().minute(0).second(0).subsec_nanosecond(0).build().unwrap_or(moment)
                }
            };
        }
        let end = civil(self.last);
        let mut ticks = Vec::new();
        // Ends: the step is at least a minute, and the floor at most a year before the first.
        while moment <= end {
            if moment >= begin
                && let Ok(zoned) = moment.to_zoned(TimeZone::UTC)
            {
                let label = moment.strftime(form).to_string();
                ticks.push((self.x(zoned.timestamp()), label));
            }
            let Ok(next) = moment.checked_add(step) else { break };
            moment = next;
        }
        ticks
    }

    /// How far one tick is from the next, what they are counted from, and how they are written.
    fn step(&self) -> (Span, &'static [Unit], &'static str) {
        const DAY: i64 = 86_400;
        let (year, day, hour) = (&[Unit::Day, Unit::Year][..], &[Unit::Day][..], &[Unit::Hour][..]);
        let steps = [
            (60, 1.minute(), hour, "%H:%M"),
            (600, 10.minutes(), hour, "%H:%M"),
            (3_600, 1.hour(), day, "%m-%d %H:%M"),
            (6 * 3_600, 6.hours(), day, "%m-%d %H:%M"),
            (DAY, 1.day(), day, "%Y-%m-%d"),
            (2 * DAY, 2.days(), day, "%Y-%m-%d"),
            (7 * DAY, 7.days(), day, "%Y-%m-%d"),
            (30 * DAY, 1.month(), year, "%Y-%m"),
            (91 * DAY, 3.months(), year, "%Y-%m"),
            (365 * DAY, 1.year(), year, "%Y"),
            (2 * 365 * DAY, 2.years(), year, "%Y"),
            (5 * 365 * DAY, 5.years(), year, "%Y"),
        ];
        let fits = |(seconds, ..): &(i64, Span, _, _)| self.seconds() / seconds <= TICKS_MAX;
        let longest = (0, 50.years(), year, "%Y");
        let (_, step, floor, form) = steps.into_iter().find(fits).unwrap_or(longest);
        (step, floor, form)
    }
}

fn civil(time: Timestamp) -> DateTime {
    TimeZone::UTC.to_datetime(time)
}

/// The picture, before it is drawn.
struct Rows {
    rows: Vec<Row>,
    /// How many runs are in it.
    runs: u64,
}

struct Row {
    label: String,
    marks: BTreeSet<Mark>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    x: i64,
    width: i64,
    completed: bool,
}

impl Rows {
    fn of(texts: &Texts, runs: &[&Run], axis: &Axis) -> Self {
        let mut experiments: BTreeMap<Option<&str>, u64> = BTreeMap::new();
        for run in runs.iter().filter(|run| run.began().is_some()) {
            *experiments.entry(run.experiment.as_deref()).or_default() += 1;
        }
        let mut largest: Vec<Option<&str>> = experiments.keys().copied().collect();
        largest.sort_by_key(|name| (std::cmp::Reverse(experiments[name]), *name));
        if largest.len() > ROWS_MAX {
            largest.truncate(ROWS_MAX - 1);
        }

        // In the order of their first run, which is the order of `runs`; the others last.
        let mut rows: Vec<(Option<&str>, Row)> = Vec::new();
        let mut others = BTreeSet::new();
        for run in runs {
            let Some(mark) = Mark::of(run, axis) else { continue };
            let name = run.experiment.as_deref();
            if !largest.contains(&name) {
                others.insert(mark);
            } else if let Some((_, row)) = rows.iter_mut().find(|(known, _)| *known == name) {
                row.marks.insert(mark);
            } else {
                let label = name.unwrap_or(texts.without_experiment).to_owned();
                rows.push((name, Row { label, marks: BTreeSet::from([mark]) }));
            }
        }
        let mut rows: Vec<Row> = rows.into_iter().map(|(_, row)| row).collect();
        if !others.is_empty() {
            rows.push(Row { label: texts.other_experiments.to_owned(), marks: others });
        }
        Self { rows, runs: experiments.values().sum() }
    }
}

impl Row {
    fn write(&self, out: &mut dyn Write, top: usize) -> io::Result<()> {
        writeln!(
            out,
            "<line x1=\"{LEFT}\" y1=\"{line}\" x2=\"{}\" y2=\"{line}\" stroke=\"#d5dce3\"/>\
             <text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
            LEFT + WIDTH,
            LEFT - 12,
            top + 14,
            Text(&short(&self.label)),
            line = top + 10,
        )?;
        for mark in &self.marks {
            writeln!(out, "{}", mark.drawn(top + 3))?;
        }
        Ok(())
    }
}

impl Mark {
    fn of(run: &Run, axis: &Axis) -> Option<Self> {
        let began = run.began()?;
        let (x, end) = (axis.x(began), axis.x(run.ended.unwrap_or(began)));
        let completed = matches!(run.status.as_deref(), Some("Completed" | "Finished"));
        Some(Self { x, width: (end - x).max(MARK_MIN), completed })
    }

    /// Full for a completed run, hollow for any other: told apart without colours.
    fn drawn(&self, y: usize) -> String {
        let fill = if self.completed { "#0b4f8a" } else { "#fff" };
        let mut drawn = String::new();
        // Writing to a string cannot fail.
        let _infallible = write!(
            drawn,
            "<rect x=\"{}\" y=\"{y}\" width=\"{}\" height=\"14\" fill=\"{fill}\" \
             stroke=\"#0b4f8a\" stroke-width=\"1.5\"/>",
            self.x, self.width
        );
        drawn
    }
}

fn write_legend(out: &mut dyn Write, texts: &Texts, y: usize) -> io::Result<()> {
    let middle = LEFT + WIDTH / 2;
    for (x, completed, text) in
        [(LEFT, true, texts.picture_completed), (middle, false, texts.picture_other)]
    {
        let mark = Mark { x, width: 14, completed }.drawn(y - 12);
        writeln!(out, "{mark}<text x=\"{}\" y=\"{y}\">{}</text>", x + 22, Text(text))?;
    }
    Ok(())
}

/// A label that fits its column.
fn short(label: &str) -> String {
    let columns = |c: char| if c < '\u{1100}' { 1 } else { 2 };
    if label.chars().map(columns).sum::<usize>() <= LABEL_COLUMNS_MAX {
        return label.to_owned();
    }
    let mut taken = 0;
    let kept = label.chars().take_while(|c| {
        taken += columns(*c);
        taken < LABEL_COLUMNS_MAX
    });
    format!("{}…", kept.collect::<String>())
}
