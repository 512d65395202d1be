//! Workbooks of Office Open XML (ECMA-376 part 1, section 18): rows of their sheets, with the
//! strings that lie apart from them.

use std::borrow::Cow;
use std::io::{self, BufReader, Read, Seek};
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use crate::matching::limits::ItemLimits;
use crate::matching::views::columns::rows::{Row, Sheet};
use crate::matching::views::meter::{Decoded, Meter, refusal};
use crate::matching::views::stores::spool::too_large;
use crate::matching::views::tour::{Look, Tour, shown};
use crate::matching::work;

/// Where the strings of all sheets lie.
const STRINGS: &str = "xl/sharedstrings.xml";

/// Where the sheets lie.
const SHEETS: &str = "xl/worksheets/";

/// How the name of a sheet ends.
const SHEET_END: &str = ".xml";

/// Bytes of strings that are held.
const STRINGS_BYTES_MAX: usize = 32 << 20;

/// What a string takes beside its bytes.
const STRING_BYTES: usize = 24;

/// Bytes of a text, and of what stands between two tags; programs write cells of 32,767 characters.
const TEXT_BYTES_MAX: usize = 1 << 20;

/// Columns of a sheet.
const COLUMNS_MAX: usize = 1 << 14;

/// A member of an archive that is read as XML.
type Xml<'a> = Reader<BufReader<Bounded<Decoded<'a, Box<dyn Read + 'a>>>>>;

impl<L: Look> Tour<'_, L> {
    /// Looks at the rows of a workbook, if the archive is one; its members were looked at.
    pub(in crate::matching::views) fn workbook<R: Read + Seek>(
        &mut self,
        members: &mut ZipArchive<R>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let names = members.file_names().filter_map(Result::ok);
        let is_read = |name: &Cow<'_, str>| part_name(name) == STRINGS || sheet_of(name).is_some();
        let names: Vec<String> = names.filter(is_read).map(Cow::into_owned).collect();
        if !names.iter().any(|name| sheet_of(name).is_some()) {
            return Ok(());
        }
        let (meter, limits): (&Meter, &ItemLimits) = (self.meter, self.limits);
        let mut strings = Vec::new();
        let listed = names.iter().find(|name| part_name(name) == STRINGS);
        if let Some(mut xml) = listed.and_then(|name| opened(members, name, meter, limits)) {
            let listed = read_strings(&mut xml, &mut strings);
            self.settle_sheet(listed, chain)?;
        }
        for (member, name) in names.iter().filter_map(|name| Some((name, sheet_of(name)?))) {
            let Some(mut xml) = opened(members, member, meter, limits) else { continue };
            let mut reading = Reading {
                strings: &strings,
                chain: format!("{chain}xlsx:{} > ", shown(&name)),
                depth,
                sheet: Sheet::new(&format!("{chain}xlsx"), &name),
                row: Row::new(),
                column: 0,
            };
            let walked = self.sheet(&mut xml, &mut reading);
            self.sheet_row(&mut reading.sheet, reading.row);
            self.rows(&mut reading.sheet.rows);
            self.settle_sheet(walked, &reading.chain)?;
        }
        Ok(())
    }

    /// What is left unread was looked at as a member, but not row by row.
    fn settle_sheet(&mut self, walked: io::Result<()>, chain: &str) -> io::Result<()> {
        let Err(error) = walked else { return Ok(()) };
        if self.meter.has_failed() || refusal(&error).is_some() {
            return Err(error);
        }
        let is_large = error.kind() == io::ErrorKind::FileTooLarge;
        self.unreadable(if is_large { "xlsx: too large" } else { "xlsx: broken" }, chain);
        Ok(())
    }

    fn sheet(&mut self, xml: &mut Xml<'_>, reading: &mut Reading<'_>) -> io::Result<()> {
        let mut cell: Option<Cell> = None;
        let (mut buffer, mut text) = (Vec::new(), String::new());
        loop {
            match next(xml, &mut buffer)? {
                Event::Start(tag) if tag.local_name().as_ref() == b"c" => {
                    text.clear();
                    let one = Cell::new(&tag, reading.column);
                    reading.column = one.column + 1;
                    cell = Some(one);
                }
                Event::Empty(tag) if tag.local_name().as_ref() == b"c" => {
                    reading.column = Cell::new(&tag, reading.column).column + 1;
                }
                Event::Start(tag) if matches!(tag.local_name().as_ref(), b"v" | b"t") => {
                    read_text(xml, &mut text)?;
                }
                Event::End(tag) if tag.local_name().as_ref() == b"c" => {
                    if let Some(cell) = cell.take()
                        && let Some(said) = cell.told(&text, reading.strings)
                    {
                        self.sheet_cell(cell.column, &said, reading)?;
                    }
                }
                Event::End(tag) if tag.local_name().as_ref() == b"row" => {
                    self.meter.pace(self.limits)?;
                    reading.column = 0;
                    self.sheet_row(&mut reading.sheet, std::mem::take(&mut reading.row));
                }
                Event::Eof => return Ok(()),
                _ => {}
            }
        }
    }

    fn sheet_cell(
        &mut self,
        column: usize,
        said: &str,
        reading: &mut Reading<'_>,
    ) -> io::Result<()> {
        // A string may stand in every cell.
        self.meter.repeat(said.len() as u64, self.limits)?;
        let Reading { chain, depth, row, .. } = reading;
        self.text_in_cell(said.to_owned(), (row, column), &|| chain.clone(), *depth)
    }
}

/// A sheet, as far as it was read.
struct Reading<'s> {
    strings: &'s [String],
    /// The way to a cell that is looked at by itself.
    chain: String,
    depth: usize,
    sheet: Sheet,
    /// The row that is read, and its next column.
    row: Row,
    column: usize,
}

/// The name of a part as it is compared (ECMA-376 part 2, 6.2.2): whatever its case; some programs
/// have the slashes of Windows in it.
fn part_name(member: &str) -> String {
    member.replace('\\', "/").trim_start_matches('/').to_ascii_lowercase()
}

/// What a sheet is called, if a member is one.
fn sheet_of(member: &str) -> Option<String> {
    let part = part_name(member);
    let name = part.strip_prefix(SHEETS)?.strip_suffix(SHEET_END)?;
    let end = member.len() - SHEET_END.len();
    (!name.contains('/')).then(|| member[end - name.len()..end].to_owned())
}

fn opened<'a, R: Read + Seek>(
    members: &'a mut ZipArchive<R>,
    name: &str,
    meter: &'a Meter,
    limits: &'a ItemLimits,
) -> Option<Xml<'a>> {
    let member: Box<dyn Read + 'a> = Box::new(members.by_name(name).ok()?);
    let bounded = Bounded { inner: Decoded::new(member, meter, limits), left: TEXT_BYTES_MAX };
    let mut xml = Reader::from_reader(BufReader::new(bounded));
    xml.config_mut().check_end_names = false;
    Some(xml)
}

/// The next of what a member consists of.
fn next<'b>(xml: &mut Xml<'_>, buffer: &'b mut Vec<u8>) -> io::Result<Event<'b>> {
    buffer.clear();
    xml.get_mut().get_mut().left = TEXT_BYTES_MAX;
    xml.read_event_into(buffer).map_err(fault)
}

/// Gives so many bytes: without a tag in them, all that come are held.
struct Bounded<R> {
    inner: R,
    left: usize,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.left == 0 {
            return Err(too_large());
        }
        let len = buffer.len().min(self.left);
        let read = self.inner.read(&mut buffer[..len])?;
        self.left -= read;
        Ok(read)
    }
}

fn read_strings(xml: &mut Xml<'_>, strings: &mut Vec<String>) -> io::Result<()> {
    let (mut buffer, mut text, mut bytes) = (Vec::new(), String::new(), 0);
    // How a word is pronounced stands beside it.
    let mut is_aside = false;
    loop {
        match next(xml, &mut buffer)? {
            Event::Start(tag) => match tag.local_name().as_ref() {
                b"rPh" => is_aside = true,
                b"t" if !is_aside => read_text(xml, &mut text)?,
                _ => {}
            },
            Event::End(tag) => match tag.local_name().as_ref() {
                b"rPh" => is_aside = false,
                b"si" => {
                    bytes += text.len() + STRING_BYTES;
                    work::charge(text.len() + STRING_BYTES);
                    if bytes > STRINGS_BYTES_MAX {
                        return Err(too_large());
                    }
                    strings.push(std::mem::take(&mut text));
                }
                _ => {}
            },
            Event::Empty(tag) if tag.local_name().as_ref() == b"si" => strings.push(String::new()),
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// Adds what stands in an element that has begun.
fn read_text(xml: &mut Xml<'_>, text: &mut String) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        match next(xml, &mut buffer)? {
            Event::Text(part) => text.push_str(&part.decode().map_err(broken)?),
            Event::CData(part) => text.push_str(&part.decode().map_err(broken)?),
            Event::GeneralRef(name) => {
                let entity = format!("&{};", name.decode().map_err(broken)?);
                text.push_str(&html_escape::decode_html_entities(&entity));
            }
            Event::End(_) | Event::Eof => return Ok(()),
            _ => {}
        }
        if text.len() > TEXT_BYTES_MAX {
            return Err(too_large());
        }
    }
}

/// A cell, before its text.
struct Cell {
    column: usize,
    holds: Holds,
}

/// What a cell holds.
enum Holds {
    /// The number of a string that lies apart.
    Shared,
    Text,
    Number,
    /// Whether something is so, or what went wrong.
    Other,
}

impl Cell {
    /// Of this tag; `next` is its column if it does not say so.
    fn new(tag: &BytesStart<'_>, next: usize) -> Self {
        let value = |key: &str| {
            tag.try_get_attribute(key).ok().flatten().map(|found| found.value.into_owned())
        };
        let letters = value("r").unwrap_or_default();
        let digits = letters.iter().take_while(|byte| byte.is_ascii_uppercase()).take(3);
        let number = digits.fold(0, |all, byte| all * 26 + usize::from(byte - b'A') + 1);
        let kind = value("t").unwrap_or_default();
        Self {
            column: number.checked_sub(1).unwrap_or(next).min(COLUMNS_MAX),
            holds: match kind.as_slice() {
                b"s" => Holds::Shared,
                b"inlineStr" | b"str" => Holds::Text,
                b"n" | b"" => Holds::Number,
                _ => Holds::Other,
            },
        }
    }

    /// What it says, if that is text, or a number that somebody may have.
    fn told<'t>(&self, text: &'t str, strings: &'t [String]) -> Option<Cow<'t, str>> {
        let said = match self.holds {
            Holds::Shared => strings.get(text.trim().parse::<usize>().ok()?)?.into(),
            Holds::Text => text.into(),
            Holds::Number => whole_number(text.trim())?,
            Holds::Other => return None,
        };
        (!said.is_empty()).then_some(said)
    }
}

/// A number as it is called, if it has no fraction and as many digits as the number of a person:
/// `70042917` for `7.0042917E7` as well.
fn whole_number(written: &str) -> Option<Cow<'_, str>> {
    const DIGITS_MIN: usize = 4;
    /// Above it not every number is told from the next.
    const EXACT_MAX: f64 = 9_007_199_254_740_992.0;
    if written.bytes().all(|byte| byte.is_ascii_digit()) {
        return (written.len() >= DIGITS_MIN).then_some(written.into());
    }
    let number = written.parse::<f64>().ok()?;
    let is_whole = number.fract() == 0.0 && (1000.0..=EXACT_MAX).contains(&number);
    is_whole.then(|| format!("{number:.0}").into())
}

/// What ended a member: a limit stays one.
fn fault(error: quick_xml::Error) -> io::Error {
    match error {
        quick_xml::Error::Io(error) => match refusal(&error) {
            Some(refused) => refused.into(),
            None => Arc::try_unwrap(error).unwrap_or_else(|error| error.kind().into()),
        },
        _ => io::ErrorKind::InvalidData.into(),
    }
}

fn broken(_: impl std::error::Error) -> io::Error {
    io::ErrorKind::InvalidData.into()
}

#[cfg(test)]
mod tests {
    use std::io::{Cursor, Write};
    use std::ops::Range;

    use zip::ZipWriter;
    use zip::write::SimpleFileOptions;

    use super::*;

    /// Whatever is looked at, each text behind a line of its own.
    #[derive(Default)]
    struct Texts(String);

    impl Look for Texts {
        type What = ();

        fn look(&mut self, text: &str, _: &mut dyn FnMut((), Range<usize>)) {
            self.0.push_str("\n---\n");
            self.0.push_str(text);
        }

        fn keep(&mut self, (): &()) -> bool {
            true
        }
    }

    /// What is looked at in a book of these members, and what is told to be unreadable.
    fn told(members: &[(&str, &str)]) -> (String, Vec<String>) {
        let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
        for (name, content) in members {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(content.as_bytes()).unwrap();
        }
        let mut archive = ZipArchive::new(writer.finish().unwrap()).unwrap();
        let limits = ItemLimits { decoded_ratio_max: u64::MAX, ..ItemLimits::default() };
        let meter = Meter::default();
        let mut texts = Texts::default();
        let mut tour = Tour::new(&mut texts, &limits, &meter);
        tour.workbook(&mut archive, "", 0).unwrap();
        let unreadable = std::mem::take(&mut tour.unreadable).into_iter().collect();
        (texts.0, unreadable)
    }

    fn sheet(rows: &[&[&str]]) -> String {
        let cell = |said: &&str| format!("<c t=\"inlineStr\"><is><t>{said}</t></is></c>");
        let row =
            |row: &&[&str]| format!("<row>{}</row>", row.iter().map(cell).collect::<String>());
        format!("<worksheet>{}</worksheet>", rows.iter().map(row).collect::<String>())
    }

    #[test]
    fn cells_are_read_below_the_head_wherever_it_stands() {
        let head: &[&str] = &["run", "user"];
        for rows in [
            &[head, &["7", "mosei"]][..],
            &[&["Runs of May"], &[], &["by hand", "8/12"], head, &["7", "mosei"]],
            &[&["Users"], head, &["7", "mosei"]],
        ] {
            for name in
                ["xl/worksheets/sheet1.xml", "xl\\Worksheets\\Sheet1.XML", "/XL/worksheets/a.xml"]
            {
                let (texts, unreadable) = told(&[(name, &sheet(rows))]);
                assert!(texts.contains("user: mosei"), "{name} {rows:?}: {texts}");
                assert!(unreadable.is_empty(), "{unreadable:?}");
            }
        }
        let strings = "<sst><si><t>user</t></si><si><t>mosei</t></si></sst>";
        let rows = "<row><c t=\"s\"><v>0</v></c></row><row><c t=\"s\"><v>1</v></c></row>";
        let (texts, _) =
            told(&[("xl\\SharedStrings.xml", strings), ("xl\\worksheets\\s.xml", rows)]);
        assert!(texts.contains("user: mosei"), "{texts}");
    }

    #[test]
    fn numbers_that_somebody_may_have_are_told() {
        for (kind, written, expected) in [
            ("", "70042917", Some("70042917")),
            (" t=\"n\"", " 70042917.0 ", Some("70042917")),
            ("", "7.0042917E7", Some("70042917")),
            ("", "4930123456789", Some("4930123456789")),
            ("", "123456789012345678901", Some("123456789012345678901")),
            ("", "0.70042917", None),
            ("", "7004.2917", None),
            ("", "-70042917", None),
            ("", "1E300", None),
            ("", "12", None),
            ("", "n/a", None),
            (" t=\"b\"", "70042917", None),
        ] {
            let address = "<c t=\"inlineStr\"><is><t>k@x.org</t></is></c>";
            let row = format!("<row>{address}<c{kind}><v>{written}</v></c></row>");
            let (texts, _) = told(&[("xl/worksheets/a.xml", &row)]);
            let told = texts.lines().find_map(|line| line.strip_prefix("k@x.org|"));
            let told = told.map(|row| row.trim_end_matches('|')).filter(|row| !row.is_empty());
            assert_eq!(told, expected, "{kind} {written}: {texts}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_and_the_rest_is_read() {
        let whole = sheet(&[&["user"], &["mosei"]]);
        let long = "x".repeat(TEXT_BYTES_MAX + (64 << 10));
        let too_long = whole.replace("</worksheet>", &format!("<row><c><v>{long}"));
        let pieces = "<![CDATA[xxxxxxxx]]>".repeat(TEXT_BYTES_MAX / 8 + 1);
        let too_many = whole.replace("</worksheet>", &format!("<row><c><v>{pieces}</v></c></row>"));
        for (content, expected) in [
            (whole.replace("</worksheet>", "<row></c></row><c <"), "xlsx: broken"),
            (too_long, "xlsx: too large"),
            (too_many, "xlsx: too large"),
        ] {
            let (texts, unreadable) = told(&[("xl/worksheets/sheet1.xml", &content)]);
            assert!(texts.contains("user: mosei"), "{texts}");
            assert_eq!(unreadable, [format!("{expected} in xlsx:sheet1")]);
        }
        let strings = "<sst><si><t>user</t></si></wrong <";
        let (_, unreadable) =
            told(&[("xl/sharedStrings.xml", strings), ("xl/worksheets/s.xml", &whole)]);
        assert_eq!(unreadable, ["xlsx: broken"]);
    }

    #[test]
    fn a_row_is_held_as_far_as_there_is_room() {
        let long = "x".repeat(300 << 10);
        let cells: Vec<&str> = std::iter::repeat_n(long.as_str(), 8).collect();
        let (texts, unreadable) = told(&[("xl/worksheets/a.xml", &sheet(&[&cells, &["mosei"]]))]);
        assert!(!texts.contains(&format!("{long}|{long}")) && texts.contains("mosei"));
        assert!(unreadable.is_empty(), "{unreadable:?}");
    }
}
