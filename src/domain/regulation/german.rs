//! The laws in German.

use crate::domain::regulation::law::Law;
use crate::domain::regulation::words::Words;

/// The words for a law; for none of ours, words that claim nothing.
pub fn words(law: Option<Law>) -> &'static Words {
    match law {
        Some(Law::Gdpr) => &GDPR,
        Some(Law::UkGdpr) => &UK_GDPR,
        Some(Law::Ccpa) => &CCPA,
        Some(Law::Lgpd) => &LGPD,
        None => &OTHER,
    }
}

static GDPR: Words = Words {
    law: "der Datenschutz-Grundverordnung (DSGVO)",
    access: "Artikel 15 der Datenschutz-Grundverordnung (DSGVO)",
    access_short: "Artikel 15 DSGVO",
    portability: "Artikel 20 der Datenschutz-Grundverordnung (DSGVO)",
    portability_short: "Artikel 20 DSGVO",
    erasure: "Artikel 17 der Datenschutz-Grundverordnung (DSGVO)",
    others: "Artikel 15 Absatz 4 und Artikel 20 Absatz 4 DSGVO",
    security: "Artikel 32 DSGVO",
    rights: &[
        TO_KNOW,
        TO_RECTIFY,
        TO_ERASE,
        TO_TAKE,
        IN_TIME,
        "Sich bei einer Datenschutz-Aufsichtsbehörde zu beschweren, etwa an Ihrem Wohn- oder \
         Arbeitsort (Artikel 77), und vor Gericht zu gehen (Artikel 79).",
    ],
};

static UK_GDPR: Words = Words {
    law: "der Datenschutz-Grundverordnung des Vereinigten Königreichs (UK GDPR)",
    access: "Artikel 15 der Datenschutz-Grundverordnung des Vereinigten Königreichs (UK GDPR)",
    access_short: "Artikel 15 UK GDPR",
    portability: "Artikel 20 der Datenschutz-Grundverordnung des Vereinigten Königreichs (UK GDPR)",
    portability_short: "Artikel 20 UK GDPR",
    erasure: "Artikel 17 der Datenschutz-Grundverordnung des Vereinigten Königreichs (UK GDPR)",
    others: "Artikel 15 Absatz 4 und Artikel 20 Absatz 4 UK GDPR",
    security: "Artikel 32 UK GDPR",
    rights: &[
        TO_KNOW,
        TO_RECTIFY,
        TO_ERASE,
        TO_TAKE,
        IN_TIME,
        "Sich beim Information Commissioner zu beschweren (Artikel 77) und vor Gericht zu gehen \
         (Artikel 79).",
    ],
};

const TO_KNOW: &str = "Mehr zu erfahren: wozu Ihre Daten verwendet werden, wer sie erhält, wie \
    lange sie gespeichert werden, woher sie stammen, ob allein Maschinen entscheiden und wie sie \
    in anderen Ländern geschützt sind (Artikel 15 Absätze 1 und 2). Dieses Archiv ist die Kopie \
    der Daten; diese Auskünfte gibt der Verantwortliche.";
const TO_RECTIFY: &str = "Falsches berichtigen und Fehlendes ergänzen zu lassen (Artikel 16).";
const TO_ERASE: &str = "Daten löschen zu lassen (Artikel 17), ihre Verarbeitung einschränken zu \
    lassen (Artikel 18) und ihr zu widersprechen (Artikel 21), unter den dort genannten \
    Bedingungen.";
const TO_TAKE: &str = "Daten, die Sie bereitgestellt haben, in maschinenlesbarer Form zu erhalten \
    und weiterzugeben (Artikel 20).";
const IN_TIME: &str = "Innerhalb eines Monats Antwort zu erhalten, in der Regel unentgeltlich; \
    die Frist kann um zwei Monate verlängert werden, dann müssen Ihnen die Gründe genannt werden \
    (Artikel 12).";

static CCPA: Words = Words {
    law: "dem kalifornischen Verbraucherdatenschutzgesetz (CCPA)",
    access: "den Abschnitten 1798.100 und 1798.110 des kalifornischen \
        Verbraucherdatenschutzgesetzes (CCPA)",
    access_short: "Abschnitt 1798.110 CCPA",
    portability: "Abschnitt 1798.130 des kalifornischen Verbraucherdatenschutzgesetzes (CCPA)",
    portability_short: "Abschnitt 1798.130 CCPA",
    erasure: "Abschnitt 1798.105 des kalifornischen Verbraucherdatenschutzgesetzes (CCPA)",
    others: "Abschnitt 1798.145 CCPA",
    security: "Abschnitt 1798.100 CCPA",
    rights: &[
        "Zu erfahren, welche personenbezogenen Daten über Sie erhoben werden, woher sie stammen, \
         wozu sie verwendet und an wen sie verkauft oder weitergegeben werden (Abschnitte \
         1798.100, 1798.110 und 1798.115). Dieses Archiv ist die Kopie der Daten; alles andere \
         sagt Ihnen das Unternehmen.",
        "Falsches berichtigen zu lassen (Abschnitt 1798.106).",
        "Bei Ihnen erhobene Daten löschen zu lassen, mit den dort genannten Ausnahmen (Abschnitt \
         1798.105).",
        "Ihrem Verkauf und ihrer Weitergabe zu widersprechen (Abschnitt 1798.120) und die \
         Verwendung sensibler Daten zu begrenzen (Abschnitt 1798.121).",
        "Nicht schlechter behandelt zu werden, weil Sie diese Rechte nutzen (Abschnitt 1798.125).",
        "Innerhalb von 45 Tagen unentgeltlich Antwort zu erhalten; die Frist kann einmal um 45 \
         Tage verlängert werden, wenn man es Ihnen sagt (Abschnitt 1798.130).",
        "Sich bei der California Privacy Protection Agency oder beim Attorney General zu \
         beschweren.",
    ],
};

static LGPD: Words = Words {
    law: "dem brasilianischen Datenschutzgesetz (LGPD)",
    access: "den Artikeln 18 II und 19 des brasilianischen Datenschutzgesetzes (LGPD)",
    access_short: "Artikel 18 II LGPD",
    portability: "Artikel 18 V des brasilianischen Datenschutzgesetzes (LGPD)",
    portability_short: "Artikel 18 V LGPD",
    erasure: "Artikel 18 IV und VI des brasilianischen Datenschutzgesetzes (LGPD)",
    others: "",
    security: "Artikel 46 LGPD",
    rights: &[
        "Bestätigt zu bekommen, dass Ihre Daten verarbeitet werden, sie zu erhalten und zu \
         erfahren, mit wem sie geteilt werden (Artikel 18 I, II und VII). Dieses Archiv ist die \
         Kopie der Daten; alles andere sagt Ihnen der Verantwortliche.",
        "Unvollständiges, Falsches und Veraltetes berichtigen zu lassen (Artikel 18 III).",
        "Daten anonymisieren, sperren oder löschen zu lassen, die nicht gebraucht oder \
         rechtswidrig verarbeitet werden (Artikel 18 IV), und solche löschen zu lassen, die mit \
         Ihrer Einwilligung verarbeitet werden (Artikel 18 VI).",
        "Daten zu einem anderen Anbieter mitzunehmen (Artikel 18 V).",
        "Ihre Einwilligung zu widerrufen (Artikel 18 IX) und Entscheidungen überprüfen zu lassen, \
         die Maschinen allein getroffen haben (Artikel 20).",
        "Innerhalb von 15 Tagen vollständig Antwort zu erhalten (Artikel 19), und zwar \
         unentgeltlich (Artikel 18 § 5).",
        "Sich an die nationale Datenschutzbehörde ANPD zu wenden (Artikel 18 § 1).",
    ],
};

static OTHER: Words = Words {
    law: "dem Recht, das Ihre Anfrage nennt",
    access: "dem Recht, das Ihre Anfrage nennt",
    access_short: "nach dem in der Anfrage genannten Recht",
    portability: "dem Recht, das Ihre Anfrage nennt",
    portability_short: "nach dem in der Anfrage genannten Recht",
    erasure: "das Recht, das der Antrag nennt",
    others: "",
    security: "",
    rights: &["Welche Rechte Ihnen dieses Recht gibt, sagt Ihnen der Verantwortliche."],
};
