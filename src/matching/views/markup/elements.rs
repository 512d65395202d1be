//! What the elements of HTML, office documents and unknown XML do to the text between them.
//!
//! HTML Living Standard section 4.5 (text-level elements); ECMA-376 parts 17.3 (`w`), 18.4 (shared
//! strings) and 21.1.2 (`a`); `OpenDocument` 1.3 part 3 chapters 5 and 6 (`text`).

/// What stands between the text before a tag and the text after it; the strongest last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Between {
    /// Nothing: a word goes on.
    Nothing,
    /// A space that was written as an element.
    Space,
    /// A line break within a paragraph, or the next field of a record.
    Line,
    /// The end of a paragraph.
    Paragraph,
    /// The next cell of a row, whatever paragraphs it has.
    Cell,
    /// The end of a row, record or table.
    Row,
}

impl Between {
    /// What stands for it in a text.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Nothing => "",
            Self::Space => " ",
            Self::Line => "\n",
            Self::Cell => "\t",
            Self::Paragraph | Self::Row => "\u{fffd}",
        }
    }
}

/// Elements whose text is said beside the text, not in it: readings of ruby.
pub fn is_aside(name: &str) -> bool {
    matches!(name, "rt" | "rp" | "text:ruby-text" | "w:rt")
}

/// What an element does to the text around its tags; `None` if nothing is known of it.
pub fn between(name: &str) -> Option<Between> {
    match name.split_once(':') {
        Some(("w", name)) => Some(in_word(name)),
        Some(("a", name)) => Some(in_drawing(name)),
        Some(("text", name)) => Some(in_open_document(name)),
        Some(("table", "table-cell")) => Some(Between::Cell),
        Some(("table", "table-row" | "table")) => Some(Between::Row),
        Some(_) => None,
        None => in_html(name),
    }
}

fn in_html(name: &str) -> Option<Between> {
    Some(match name {
        "a" | "abbr" | "acronym" | "b" | "bdi" | "bdo" | "big" | "cite" | "code" | "data"
        | "del" | "dfn" | "em" | "font" | "i" | "ins" | "kbd" | "label" | "mark" | "nobr" | "q"
        | "rb" | "rp" | "rt" | "ruby" | "s" | "samp" | "small" | "span" | "strike" | "strong"
        | "sub" | "sup" | "time" | "tspan" | "tt" | "u" | "var" | "wbr" => Between::Nothing,
        // Runs of a shared string, with what they look like.
        "r" | "t" | "rpr" | "phoneticpr" => Between::Nothing,
        "td" | "th" => Between::Cell,
        "br" => Between::Line,
        "address" | "article" | "aside" | "blockquote" | "body" | "caption" | "dd" | "div"
        | "dl" | "dt" | "figcaption" | "figure" | "footer" | "form" | "h1" | "h2" | "h3" | "h4"
        | "h5" | "h6" | "head" | "header" | "hr" | "html" | "li" | "main" | "nav" | "ol"
        | "option" | "p" | "pre" | "script" | "section" | "select" | "style" | "textarea"
        | "title" | "ul" => Between::Paragraph,
        "table" | "tbody" | "tfoot" | "thead" | "tr" | "si" => Between::Row,
        _ => return None,
    })
}

fn in_word(name: &str) -> Between {
    match name {
        "tab" | "ptab" | "tc" => Between::Cell,
        "br" | "cr" => Between::Line,
        "p" => Between::Paragraph,
        "tr" | "tbl" | "body" | "comment" | "footnote" | "endnote" | "hdr" | "ftr" => Between::Row,
        _ => Between::Nothing,
    }
}

fn in_drawing(name: &str) -> Between {
    match name {
        "tc" => Between::Cell,
        "br" => Between::Line,
        "p" => Between::Paragraph,
        "tr" | "tbl" => Between::Row,
        _ => Between::Nothing,
    }
}

fn in_open_document(name: &str) -> Between {
    match name {
        "s" => Between::Space,
        "tab" => Between::Cell,
        "line-break" => Between::Line,
        "p" | "h" | "list" | "list-item" | "section" => Between::Paragraph,
        _ => Between::Nothing,
    }
}
