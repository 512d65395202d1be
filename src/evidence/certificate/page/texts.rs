//! What the page says, in each of its languages. `{…}` is filled in.

/// The sentences and words of one language.
pub struct Texts {
    /// BCP 47 tag of the language.
    pub tag: &'static str,
    /// Heading of the page.
    pub title: &'static str,
    /// All was erased.
    pub all_erased: &'static str,
    /// All was erased but what is kept for a reason.
    pub all_but_kept: &'static str,
    /// Nothing was found.
    pub nothing_found: &'static str,
    /// Something is left.
    pub something_left: &'static str,
    /// Heading and labels of the request.
    pub request: &'static str,
    pub request_id: &'static str,
    pub regulation: &'static str,
    pub controller: &'static str,
    pub submitted: &'static str,
    pub accepted: &'static str,
    pub acted: &'static str,
    pub verified: &'static str,
    /// Heading, caption and columns of the outcome.
    pub outcome: &'static str,
    pub outcome_intro: &'static str,
    pub source: &'static str,
    pub became: &'static str,
    pub reason: &'static str,
    pub items: &'static str,
    pub total: &'static str,
    pub more_rows: &'static str,
    /// Words of outcomes, in the order of [`OUTCOMES`].
    pub outcomes: [&'static str; 8],
    /// What was looked at.
    pub looked_at: &'static str,
    /// The proof that nothing else was touched.
    pub untouched: &'static str,
    /// Heading and sentences of the horizon.
    pub horizon: &'static str,
    pub gone_at_once: &'static str,
    pub gone_later: &'static str,
    pub gone_unknown: &'static str,
    pub gone_nothing: &'static str,
    /// Heading and sentence of what lies outside.
    pub outside: &'static str,
    pub outside_intro: &'static str,
    /// Heading and sentences on checking.
    pub checking: &'static str,
    pub checking_intro: &'static str,
    pub checking_key: &'static str,
    pub key_id: &'static str,
    pub digest: &'static str,
    pub ledger: &'static str,
    pub policy: &'static str,
    pub hashed: &'static str,
    /// Who wrote it.
    pub written_by: &'static str,
}

/// The words of outcomes that a certificate has, in the order of the tables of words.
pub const OUTCOMES: [&str; 8] =
    ["erased", "redacted", "already_absent", "kept", "blocked", "unreadable", "changed", "failed"];

impl Texts {
    /// In the language of this BCP 47 tag; in English where we do not speak it.
    pub fn of(tag: &str) -> &'static Self {
        let language = tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        ALL.into_iter().find(|texts| texts.tag == language).unwrap_or(&ENGLISH)
    }

    /// The outcome in words; a word that is not ours stays as it is.
    pub fn outcome<'a>(&'a self, word: &'a str) -> &'a str {
        let known = OUTCOMES.iter().position(|outcome| *outcome == word);
        known.map_or(word, |index| self.outcomes[index])
    }
}

/// Every language.
pub const ALL: [&Texts; 4] = [&ENGLISH, &GERMAN, &FRENCH, &JAPANESE];

static ENGLISH: Texts = Texts {
    tag: "en",
    title: "Certificate of erasure",
    all_erased: "Everything that was found was erased. A second look found nothing more.",
    all_but_kept: "Everything that was found was erased, except what is kept for the reasons \
                   given below. A second look found nothing more.",
    nothing_found: "Nothing was found that speaks of the person.",
    something_left: "Not everything could be read or erased. What was not, and why, is listed \
                     below.",
    request: "The request",
    request_id: "Request",
    regulation: "Law",
    controller: "Controller",
    submitted: "Submitted",
    accepted: "Accepted",
    acted: "Carried out",
    verified: "Looked at again",
    outcome: "What became of it",
    outcome_intro: "Items are stored things: files, documents, records. Each is counted with every \
                    version and snapshot that it had.",
    source: "Source",
    became: "What became of them",
    reason: "Reason",
    items: "Items",
    total: "All",
    more_rows: "Further rows are left out here; the signed document lists every item: {count}",
    outcomes: [
        "erased",
        "kept without the person: rewritten",
        "gone already",
        "kept",
        "not erased: blocked",
        "not read",
        "not erased: written anew again and again",
        "not erased: it failed",
    ],
    looked_at: "Items that were looked at: {count}",
    untouched: "Items that were left alone: {items}. Of these {unchanged} are exactly as they \
                were; others changed {changed} and removed {gone} meanwhile.",
    horizon: "When it is gone for good",
    gone_at_once: "Erased on {at}. Since then nothing of it can be restored from the sources.",
    gone_later: "Erased on {at}. The storage service keeps deleted data for a while; after {after} \
                 it cannot be restored any more.",
    gone_unknown: "Erased on {at}. The storage service did not tell until when deleted data can be \
                   restored.",
    gone_nothing: "Nothing had to be erased; that was clear on {at}.",
    outside: "What lies outside our reach",
    outside_intro: "The following is no part of this certificate: backups, copies outside the \
                    sources, and what only a person can do:",
    checking: "How to check this",
    checking_intro: "This page puts into words what the signed document {name} says exactly. Only \
                     that document is signed. To check it:",
    checking_key: "DEPLOYMENT.pem is the deployment's public key, as the operator hands it out \
                   (dsrd config --public-key). The signature is a detached JWS (RFC 7515, Ed25519) \
                   over the canonical form (RFC 8785) of the document without its member \
                   \"signature\", so that other programs can check it too.",
    key_id: "Key",
    digest: "SHA-256 of the document",
    ledger: "Ledger",
    policy: "Policy",
    hashed: "Neither here nor there stands who the person is, or what the items were called. In \
             their place the document has keyed hashes, which only the operator can compare.",
    written_by: "Written by {program} for {deployment}.",
};

static GERMAN: Texts = Texts {
    tag: "de",
    title: "Löschbescheinigung",
    all_erased: "Alles, was gefunden wurde, ist gelöscht. Eine zweite Suche fand nichts mehr.",
    all_but_kept: "Alles, was gefunden wurde, ist gelöscht, außer dem, was aus den unten genannten \
                   Gründen aufbewahrt wird. Eine zweite Suche fand nichts weiter.",
    nothing_found: "Es wurde nichts gefunden, was die Person betrifft.",
    something_left: "Nicht alles konnte gelesen oder gelöscht werden. Was nicht, und warum, steht \
                     unten.",
    request: "Der Antrag",
    request_id: "Antrag",
    regulation: "Rechtsgrundlage",
    controller: "Verantwortlicher",
    submitted: "Gestellt",
    accepted: "Angenommen",
    acted: "Ausgeführt",
    verified: "Nachgeprüft",
    outcome: "Was geschehen ist",
    outcome_intro: "Objekte sind gespeicherte Dinge: Dateien, Dokumente, Einträge. Jede Version \
                    und jeder Snapshot zählt für sich.",
    source: "Quelle",
    became: "Ergebnis",
    reason: "Grund",
    items: "Objekte",
    total: "Alle",
    more_rows: "Weitere Zeilen fehlen hier; das signierte Dokument führt jedes Objekt auf: {count}",
    outcomes: [
        "gelöscht",
        "ohne die Person behalten: umgeschrieben",
        "war schon weg",
        "aufbewahrt",
        "nicht gelöscht: gesperrt",
        "nicht gelesen",
        "nicht gelöscht: immer wieder neu geschrieben",
        "nicht gelöscht: fehlgeschlagen",
    ],
    looked_at: "Durchsuchte Objekte: {count}",
    untouched: "Objekte, die unberührt blieben: {items}. Davon sind {unchanged} genau wie \
                zuvor; andere haben inzwischen {changed} geändert und {gone} entfernt.",
    horizon: "Ab wann es endgültig weg ist",
    gone_at_once: "Gelöscht am {at}. Seitdem lässt sich aus den Quellen nichts davon \
                   wiederherstellen.",
    gone_later: "Gelöscht am {at}. Der Speicherdienst hält Gelöschtes noch eine Weile vor; nach \
                 dem {after} lässt es sich nicht mehr wiederherstellen.",
    gone_unknown: "Gelöscht am {at}. Der Speicherdienst sagt nicht, wie lange sich Gelöschtes \
                   wiederherstellen lässt.",
    gone_nothing: "Es war nichts zu löschen; das stand am {at} fest.",
    outside: "Was außerhalb unserer Reichweite liegt",
    outside_intro: "Nicht Teil dieser Bescheinigung sind Sicherungen, Kopien außerhalb der Quellen \
                    und was nur ein Mensch tun kann:",
    checking: "Wie sich das prüfen lässt",
    checking_intro: "Diese Seite gibt in Worten wieder, was das signierte Dokument {name} genau \
                     sagt. Signiert ist nur das Dokument. So wird es geprüft:",
    checking_key: "DEPLOYMENT.pem ist der öffentliche Schlüssel, den der Betreiber herausgibt \
                   (dsrd config --public-key). Die Signatur ist ein abgetrenntes JWS (RFC 7515, \
                   Ed25519) über die kanonische Form (RFC 8785) des Dokuments ohne „signature“; \
                   auch andere Programme können sie prüfen.",
    key_id: "Schlüssel",
    digest: "SHA-256 des Dokuments",
    ledger: "Journal",
    policy: "Regeln",
    hashed: "Weder hier noch dort steht, wer die Person ist und wie die Objekte hießen. An ihrer \
             Stelle hat das Dokument Hashwerte unter einem Schlüssel, die nur der Betreiber \
             vergleichen kann.",
    written_by: "Ausgestellt von {program} für {deployment}.",
};

static FRENCH: Texts = Texts {
    tag: "fr",
    title: "Certificat d’effacement",
    all_erased: "Tout ce qui a été trouvé a été effacé. Un second examen n’a plus rien trouvé.",
    all_but_kept: "Tout ce qui a été trouvé a été effacé, sauf ce qui est conservé pour les motifs \
                   indiqués ci-dessous. Un second examen n’a rien trouvé de plus.",
    nothing_found: "Rien n’a été trouvé qui concerne la personne.",
    something_left: "Tout n’a pas pu être lu ou effacé. Ce qui ne l’a pas été, et pourquoi, figure \
                     ci-dessous.",
    request: "La demande",
    request_id: "Demande",
    regulation: "Droit applicable",
    controller: "Responsable du traitement",
    submitted: "Présentée",
    accepted: "Acceptée",
    acted: "Exécutée",
    verified: "Vérifiée",
    outcome: "Ce qu’il en est advenu",
    outcome_intro: "Les objets sont des choses stockées : fichiers, documents, enregistrements. \
                    Chaque version et chaque instantané compte séparément.",
    source: "Source",
    became: "Résultat",
    reason: "Motif",
    items: "Objets",
    total: "Total",
    more_rows: "D’autres lignes sont omises ici ; le document signé énumère chaque objet : {count}",
    outcomes: [
        "effacés",
        "conservés sans la personne : réécrits",
        "déjà disparus",
        "conservés",
        "non effacés : bloqués",
        "non lus",
        "non effacés : sans cesse réécrits",
        "non effacés : échec",
    ],
    looked_at: "Objets examinés : {count}",
    untouched: "Objets laissés intacts : {items}. {unchanged} sont exactement comme avant ; \
                d’autres en ont modifié {changed} et supprimé {gone} entre-temps.",
    horizon: "Quand tout est définitivement effacé",
    gone_at_once: "Effacé le {at}. Depuis, rien ne peut en être restauré à partir des sources.",
    gone_later: "Effacé le {at}. Le service de stockage garde un temps ce qui est supprimé ; après \
                 le {after}, rien ne peut plus en être restauré.",
    gone_unknown: "Effacé le {at}. Le service de stockage n’indique pas jusqu’à quand ce qui est \
                   supprimé peut être restauré.",
    gone_nothing: "Rien n’était à effacer ; cela a été établi le {at}.",
    outside: "Ce qui est hors de notre portée",
    outside_intro: "Ne font pas partie de ce certificat les sauvegardes, les copies hors des \
                    sources et ce que seule une personne peut faire :",
    checking: "Comment le vérifier",
    checking_intro: "Cette page met en mots ce que le document signé {name} dit exactement. Seul \
                     ce document est signé. Pour le vérifier :",
    checking_key: "DEPLOYMENT.pem est la clé publique que l’exploitant communique (dsrd config \
                   --public-key). La signature est un JWS détaché (RFC 7515, Ed25519) de la forme \
                   canonique (RFC 8785) du document sans « signature » ; d’autres programmes \
                   peuvent donc la vérifier aussi.",
    key_id: "Clé",
    digest: "SHA-256 du document",
    ledger: "Registre",
    policy: "Règles",
    hashed: "Ni ici ni là ne figure qui est la personne ou comment les objets s’appelaient. Le \
             document contient à leur place des empreintes à clé que seul l’exploitant peut \
             comparer.",
    written_by: "Établi par {program} pour {deployment}.",
};

static JAPANESE: Texts = Texts {
    tag: "ja",
    title: "消去証明書",
    all_erased: "見つかったものはすべて消去されました。再度の検索では何も見つかりませんでした。",
    all_but_kept: "見つかったものは、下記の理由で保存されるものを除き、すべて消去されました。再度の検\
                   索ではほかに何も見つかりませんでした。",
    nothing_found: "本人に関するものは見つかりませんでした。",
    something_left: "読み取りまたは消去ができなかったものがあります。その内容と理由を下記に示します。",
    request: "請求",
    request_id: "請求番号",
    regulation: "根拠法",
    controller: "管理者",
    submitted: "請求日時",
    accepted: "受付日時",
    acted: "実行日時",
    verified: "再確認日時",
    outcome: "結果",
    outcome_intro: "項目とは、ファイル、文書、記録など保存されたものを指します。バージョンとスナップ\
                    ショットはそれぞれ別に数えます。",
    source: "保存先",
    became: "結果",
    reason: "理由",
    items: "項目数",
    total: "合計",
    more_rows: "以下の行は省略しました。署名された文書には全項目が記載されています: {count}",
    outcomes: [
        "消去済み",
        "本人に関する部分を除いて保存（書き換え）",
        "すでに存在せず",
        "保存",
        "消去できず（制限あり）",
        "読み取れず",
        "消去できず（繰り返し書き込みあり）",
        "消去できず（失敗）",
    ],
    looked_at: "検索した項目数: {count}",
    untouched: "手を付けていない項目: {items}。うち {unchanged} は以前のままです。その間に他者が {changed} を変\
                更し、{gone} を削除しました。",
    horizon: "完全に失われる時期",
    gone_at_once: "{at} に消去されました。以後、保存先から復元することはできません。",
    gone_later: "{at} に消去されました。保存サービスは削除されたデータをしばらく保持します。{after} を\
                 過ぎると復元できなくなります。",
    gone_unknown: "{at} に消去されました。削除されたデータをいつまで復元できるかは、保存サービスから示\
                   されていません。",
    gone_nothing: "消去すべきものはありませんでした（{at} に確認）。",
    outside: "対象外のもの",
    outside_intro: "バックアップ、保存先以外にある写し、および人の手によってのみ行える次の事項は、この証\
                    明書に含まれません。",
    checking: "確認の方法",
    checking_intro: "このページは、署名された文書 {name} の内容を言葉で示したものです。署名されているの\
                     はその文書のみです。確認するには:",
    checking_key: "DEPLOYMENT.pem は運用者が公開する公開鍵です（dsrd config --public-key）。署名は、文\
                   書から「signature」を除いた正準形（RFC 8785）に対する分離 JWS（RFC 7515、Ed25519）\
                   であり、他のプログラムでも確認できます。",
    key_id: "鍵",
    digest: "文書の SHA-256",
    ledger: "台帳",
    policy: "規則",
    hashed: "本人が誰であるか、項目の名前が何であったかは、このページにも文書にも記載されません。代わり\
             に、運用者だけが照合できる鍵付きハッシュが記載されています。",
    written_by: "{deployment} のために {program} が作成しました。",
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_its_first_part() {
        for (tag, expected) in
            [("de-CH", "de"), ("JA", "ja"), ("fr", "fr"), ("en-GB", "en"), ("nl", "en"), ("", "en")]
        {
            assert_eq!(Texts::of(tag).tag, expected, "{tag}");
        }
    }
}
