//! The laws in French. What stands after "en vertu" begins with its "de".

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
    law: "du règlement général sur la protection des données (RGPD)",
    access: "de l’article 15 du règlement général sur la protection des données (RGPD)",
    access_short: "article 15 du RGPD",
    portability: "de l’article 20 du règlement général sur la protection des données (RGPD)",
    portability_short: "article 20 du RGPD",
    erasure: "article 17 du règlement général sur la protection des données (RGPD)",
    others: "article 15, paragraphe 4, et article 20, paragraphe 4, du RGPD",
    security: "article 32 du RGPD",
    rights: &[
        TO_KNOW,
        TO_RECTIFY,
        TO_ERASE,
        TO_TAKE,
        IN_TIME,
        "Introduire une réclamation auprès d’une autorité de contrôle de la protection des \
         données, par exemple là où vous vivez ou travaillez (article 77), et saisir un tribunal \
         (article 79).",
    ],
};

static UK_GDPR: Words = Words {
    law: "du règlement général britannique sur la protection des données (UK GDPR)",
    access: "de l’article 15 du règlement général britannique sur la protection des données \
        (UK GDPR)",
    access_short: "article 15 du UK GDPR",
    portability: "de l’article 20 du règlement général britannique sur la protection des données \
        (UK GDPR)",
    portability_short: "article 20 du UK GDPR",
    erasure: "article 17 du règlement général britannique sur la protection des données (UK GDPR)",
    others: "article 15, paragraphe 4, et article 20, paragraphe 4, du UK GDPR",
    security: "article 32 du UK GDPR",
    rights: &[
        TO_KNOW,
        TO_RECTIFY,
        TO_ERASE,
        TO_TAKE,
        IN_TIME,
        "Introduire une réclamation auprès de l’Information Commissioner (article 77), et saisir \
         un tribunal (article 79).",
    ],
};

const TO_KNOW: &str = "En savoir plus\u{a0}: à quoi servent vos données, qui les reçoit, combien \
    de temps elles sont conservées, d’où elles viennent, si des décisions sont prises par des \
    machines seules et comment elles sont protégées dans d’autres pays (article 15, paragraphes 1 \
    et 2). Cette archive est la copie des données\u{a0}; ces informations viennent du responsable \
    du traitement.";
const TO_RECTIFY: &str = "Faire corriger ce qui est faux et compléter ce qui manque (article 16).";
const TO_ERASE: &str = "Faire effacer des données (article 17), faire limiter leur traitement \
    (article 18) et vous y opposer (article 21), aux conditions qui y sont prévues.";
const TO_TAKE: &str = "Recevoir sous une forme lisible par machine les données que vous avez \
    fournies, et les transmettre (article 20).";
const IN_TIME: &str = "Recevoir une réponse dans un délai d’un mois, en règle générale \
    gratuitement\u{a0}; ce délai peut être prolongé de deux mois pour des motifs qui doivent vous \
    être indiqués (article 12).";

static CCPA: Words = Words {
    law: "de la loi californienne sur la protection de la vie privée des consommateurs (CCPA)",
    access: "des sections 1798.100 et 1798.110 de la loi californienne sur la protection de la \
        vie privée des consommateurs (CCPA)",
    access_short: "section 1798.110 du CCPA",
    portability: "de la section 1798.130 de la loi californienne sur la protection de la vie \
        privée des consommateurs (CCPA)",
    portability_short: "section 1798.130 du CCPA",
    erasure: "section 1798.105 de la loi californienne sur la protection de la vie privée des \
        consommateurs (CCPA)",
    others: "section 1798.145 du CCPA",
    security: "section 1798.100 du CCPA",
    rights: &[
        "Savoir quelles informations personnelles sont recueillies à votre sujet, d’où elles \
         viennent, à quoi elles servent et à qui elles sont vendues ou communiquées (sections \
         1798.100, 1798.110 et 1798.115). Cette archive en est la copie\u{a0}; le reste vient de \
         l’entreprise.",
        "Faire corriger ce qui est faux (section 1798.106).",
        "Faire effacer les informations recueillies auprès de vous, avec les exceptions prévues \
         (section 1798.105).",
        "Refuser leur vente et leur partage (section 1798.120), et limiter l’usage de celles qui \
         sont sensibles (section 1798.121).",
        "Ne pas être moins bien traité parce que vous exercez ces droits (section 1798.125).",
        "Recevoir une réponse gratuite dans un délai de 45 jours, qui peut être prolongé une fois \
         de 45 jours si vous en êtes informé (section 1798.130).",
        "Introduire une réclamation auprès de la California Privacy Protection Agency ou de \
         l’Attorney General.",
    ],
};

static LGPD: Words = Words {
    law: "de la loi générale brésilienne sur la protection des données (LGPD)",
    access: "des articles 18 II et 19 de la loi générale brésilienne sur la protection des \
        données (LGPD)",
    access_short: "article 18 II de la LGPD",
    portability: "de l’article 18 V de la loi générale brésilienne sur la protection des données \
        (LGPD)",
    portability_short: "article 18 V de la LGPD",
    erasure: "article 18 IV et VI de la loi générale brésilienne sur la protection des données \
        (LGPD)",
    others: "",
    security: "article 46 de la LGPD",
    rights: &[
        "Obtenir la confirmation que vos données sont traitées, y accéder et savoir avec qui elles \
         sont partagées (article 18 I, II et VII). Cette archive est la copie des données\u{a0}; \
         le reste vient du responsable du traitement.",
        "Faire corriger ce qui est incomplet, faux ou périmé (article 18 III).",
        "Faire anonymiser, bloquer ou effacer les données inutiles ou traitées illégalement \
         (article 18 IV), et effacer celles traitées avec votre consentement (article 18 VI).",
        "Emporter vos données chez un autre prestataire (article 18 V).",
        "Retirer votre consentement (article 18 IX), et faire revoir les décisions prises par des \
         machines seules (article 20).",
        "Recevoir une réponse complète dans un délai de 15 jours (article 19), et gratuitement \
         (article 18 § 5).",
        "Saisir l’autorité nationale de protection des données, l’ANPD (article 18 § 1).",
    ],
};

static OTHER: Words = Words {
    law: "du droit que votre demande invoque",
    access: "du droit que votre demande invoque",
    access_short: "selon le droit invoqué dans la demande",
    portability: "du droit que votre demande invoque",
    portability_short: "selon le droit invoqué dans la demande",
    erasure: "le droit que la demande invoque",
    others: "",
    security: "",
    rights: &["Le responsable du traitement vous indique quels droits ce droit vous donne."],
};
