//! Signs to what is said: statements and tabular operators. What stands in them is in `scalars`.

use crate::support::azure::monitor::kusto::fault::Fault;
use crate::support::azure::monitor::kusto::syntax::{
    From, Key, Let, Named, Query, Script, Step, Union,
};
use crate::support::azure::monitor::kusto::token::{Placed, Token, tokens};
use crate::support::azure::monitor::kusto::value::Type;

/// Deeper than this nobody nests.
const DEPTH_MAX: usize = 200;

/// Words that are no names unless they are written `['…']`, as Microsoft's own parser has them.
const RESERVED: &str = "__id accumulate and anomalychart areachart as asc bagexpansion \
    barchart between boolean by byte cachingpolicy callout cancel card char columnchart \
    contains contains_cs containscs cycles dataexport datascope datatable date datetime \
    decimal decodeblocks desc double dynamic earliest encodingpolicy endswith expandoutput \
    external_data externaldata find first flags float harddelete hardretention has hasprefix \
    hassuffix hotcache in int int16 int32 int64 int8 invoke isfuzzy journal kind ladderchart \
    last latest like likecs linechart long materialize mdm missing nooptimization notcontains \
    notcontainscs notlike notlikecs of or others pathformat piechart pivotchart print project \
    queries real relaxed rowstore rowstorepolicy rowstores sample scatterchart seal seals \
    search set shards simple softdelete softretention sql stackedareachart startswith \
    statistics storedqueryresultcontainers string tablepurge time timechart timeline \
    timepivot timespan title to toscalar totable treemap uint uint16 uint32 uint64 uint8 \
    ulong union uniqueid unrestrictedviewers verbose viewers views where with_source \
    withsource writeaheadlog";

/// What a text says.
pub fn script(text: &str) -> Result<Script, Fault> {
    let mut parser = Parser { text, tokens: tokens(text)?, at: 0, depth: 0 };
    let mut lets = Vec::new();
    while parser.takes_word("let") {
        let name = parser.name()?;
        parser.sign("=")?;
        lets.push((name, parser.named()?));
        parser.sign(";")?;
    }
    let query = parser.query()?;
    while parser.takes(";") {}
    match parser.peek() {
        Token::End => Ok(Script { lets, query }),
        _ => Err(parser.fault()),
    }
}

pub struct Parser<'a> {
    text: &'a str,
    tokens: Vec<Placed>,
    at: usize,
    depth: usize,
}

impl Parser<'_> {
    pub fn peek(&self) -> &Token {
        &self.tokens[self.at].token
    }

    /// The token behind the next.
    fn second(&self) -> &Token {
        &self.tokens[(self.at + 1).min(self.tokens.len() - 1)].token
    }

    pub fn next(&mut self) -> Token {
        let token = self.peek().clone();
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    /// Where the next token is.
    pub fn here(&self) -> usize {
        self.at
    }

    /// The refusal of the next token.
    pub fn fault(&self) -> Fault {
        self.fault_at(self.at)
    }

    /// The refusal of the token that was the next there. It is made only when it is given: to count
    /// lines takes as long as the text.
    pub fn fault_at(&self, at: usize) -> Fault {
        let placed = &self.tokens[at];
        Fault::syntax(self.text, placed.at, &self.text[placed.at..placed.end])
    }

    pub fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(), Token::Sign(found) if *found == sign)
    }

    pub fn takes(&mut self, sign: &str) -> bool {
        let is_it = self.is_sign(sign);
        self.at += usize::from(is_it);
        is_it
    }

    pub fn sign(&mut self, sign: &str) -> Result<(), Fault> {
        if self.takes(sign) { Ok(()) } else { Err(self.fault()) }
    }

    pub fn is_word(&self, word: &str) -> bool {
        matches!(self.peek(), Token::Name(found) if found == word)
    }

    pub fn takes_word(&mut self, word: &str) -> bool {
        let is_it = self.is_word(word);
        self.at += usize::from(is_it);
        is_it
    }

    /// Goes one deeper, as long as nobody goes too deep.
    pub fn deeper<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        self.depth += 1;
        let made = if self.depth > DEPTH_MAX { Err(self.fault()) } else { inner(self) };
        self.depth -= 1;
        made
    }

    /// A name, plain or as `['…']`.
    pub fn name(&mut self) -> Result<String, Fault> {
        if self.is_sign("[") {
            return self.quoted_name();
        }
        match self.peek().clone() {
            Token::Name(name) if is_free(&name) => {
                self.next();
                Ok(name)
            }
            _ => Err(self.fault()),
        }
    }

    pub fn quoted_name(&mut self) -> Result<String, Fault> {
        self.sign("[")?;
        let Token::Text(name) = self.peek().clone() else { return Err(self.fault()) };
        self.next();
        self.sign("]")?;
        Ok(name)
    }

    /// What stands behind `let … =`: rows where it goes on with a `|` or begins as rows do.
    fn named(&mut self) -> Result<Let, Fault> {
        let from = self.at;
        let is_rows = self.is_word("union") || self.is_word("print");
        if !is_rows
            && let Ok(value) = self.scalar()
            && self.is_sign(";")
        {
            return Ok(Let::Value(value));
        }
        self.at = from;
        Ok(Let::Rows(self.query()?))
    }

    pub fn query(&mut self) -> Result<Query, Fault> {
        let from = self.deeper(Self::from)?;
        let mut steps = Vec::new();
        while self.takes("|") {
            steps.push(self.step()?);
        }
        Ok(Query { from, steps })
    }

    fn from(&mut self) -> Result<From, Fault> {
        if self.is_word("union") && !matches!(self.second(), Token::Sign("|" | ";" | ")")) {
            self.next();
            return Ok(From::Union(self.union()?));
        }
        if self.takes_word("print") {
            return Ok(From::Print(self.columns()?));
        }
        if self.takes("(") {
            let inner = self.query()?;
            self.sign(")")?;
            return Ok(From::Inner(Box::new(inner)));
        }
        Ok(From::Table(self.name()?))
    }

    fn union(&mut self) -> Result<Union, Fault> {
        let mut union = Union::default();
        loop {
            if self.is_word("isfuzzy") {
                self.next();
                self.sign("=")?;
                union.is_fuzzy = match self.next() {
                    Token::Name(word) if word == "true" || word == "false" => word == "true",
                    _ => return Err(self.fault()),
                };
            } else if self.is_word("withsource") {
                self.next();
                self.sign("=")?;
                union.source = Some(self.name()?);
            } else if self.is_word("kind") {
                self.next();
                self.sign("=")?;
                // `inner` keeps the columns that all have: nobody asked for it yet.
                if !self.takes_word("outer") {
                    return Err(self.fault());
                }
            } else {
                break;
            }
        }
        loop {
            let from = match self.takes("*") {
                true => From::Every,
                false => self.deeper(Self::from)?,
            };
            union.parts.push(Query { from, steps: Vec::new() });
            if !self.takes(",") {
                return Ok(union);
            }
        }
    }

    fn step(&mut self) -> Result<Step, Fault> {
        let begun = self.here();
        let Token::Name(word) = self.next() else { return Err(self.fault_at(begun)) };
        Ok(match word.as_str() {
            "where" | "filter" => Step::Where(self.scalar()?),
            "extend" => Step::Extend(self.columns()?),
            "project" => Step::Project(self.columns()?),
            "project-away" => Step::ProjectAway(self.names()?),
            "summarize" => {
                let made = if self.is_word("by") { Vec::new() } else { self.columns()? };
                let by = if self.takes_word("by") { self.columns()? } else { Vec::new() };
                Step::Summarize { made, by }
            }
            "order" | "sort" => {
                if !self.takes_word("by") {
                    return Err(self.fault());
                }
                Step::Order(self.keys()?)
            }
            "take" | "limit" => Step::Take(self.count()?),
            "top" => {
                let count = self.count()?;
                if !self.takes_word("by") {
                    return Err(self.fault());
                }
                Step::Top(count, self.keys()?)
            }
            "count" => Step::Count,
            "distinct" => Step::Distinct(self.columns()?),
            "mv-expand" => {
                let mut columns = self.columns()?;
                let kind = if self.takes_word("to") { Some(self.type_of()?) } else { None };
                match (columns.pop(), columns.is_empty()) {
                    (Some(column), true) => Step::Expand(column, kind),
                    _ => return Err(self.fault()),
                }
            }
            "union" => Step::Union(self.union()?),
            _ => return Err(self.fault_at(begun)),
        })
    }

    /// `typeof(…)`.
    fn type_of(&mut self) -> Result<Type, Fault> {
        let begun = self.here();
        if !self.takes_word("typeof") {
            return Err(self.fault_at(begun));
        }
        self.sign("(")?;
        let Token::Name(word) = self.next() else { return Err(self.fault_at(begun)) };
        self.sign(")")?;
        Type::named(&word).ok_or_else(|| self.fault_at(begun))
    }

    fn count(&mut self) -> Result<usize, Fault> {
        let begun = self.here();
        match self.next() {
            Token::Long(count) => usize::try_from(count).map_err(|_| self.fault_at(begun)),
            _ => Err(self.fault_at(begun)),
        }
    }

    fn names(&mut self) -> Result<Vec<String>, Fault> {
        let mut names = vec![self.name()?];
        while self.takes(",") {
            names.push(self.name()?);
        }
        Ok(names)
    }

    /// Columns, each with a name before it or without.
    fn columns(&mut self) -> Result<Vec<Named>, Fault> {
        let mut columns = Vec::new();
        loop {
            let from = self.at;
            let name = self.name().ok().filter(|_| self.takes("="));
            if name.is_none() {
                self.at = from;
            }
            columns.push((name, self.scalar()?));
            if !self.takes(",") {
                return Ok(columns);
            }
        }
    }

    fn keys(&mut self) -> Result<Vec<Key>, Fault> {
        let mut keys = Vec::new();
        loop {
            let by = self.scalar()?;
            let rises = self.takes_word("asc");
            if !rises {
                self.takes_word("desc");
            }
            let mut nulls_first = rises;
            if self.takes_word("nulls") {
                nulls_first = self.takes_word("first");
                if !nulls_first && !self.takes_word("last") {
                    return Err(self.fault());
                }
            }
            keys.push(Key { by, rises, nulls_first });
            if !self.takes(",") {
                return Ok(keys);
            }
        }
    }
}

/// Whether a word can be a name as it stands.
pub fn is_free(word: &str) -> bool {
    !word.starts_with('!')
        && !word.contains(['-', '~'])
        && !RESERVED.split(' ').any(|reserved| reserved == word)
}
