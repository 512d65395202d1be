//! What a workspace holds, generated, the same at every run: people, and files of every sort that
//! speak of some of them.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dsrd::domain::asked::subject::{Identity, IdentityFormat, IdentityType, Subject};

pub type Error = Box<dyn std::error::Error>;
/// Which file speaks of which subject.
pub type Truth = BTreeSet<(String, usize)>;

/// A person of the workspace.
const GIVEN: [&str; 20] = [
    "Ann", "Taro", "Hanako", "Jürgen", "Renée", "Olga", "Pedro", "Mia", "Noah", "Søren", "Chloé",
    "Ivan", "Yuki", "Emma", "Liam", "Zoë", "Carlos", "Ingrid", "Tomás", "Fatima",
];
const FAMILY: [&str; 20] = [
    "Lefevre", "Yamada", "Suzuki", "Groß", "Dupont", "Petrova", "Alvarez", "Rossi", "Smith",
    "Nilsson", "Moreau", "Novak", "Tanaka", "Johnson", "Brown", "de Vries", "García", "Hansen",
    "Silva", "Haddad",
];

pub struct Person {
    pub number: usize,
    name: String,
    email: String,
    object_id: String,
}

impl Person {
    pub fn new(number: usize) -> Self {
        let mut random = Random(0x9e37_79b9_7f4a_7c15 ^ (number as u64 + 1) << 20);
        let (given, family) = (GIVEN[number % 20], FAMILY[number / 20 % 20]);
        let name = format!("{given} {}. {family}", char::from(b'A' + (number / 400) as u8));
        let alias = format!("{}{number}", plain(given));
        let email = format!("{alias}.{}@contoso.com", plain(family));
        Self { number, name, email, object_id: random.guid() }
    }

    pub fn values(&self) -> [&str; 3] {
        [&self.email, &self.object_id, &self.name]
    }

    pub fn subject(&self) -> Subject {
        let kinds = [IdentityType::Email, IdentityType::ObjectId, IdentityType::Name];
        let identity = |(kind, value): (IdentityType, &str)| {
            Identity::new(kind, IdentityFormat::Raw, value.to_owned())
        };
        Subject { identities: kinds.into_iter().zip(self.values()).map(identity).collect() }
    }

    /// A text that speaks of this person.
    fn mention(&self, random: &mut Random) -> String {
        match random.below(4) {
            0 => format!("user {} signed in", self.email),
            1 => format!("submitted by <{}>", self.email.to_uppercase()),
            2 => format!("oid={} tid={}", self.object_id, random.guid()),
            _ => format!("reviewed by {}", self.name),
        }
    }

    /// A text that looks as if it spoke of this person and does not.
    fn decoy(&self, random: &mut Random) -> String {
        match random.below(3) {
            0 => format!("user jo{} signed in", self.email),
            1 => format!("user {}.evil.org signed in", self.email),
            _ => format!("oid={}0 tid={}", self.object_id, random.guid()),
        }
    }
}

fn plain(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase()
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Corpus {
    Logs,
    Runs,
    Encoded,
    /// Random bytes.
    Noise,
    /// Weights of a model, in 32 bits each.
    Floats,
    /// Numbers of a table, in 64 bits each.
    Integers,
    /// Pickles of arrays and of rows.
    Pickles,
    /// Tables with a column of names, dictionaries off.
    Parquet,
    /// Logs, each in gzip.
    Packed,
    /// Zips of weights, stored, as torch writes them.
    Checkpoints,
}

pub const CORPORA: [Corpus; 10] = [
    Corpus::Logs,
    Corpus::Runs,
    Corpus::Encoded,
    Corpus::Noise,
    Corpus::Floats,
    Corpus::Integers,
    Corpus::Pickles,
    Corpus::Parquet,
    Corpus::Packed,
    Corpus::Checkpoints,
];

impl Corpus {
    /// How many files, and of how many people each may speak.
    fn counts(self) -> (usize, usize) {
        match self {
            Self::Logs => (96, 8),
            Self::Runs => (6000, 1),
            Self::Encoded => (4000, 1),
            Self::Pickles => (200, 1),
            Self::Packed => (32, 8),
            _ => (24, 2),
        }
    }

    pub fn generate(self, path: &Path, people: &[Person]) -> Result<(Truth, u64), Error> {
        fs::create_dir_all(path)?;
        let mut random = Random(self as u64 + 42);
        let (mut truth, mut bytes) = (Truth::new(), 0);
        let (files, mentions) = self.counts();
        for number in 0..files {
            let ending = if self == Self::Packed { ".gz" } else { "" };
            let name = format!("{number:06}{ending}");
            let mut lines = Vec::new();
            for _ in 0..mentions {
                // The first person is mentioned most, so that one subject has something to find.
                let range = if random.below(4) == 0 { 1 } else { people.len() };
                let person = &people[random.below(range)];
                match random.below(3) {
                    0 => lines.push(person.decoy(&mut random)),
                    1 => {
                        lines.push(person.mention(&mut random));
                        truth.insert((name.clone(), person.number));
                    }
                    _ => {}
                }
            }
            let content = self.content(&lines, &mut random)?;
            bytes += content.len() as u64;
            fs::write(path.join(name), content)?;
        }
        Ok((truth, bytes))
    }

    fn content(self, lines: &[String], random: &mut Random) -> Result<Vec<u8>, Error> {
        const BYTES: usize = 1 << 20;
        Ok(match self {
            Self::Logs => log(lines, BYTES, random).into_bytes(),
            Self::Runs => run_document(lines, random).into_bytes(),
            Self::Encoded => encoded(lines, random)?,
            Self::Noise => with_strings(noise(BYTES, random), lines, random),
            Self::Floats => with_strings(floats(BYTES, random), lines, random),
            Self::Integers => with_strings(integers(BYTES, random), lines, random),
            Self::Pickles => pickle(lines, random),
            Self::Parquet => parquet(lines, random)?,
            Self::Packed => gzip(log(lines, 4 * BYTES, random).as_bytes())?,
            Self::Checkpoints => checkpoint(lines, random)?,
        })
    }
}

fn noise(len: usize, random: &mut Random) -> Vec<u8> {
    (0..len / 8).flat_map(|_| random.next().to_le_bytes()).collect()
}

/// As weights are spread: about zero, few of them large.
fn floats(len: usize, random: &mut Random) -> Vec<u8> {
    let weight = |random: &mut Random| {
        let sum: f32 = (0..6).map(|_| random.below(1 << 24) as f32 / (1 << 24) as f32).sum();
        (sum - 3.0) * 0.05
    };
    (0..len / 4).flat_map(|_| weight(random).to_le_bytes()).collect()
}

fn integers(len: usize, random: &mut Random) -> Vec<u8> {
    let number = |random: &mut Random| match random.below(3) {
        0 => random.below(10),
        1 => random.below(100_000),
        _ => 1_700_000_000 + random.below(50_000_000),
    };
    (0..len / 8).flat_map(|_| (number(random) as u64).to_le_bytes()).collect()
}

/// Puts lines into bytes as strings with their length in 32 bits before them.
fn with_strings(mut bytes: Vec<u8>, lines: &[String], random: &mut Random) -> Vec<u8> {
    for line in lines {
        let at = random.below(bytes.len());
        let framed = [&(line.len() as u32).to_le_bytes(), line.as_bytes(), &[0; 4]].concat();
        bytes.splice(at..at, framed);
    }
    bytes
}

/// As Python's protocol 4 writes it: an array of floats, and rows of a table.
fn pickle(lines: &[String], random: &mut Random) -> Vec<u8> {
    let string = |bytes: &mut Vec<u8>, text: &str| {
        bytes.extend([0x8c, text.len() as u8]);
        bytes.extend(text.as_bytes());
        bytes.push(0x94);
    };
    let mut bytes = b"\x80\x04\x95\0\0\0\0\0\0\0\0}\x94(".to_vec();
    string(&mut bytes, "coef_");
    let coefficients: Vec<u8> = (0..8 << 10)
        .flat_map(|_| (random.below(1 << 30) as f64 / 1e8 - 5.0).to_le_bytes())
        .collect();
    bytes.push(b'B');
    bytes.extend((coefficients.len() as u32).to_le_bytes());
    bytes.extend(coefficients);
    string(&mut bytes, "rows");
    bytes.extend(b"]\x94(");
    let mut rest = lines.iter();
    for row in 0..1000 {
        string(&mut bytes, &random.guid());
        bytes.push(b'K');
        bytes.push(random.below(256) as u8);
        string(&mut bytes, &format!("worker{}@fabrikam.com", random.below(9000)));
        bytes.push(b'G');
        bytes.extend((random.below(1 << 30) as f64).to_be_bytes());
        if row % 400 == 0
            && let Some(line) = rest.next()
        {
            string(&mut bytes, line);
        }
    }
    bytes.extend(b"eu.");
    bytes
}

fn parquet(lines: &[String], random: &mut Random) -> Result<Vec<u8>, Error> {
    use parquet::basic::Compression;
    use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
    use parquet::file::properties::WriterProperties;
    use parquet::file::writer::SerializedFileWriter;
    use parquet::schema::parser::parse_message_type;
    const ROWS: usize = 40_000;
    let schema =
        "message table { required double score; required int64 time; required binary who (UTF8); }";
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_dictionary_enabled(false)
        .build();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(
        &mut bytes,
        parse_message_type(schema)?.into(),
        properties.into(),
    )?;
    let mut rows = writer.next_row_group()?;
    let scores: Vec<f64> = (0..ROWS).map(|_| random.below(1 << 30) as f64 / 1e9).collect();
    let times: Vec<i64> = (0..ROWS).map(|_| random.below(1 << 40) as i64).collect();
    let names = lines
        .iter()
        .cloned()
        .chain((lines.len()..ROWS).map(|_| format!("worker{}@fabrikam.com", random.below(9000))));
    let names: Vec<ByteArray> = names.map(|name| name.as_str().into()).collect();
    let mut column = rows.next_column()?.ok_or("no column")?;
    column.typed::<DoubleType>().write_batch(&scores, None, None)?;
    column.close()?;
    let mut column = rows.next_column()?.ok_or("no column")?;
    column.typed::<Int64Type>().write_batch(&times, None, None)?;
    column.close()?;
    let mut column = rows.next_column()?.ok_or("no column")?;
    column.typed::<ByteArrayType>().write_batch(&names, None, None)?;
    column.close()?;
    rows.close()?;
    writer.close()?;
    Ok(bytes)
}

fn checkpoint(lines: &[String], random: &mut Random) -> Result<Vec<u8>, Error> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let stored =
        zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("model/data.pkl", stored)?;
    zip.write_all(&pickle(lines, random))?;
    for number in 0..4 {
        zip.start_file(format!("model/data/{number}"), stored)?;
        zip.write_all(&floats(1 << 18, random))?;
    }
    Ok(zip.finish()?.into_inner())
}

fn log(lines: &[String], len: usize, random: &mut Random) -> String {
    let mut log = String::with_capacity(len + 1000);
    let every = len / (lines.len() + 1);
    let mut rest = lines.iter();
    while log.len() < len {
        let second = random.below(86400);
        let stamp = format!(
            "2026-11-{:02}T{:02}:{:02}:{:02}.{:06}Z",
            random.below(30) + 1,
            second / 3600,
            second / 60 % 60,
            second % 60,
            random.below(1_000_000)
        );
        let text = match random.below(8) {
            0 => format!("epoch {} step {} loss {}.{:06} lr 0.001", random.below(90), random.below(9000), random.below(3), random.below(1_000_000)),
            1 => format!("GET https://ml.azure.com/runs/{} 200 {}ms", random.guid(), random.below(900)),
            2 => format!("user worker{}@fabrikam.com started /mnt/azureml/cr/j/{}/wd/train.py", random.below(5000), random.guid()),
            3 => "downloading artefact azureml://datastores/workspaceblobstore/paths/data/train.csv".to_owned(),
            4 => format!("cpu {}% gpu {}% memory {} MB", random.below(100), random.below(100), random.below(64000)),
            5 => "/anaconda/envs/azureml/lib/python3.10/site-packages/torch/utils/data/dataloader.py:557: UserWarning: this loader creates eight worker processes".to_owned(),
            6 => format!("checkpoint saved to outputs/model_{}.pt", random.below(9999)),
            _ => "waiting for the cluster to become ready; the queue is long today".to_owned(),
        };
        log.push_str(&format!("{stamp} INFO {text}\n"));
        if log.len() / every > lines.len() - rest.len()
            && let Some(line) = rest.next()
        {
            log.push_str(&format!("{stamp} INFO {line}\n"));
        }
    }
    rest.for_each(|line| log.push_str(&format!("{line}\n")));
    log
}

fn run_document(lines: &[String], random: &mut Random) -> String {
    let metrics: Vec<_> = (0..60).map(|step| serde_json::json!({"step": step, "loss": random.below(10_000) as f64 / 1e4, "name": "accuracy_weighted"})).collect();
    let document = serde_json::json!({
        "runId": format!("quiet_river_{}", random.guid()),
        "runUuid": random.guid(),
        "rootRunUuid": random.guid(),
        "status": "Completed",
        "startTimeUtc": "2026-02-19T17:30:02.700Z",
        "createdBy": {"userObjectId": random.guid(), "userPuId": null, "userTenantId": random.guid(), "userName": format!("Worker {}", random.below(9000)), "upn": format!("worker{}@fabrikam.com", random.below(9000))},
        "description": lines.join("\n"),
        "tags": {"_aml_system_azureml.automlComponent": "AutoML", "mlflow.source.type": "JOB", "mlflow.source.name": "driver.py"},
        "properties": {"ContentSnapshotId": random.guid(), "ProcessInfoFile": "azureml-logs/process_info.json", "conda": "aml://artifact/ExperimentRun/dcid.x_2/outputs/conda_env_v_1_0_0.yml", "raw": "{\"automl\": {\"task\": \"classification\", \"label\": \"churn\"}}"},
        "metrics": metrics,
        "environmentId": format!("/subscriptions/{}/resourceGroups/test-rg/providers/Microsoft.MachineLearningServices/workspaces/w/environments/env/versions/1", random.guid()),
    });
    if random.below(2) == 0 { document.to_string() } else { format!("{document:#}") }
}

/// A log or a document as something else may have stored it.
fn encoded(lines: &[String], random: &mut Random) -> Result<Vec<u8>, Error> {
    use base64::Engine as _;
    let text = if random.below(2) == 0 {
        log(lines, 8 << 10, random)
    } else {
        run_document(lines, random)
    };
    let escaped =
        |prefix: &dyn Fn(u32) -> String, text: &str, only: &dyn Fn(char) -> bool| -> String {
            text.chars().map(|c| if only(c) { prefix(c as u32) } else { c.to_string() }).collect()
        };
    Ok(match random.below(7) {
        0 => gzip(text.as_bytes())?,
        1 => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        2 => base64::engine::general_purpose::STANDARD.encode(&text).into_bytes(),
        3 => serde_json::to_vec(
            &serde_json::json!({ "body": escaped(&|code| format!("\\u{code:04x}"), &text, &|c| !c.is_ascii() || c == '@') }),
        )?,
        4 => {
            let percent = |text: &str| {
                text.bytes()
                    .map(|byte| {
                        if byte.is_ascii_alphanumeric() {
                            char::from(byte).to_string()
                        } else {
                            format!("%{byte:02X}")
                        }
                    })
                    .collect::<String>()
            };
            percent(&text).into_bytes()
        }
        5 => escaped(&|code| format!("&#{code};"), &text, &|c| !c.is_ascii() || c == '@')
            .into_bytes(),
        _ => {
            let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            zip.start_file("logs/user.txt", zip::write::SimpleFileOptions::default())?;
            zip.write_all(text.as_bytes())?;
            zip.finish()?.into_inner()
        }
    })
}

fn gzip(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes)?;
    Ok(writer.finish()?)
}

/// A small generator of numbers, so that every run has the same files.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    fn guid(&mut self) -> String {
        let (one, two) = (self.next(), self.next());
        format!(
            "{:08x}-{:04x}-{:04x}-{:04x}-{:012x}",
            one >> 32,
            one >> 16 & 0xffff,
            one & 0xffff,
            two >> 48,
            two & 0xffff_ffff_ffff
        )
    }
}

/// The files of a folder, in order.
pub fn files(path: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files: Vec<_> = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.sort();
    Ok(files)
}

/// What a process or thread has worked; the clock would tell of others on the machine as well.
pub fn worked(who: &str) -> Duration {
    const TICK_MS: u64 = 10;
    let read = |file: &str| fs::read_to_string(format!("/proc/{who}/{file}")).unwrap_or_default();
    let number = |text: Option<&str>| text.and_then(|text| text.parse().ok()).unwrap_or(0);
    let own = number(read("schedstat").split(' ').next());
    let stat = read("stat");
    let fields = stat.rsplit(") ").next().unwrap_or_default();
    // Of the programs that it ran, as `gzip`: their time in user and system.
    let children: u64 = fields.split(' ').skip(13).take(2).map(|field| number(Some(field))).sum();
    Duration::from_nanos(own) + Duration::from_millis(children * TICK_MS)
}
