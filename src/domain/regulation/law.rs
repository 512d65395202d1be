//! The table of laws. A request that invokes another is refused: nobody could tell its person which
//! right was answered, nor say when it falls due.

/// A law that a request may invoke.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Law {
    /// Regulation (EU) 2016/679.
    Gdpr,
    /// The same as the law of the United Kingdom keeps it.
    UkGdpr,
    /// California Consumer Privacy Act, as amended by the CPRA: Cal. Civ. Code § 1798.100 ff.
    Ccpa,
    /// Lei Geral de Proteção de Dados: Brazil's Lei 13.709/2018.
    Lgpd,
}

/// How long a law gives for the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Term {
    /// So many calendar months. An end on a day that is no working day moves to the next one.
    Months(u8),
    /// So many calendar days after that of the receipt, whatever day the last one is.
    Days(u16),
}

impl Law {
    /// Every law, in the order in which they are named.
    pub const ALL: [Self; 4] = [Self::Gdpr, Self::UkGdpr, Self::Ccpa, Self::Lgpd];

    /// The word in requests, the ledger and certificates.
    pub fn word(self) -> &'static str {
        match self {
            Self::Gdpr => "gdpr",
            Self::UkGdpr => "uk_gdpr",
            Self::Ccpa => "ccpa",
            Self::Lgpd => "lgpd",
        }
    }

    /// The law of that word, in whatever case. What an earlier version took into the ledger may be
    /// none of ours: it is read all the same, and named as it stands there.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|law| law.word().eq_ignore_ascii_case(word))
    }

    /// How long it gives.
    ///
    /// - GDPR: Art. 12(3), one month of receipt.
    /// - UK GDPR: Art. 12A (formerly 12(3)); the Information Commissioner counts to the same date
    ///   of the next month, or that month's last day, or the working day after that.
    /// - CCPA: § 1798.130(a)(2)(A); Cal. Code Regs. tit. 11, § 7021(b): 45 calendar days.
    /// - LGPD: Art. 19 II gives 15 days for the full answer to an access. For a deletion the law
    ///   has no number, and the same is taken. Days that a holiday would add are not.
    pub fn term(self) -> Term {
        match self {
            Self::Gdpr | Self::UkGdpr => Term::Months(1),
            Self::Ccpa => Term::Days(45),
            Self::Lgpd => Term::Days(15),
        }
    }

    /// By how much it lets a controller lengthen that, once, who tells the person why; `None` where
    /// it does not.
    ///
    /// - GDPR and UK GDPR: two further months (Art. 12(3), 12A(3)).
    /// - CCPA: § 1798.130(a)(2)(A): once by 45 further days.
    pub fn extension(self) -> Option<Term> {
        match self {
            Self::Gdpr | Self::UkGdpr => Some(Term::Months(2)),
            Self::Ccpa => Some(Term::Days(45)),
            Self::Lgpd => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn laws_are_known_by_their_words_in_whatever_case() {
        for law in Law::ALL {
            assert_eq!(Law::parse(law.word()), Some(law));
            assert_eq!(Law::parse(&law.word().to_uppercase()), Some(law));
        }
        for other in ["banana", "", "gdpr ", "uk-gdpr", "gdp", "gdprx"] {
            assert_eq!(Law::parse(other), None, "{other}");
        }
    }
}
