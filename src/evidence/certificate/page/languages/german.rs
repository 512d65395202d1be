//! German.

use crate::evidence::certificate::page::texts::Texts;

/// The sentences and words.
pub static GERMAN: Texts = Texts {
    tag: "de",
    title: "Löschbescheinigung",
    all_erased: "Alles, was gefunden wurde, ist gelöscht oder ohne die Person neu geschrieben. \
        Eine zweite Suche fand nichts mehr.",
    all_but_kept: "Alles, was gefunden wurde, ist gelöscht oder ohne die Person neu geschrieben, \
        außer dem, was aus den unten genannten Gründen aufbewahrt wird. Eine zweite Suche fand \
        nichts weiter.",
    nothing_found: "Es wurde nichts gefunden, was die Person betrifft.",
    something_left: "Nicht alles konnte gelesen oder gelöscht werden. Wie viel nicht, wo und \
        warum, steht unten; welche Objekte es waren, kann der Betreiber eine Zeit lang nachsehen.",
    title_of_thing: "Bescheinigung über eine Ressource",
    thing_gone: "Die Ressource und alles, was zu ihr gehört, ist gelöscht. Eine zweite Suche \
        fand nichts mehr davon.",
    thing_aside: "Was verlangt war, wurde beiseitegelegt und nicht gelöscht: Es ist nicht mehr \
        registriert oder ausgeblendet. Eine zweite Suche fand es so vor.",
    thing_unfound: "Eine solche Ressource gab es nicht, oder keine, mit der das noch zu tun war.",
    thing_kept: "Was verlangt war, ist getan, außer mit dem, was aus den unten genannten Gründen \
        aufbewahrt wird.",
    request: "Der Antrag",
    request_id: "Antrag",
    thing: "Ressource",
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
        "nicht durchsucht: enthält laut Erklärung niemanden",
        "beiseitegelegt: nicht mehr registriert",
        "beiseitegelegt: ausgeblendet",
    ],
    meanings: [
        "{codes}: Diesen Teil des Eintrags eines Laufs, etwa wer ihn angelegt \
         hat, lässt der Dienst niemanden ändern. Er verschwindet nur mit dem \
         ganzen Lauf.",
        "{codes}: Eine Momentaufnahme der ganzen Freigabe bewahrt es, wie es \
         war, und niemand kann eine Momentaufnahme ändern. Es verschwindet, wenn \
         sie oder die Sicherung, zu der sie gehört, von denen entfernt wird, die \
         sie aufbewahren.",
        "{codes}: Jemand hatte es geöffnet oder Teile davon gesperrt. Es blieb, \
         wie es war.",
        "{codes}: Es ist so gekennzeichnet, dass niemand es ändern oder löschen \
         darf. Es blieb, wie es war.",
        "{codes}: Es ist schon gelöscht und besteht, bis es geschlossen wird, wo \
         es noch geöffnet ist.",
        "{codes}: In diesem Verzeichnis liegt noch etwas.",
        "{codes}: Sein Name oder Pfad lässt sich in keiner Anfrage an den Dienst \
         nennen; es konnte weder gelesen noch geändert werden. Umbenennen oder \
         löschen lässt es sich auf anderem Weg, etwa wo seine Freigabe eingebunden ist.",
        "{codes}: Der Identität, mit der dies ausgeführt wurde, fehlt dort das Recht dazu. \
         Es blieb, wie es war.",
    ],
    declared: "{items} Objekte der Form „{form}“ in {source} wurden nicht durchsucht: {by} hat am \
        {on} erklärt, dass sie niemanden betreffen ({reason}).",
    decisions: "Wer was entschieden hat",
    who: "Wer",
    when: "Wann",
    decision: "Entscheidung",
    decided: [
        "genehmigt",
        "abgelehnt",
        "zurückgezogen",
        "angehalten",
        "erneut versucht",
        "verlängert",
    ],
    looked_at: "Durchsuchte Objekte: {count}",
    known: "Davon wurden {known} nicht erneut gelesen: Sie sind unverändert, seit eine frühere \
            Suche sie gelesen hat, und was seither von ihnen bekannt ist, nennt niemanden, der \
            gesucht wurde. Von den {seen} des zweiten Blicks gilt das für {again}.",
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
    privacy_portal: "Protokolle, die Azure Machine Learning selbst über seine Benutzer führt. Ein \
                     Administrator des Mandanten exportiert und löscht sie im Azure-Portal; kein \
                     Programm kann das.",
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
