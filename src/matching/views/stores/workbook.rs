//! Workbooks of Office Open XML (ECMA-376 part 1, section 18): rows of their sheets, with the
//! strings that lie apart from them.

use std::io::{self, BufRead, BufReader, Read, Seek};
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use crate::matching::limits::ItemLimits;
use crate::matching::views::columns::rows::{Row, Rows};
use crate::matching::views::meter::{Decoded, Meter, refusal};
use crate::matching::views::tour::{Look, Tour};
use crate::matching::views::written::heads::speaking;
use crate::matching::work;

/// Where the strings of all sheets lie.
const STRINGS: &str = "xl/sharedStrings.xml";

/// Where the sheets lie.
const SHEETS: &str = "xl/worksheets/";

/// Bytes of strings that are held.
const STRINGS_BYTES_MAX: usize = 32 << 20;

/// What a string takes beside its bytes.
const STRING_BYTES: usize = 24;

/// Columns of a sheet.
const COLUMNS_MAX: usize = 1 << 14;

/// A member of an archive that is read as XML.
type Xml<'a> = Reader<BufReader<Decoded<'a, Box<dyn Read + 'a>>>>;

impl<L: Look> Tour<'_, L> {
    /// Looks at the rows of a workbook, if the archive is one; its members were looked at.
    pub(in crate::matching::views) fn workbook<R: Read + Seek>(
        &mut self,
        members: &mut ZipArchive<R>,
        chain: &str,
    ) -> io::Result<()> {
        let names = members.file_names().filter_map(Result::ok);
        let sheets: Vec<String> =
            names.filter(|name| is_sheet(name)).map(|name| name.into_owned()).collect();
        if sheets.is_empty() {
            return Ok(());
        }
        let (meter, limits): (&Meter, &ItemLimits) = (self.meter, self.limits);
        let mut strings = Vec::new();
        let listed = match opened(members, STRINGS, meter, limits) {
            Some(mut xml) => read_strings(&mut xml, &mut strings),
            None => Ok(()),
        };
        self.settle_sheet(listed, chain)?;
        for sheet in sheets {
            let Some(mut xml) = opened(members, &sheet, meter, limits) else { continue };
            let name = sheet[SHEETS.len()..].trim_end_matches(".xml");
            let walked = self.sheet(&mut xml, &strings, &format!("{chain}xlsx"), name);
            self.settle_sheet(walked, chain)?;
        }
        Ok(())
    }

    /// What breaks here was named where the member was looked at.
    fn settle_sheet(&mut self, walked: io::Result<()>, chain: &str) -> io::Result<()> {
        match walked {
            Err(error) if self.meter.has_failed() || refusal(&error).is_some() => Err(error),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => {
                self.unreadable("xlsx: too many strings", chain);
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn sheet(
        &mut self,
        xml: &mut Xml<'_>,
        strings: &[String],
        view: &str,
        name: &str,
    ) -> io::Result<()> {
        let mut rows = Rows::new(view, name, Vec::new());
        let (mut is_first, mut column, mut row) = (true, 0, Row::new());
        let mut cell: Option<Cell> = None;
        let (mut buffer, mut text) = (Vec::new(), String::new());
        loop {
            buffer.clear();
            match xml.read_event_into(&mut buffer).map_err(fault)? {
                Event::Start(tag) if tag.local_name().as_ref() == b"c" => {
                    text.clear();
                    let one = Cell::new(&tag, column);
                    column = one.column + 1;
                    cell = Some(one);
                }
                Event::Empty(tag) if tag.local_name().as_ref() == b"c" => {
                    column = Cell::new(&tag, column).column + 1;
                }
                Event::Start(tag) if matches!(tag.local_name().as_ref(), b"v" | b"t") => {
                    read_text(xml, &mut text)?;
                }
                Event::End(tag) if tag.local_name().as_ref() == b"c" => {
                    let told = cell.take().and_then(|cell| cell.told(&text, strings));
                    row.extend(told.filter(|(column, _)| *column < COLUMNS_MAX));
                }
                Event::End(tag) if tag.local_name().as_ref() == b"row" => {
                    self.meter.pace(self.limits)?;
                    let whole = std::mem::take(&mut row);
                    column = 0;
                    if std::mem::take(&mut is_first) {
                        rows = self.headed(view, name, whole);
                    } else if !whole.is_empty() && rows.add(whole) {
                        self.rows(&mut rows);
                    }
                }
                Event::Eof => break,
                _ => {}
            }
        }
        self.rows(&mut rows);
        Ok(())
    }

    /// Looks at the first row; if it heads the others, each of those is read below it.
    fn headed(&mut self, view: &str, name: &str, first: Row) -> Rows {
        let mut columns = Vec::new();
        for head in speaking(first.iter().map(|(_, cell)| cell.as_str())) {
            let number = first[head.column].0;
            columns.resize(columns.len().max(number + 1), String::new());
            columns[number] = head.text;
        }
        let mut alone = Rows::new(view, name, Vec::new());
        alone.add(first);
        self.rows(&mut alone);
        Rows::new(view, name, columns)
    }
}

fn is_sheet(name: &str) -> bool {
    name.strip_prefix(SHEETS).is_some_and(|rest| rest.ends_with(".xml") && !rest.contains('/'))
}

fn opened<'a, R: Read + Seek>(
    members: &'a mut ZipArchive<R>,
    name: &str,
    meter: &'a Meter,
    limits: &'a ItemLimits,
) -> Option<Xml<'a>> {
    let member: Box<dyn Read + 'a> = Box::new(members.by_name(name).ok()?);
    let mut xml = Reader::from_reader(BufReader::new(Decoded::new(member, meter, limits)));
    xml.config_mut().check_end_names = false;
    Some(xml)
}

fn read_strings(xml: &mut Xml<'_>, strings: &mut Vec<String>) -> io::Result<()> {
    let (mut buffer, mut text, mut bytes) = (Vec::new(), String::new(), 0);
    // How a word is pronounced stands beside it.
    let mut is_aside = false;
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer).map_err(fault)? {
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
                        return Err(io::ErrorKind::FileTooLarge.into());
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
fn read_text(xml: &mut Reader<impl BufRead>, text: &mut String) -> io::Result<()> {
    let mut buffer = Vec::new();
    loop {
        buffer.clear();
        match xml.read_event_into(&mut buffer).map_err(fault)? {
            Event::Text(part) => text.push_str(&part.decode().map_err(broken)?),
            Event::CData(part) => text.push_str(&part.decode().map_err(broken)?),
            Event::GeneralRef(name) => {
                let entity = format!("&{};", name.decode().map_err(broken)?);
                text.push_str(&html_escape::decode_html_entities(&entity));
            }
            Event::End(_) | Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

/// A cell, before its text.
struct Cell {
    column: usize,
    is_shared: bool,
    is_text: bool,
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
            column: number.checked_sub(1).unwrap_or(next),
            is_shared: kind == b"s",
            is_text: matches!(kind.as_slice(), b"inlineStr" | b"str"),
        }
    }

    /// What it says, with its column, if that is text.
    fn told(&self, text: &str, strings: &[String]) -> Option<(usize, String)> {
        let said = match self.is_shared {
            true => strings.get(text.trim().parse::<usize>().ok()?)?,
            false => text,
        };
        let is_told = (self.is_shared || self.is_text) && !said.is_empty();
        is_told.then(|| (self.column, said.to_owned()))
    }
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
