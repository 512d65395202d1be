//! Why a query is not carried out.

/// A refusal. Codes of semantic errors are the service's where they are known, and else `SEM0001`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    Syntax { token: String, line: usize, column: usize },
    Semantic { code: &'static str, message: String },
}

impl Fault {
    /// One that stands at a byte of the text.
    pub fn syntax(text: &str, at: usize, token: &str) -> Self {
        let before = &text[..at.min(text.len())];
        let line = before.matches('\n').count() + 1;
        let column = before.chars().rev().take_while(|sign| *sign != '\n').count();
        Self::Syntax { token: token.to_owned(), line, column }
    }

    pub fn semantic(code: &'static str, message: impl Into<String>) -> Self {
        Self::Semantic { code, message: message.into() }
    }

    /// What nobody of that name is.
    pub fn unresolved(what: &str, name: &str) -> Self {
        Self::semantic("SEM0100", format!("Failed to resolve {what} named '{name}'"))
    }

    /// The word for it, what that means, its own code, and its message.
    pub fn words(&self) -> (&'static str, &'static str, &'static str, String) {
        match self {
            Self::Syntax { token, line, column } => (
                "SyntaxError",
                "A recognition error occurred in the query.",
                "SYN0002",
                format!("Query could not be parsed at '{token}' on line [{line},{column}]"),
            ),
            Self::Semantic { code, message } => {
                ("SemanticError", "A semantic error occurred.", code, message.clone())
            }
        }
    }
}
