//! Signs to values: `or` before `and` before comparisons before sums, as documented.

use serde_json::Value as Json;

use crate::support::azure::monitor::kusto::fault::Fault;
use crate::support::azure::monitor::kusto::parse::{Parser, is_free};
use crate::support::azure::monitor::kusto::syntax::{Compare, Expr, How, Text};
use crate::support::azure::monitor::kusto::token::Token;
use crate::support::azure::monitor::kusto::value::{Type, Value};

impl Parser<'_> {
    /// One value.
    pub fn scalar(&mut self) -> Result<Expr, Fault> {
        self.deeper(Self::either)
    }

    fn either(&mut self) -> Result<Expr, Fault> {
        let mut left = self.both()?;
        while self.takes_word("or") {
            left = Expr::Either(Box::new(left), Box::new(self.both()?));
        }
        Ok(left)
    }

    fn both(&mut self) -> Result<Expr, Fault> {
        let mut left = self.comparison()?;
        while self.takes_word("and") {
            left = Expr::Both(Box::new(left), Box::new(self.comparison()?));
        }
        Ok(left)
    }

    fn comparison(&mut self) -> Result<Expr, Fault> {
        let it = self.sum()?;
        let operator = match self.peek() {
            Token::Sign(sign) => (*sign).to_owned(),
            Token::Name(word) => word.clone(),
            _ => return Ok(it),
        };
        if let Some(compare) = compare(&operator) {
            self.next();
            return Ok(Expr::Compare(compare, Box::new(it), Box::new(self.sum()?)));
        }
        if let Some(text) = text(&operator) {
            self.next();
            return Ok(Expr::Text(text, Box::new(it), Box::new(self.sum()?)));
        }
        let is_not = operator.starts_with('!');
        let it = Box::new(it);
        match operator.trim_start_matches('!') {
            "in" | "in~" => {
                self.next();
                let list = self.list()?;
                Ok(Expr::Among { it, list, folds: operator.ends_with('~'), is_not })
            }
            "has_any" => {
                self.next();
                Ok(Expr::HasAny { it, list: self.list()? })
            }
            "between" => {
                self.next();
                self.sign("(")?;
                let low = Box::new(self.sum()?);
                self.sign("..")?;
                let high = Box::new(self.sum()?);
                self.sign(")")?;
                Ok(Expr::Between { it, low, high, is_not })
            }
            _ => Ok(*it),
        }
    }

    fn list(&mut self) -> Result<Vec<Expr>, Fault> {
        self.sign("(")?;
        let mut list = vec![self.scalar()?];
        while self.takes(",") {
            list.push(self.scalar()?);
        }
        self.sign(")")?;
        Ok(list)
    }

    fn sum(&mut self) -> Result<Expr, Fault> {
        let mut left = self.product()?;
        loop {
            let sign = match self.peek() {
                Token::Sign("+") => '+',
                Token::Sign("-") => '-',
                _ => return Ok(left),
            };
            self.next();
            left = Expr::Sum(sign, Box::new(left), Box::new(self.product()?));
        }
    }

    fn product(&mut self) -> Result<Expr, Fault> {
        let mut left = self.signed()?;
        loop {
            let sign = match self.peek() {
                Token::Sign("*") => '*',
                Token::Sign("/") => '/',
                Token::Sign("%") => '%',
                _ => return Ok(left),
            };
            self.next();
            left = Expr::Sum(sign, Box::new(left), Box::new(self.signed()?));
        }
    }

    fn signed(&mut self) -> Result<Expr, Fault> {
        if self.takes("-") {
            return Ok(Expr::Minus(Box::new(self.deeper(Self::signed)?)));
        }
        let mut it = self.primary()?;
        loop {
            if self.takes(".") {
                let key = Value::String(self.name()?);
                let key = Expr::Literal(key, Type::String);
                it = Expr::Inside(Box::new(it), Box::new(key));
            } else if self.takes("[") {
                let key = self.scalar()?;
                self.sign("]")?;
                it = Expr::Inside(Box::new(it), Box::new(key));
            } else {
                return Ok(it);
            }
        }
    }

    fn primary(&mut self) -> Result<Expr, Fault> {
        let begun = self.here();
        if self.is_sign("[") {
            return Ok(Expr::Name(self.quoted_name()?));
        }
        match self.next() {
            Token::Text(mut text) => {
                // Strings that stand beside one another are one.
                while let Token::Text(more) = self.peek().clone() {
                    self.next();
                    text.push_str(&more);
                }
                Ok(Expr::Literal(Value::String(text), Type::String))
            }
            Token::Long(number) => Ok(Expr::Literal(Value::Long(number), Type::Long)),
            Token::Real(number) => Ok(Expr::Literal(Value::Real(number), Type::Real)),
            Token::Span(span) => Ok(Expr::Literal(Value::TimeSpan(span), Type::TimeSpan)),
            Token::Typed(word, text) => {
                let kind = Type::named(&word).ok_or_else(|| self.fault_at(begun))?;
                let value = kind.literal(&text).ok_or_else(|| self.fault_at(begun))?;
                Ok(Expr::Literal(value, kind))
            }
            Token::Sign("(") => {
                let inner = self.scalar()?;
                self.sign(")")?;
                Ok(inner)
            }
            Token::Name(word) if word == "true" || word == "false" => {
                Ok(Expr::Literal(Value::Bool(word == "true"), Type::Bool))
            }
            Token::Name(word) if word == "dynamic" && self.is_sign("(") => {
                self.sign("(")?;
                let json = self.json()?;
                self.sign(")")?;
                Ok(Expr::Literal(Value::Dynamic(json), Type::Dynamic))
            }
            Token::Name(word) if self.is_sign("(") && !is_operator(&word) => self.call(word),
            Token::Name(word) if is_free(&word) && !is_operator(&word) => Ok(Expr::Name(word)),
            _ => Err(self.fault_at(begun)),
        }
    }

    fn call(&mut self, word: String) -> Result<Expr, Fault> {
        self.sign("(")?;
        let mut arguments = Vec::new();
        while !self.takes(")") {
            if !arguments.is_empty() {
                self.sign(",")?;
            }
            arguments.push(self.scalar()?);
        }
        Ok(Expr::Call(word, arguments))
    }

    /// What stands in `dynamic(…)`: JSON, with literals as Kusto writes them.
    fn json(&mut self) -> Result<Json, Fault> {
        let begun = self.here();
        match self.next() {
            Token::Text(text) => Ok(text.into()),
            Token::Long(number) => Ok(number.into()),
            Token::Real(number) => Ok(number.into()),
            Token::Typed(word, text) => {
                let kind = Type::named(&word).ok_or_else(|| self.fault_at(begun))?;
                Ok(kind.literal(&text).ok_or_else(|| self.fault_at(begun))?.json())
            }
            Token::Name(word) => match word.as_str() {
                "null" => Ok(Json::Null),
                "true" => Ok(true.into()),
                "false" => Ok(false.into()),
                _ => Err(self.fault_at(begun)),
            },
            Token::Sign("-") => match self.next() {
                Token::Long(number) => Ok((-number).into()),
                Token::Real(number) => Ok((-number).into()),
                _ => Err(self.fault_at(begun)),
            },
            Token::Sign("[") => {
                let mut list = Vec::new();
                while !self.takes("]") {
                    if !list.is_empty() {
                        self.sign(",")?;
                    }
                    list.push(self.deeper(Self::json)?);
                }
                Ok(list.into())
            }
            Token::Sign("{") => self.bag(),
            _ => Err(self.fault_at(begun)),
        }
    }

    fn bag(&mut self) -> Result<Json, Fault> {
        let mut bag = serde_json::Map::new();
        while !self.takes("}") {
            if !bag.is_empty() {
                self.sign(",")?;
            }
            let Token::Text(key) = self.next() else { return Err(self.fault()) };
            self.sign(":")?;
            bag.insert(key, self.deeper(Self::json)?);
        }
        Ok(bag.into())
    }
}

fn is_operator(word: &str) -> bool {
    ["and", "or", "by", "asc", "desc", "in", "in~", "has_any", "has_any~", "between"]
        .contains(&word)
        || word.starts_with('!')
        || text(word).is_some()
}

fn compare(operator: &str) -> Option<Compare> {
    Some(match operator {
        "==" => Compare::Same,
        "!=" | "<>" => Compare::Other,
        "<" => Compare::Less,
        "<=" => Compare::LessOrSame,
        ">" => Compare::More,
        ">=" => Compare::MoreOrSame,
        _ => return None,
    })
}

fn text(operator: &str) -> Option<Text> {
    let is_not = operator.starts_with('!');
    let word = operator.trim_start_matches('!');
    let folds = !word.ends_with("_cs");
    let how = match word.trim_end_matches("_cs") {
        "=~" => How::Equals,
        "~" if is_not => How::Equals,
        "contains" => How::Contains,
        "has" => How::Has,
        "startswith" => How::Starts,
        "endswith" => How::Ends,
        _ => return None,
    };
    Some(Text { how, folds, is_not })
}
