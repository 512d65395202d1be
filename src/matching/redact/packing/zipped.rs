//! Members of a zip, each rewritten and packed again in its order, by its method, with its time.
//!
//! A member that need not be changed is copied as it is packed. Output goes through a spool, since
//! a zip can only be written to something that seeks.

use std::collections::{HashMap, HashSet};
use std::io::{Read, Seek, Write};

use zip::extra_fields::ExtraField;
use zip::result::ZipError;
use zip::write::FullFileOptions;

use crate::matching::put::Put;
use crate::matching::redact::refusal::Stop;
use crate::matching::redact::rewriting::Rewriting;
use crate::matching::views::meter::Decoded;
use crate::matching::views::packing::zip::{Archive, SPOOL_BYTES_MAX, copy};
use crate::matching::views::spelling::charset::utf8_or_western;
use crate::matching::views::tour::Look;

impl<L: Look<What = Put>> Rewriting<'_, L> {
    /// Rewrites a zip.
    pub(in crate::matching::redact) fn zip(
        &mut self,
        reader: &mut dyn Read,
        out: &mut dyn Write,
        depth: usize,
    ) -> Result<(), Stop> {
        let opened = Archive::open(reader, self.meter).map_err(Stop::Read)?;
        let mut archive = opened.map_err(Stop::not)?;
        if archive.members.offset() != 0 {
            return Err(Stop::not("zip: other bytes before it"));
        }
        let written = tempfile::spooled_tempfile(SPOOL_BYTES_MAX);
        let mut writer = zip::ZipWriter::new(written).set_auto_large_file();
        let comment = self.label(archive.members.comment())?;
        writer.set_raw_comment(comment.into()).map_err(of_writer)?;
        let mut names = Names::default();
        for index in 0..archive.members.len() {
            self.meter.pace(self.limits).map_err(|refused| Stop::Read(refused.into()))?;
            self.member(&mut archive, index, &mut writer, &mut names, depth)?;
        }
        let mut written = writer.finish().map_err(of_writer)?;
        written.rewind().map_err(Stop::Write)?;
        copy(&mut written, out).map_err(Stop::Write)
    }

    fn member<W: Write + Seek>(
        &mut self,
        archive: &mut Archive,
        index: usize,
        writer: &mut zip::ZipWriter<W>,
        names: &mut Names,
        depth: usize,
    ) -> Result<(), Stop> {
        let before = self.replaced;
        let member =
            archive.members.by_index_raw(index).map_err(|_| Stop::not("zip: broken member"))?;
        if member.encrypted() {
            return Err(Stop::not("zip: encrypted member"));
        }
        let stored = member.name_raw().to_vec();
        let plain = member.name().map_or_else(|_| utf8_or_western(&stored), |name| name.into());
        let (comment, options) = (member.comment().to_owned(), options(&member)?);
        let packed = member.compressed_size();
        drop(member);
        archive.count(packed).map_err(Stop::not)?;
        self.refuse_legacy(&stored)?;
        let name = self.short(None, &plain)?;
        let name = if name.text == plain { stored } else { names.unique(name.text) };
        if !names.taken.insert(name.clone()) {
            return Err(Stop::not("zip: members of one name"));
        }
        let comment = self.short(None, &comment)?.text;
        let mut content = tempfile::spooled_tempfile(SPOOL_BYTES_MAX);
        match archive.members.by_index(index) {
            Ok(member) => {
                let mut decoded = Decoded::new(member, self.meter, self.limits);
                let rewritten = self.member_bytes(&plain, &mut decoded, &mut content, depth + 1);
                rewritten.map_err(|stop| stop.of_decoder("zip: broken member", self.meter))?;
            }
            Err(ZipError::UnsupportedArchive(_) | ZipError::CompressionMethodNotSupported(_)) => {
                return Err(Stop::not("zip: compression not supported"));
            }
            Err(_) => return Err(Stop::not("zip: broken member")),
        }
        if self.replaced == before {
            let member =
                archive.members.by_index_raw(index).map_err(|_| Stop::not("zip: broken member"))?;
            return writer.raw_copy_file(member).map_err(of_writer);
        }
        let options = if comment.is_empty() { options } else { options.with_file_comment(comment) };
        writer.start_file_with_options(options.name(&name)).map_err(of_writer)?;
        content.rewind().map_err(Stop::Write)?;
        copy(&mut content, writer).map_err(Stop::Write)
    }
}

/// How a member is to be packed again. Of its extra fields only the time is kept: others may have
/// its name in another charset, or tell of its old content.
fn options<R: Read>(
    member: &zip::read::ZipFile<'_, R>,
) -> Result<FullFileOptions<'static, 'static>, Stop> {
    let options = member.options().into_full_options();
    let time = member.extra_data_fields().find_map(|field| match field {
        ExtraField::ExtendedTimestamp(time) => time.mod_time(),
        _ => None,
    });
    match time {
        Some(time) => options.with_extended_timestamp(Some(time), None, None).map_err(of_writer),
        None => Ok(options),
    }
}

/// Names of members.
#[derive(Default)]
pub struct Names {
    taken: HashSet<Vec<u8>>,
    /// For each name that several came to, the last number tried.
    numbers: HashMap<String, u64>,
    /// What each was called before, where names come again.
    renamed: HashMap<Vec<u8>, Vec<u8>>,
}

impl Names {
    /// What a member is called from now on that was called so, and would be called `label`. A name
    /// that comes again stays one; no two become one. `None` if it would keep the name that one
    /// before it came to.
    pub fn renamed(&mut self, name: &[u8], label: &[u8]) -> Option<Vec<u8>> {
        if let Some(known) = self.renamed.get(name) {
            return Some(known.clone());
        }
        let anew = match std::str::from_utf8(label) {
            Ok(label_text) if label != name => self.unique(label_text.to_owned()),
            _ => label.to_vec(),
        };
        self.taken.insert(anew.clone()).then(|| {
            self.renamed.insert(name.to_vec(), anew.clone());
            anew
        })
    }

    /// What something is called that comes once and would be called `label`.
    pub fn another(&mut self, label: &str) -> Vec<u8> {
        let anew = self.unique(label.to_owned());
        self.taken.insert(anew.clone());
        anew
    }

    /// What a member is called now that was called so.
    pub fn now(&self, name: &[u8]) -> Option<&[u8]> {
        self.renamed.get(name).map(Vec::as_slice)
    }

    /// A name that no member has yet: two people's files may have come to one name.
    fn unique(&mut self, name: String) -> Vec<u8> {
        let candidate = |number: u64| match number {
            1 => name.clone().into_bytes(),
            _ => match name.strip_suffix('/') {
                Some(folder) => format!("{folder} {number}/").into_bytes(),
                None => match name.rsplit_once('.') {
                    Some((stem, extension)) if !extension.contains('/') => {
                        format!("{stem} {number}.{extension}").into_bytes()
                    }
                    _ => format!("{name} {number}").into_bytes(),
                },
            },
        };
        let tried = self.numbers.get(&name).copied().unwrap_or_default();
        // Ends: there are more numbers than members.
        let number = (tried + 1..).find(|number| !self.taken.contains(&candidate(*number)));
        let number = number.unwrap_or(u64::MAX);
        let unique = candidate(number);
        self.numbers.insert(name, number);
        unique
    }
}

fn of_writer(error: ZipError) -> Stop {
    match error {
        ZipError::Io(error) => Stop::Write(error),
        _ => Stop::not("zip: cannot be packed again"),
    }
}
