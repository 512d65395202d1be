//! German.

use crate::archive::report::texts::table::{Places, Texts};

/// The texts.
pub static DE: Texts = Texts {
    language: "de",
    colon: ": ",
    thousands: ".",
    decimal: ",",
    units: ["B", "kB", "MB", "GB", "TB"],

    title_access: "Kopie Ihrer personenbezogenen Daten",
    title_portability: "Ihre personenbezogenen Daten zum Mitnehmen",
    intro_access: "Sie haben nach {basis} eine Kopie der personenbezogenen Daten verlangt, die in \
        Arbeitsbereichen für maschinelles Lernen über Sie gespeichert sind. Diese Seite sagt \
        Ihnen, was gefunden wurde. Die Daten selbst liegen in den Dateien daneben.",
    intro_portability: "Sie haben nach {basis} Ihre personenbezogenen Daten aus Arbeitsbereichen \
        für maschinelles Lernen in einer Form verlangt, die andere Dienste lesen können. Diese \
        Seite sagt Ihnen, was gefunden wurde. Die Daten selbst liegen in den Dateien daneben.",
    unpack: "Entpacken Sie zuerst das ganze Archiv: Die Verweise auf dieser Seite führen zu den \
        Dateien darin.",
    on_this_page: "Auf dieser Seite",

    request: "Ihre Anfrage",
    who_asks: "Wer fragt",
    email: "E-Mail-Adresse",
    upn: "Anmeldename",
    object_id: "Objekt-ID des Benutzerkontos",
    puid: "Kennung des Microsoft-Kontos",
    name: "Name",
    username: "Benutzername",
    customer_id: "Kundennummer",
    hashed: "als SHA-256-Hash angegeben",
    what_was_asked: "Was verlangt wurde",
    asked_access: "Auskunft: eine Kopie der Daten ({basis})",
    asked_portability: "Übertragbarkeit: die Daten in maschinenlesbarer Form ({basis})",
    when_asked: "Gestellt am",
    request_id: "Nummer der Anfrage",
    controller: "Für die Daten verantwortlich",
    contact: "An wen Sie sich wenden können",
    contact_unknown: "Bitte wenden Sie sich mit der Nummer der Anfrage dorthin, wo Sie sie \
        gestellt haben.",

    found: "Was gefunden wurde, und wo",
    found_nothing: "Es wurde nichts gefunden, das Sie erwähnt.",
    found_not_given: "Was gefunden wurde oder Sie erwähnen könnte, konnte nicht mitgegeben werden. \
        Warum, steht im Abschnitt „Was fehlt“.",
    searched: "Gesucht am",
    items_seen: "Angesehene Objekte",
    files_given: "Dateien in diesem Archiv",
    size: "Größe",
    runs_given: "Läufe, die Sie erwähnen",
    masked_files: "Dateien, in denen etwas verdeckt ist",
    not_given: "Objekte, die hier fehlen oder nicht vollständig sind",
    not_searched: "Objekte, die nicht durchsucht werden konnten",
    found_table: "Anzahl der Dateien nach Ort und nach Herkunft der Daten",
    place: "Ort",
    all: "Alle",
    provided: "Bereitgestellt",
    provided_means: "Was Sie selbst übergeben haben: was in Ihrem eigenen Benutzerordner liegt.",
    observed: "Beobachtet",
    observed_means: "Was bei Ihrer Arbeit entstand: Dokumente, Protokolle und Aufzeichnungen der \
        Läufe, die Sie angelegt haben.",
    inferred: "Abgeleitet",
    inferred_means: "Was Läufe berechnet haben, die Sie angelegt haben: Ergebnisse, Modelle, \
        Vorhersagen.",
    not_known: "Unbekannt",
    not_known_means: "Was Sie sonst erwähnt: Der Arbeitsbereich sagt nicht, wie es entstanden ist.",

    runs: "Ihre Läufe im Lauf der Zeit",
    runs_none: "Keine der Dateien ist das Dokument eines Laufs.",
    runs_intro: "Läufe sind Aufträge, die im Arbeitsbereich ausgeführt wurden. Dies sind \
        diejenigen, deren Dokumente Sie erwähnen. Alle Zeiten sind in UTC angegeben.",
    picture: "Zeitachse Ihrer Läufe",
    picture_says: "{runs} Läufe von {first} bis {last}, eine Zeile für jedes Experiment. Die \
        Tabelle darunter sagt dasselbe in Worten.",
    picture_completed: "abgeschlossen (Completed)",
    picture_other: "jeder andere Status",
    without_experiment: "(ohne Experiment)",
    other_experiments: "Andere Experimente",
    runs_table: "Läufe in der Reihenfolge ihres Beginns",
    run: "Lauf",
    experiment: "Experiment",
    status: "Status",
    began: "Beginn",
    ended: "Ende",
    runs_shown: "Dies sind die ersten {shown} von {all} Läufen. Die Datei runs.csv nennt alle.",
    runs_kept: "Es gibt mehr Läufe als die {all}, die hier und in runs.csv stehen; die übrigen \
        stehen in den Dokumenten selbst.",

    files: "Die Dateien",
    files_intro: "Jede Zeile ist eine Datei dieses Archivs, unter dem Lauf, zu dem sie gehört. Die \
        Tabelle steht auch in files.csv, für Tabellenprogramme.",
    of_no_run: "Außerhalb von Läufen",
    files_table: "Dateien dieses Archivs",
    file: "Datei",
    changed: "Zuletzt geändert",
    came_about: "Herkunft",
    mentions: "Wo Sie erwähnt werden",
    places: Places {
        name: "der Name",
        beside: "eine Eigenschaft: {what}",
        line: "Zeile {line}",
        column: "Zeile {line}, Zeichen {column}",
        field: "Feld {field}",
        byte: "Byte {byte}",
        page: "Seite {page}",
        row: "eine Zeile einer Tabelle",
        entry: "Spalte oder Eintrag {entry}",
        within: "{place}, in der Datei {file}",
    },
    more_mentions: "weitere Stellen: {count}",
    notes: "Hinweise",
    note_persons: "Andere Personen verdeckt: {count}",
    note_secrets: "Schlüssel entfernt: {count}",
    note_incomplete: "Nicht vollständig",
    files_shown: "Dies sind die ersten {shown} von {all} Dateien. Die Datei files.csv nennt alle.",

    masked: "Was verdeckt wurde und warum",
    masked_none: "Es wurde nichts verdeckt.",
    masked_table: "Was in den Dateien verdeckt wurde",
    what: "Was",
    how_often: "Wie oft",
    why: "Warum",
    persons: "Andere Personen",
    persons_why: "Sie heißen „Person 2“, „Person 3“ und so weiter, dieselbe Person immer gleich. \
        Ihre Kopie darf die Rechte und Freiheiten anderer nicht beeinträchtigen.",
    secrets: "Kennwörter, Schlüssel und Signaturen",
    secrets_why: "An ihrer Stelle steht „[removed]“. Sie würden jedem, der dieses Archiv hat, \
        Systeme öffnen, und sagen nichts über Sie.",

    unreadable: "Was fehlt",
    unreadable_none: "Alles, was gefunden wurde, konnte ganz mitgegeben werden.",
    unreadable_intro: "Diese Objekte erwähnen Sie oder könnten es tun und fehlen in diesem Archiv \
        oder sind nicht vollständig.",
    unreadable_table: "Objekte, die fehlen oder nicht vollständig sind",
    item: "Objekt",
    technical: "Technischer Grund",
    because_others: "Es enthält auch Daten oder Schlüssel anderer, die in diesem Format nicht \
        verdeckt werden können.",
    because_unsure: "Es ließ sich nicht ausschließen, dass es auch von anderen Personen handelt.",
    because_inferred: "Es wurde berechnet. Das Recht auf Übertragbarkeit umfasst, was Sie \
        bereitgestellt haben und was bei Ihnen beobachtet wurde; eine Kopie erhalten Sie mit \
        einer Auskunft.",
    because_origin: "Es ist nicht bekannt, dass Sie es bereitgestellt haben oder dass es bei Ihnen \
        beobachtet wurde. Mehr umfasst das Recht auf Übertragbarkeit nicht; eine Kopie erhalten \
        Sie mit einer Auskunft.",
    because_forbidden: "Der Zugriff darauf wurde verweigert.",
    because_archived: "Es liegt in einem Archivspeicher und kann nicht sofort gelesen werden.",
    because_encrypted: "Es ist verschlüsselt.",
    because_limit: "Es ist zu groß oder zu tief verpackt, um durchsucht zu werden.",
    because_broken: "Es ist beschädigt, oder das Lesen brach ab.",
    because_changed: "Es wurde geändert, während es gelesen wurde.",
    because_locked: "Jemand anders hatte es geöffnet.",
    because_name: "Sein Name lässt sich in keiner Anfrage an den Dienst nennen, der es aufbewahrt.",
    because_whose: "Mehrere Personen sollen diesen Ordner haben; wem er gehört, ist nicht klar.",
    because_no_source: "Es liegt an einem Ort, für den diese Suche nicht eingerichtet ist.",
    because_missing: "Es soll dort liegen, aber dort liegt nichts.",
    because_many: "Es ist mehr, als auf einmal durchsucht werden kann.",
    because_cut: "Der Dienst, der es aufbewahrt, gab rechtzeitig keine vollständige Antwort.",
    because_old: "Es ist so alt, dass es dort liegt, wo es sich nicht mehr abfragen lässt.",
    because_silent: "Der Dienst, der es aufbewahrt, gab darüber keine Auskunft.",
    because_unknown: "Es konnte nicht gelesen werden.",
    unreadable_shown: "Dies sind die ersten {shown} von {all} Objekten. Die Datei manifest.json \
        nennt alle.",
    unsearched_intro: "Diese Objekte konnten nicht durchsucht werden, und weder ihr Name noch was \
        daneben steht erwähnt Sie. Sie können anderen gehören; deshalb sind sie hier gezählt und \
        nicht genannt.",
    unsearched_table: "Objekte, die nicht durchsucht werden konnten, nach Ort und Grund",
    how_many: "Wie viele",
    declared: "Nicht durchsucht: {reason}. Der Verantwortliche hat am {on} erklärt, dass solche \
        Objekte niemanden betreffen ({why}).",

    beyond: "Was außerhalb dieser Suche liegt",
    beyond_none: "Es ist nichts bekannt, das diese Suche nicht erreicht.",
    beyond_intro: "Das Folgende gehört nicht zu diesem Archiv. Der Verantwortliche muss dort von \
        Hand nachsehen; fragen Sie ihn danach.",
    privacy_portal: "Protokolle, die Azure Machine Learning selbst über seine Benutzer führt. Im \
        Azure-Portal kann sie ein Administrator der Organisation exportieren und löschen; \
        automatisch geht das nicht.",
    page_for_it: "Seite dafür",

    rights: "Ihre Rechte",
    rights_intro: "Nach {law} haben Sie diese Rechte. Um sie auszuüben, wenden Sie sich an die \
        oben genannte Stelle.",

    made_by: "Geschrieben von {program}.",
    other_files: "Die Datei manifest.json gibt vollständig Rechenschaft, für Programme: woher jede \
        Datei stammt, ihre SHA-256-Prüfsumme und alle Stellen, die Sie erwähnen.",
};
