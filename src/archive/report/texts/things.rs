//! What the page says otherwise where a thing was asked for: no person asks, and it speaks to
//! nobody.

use crate::archive::report::texts::de::DE;
use crate::archive::report::texts::en::EN;
use crate::archive::report::texts::fr::FR;
use crate::archive::report::texts::ja::JA;
use crate::archive::report::texts::table::Texts;

/// English.
pub static EN_OF_THINGS: Texts = Texts {
    title_access: "A copy of a resource",
    intro_access: "A copy of a resource of a machine learning workspace was asked for: what its \
        service says of it, and its files. Nobody who is named in it is hidden, since no person \
        asked for data about themselves. The data itself is in the files beside this page.",
    request: "The request",
    who_asks: "Resource",
    asked_access: "Export: a copy of the resource",
    found: "What belongs to it",
    found_nothing: "There is no resource of this name, or nothing belongs to it.",
    found_not_given: "What belongs to it could not be given. The section “What is missing” says \
        why.",
    runs_given: "Runs",
    masked_files: "Files in which something is removed",
    found_table: "Number of files, by place",
    runs: "Runs over time",
    runs_intro: "Runs are jobs that were carried out in the workspace. These are the ones that \
        the resource is, or that belong to it. All times are in UTC.",
    picture: "Timeline of the runs",
    files_intro: "Each line is one file of this archive. The table is also in files.csv, for \
        spreadsheets.",
    masked: "What was removed, and why",
    masked_none: "Nothing was removed.",
    masked_table: "What was removed from the files",
    secrets_why: "They are replaced by “[removed]”. They would open systems to anyone who has this \
        archive. In formats that cannot be rewritten they are not looked for.",
    unreadable_intro: "These belong to the resource, and are missing from this archive or are not \
        complete.",
    other_files: "The file manifest.json is the full account, for programs: where each file comes \
        from, and its SHA-256 digest.",
    ..EN
};

/// German.
pub static DE_OF_THINGS: Texts = Texts {
    title_access: "Kopie einer Ressource",
    intro_access: "Verlangt wurde eine Kopie einer Ressource eines Arbeitsbereichs für \
        maschinelles Lernen: was ihr Dienst über sie sagt, und ihre Dateien. Niemand, der darin \
        genannt ist, ist verdeckt, denn keine Person hat nach ihren eigenen Daten gefragt. Die \
        Daten selbst liegen in den Dateien neben dieser Seite.",
    request: "Die Anfrage",
    who_asks: "Ressource",
    asked_access: "Export: eine Kopie der Ressource",
    found: "Was dazu gehört",
    found_nothing: "Eine Ressource dieses Namens gibt es nicht, oder nichts gehört zu ihr.",
    found_not_given: "Was dazu gehört, konnte nicht mitgegeben werden. Warum, steht im Abschnitt \
        „Was fehlt“.",
    runs_given: "Läufe",
    masked_files: "Dateien, aus denen etwas entfernt ist",
    found_table: "Anzahl der Dateien nach Ort",
    runs: "Läufe im Lauf der Zeit",
    runs_intro: "Läufe sind Aufträge, die im Arbeitsbereich ausgeführt wurden. Dies sind \
        diejenigen, die die Ressource ist oder die zu ihr gehören. Alle Zeiten sind in UTC \
        angegeben.",
    picture: "Zeitachse der Läufe",
    files_intro: "Jede Zeile ist eine Datei dieses Archivs. Die Tabelle steht auch in files.csv, \
        für Tabellenprogramme.",
    masked: "Was entfernt wurde, und warum",
    masked_none: "Es wurde nichts entfernt.",
    masked_table: "Was aus den Dateien entfernt wurde",
    secrets_why: "Sie sind durch „[removed]“ ersetzt. Sie würden jedem, der dieses Archiv hat, \
        Systeme öffnen. In Formaten, die sich nicht umschreiben lassen, wird nicht nach ihnen \
        gesucht.",
    unreadable_intro: "Dies gehört zur Ressource und fehlt in diesem Archiv oder ist nicht \
        vollständig.",
    other_files: "Die Datei manifest.json ist der vollständige Nachweis, für Programme: woher jede \
        Datei stammt, und ihre SHA-256-Prüfsumme.",
    ..DE
};

/// French.
pub static FR_OF_THINGS: Texts = Texts {
    title_access: "Copie d’une ressource",
    intro_access: "Une copie d’une ressource d’un espace de travail d’apprentissage automatique a \
        été demandée\u{a0}: ce que son service en dit, et ses fichiers. Aucune personne nommée \
        n’y est masquée, car personne n’a demandé ses propres données. Les données elles-mêmes \
        sont dans les fichiers à côté de cette page.",
    request: "La demande",
    who_asks: "Ressource",
    asked_access: "Exportation\u{a0}: une copie de la ressource",
    found: "Ce qui en fait partie",
    found_nothing: "Il n’y a pas de ressource de ce nom, ou rien n’en fait partie.",
    found_not_given: "Ce qui en fait partie n’a pas pu être remis. La section «\u{a0}Ce qui \
        manque\u{a0}» dit pourquoi.",
    runs_given: "Exécutions",
    masked_files: "Fichiers dont quelque chose est retiré",
    found_table: "Nombre de fichiers, par endroit",
    runs: "Exécutions au fil du temps",
    runs_intro: "Les exécutions sont des travaux effectués dans l’espace de travail. Voici celles \
        que la ressource est, ou qui en font partie. Toutes les heures sont en UTC.",
    picture: "Chronologie des exécutions",
    files_intro: "Chaque ligne est un fichier de cette archive. Le tableau se trouve aussi dans \
        files.csv, pour les tableurs.",
    masked: "Ce qui a été retiré, et pourquoi",
    masked_none: "Rien n’a été retiré.",
    masked_table: "Ce qui a été retiré des fichiers",
    secrets_why: "Ils sont remplacés par «\u{a0}[removed]\u{a0}». Ils ouvriraient des systèmes à \
        quiconque a cette archive. Ils ne sont pas recherchés dans les formats qui ne peuvent \
        être réécrits.",
    unreadable_intro: "Ces éléments font partie de la ressource, et manquent dans cette archive ou \
        n’y sont pas complets.",
    other_files: "Le fichier manifest.json est le compte rendu complet, pour les programmes\u{a0}: \
        d’où vient chaque fichier, et son empreinte SHA-256.",
    ..FR
};

/// Japanese.
pub static JA_OF_THINGS: Texts = Texts {
    title_access: "リソースの写し",
    intro_access: "機械学習ワークスペースのリソースの写しが求められました。サービスがそれについて\
        述べていることと、そのファイルです。本人からの請求ではないため、記載されている人は隠されて\
        いません。データそのものは、このページと並ぶファイルにあります。",
    request: "請求",
    who_asks: "リソース",
    asked_access: "エクスポート：リソースの写し",
    found: "リソースに属するもの",
    found_nothing: "この名前のリソースがないか、それに属するものがありません。",
    found_not_given: "属するものは提供できませんでした。理由は「欠けているもの」の節にあります。",
    runs_given: "実行",
    masked_files: "一部が取り除かれたファイル",
    found_table: "場所ごとのファイル数",
    runs: "実行の時間的な流れ",
    runs_intro: "実行とは、ワークスペースで行われたジョブです。ここにあるのは、リソースそのもの、\
        またはそれに属する実行です。時刻はすべて UTC です。",
    picture: "実行の年表",
    files_intro: "各行がこのアーカイブの一つのファイルです。この表は、表計算ソフト用に files.csv に\
        もあります。",
    masked: "取り除かれたものとその理由",
    masked_none: "取り除かれたものはありません。",
    masked_table: "ファイルから取り除かれたもの",
    secrets_why: "「[removed]」に置き換えられています。このアーカイブを持つ誰にでもシステムへの扉を\
        開くものだからです。書き換えられない形式では探されません。",
    unreadable_intro: "これらはリソースに属しますが、このアーカイブに含まれていないか、不完全です。",
    other_files: "manifest.json はプログラム向けの完全な記録です。各ファイルの出所と SHA-256 の値が\
        あります。",
    ..JA
};
