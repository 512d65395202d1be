//! What can be typed (DESIGN 4.4).

use std::path::PathBuf;

use clap::builder::PossibleValuesParser;
use clap::{Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use jiff::civil::Date;

use crate::domain::state::State;

/// Answers GDPR data-subject requests for Azure Machine Learning workspaces.
#[derive(Debug, Parser)]
#[command(version, after_help = EXIT_CODES)]
pub struct Args {
    /// Settings file.
    #[arg(
        long,
        global = true,
        value_name = "FILE",
        help = "Settings file (TOML); DSRD__SECTION__KEY in the environment wins over it"
    )]
    pub config: Option<PathBuf>,
    /// How log lines are written to standard error [default: pretty on a terminal, else json].
    #[arg(long, global = true, value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// What to do.
    #[command(subcommand)]
    pub verb: Verb,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// What can be done with the catalogue.
#[derive(Debug, Subcommand)]
pub enum CatalogueWork {
    /// Read what no sweep has read yet, ahead of requests, as fast as it goes. Stopped, it can be
    /// begun again. A ledger in a file must not be served meanwhile: there the daemon learns by
    /// itself (`[catalogue] learn_hours`).
    Learn,
}

/// The verbs.
#[derive(Debug, Subcommand)]
pub enum Verb {
    /// Serve requests until SIGTERM or Ctrl-C, then finish what is in hand.
    Run,
    /// Show the whole of it on a small sample workspace, with nothing installed.
    Demo,
    /// Put a request on the queue.
    Submit {
        /// The request as JSON; `-` for standard input.
        file: PathBuf,
        /// Wait until it ended, with a progress bar.
        #[arg(long)]
        wait: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Show where a request stands, or all of them.
    Status {
        /// Its id.
        id: Option<String>,
        /// Print instead what is planned for it, item by item; it may name the person.
        #[arg(long, requires = "id")]
        plan: bool,
        /// Print instead which items it left, and why, item by item; they may name the person.
        #[arg(long, requires = "id", conflicts_with = "plan")]
        left: bool,
        /// Which of them, where all are shown.
        #[command(flatten)]
        listing: Listing,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    /// Account for the requests of a period: when each came and was answered, whether in time, how,
    /// and who decided.
    Register {
        /// The first day, as 2026-01-01, in the time zone of `[due]`.
        #[arg(long, value_name = "DATE")]
        from: Date,
        /// The last day.
        #[arg(long, value_name = "DATE")]
        to: Date,
        /// Print comma-separated values, for spreadsheets.
        #[arg(long)]
        csv: bool,
        /// Print JSON.
        #[arg(long, conflicts_with = "csv")]
        json: bool,
    },
    /// Find and print; changes nothing.
    Preview {
        /// The request as JSON; `-` for standard input.
        request: PathBuf,
        /// Tell instead how this file is read, and where it speaks of the person or nearly does.
        #[arg(long, value_name = "PATH")]
        file: Option<PathBuf>,
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Let a held request go on.
    Approve(Deciding),
    /// Stop a held request.
    Reject(Deciding),
    /// Withdraw a request, stop one that is being carried out, or give up one that failed.
    Cancel(Deciding),
    /// Try a failed request again.
    Retry(Deciding),
    /// Take more time for a request, once, as its law allows (Art. 12(3) GDPR: two further months).
    Extend(Lengthening),
    /// Check evidence offline.
    Verify {
        /// What it is.
        #[command(subcommand)]
        what: Evidence,
    },
    /// Reach everything that the settings name; tell the rights that a workspace lacks, and the
    /// datastores that are in no source.
    Check {
        /// Print one JSON object a line.
        #[arg(long)]
        json: bool,
    },
    /// Show how much sweeps have learned of each source, so that later ones need not read it.
    Catalogue {
        /// What else to do.
        #[command(subcommand)]
        work: Option<CatalogueWork>,
        /// Print one JSON object a line.
        #[arg(long, global = true)]
        json: bool,
    },
    /// Print the settings in force, secrets masked.
    Config {
        /// Print instead by what others check this deployment's signatures: PEM and key id.
        #[arg(long)]
        public_key: bool,
    },
    /// Replace a key of the deployment, or list what others check its signatures by.
    Keys {
        /// What to do.
        #[command(subcommand)]
        work: KeyWork,
    },
    /// Put into a zip what helps to find a bug: versions, settings without secrets, numbers, what
    /// does not answer. It names no request and nobody; look at it before you pass it on.
    Diagnostics {
        /// Where to.
        #[arg(default_value = "dsrd-diagnostics.zip")]
        path: PathBuf,
    },
    /// Print a document of the contract: requests (the default), events, the manifest, the
    /// certificate, the queue.
    Schema {
        /// Which document.
        #[arg(value_enum, default_value = "request")]
        which: Schema,
    },
    /// Print what completes these words in a shell.
    Completions {
        /// Which shell.
        shell: Shell,
    },
    /// Print the page of the manual, for `man -l -`.
    Man {
        /// Of this verb alone, as `keys rotate`.
        #[arg(num_args = 0..)]
        verb: Vec<String>,
    },
}

/// Which requests are listed.
#[derive(Debug, Default, clap::Args)]
pub struct Listing {
    /// Only those in these states, or `open` (not ended) or `ended` ones.
    #[arg(long, value_name = "STATE", conflicts_with = "id", value_delimiter = ',',
          value_parser = PossibleValuesParser::new(state_words()))]
    pub state: Vec<String>,
    /// Only those whose time is over and that have not ended.
    #[arg(long, conflicts_with = "id")]
    pub overdue: bool,
    /// Only those that came on this day or later, as 2026-01-01, in the time zone of `[due]`.
    #[arg(long, value_name = "DATE", conflicts_with = "id")]
    pub since: Option<Date>,
}

/// Those that have not ended.
const OPEN: &str = "open";

/// Those that have.
const ENDED: &str = "ended";

fn state_words() -> impl Iterator<Item = &'static str> {
    let stored = State::ALL.into_iter().filter(|state| *state != State::Received);
    stored.map(State::word).chain([OPEN, ENDED])
}

impl Listing {
    /// Whether a request in that state is one of them.
    pub fn has(&self, state: State) -> bool {
        let is_it = |word: &String| match word.as_str() {
            OPEN => !state.is_end(),
            ENDED => state.is_end(),
            word => word == state.word(),
        };
        self.state.is_empty() || self.state.iter().any(is_it)
    }

    /// Whether nothing is left out.
    pub fn is_all(&self) -> bool {
        self.state.is_empty() && !self.overdue && self.since.is_none()
    }
}

/// A decision of a person.
#[derive(Debug, clap::Args)]
pub struct Deciding {
    /// The request's id.
    pub id: String,
    /// Who decides [default: the user who runs this].
    #[arg(long)]
    pub actor: Option<String>,
    /// Why; kept in the ledger, so it should name nobody.
    #[arg(long, default_value = "decided on the command line")]
    pub reason: String,
    /// Wait until a daemon has taken it, and say where the request stands then.
    #[arg(long)]
    pub wait: bool,
}

/// A decision to take more time.
#[derive(Debug, clap::Args)]
pub struct Lengthening {
    /// The request's id.
    pub id: String,
    /// Who decides [default: the user who runs this].
    #[arg(long)]
    pub actor: Option<String>,
    /// Why, as the person is told, who has to be told within the first term; kept in the ledger, so
    /// it should name nobody.
    #[arg(long)]
    pub reason: String,
    /// Wait until a daemon has taken it, and say where the request stands then.
    #[arg(long)]
    pub wait: bool,
}

/// What can be done with the keys of the deployment.
#[derive(Debug, Subcommand)]
pub enum KeyWork {
    /// Print the public halves of all keys that this deployment has signed with: a PEM file for
    /// `verify certificate --public-key`.
    List,
    /// Draw a new key and put it in the place of the one in force; stop the daemon first. What was
    /// stopped on the way is brought to its end by the same words again.
    Rotate {
        /// Which key.
        #[arg(value_enum)]
        which: Which,
        /// Write the new key here, and leave it to you to put it where the settings have it from; a
        /// master key that is here already is taken, and the ledger sealed under it.
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
}

/// A key of the deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Which {
    /// What the ledger is sealed under: all of it is sealed anew.
    Master,
    /// What certificates, callbacks and our own messages are signed with.
    Signing,
}

/// What can be checked offline.
#[derive(Debug, Subcommand)]
pub enum Evidence {
    /// An export archive: every file is there, whole, and nothing else is.
    Archive {
        /// The zip file, or the age file that it is encrypted in.
        path: PathBuf,
        /// File of age identities that opens it.
        #[arg(long, value_name = "FILE", conflicts_with = "passphrase_file")]
        identity: Option<PathBuf>,
        /// File with the passphrase that opens it.
        #[arg(long, value_name = "FILE")]
        passphrase_file: Option<PathBuf>,
    },
    /// A certificate of erasure: signed, unchanged, and its sums add up.
    Certificate {
        /// The JSON document.
        path: PathBuf,
        /// The deployment's public key as PEM, or all of them as `dsrd keys list` prints them
        /// [default: the one in the certificate, unproven].
        #[arg(long, value_name = "FILE")]
        public_key: Option<PathBuf>,
        /// Tell also whether this person is meant, such as email=ann@contoso.com; needs the
        /// deployment's master key.
        #[arg(long, value_name = "TYPE=VALUE")]
        identity: Option<String>,
    },
    /// A ledger: every record is there, unchanged, and follows from the one before it.
    Ledger {
        /// An SQLite ledger [default: the ledger in the settings].
        path: Option<PathBuf>,
    },
}

/// Documents of the contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Schema {
    /// What is taken from the queue, requests and decisions: JSON Schema.
    Request,
    /// What is announced: JSON Schema.
    Event,
    /// `manifest.json` of an archive: JSON Schema.
    Manifest,
    /// The certificate of an erasure: JSON Schema.
    Certificate,
    /// Queues, exchange and messages: an `AsyncAPI` 3.0 document that names the first two.
    Asyncapi,
}

const EXIT_CODES: &str = "\
Exit codes:
  0  done; a request that was waited for is completed
  1  something did not work, and the message says what, and what to do; or a request that was
     waited for is held
  2  wrong arguments or settings
  3  a request that was waited for is partially_completed: something could not be read or acted on
  4  a request that was waited for failed, was cancelled or rejected, also because another request
     has its id; or evidence does not hold
  5  the request is at fault; every fault is listed";
