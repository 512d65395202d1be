//! What people are told of the places that were looked at, in each language.

use crate::domain::coverage::covered::{Covered, WITHHELD};
use crate::domain::coverage::place::{Looked, PlaceSort};
use crate::domain::regulation::choice::primary;

/// The sentences and words of one language.
pub struct Words {
    /// Heading of the part.
    pub heading: &'static str,
    /// What it is about.
    pub intro: &'static str,
    /// Caption and columns of the table.
    pub table: &'static str,
    pub sort: &'static str,
    pub name: &'static str,
    pub source: &'static str,
    pub answer: &'static str,
    /// How many lines are not shown: `{count}`.
    pub more: &'static str,
    /// So many places in one line: `{count}`.
    pub several: &'static str,
    /// In place of a name.
    pub withheld: &'static str,
    sorts: [&'static str; 9],
    answers: [&'static str; 5],
}

impl Words {
    /// What a sort of places is called.
    pub fn sort(&self, sort: PlaceSort) -> &'static str {
        let at = PlaceSort::ALL.iter().position(|one| *one == sort);
        self.sorts[at.expect("all of them are listed")]
    }

    /// Whether a place was looked at, in words.
    pub fn answer(&self, looked: Looked) -> &'static str {
        let at = Looked::ALL.iter().position(|one| *one == looked);
        self.answers[at.expect("all of them are listed")]
    }

    /// What a place is called; how many it is, where these are several.
    pub fn called(&self, covered: &Covered) -> String {
        let name = match covered.name.as_deref() {
            Some(WITHHELD) => self.withheld,
            Some(name) => name,
            None => "",
        };
        let at = covered.at.as_deref().filter(|at| *at != name);
        let mut called = match at {
            Some(at) if name.is_empty() => at.to_owned(),
            Some(at) => format!("{name} ({at})"),
            None => name.to_owned(),
        };
        if let Some(places) = covered.places {
            let several = self.several.replace("{count}", &places.to_string());
            called = [called, several].join(" ").trim_start().to_owned();
        }
        called
    }
}

/// The words of the language of this BCP 47 tag, or English ones.
pub fn words(language: &str) -> &'static Words {
    match primary(language).as_str() {
        "de" => &GERMAN,
        "fr" => &FRENCH,
        "ja" => &JAPANESE,
        _ => &ENGLISH,
    }
}

static ENGLISH: Words = Words {
    heading: "Where was looked, and where not",
    intro: "These are the places that were known when the search was made. What is said here is \
        said of those that were looked at, and of no others.",
    table: "Places that are known, and whether they were looked at",
    sort: "Sort of place",
    name: "Name",
    source: "Told by",
    answer: "Looked at?",
    more: "There are {count} more lines; the document beside this page has all of them.",
    several: "{count} places",
    withheld: "(name withheld)",
    sorts: [
        "Source",
        "Container or folder",
        "File share",
        "Datastore",
        "Service of the workspace",
        "Table of telemetry",
        "Registry of container images",
        "Copies that the storage account keeps elsewhere",
        "Logs that Microsoft’s services write about users",
    ],
    answers: [
        "yes",
        "no: this search is not set up for it",
        "no: the request names other places",
        "no: access was denied",
        "no: no program can look there",
    ],
};

static GERMAN: Words = Words {
    heading: "Wo gesucht wurde, und wo nicht",
    intro: "Das sind die Orte, die bei der Suche bekannt waren. Was hier steht, gilt für die \
        durchsuchten Orte und für keine anderen.",
    table: "Bekannte Orte, und ob sie durchsucht wurden",
    sort: "Art des Ortes",
    name: "Name",
    source: "Bekannt durch",
    answer: "Durchsucht?",
    more: "Es gibt {count} weitere Zeilen; das Dokument neben dieser Seite hat sie alle.",
    several: "{count} Orte",
    withheld: "(Name zurückgehalten)",
    sorts: [
        "Quelle",
        "Container oder Ordner",
        "Dateifreigabe",
        "Datenspeicher",
        "Dienst des Arbeitsbereichs",
        "Tabelle der Telemetrie",
        "Registry für Container-Images",
        "Kopien, die das Speicherkonto anderswo hält",
        "Protokolle, die Dienste von Microsoft über Benutzer führen",
    ],
    answers: [
        "ja",
        "nein: diese Suche ist dafür nicht eingerichtet",
        "nein: die Anfrage nennt andere Orte",
        "nein: der Zugriff wurde verweigert",
        "nein: dort kann kein Programm suchen",
    ],
};

static FRENCH: Words = Words {
    heading: "Où l’on a cherché, et où non",
    intro: "Voici les lieux connus au moment de la recherche. Ce qui est dit ici vaut pour les \
        lieux examinés, et pour aucun autre.",
    table: "Lieux connus, et s’ils ont été examinés",
    sort: "Sorte de lieu",
    name: "Nom",
    source: "Connu par",
    answer: "Examiné ?",
    more: "Il y a {count} lignes de plus ; le document à côté de cette page les contient toutes.",
    several: "{count} lieux",
    withheld: "(nom non communiqué)",
    sorts: [
        "Source",
        "Conteneur ou dossier",
        "Partage de fichiers",
        "Magasin de données",
        "Service de l’espace de travail",
        "Table de télémétrie",
        "Registre d’images de conteneurs",
        "Copies que le compte de stockage garde ailleurs",
        "Journaux que les services de Microsoft tiennent sur les utilisateurs",
    ],
    answers: [
        "oui",
        "non : cette recherche n’est pas configurée pour ce lieu",
        "non : la demande nomme d’autres lieux",
        "non : l’accès a été refusé",
        "non : aucun programme ne peut y chercher",
    ],
};

static JAPANESE: Words = Words {
    heading: "調べた場所と、調べていない場所",
    intro: "検索のときに知られていた場所です。ここに書かれていることは、調べた場所だけに当てはまり、\
        ほかの場所には当てはまりません。",
    table: "知られている場所と、調べたかどうか",
    sort: "場所の種類",
    name: "名前",
    source: "情報元",
    answer: "調べたか",
    more: "ほかに {count} 行あります。すべてはこのページの隣の文書にあります。",
    several: "{count} か所",
    withheld: "(名前は伏せています)",
    sorts: [
        "ソース",
        "コンテナーまたはフォルダー",
        "ファイル共有",
        "データストア",
        "ワークスペースのサービス",
        "テレメトリのテーブル",
        "コンテナーイメージのレジストリ",
        "ストレージアカウントが別の場所に持つ複製",
        "Microsoft のサービスが利用者について書くログ",
    ],
    answers: [
        "はい",
        "いいえ: この検索の設定に含まれていません",
        "いいえ: 請求は別の場所を指定しています",
        "いいえ: アクセスが拒否されました",
        "いいえ: プログラムでは調べられません",
    ],
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_called_by_its_name_where_that_may_be_told() {
        let place = |name: Option<&str>, at: Option<&str>, places| Covered {
            at: at.map(str::to_owned),
            looked: Looked::NotConfigured,
            name: name.map(str::to_owned),
            places,
            sort: PlaceSort::Datastore,
            source: None,
            why: String::new(),
        };
        for (language, covered, expected) in [
            ("en", place(Some("store"), Some("a/c"), None), "store (a/c)"),
            ("en", place(Some("a/c"), Some("a/c"), None), "a/c"),
            ("de", place(Some(WITHHELD), None, None), "(Name zurückgehalten)"),
            ("fr-CA", place(Some(WITHHELD), None, Some(3)), "(nom non communiqué) 3 lieux"),
            ("ja", place(None, None, Some(12)), "12 か所"),
            ("nl", place(None, None, Some(12)), "12 places"),
        ] {
            assert_eq!(words(language).called(&covered), expected);
        }
    }
}
