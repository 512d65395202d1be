//! Text between tags and control words: found as a reader sees it, and rewritten so that its
//! elements stay whole.

use crate::matching::{ann, item, zip};
use crate::redaction::{erased, is_gone};
use crate::terms::scanned;

fn found(content: &[u8]) -> Vec<&'static str> {
    let ann = ann();
    let scan = scanned(&item("x"), &mut &*content, &ann);
    assert!(scan.unreadable.is_empty(), "{:?}", scan.unreadable);
    let mut kinds: Vec<_> =
        scan.hits.iter().map(|hit| ann.identities[hit.hit.identity].kind.as_str()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    kinds
}

/// A run of a Word document, with what it looks like.
fn run(text: &str) -> String {
    let looks = "<w:rFonts w:ascii=\"Calibri\" w:cs=\"Calibri\"/><w:b/><w:lang w:val=\"en-GB\"/>";
    format!(
        "<w:r w:rsidR=\"00A1\"><w:rPr>{looks}</w:rPr><w:t xml:space=\"preserve\">{text}</w:t></w:r>"
    )
}

fn document(runs: &[&str]) -> String {
    let runs: String = runs.iter().map(|text| run(text)).collect();
    format!("<w:document><w:body><w:p w:id=\"1\">{runs}</w:p></w:body></w:document>")
}

#[test]
fn what_a_reader_sees_between_tags_is_found() {
    let docx = |runs: &[&str]| zip(&[("word/document.xml", document(runs).as_bytes())]);
    for (kind, content) in [
        ("name", "<p>by <b>Ann</b> <i>Lef&egrave;vre</i></p>".as_bytes().to_vec()),
        ("name", "<tr><td>Ann</td>\n   <td>Lefèvre</td></tr>".into()),
        ("name", "<given>Ann</given>\n  <family>Lefèvre</family>".into()),
        ("name", "Ann&nbspLefèvre".into()),
        ("name", "Ann<!-- -->\n<!-- -->Lefèvre".into()),
        ("name", "<name><![CDATA[Ann]]> <![CDATA[Lefèvre]]></name>".into()),
        ("name", "<text x='1'><tspan x='2'>Ann</tspan> <tspan>Lefèvre</tspan></text>".into()),
        ("name", "<ruby>山田<rt>やまだ</rt></ruby><ruby>太郎<rt>たろう</rt></ruby>".into()),
        ("name", r#"{"text/html": ["<b>Ann<\/b> <i class=\"x\">Lef\u00e8vre<\/i>"]}"#.into()),
        ("name", r"\u003cb\u003eAnn\u003c/b\u003e Lef\u00e8vre".into()),
        ("name", "&lt;b&gt;Ann&lt;/b&gt; &lt;i&gt;Lefèvre".into()),
        ("email", "ann<wbr>@<wbr/>contoso.com".into()),
        ("email", "ann&#64contoso.com".into()),
        ("email", "<span>ann</span><span class=\"at\">@</span><span>contoso.com</span>".into()),
        ("username", "<span>mlflow.user</span>=<span style=\"color: #800\">ann</span>".into()),
        ("puid", "<em>10037FFE</em>80A1B2C3".into()),
        ("name", docx(&["by An", "n Lef", "èvre."])),
        ("email", docx(&["ann@con", "toso", ".com"])),
        ("object_id", docx(&["6f9619ff-8b86-", "d011-b42d-00cf4fc964ff"])),
        ("name", "<si><r><t>Ann </t></r><r><rPr><b/></rPr><t>Lefèvre</t></r></si>".into()),
        ("name", "<a:p><a:r><a:t>Ann</a:t></a:r><a:r><a:t> Lefèvre</a:t></a:r></a:p>".into()),
        ("name", "<text:p>Ann<text:s/><text:span>Lefèvre</text:span></text:p>".into()),
        ("name", r"{\rtf1\ansi\ansicpg1252 {\b Ann} Lef\'e8vre\par}".into()),
        ("name", r"{\rtf1\ansi {\b An}{\i n} Lef\u232?vre\par}".into()),
        ("email", r"{\rtf1 ann@{\i contoso}.com}".into()),
    ] {
        let kinds = found(&content);
        assert!(kinds.contains(&kind), "{kind}: {}: {kinds:?}", String::from_utf8_lossy(&content));
    }
}

#[test]
fn what_stands_in_two_paragraphs_is_no_name() {
    for content in [
        "<li>Kofi Ann</li><li>Lefèvre Brandt</li>",
        "<tr><td>Kofi Ann</td><td>Lefèvre Brandt</td></tr>",
        "<p>by Ann</p><p>Lefèvre</p>",
        "<tr><td>Kofi</td><td>Ann</td></tr><tr><td>Lefèvre</td></tr>",
        "<o><n>Ann</n></o><o><n>Lefèvre</n></o>",
        "jo<b>ann@contoso.com</b>",
        "ann@contoso.com<i>.evil.org</i>",
        "Ann<sup>ette</sup> Lefèvre",
        "Ann &lt; Lefèvre",
        r"{\rtf1 Ann\par Lef\'e8vre}",
    ] {
        let kinds = found(content.as_bytes());
        let is_wrong = kinds.contains(&"name") && !content.contains('@');
        assert!(!is_wrong, "{content}: {kinds:?}");
    }
}

#[test]
fn elements_stay_whole() {
    let rewritten = |content: &str| {
        erased(content.as_bytes()).map(|(bytes, _)| String::from_utf8(bytes).unwrap())
    };
    for (before, after) in [
        ("<b>Ann</b> <i>Lefèvre</i>, x", "<b>[erased]</b><i></i>, x"),
        ("<td>ann@<wbr>contoso.com</td>", "<td>[erased]<wbr></td>"),
        (r#"{"html": "<b>Ann</b> <i class=\"x\">Lefèvre</i>"}"#, {
            r#"{"html": "<b>[erased]</b><i class=\"x\"></i>"}"#
        }),
    ] {
        assert_eq!(rewritten(before).as_deref(), Ok(after), "{before}");
        assert!(is_gone(after.as_bytes()));
    }
    let written = rewritten(&document(&["by An", "n Lef", "èvre."])).unwrap();
    assert_eq!(written, document(&["by [erased]", "", "."]));
    // What cannot be rewritten so is refused, or seen again in what was written.
    for content in [r"\u003cb\u003eAnn\u003c/b\u003e Lefèvre", r"{\rtf1 {\b Ann}{\i  Lef\'e8vre}}"]
    {
        assert!(rewritten(content).is_err() || !is_gone(rewritten(content).unwrap().as_bytes()));
    }
}
