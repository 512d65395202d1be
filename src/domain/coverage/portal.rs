//! What only a tenant administrator can do about the logs that Microsoft's services write about
//! users, step by step, in each language.
//!
//! Of the page there is known that a tenant administrator adds export requests there, that these
//! may take hours or days, and that logs of a closed account go within 30 days. What Microsoft says
//! is told as what Microsoft says.

use crate::domain::regulation::choice::primary;

/// The system, as it is named everywhere.
pub const PORTAL: &str = "Azure Privacy portal";

/// The page of it.
pub const PORTAL_URL: &str =
    "https://portal.azure.com/#blade/Microsoft_Azure_Policy/UserPrivacyMenuBlade/Overview";

/// The sentences of one language.
pub struct Portal {
    /// Who has to do it.
    pub who: &'static str,
    /// The step before the others where the request names no object id.
    pub look_up: &'static str,
    /// What is done for a copy, in order.
    pub export: [&'static str; 3],
    /// What is done for an erasure, in order.
    pub erase: [&'static str; 3],
    /// How long a copy takes, and an erasure.
    pub export_takes: &'static str,
    pub erase_takes: &'static str,
    /// What is said before the object id, where that may be told.
    pub object_id: &'static str,
    /// Who fetches what Microsoft Graph has copied.
    pub fetcher: &'static str,
    /// What is done with it, in order: `{at}` is where it lies.
    pub fetch: [&'static str; 2],
    /// That Microsoft Graph was to copy it, and did not: `{why}`.
    pub not_copied: &'static str,
}

impl Portal {
    /// The steps, in order.
    pub fn steps(&self, is_export: bool, is_known: bool) -> Vec<&'static str> {
        let first = (!is_known).then_some(self.look_up);
        let rest = if is_export { self.export } else { self.erase };
        first.into_iter().chain(rest).collect()
    }

    /// The steps with a copy that lies there, in order.
    pub fn fetching(&self, at: &str) -> Vec<String> {
        self.fetch.iter().map(|step| step.replace("{at}", at)).collect()
    }

    /// How long it takes.
    pub fn takes(&self, is_export: bool) -> &'static str {
        if is_export { self.export_takes } else { self.erase_takes }
    }
}

/// The sentences of the language of this BCP 47 tag, or English ones.
pub fn portal(language: &str) -> &'static Portal {
    match primary(language).as_str() {
        "de" => &GERMAN,
        "fr" => &FRENCH,
        "ja" => &JAPANESE,
        _ => &ENGLISH,
    }
}

static ENGLISH: Portal = Portal {
    who: "An administrator of the organisation’s Microsoft Entra tenant.",
    look_up: "Look up the object ID of the user in Microsoft Entra: the request does not name it.",
    export: [
        "Open the user privacy page of the Azure portal as a tenant administrator.",
        "Choose “Add export request” for that user.",
        "When the export is there, hand it to the person: it is no part of what was given until \
            then.",
    ],
    erase: [
        "Decide whether the account of the user may go: by Microsoft’s account these logs are \
            erased after the user was deleted, and everything that the account opens ends with it.",
        "Delete the user in Microsoft Entra as a tenant administrator, for good.",
        "Nobody reports that the logs are gone: nothing of them is counted as erased.",
    ],
    export_takes: "Hours or days, by Microsoft’s account.",
    erase_takes: "Up to 30 days after the user was deleted, by Microsoft’s account.",
    object_id: "Object ID of the user",
    fetcher: "Whoever may read that storage account.",
    fetch: [
        "Fetch what Microsoft Graph has copied to {at}.",
        "Hand it to the person: it is no part of the archive.",
    ],
    not_copied: "Microsoft Graph was to copy these logs, and did not ({why}).",
};

static GERMAN: Portal = Portal {
    who: "Eine Person, die den Microsoft-Entra-Mandanten der Organisation verwaltet.",
    look_up: "Die Objekt-ID des Benutzers in Microsoft Entra nachsehen: die Anfrage nennt sie \
        nicht.",
    export: [
        "Die Seite zum Datenschutz der Benutzer im Azure-Portal als Mandantenadministrator öffnen.",
        "Dort „Exportanforderung hinzufügen“ („Add export request“) für diesen Benutzer wählen.",
        "Den Export der Person geben, sobald er da ist: bis dahin gehört er nicht zu dem, was \
            gegeben wurde.",
    ],
    erase: [
        "Entscheiden, ob das Konto des Benutzers gelöscht werden darf: nach Angaben von Microsoft \
            werden diese Protokolle gelöscht, nachdem der Benutzer gelöscht wurde, und mit dem \
            Konto endet alles, wozu es Zugang gibt.",
        "Den Benutzer in Microsoft Entra als Mandantenadministrator endgültig löschen.",
        "Niemand meldet, dass die Protokolle weg sind: nichts davon zählt als gelöscht.",
    ],
    export_takes: "Stunden oder Tage, nach Angaben von Microsoft.",
    erase_takes: "Bis zu 30 Tage nach dem Löschen des Benutzers, nach Angaben von Microsoft.",
    object_id: "Objekt-ID des Benutzers",
    fetcher: "Wer dieses Speicherkonto lesen darf.",
    fetch: [
        "Holen, was Microsoft Graph nach {at} kopiert hat.",
        "Der Person geben: es ist kein Teil des Archivs.",
    ],
    not_copied: "Microsoft Graph sollte diese Protokolle kopieren und hat es nicht getan ({why}).",
};

static FRENCH: Portal = Portal {
    who: "Un administrateur du locataire Microsoft Entra de l’organisation.",
    look_up: "Chercher l’identifiant d’objet de l’utilisateur dans Microsoft Entra : la demande \
        ne le donne pas.",
    export: [
        "Ouvrir, comme administrateur du locataire, la page du portail Azure sur la \
            confidentialité des utilisateurs.",
        "Y choisir « Ajouter une demande d’exportation » (« Add export request ») pour cet \
            utilisateur.",
        "Remettre l’export à la personne dès qu’il est là : jusqu’alors il ne fait pas partie de \
            ce qui a été remis.",
    ],
    erase: [
        "Décider si le compte de l’utilisateur peut disparaître : selon Microsoft, ces journaux \
            sont effacés après la suppression de l’utilisateur, et tout ce que ce compte ouvre \
            prend fin avec lui.",
        "Supprimer définitivement l’utilisateur dans Microsoft Entra, comme administrateur du \
            locataire.",
        "Personne n’annonce que les journaux ont disparu : rien n’en est compté comme effacé.",
    ],
    export_takes: "Des heures ou des jours, selon Microsoft.",
    erase_takes: "Jusqu’à 30 jours après la suppression de l’utilisateur, selon Microsoft.",
    object_id: "Identifiant d’objet de l’utilisateur",
    fetcher: "Quiconque peut lire ce compte de stockage.",
    fetch: [
        "Chercher ce que Microsoft Graph a copié dans {at}.",
        "Le remettre à la personne : cela ne fait pas partie de l’archive.",
    ],
    not_copied: "Microsoft Graph devait copier ces journaux et ne l’a pas fait ({why}).",
};

static JAPANESE: Portal = Portal {
    who: "組織の Microsoft Entra テナントの管理者。",
    look_up: "Microsoft Entra で利用者のオブジェクト ID を調べます。請求には書かれていません。",
    export: [
        "テナント管理者として、Azure portal の利用者プライバシーのページを開きます。",
        "その利用者について「エクスポート要求の追加」(Add export request) を選びます。",
        "エクスポートができたら本人に渡します。それまでは、渡したものには含まれません。",
    ],
    erase: [
        "利用者のアカウントを消してよいか決めます。Microsoft によれば、これらのログは利用者の削除の\
            後に消され、そのアカウントで使えるものはすべて使えなくなります。",
        "テナント管理者として、Microsoft Entra で利用者を完全に削除します。",
        "ログが消えたことは誰も知らせません。消去した数には一切含まれません。",
    ],
    export_takes: "Microsoft によれば、数時間から数日。",
    erase_takes: "Microsoft によれば、利用者の削除から最長 30 日。",
    object_id: "利用者のオブジェクト ID",
    fetcher: "そのストレージアカウントを読める人。",
    fetch: [
        "Microsoft Graph が {at} に複製したものを取り出します。",
        "本人に渡します。アーカイブには含まれていません。",
    ],
    not_copied: "Microsoft Graph がこれらのログを複製するはずでしたが、されませんでした ({why})。",
};
