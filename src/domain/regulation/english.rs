//! The laws in English.

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
    law: "the General Data Protection Regulation (GDPR)",
    access: "Article 15 of the General Data Protection Regulation (GDPR)",
    access_short: "Article 15 GDPR",
    portability: "Article 20 of the General Data Protection Regulation (GDPR)",
    portability_short: "Article 20 GDPR",
    erasure: "Article 17 of the General Data Protection Regulation (GDPR)",
    others: "Articles 15(4) and 20(4) GDPR",
    security: "Article 32 GDPR",
    rights: &[
        TO_KNOW,
        TO_RECTIFY,
        TO_ERASE,
        TO_TAKE,
        IN_TIME,
        "To lodge a complaint with a data protection supervisory authority, such as the one where \
         you live or work (Article 77), and to go to court (Article 79).",
    ],
};

static UK_GDPR: Words = Words {
    law: "the UK General Data Protection Regulation (UK GDPR)",
    access: "Article 15 of the UK General Data Protection Regulation (UK GDPR)",
    access_short: "Article 15 UK GDPR",
    portability: "Article 20 of the UK General Data Protection Regulation (UK GDPR)",
    portability_short: "Article 20 UK GDPR",
    erasure: "Article 17 of the UK General Data Protection Regulation (UK GDPR)",
    others: "Articles 15(4) and 20(4) UK GDPR",
    security: "Article 32 UK GDPR",
    rights: &[
        TO_KNOW,
        TO_RECTIFY,
        TO_ERASE,
        TO_TAKE,
        IN_TIME,
        "To complain to the Information Commissioner (Article 77), and to go to court (Article \
        79).",
    ],
};

const TO_KNOW: &str = "To be told more: what your data is used for, who receives it, how long it \
    is kept, where it comes from, whether decisions are made by machines alone, and how it is \
    protected in other countries (Article 15(1) and (2)). This archive is the copy of the data; \
    that information comes from the controller.";
const TO_RECTIFY: &str = "To have what is wrong corrected and what is missing added (Article 16).";
const TO_ERASE: &str = "To have data erased (Article 17), to have its use restricted (Article 18), \
    and to object to its use (Article 21), under the conditions named there.";
const TO_TAKE: &str = "To receive data that you provided in a machine-readable form and to pass it \
    on (Article 20).";
const IN_TIME: &str = "To be answered within one month, which can be extended by two for reasons \
    that you must be told, and as a rule free of charge (Article 12).";

static CCPA: Words = Words {
    law: "the California Consumer Privacy Act (CCPA)",
    access: "Sections 1798.100 and 1798.110 of the California Consumer Privacy Act (CCPA)",
    access_short: "Section 1798.110 CCPA",
    portability: "Section 1798.130 of the California Consumer Privacy Act (CCPA)",
    portability_short: "Section 1798.130 CCPA",
    erasure: "Section 1798.105 of the California Consumer Privacy Act (CCPA)",
    others: "Section 1798.145 CCPA",
    security: "Section 1798.100 CCPA",
    rights: &[
        "To know which personal information is collected about you, where it comes from, what it \
         is used for and to whom it is sold, shared or disclosed (Sections 1798.100, 1798.110 and \
         1798.115). This archive is the copy of the information; the rest comes from the business.",
        "To have what is wrong corrected (Section 1798.106).",
        "To have personal information that was collected from you deleted, with the exceptions \
         named there (Section 1798.105).",
        "To opt out of its sale and sharing (Section 1798.120), and to limit the use of what is \
         sensitive (Section 1798.121).",
        "Not to be treated worse because you use these rights (Section 1798.125).",
        "To be answered within 45 days, which can be extended once by another 45 if you are told, \
         and free of charge (Section 1798.130).",
        "To complain to the California Privacy Protection Agency or the Attorney General.",
    ],
};

static LGPD: Words = Words {
    law: "the Brazilian General Data Protection Law (LGPD)",
    access: "Articles 18 II and 19 of the Brazilian General Data Protection Law (LGPD)",
    access_short: "Article 18 II LGPD",
    portability: "Article 18 V of the Brazilian General Data Protection Law (LGPD)",
    portability_short: "Article 18 V LGPD",
    erasure: "Article 18 IV and VI of the Brazilian General Data Protection Law (LGPD)",
    others: "",
    security: "Article 46 LGPD",
    rights: &[
        "To have it confirmed that your data is processed, to have access to it, and to be told \
         with whom it is shared (Article 18 I, II and VII). This archive is the copy of the data; \
         the rest comes from the controller.",
        "To have what is incomplete, wrong or out of date corrected (Article 18 III).",
        "To have data made anonymous, blocked or deleted that is not needed or is processed \
         against the law (Article 18 IV), and data deleted that is processed with your consent \
         (Article 18 VI).",
        "To take data along to another provider (Article 18 V).",
        "To withdraw your consent (Article 18 IX), and to have decisions reviewed that machines \
         took alone (Article 20).",
        "To be answered in full within 15 days (Article 19), and free of charge (Article 18 § 5).",
        "To petition the national data protection authority, ANPD (Article 18 § 1).",
    ],
};

static OTHER: Words = Words {
    law: "the law that your request names",
    access: "the law that your request names",
    access_short: "by the law named in the request",
    portability: "the law that your request names",
    portability_short: "by the law named in the request",
    erasure: "the law that the request names",
    others: "",
    security: "",
    rights: &["Which rights this law gives you, the controller tells you."],
};
