//! How a law is called, and which of its rights is answered, in the languages that reports and
//! certificates are written in.

/// One law in one language, as pieces of sentences.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Words {
    /// The law itself, as it stands after "under".
    pub law: &'static str,
    /// The right to a copy, after "under", with the law's name in full.
    pub access: &'static str,
    /// The same, short.
    pub access_short: &'static str,
    /// The right to take data along, likewise.
    pub portability: &'static str,
    /// The same, short.
    pub portability_short: &'static str,
    /// The right to erasure, standing alone.
    pub erasure: &'static str,
    /// Where it says that a copy must not harm others; empty where nothing is to be cited.
    pub others: &'static str,
    /// Where it asks for security; empty where nothing is to be cited.
    pub security: &'static str,
    /// What rights it gives, each a sentence.
    pub rights: &'static [&'static str],
}
