//! All pages and other streams of a document, and the strings in its objects.

use std::collections::{HashMap, HashSet};
use std::io::{self, Cursor};
use std::rc::Rc;

use crate::matching::views::stores::pdf::content::{Fonts, Shown, shown};
use crate::matching::views::stores::pdf::file::{File, Place, Stream};
use crate::matching::views::stores::pdf::filters::STREAM_BYTES_MAX;
use crate::matching::views::stores::pdf::fonts::Font;
use crate::matching::views::stores::pdf::objects::{Dict, Object};
use crate::matching::views::stores::pdf::strings::strings;
use crate::matching::views::stores::spool::Spool;
use crate::matching::views::tour::{Look, Tour};

/// Bytes of fonts that are kept, and of those of one page.
const FONTS_BYTES_MAX: usize = 8 << 20;

/// How far up the tree of pages a page asks for its fonts.
const PARENTS_MAX: usize = 32;

/// What pages show in fonts that do not say what their glyphs spell.
const UNKNOWN: &str = "pdf: characters not known";

/// So many characters of a page that are not known may be bullets.
const SIGNS_MAX: usize = 2;

/// What is read, and where it lies.
struct Reading<'r, 's, 'a> {
    file: File<'s, 'a>,
    chain: &'r str,
    view: String,
    depth: usize,
    /// Fonts by their number.
    fonts: HashMap<u32, Rc<Font>>,
    /// Fonts by the names that any page has for them.
    named: Fonts,
    /// Bytes of both.
    weight: usize,
    /// Streams that were read with a page.
    seen: HashSet<u64>,
}

impl<L: Look> Tour<'_, L> {
    /// Looks into a document.
    pub(in crate::matching::views) fn pdf(
        &mut self,
        spool: &mut Spool<'_>,
        chain: &str,
        depth: usize,
    ) -> io::Result<()> {
        let file = File::open(spool)?;
        if file.is_locked {
            self.unreadable("pdf: encrypted", chain);
            return Ok(());
        }
        let view = format!("{chain}pdf");
        let (fonts, named, seen) = (HashMap::new(), Fonts::new(), HashSet::new());
        let mut reading = Reading { file, chain, view, depth, fonts, named, weight: 0, seen };
        let mut pages = 0;
        let starts = reading.file.starts.clone();
        for (_, at) in &starts {
            let mut places = vec![Place::Here(*at)];
            let inside = reading.file.inside(*at)?;
            places.extend(inside.into_iter().map(|(_, start)| Place::In(*at, start)));
            for place in places {
                let Some(object) = reading.file.at(place)? else { continue };
                self.pdf_strings(&reading, &object);
                let Some(dict) = object.dict() else { continue };
                if dict.get("Type").and_then(Object::name) == Some("Page") {
                    pages += 1;
                    self.pdf_page(&mut reading, dict, pages)?;
                }
            }
        }
        for (_, at) in starts {
            if reading.seen.insert(at)
                && let Some(stream) = reading.file.stream(at)?
            {
                self.pdf_stream(&mut reading, stream)?;
            }
        }
        Ok(())
    }

    fn pdf_strings(&mut self, reading: &Reading<'_, '_, '_>, object: &Object) {
        let mut found = Vec::new();
        strings(object, "", &mut found);
        let lines: Vec<String> = found.iter().map(|(key, text)| format!("{key}: {text}")).collect();
        if self.may_speak(&lines.join("\n")) {
            for ((key, _), line) in found.iter().zip(&lines) {
                self.label(line, &reading.view, key);
            }
        }
    }

    fn pdf_page(
        &mut self,
        reading: &mut Reading<'_, '_, '_>,
        page: &Dict,
        number: usize,
    ) -> io::Result<()> {
        let fonts = page_fonts(reading, page)?;
        let contents = reading.file.resolve(page.get("Contents"))?;
        let parts = match (&contents, page.get("Contents")) {
            (Some(Object::List(list)), _) => list.clone(),
            (_, Some(one)) => vec![one.clone()],
            (_, None) => return Ok(()),
        };
        let (mut content, mut taken) = (Vec::new(), HashSet::new());
        for part in parts {
            let Some((at, stream)) = reading.file.numbered(&part)? else { continue };
            reading.seen.insert(at);
            if !taken.insert(at) {
                continue; // it shows the same again, and a page may name it any number of times
            }
            let unpacked = reading.file.unpacked(&stream);
            let len = unpacked.as_ref().map_or(0, Vec::len);
            self.meter.charge(len as u64, self.limits)?;
            match unpacked {
                Ok(bytes) if content.len() + bytes.len() <= STREAM_BYTES_MAX => {
                    // Most pages have one: not twice in memory.
                    match content.is_empty() {
                        true => content = bytes,
                        false => content.extend(bytes),
                    }
                    content.push(b'\n');
                }
                Ok(_) => self.unreadable("pdf: page too large", reading.chain),
                Err(error) => self.pdf_fault(reading, &error),
            }
        }
        self.pdf_shown(reading, shown(&content, &fonts), &format!("page {number}"));
        Ok(())
    }

    fn pdf_fault(&mut self, reading: &Reading<'_, '_, '_>, error: &io::Error) {
        let reason = match error.kind() {
            io::ErrorKind::Unsupported => "pdf: filter not supported",
            io::ErrorKind::FileTooLarge => "pdf: stream too large",
            _ => "pdf: broken",
        };
        self.unreadable(reason, reading.chain);
    }

    fn pdf_shown(&mut self, reading: &Reading<'_, '_, '_>, shown: Shown, place: &str) {
        if shown.is_cut {
            self.unreadable("pdf: page too large", reading.chain);
        }
        if shown.unknown > SIGNS_MAX {
            self.unreadable(UNKNOWN, reading.chain);
        }
        self.label(&shown.apart, &reading.view, place);
        if shown.together != shown.apart {
            self.label(&shown.together, &reading.view, place);
        }
    }

    /// Looks into a stream that belongs to no page: a form, a file, a note of the document.
    fn pdf_stream(&mut self, reading: &mut Reading<'_, '_, '_>, stream: Stream) -> io::Result<()> {
        if is_of_pictures_or_fonts(&stream.dict) {
            return Ok(());
        }
        let bytes = match reading.file.unpacked(&stream) {
            Ok(bytes) => bytes,
            Err(error) => {
                self.pdf_fault(reading, &error);
                return Ok(());
            }
        };
        self.meter.charge(bytes.len() as u64, self.limits)?;
        let kind = |key: &str| stream.dict.get(key).and_then(Object::name);
        let is_content = kind("Subtype") == Some("Form")
            || kind("Subtype").is_none() && kind("Type").is_none_or(|kind| kind == "Pattern");
        if is_content {
            let mut fonts = reading.named.clone();
            fonts.extend(page_fonts(reading, &stream.dict)?);
            let shown = shown(&bytes, &fonts);
            let is_shown = shown.apart.trim().len() > 1 && shown.unknown == 0;
            if is_shown || kind("Subtype") == Some("Form") {
                self.pdf_shown(reading, shown, "form");
            }
        }
        if reading.depth >= self.limits.depth_max {
            self.unreadable("depth limit", reading.chain);
            return Ok(());
        }
        let chain = format!("{}pdf:stream > ", reading.chain);
        self.bytes(&mut Cursor::new(bytes), &chain, reading.depth + 1)
    }
}

/// The fonts that a page has, its own or those of the pages that it lies under.
fn page_fonts(reading: &mut Reading<'_, '_, '_>, page: &Dict) -> io::Result<Fonts> {
    let mut page = page.clone();
    for _ in 0..PARENTS_MAX {
        let resources = reading.file.resolve(page.get("Resources"))?;
        if let Some(resources) = resources.as_ref().and_then(Object::dict) {
            let fonts = reading.file.resolve(resources.get("Font"))?;
            return named_fonts(reading, fonts.as_ref().and_then(Object::dict));
        }
        let parent = reading.file.resolve(page.get("Parent"))?;
        let Some(Object::Dict(parent)) = parent else { break };
        page = parent;
    }
    Ok(Fonts::new())
}

fn named_fonts(reading: &mut Reading<'_, '_, '_>, names: Option<&Dict>) -> io::Result<Fonts> {
    let (mut fonts, mut weight) = (Fonts::new(), 0);
    for (name, object) in names.into_iter().flatten() {
        let number = match object {
            Object::Reference(number) => Some(*number),
            _ => None,
        };
        let known = number.and_then(|number| reading.fonts.get(&number)).map(Rc::clone);
        let font = match known {
            Some(font) => font,
            None => {
                let Some(Object::Dict(dict)) = reading.file.resolve(Some(object))? else {
                    continue;
                };
                let font = Rc::new(Font::read(&mut reading.file, &dict)?);
                if reading.weight + font.weight() > FONTS_BYTES_MAX {
                    reading.fonts.clear();
                    reading.named.clear();
                    reading.weight = 0;
                }
                reading.weight += font.weight();
                if let Some(number) = number {
                    reading.fonts.insert(number, Rc::clone(&font));
                }
                font
            }
        };
        weight += font.weight();
        let font = if weight > FONTS_BYTES_MAX { Rc::new(Font::unknown()) } else { font };
        reading.named.insert(name.clone(), Rc::clone(&font));
        fonts.insert(name.clone(), font);
    }
    Ok(fonts)
}

/// Whether a stream has no text of its own; what is said of it was read.
fn is_of_pictures_or_fonts(dict: &Dict) -> bool {
    let kind = |key: &str| dict.get(key).and_then(Object::name).unwrap_or_default();
    const FONTS: [&str; 3] = ["Type1C", "CIDFontType0C", "OpenType"];
    matches!(kind("Subtype"), "Image")
        || FONTS.contains(&kind("Subtype"))
        || matches!(kind("Type"), "XRef" | "ObjStm")
        || dict.contains_key("Length1")
        || dict.contains_key("N") && dict.contains_key("Alternate")
        || dict.contains_key("FunctionType")
        || dict.contains_key("ShadingType")
}
