//! French.

use crate::archive::report::texts::table::{Places, Texts};

/// The texts.
pub static FR: Texts = Texts {
    language: "fr",
    colon: "\u{a0}: ",
    thousands: "\u{202f}",
    decimal: ",",
    units: ["o", "ko", "Mo", "Go", "To"],

    title_access: "Copie de vos données personnelles",
    title_portability: "Vos données personnelles, à emporter",
    intro_access: "Vous avez demandé, en vertu {basis}, une copie des données personnelles \
        détenues à votre sujet dans des espaces de travail d’apprentissage automatique. Cette \
        page vous indique ce qui a été trouvé. Les données elles-mêmes sont dans les fichiers \
        joints.",
    intro_portability: "Vous avez demandé, en vertu {basis}, vos données personnelles issues \
        d’espaces de travail d’apprentissage automatique sous une forme que d’autres services \
        peuvent lire. Cette page vous indique ce qui a été trouvé. Les données elles-mêmes sont \
        dans les fichiers joints.",
    unpack: "Décompressez d’abord toute l’archive\u{a0}: les liens de cette page mènent aux \
        fichiers qu’elle contient.",
    on_this_page: "Sur cette page",

    request: "Votre demande",
    who_asks: "Qui demande",
    email: "Adresse électronique",
    upn: "Nom de connexion",
    object_id: "Identifiant d’objet de l’utilisateur",
    puid: "Identifiant du compte Microsoft",
    name: "Nom",
    username: "Nom d’utilisateur",
    customer_id: "Numéro de client",
    hashed: "donné sous forme d’empreinte SHA-256",
    what_was_asked: "Ce qui a été demandé",
    asked_access: "Accès\u{a0}: une copie des données ({basis})",
    asked_portability: "Portabilité\u{a0}: les données sous une forme lisible par machine \
        ({basis})",
    when_asked: "Demandé le",
    request_id: "Numéro de la demande",
    controller: "Responsable du traitement",
    contact: "À qui s’adresser",
    contact_unknown: "Adressez-vous là où vous avez fait votre demande, en indiquant son numéro.",

    found: "Ce qui a été trouvé, et où",
    found_nothing: "Rien n’a été trouvé qui vous mentionne.",
    found_not_given: "Ce qui a été trouvé, ou qui pourrait vous mentionner, n’a pas pu être \
        remis. La section «\u{a0}Ce qui manque\u{a0}» dit pourquoi.",
    searched: "Recherche effectuée le",
    items_seen: "Éléments regardés",
    files_given: "Fichiers dans cette archive",
    size: "Taille",
    runs_given: "Exécutions qui vous mentionnent",
    masked_files: "Fichiers dans lesquels quelque chose est masqué",
    not_given: "Éléments qui manquent ici, ou sont incomplets",
    not_searched: "Éléments qui n’ont pas pu être examinés",
    found_table: "Nombre de fichiers, par lieu et par origine des données",
    place: "Lieu",
    all: "Total",
    provided: "Fournies",
    provided_means: "Ce que vous avez remis vous-même\u{a0}: ce qui se trouve dans votre propre \
        dossier d’utilisateur.",
    observed: "Observées",
    observed_means: "Ce qui est apparu pendant votre travail\u{a0}: documents, journaux et relevés \
        de calcul des exécutions que vous avez créées.",
    inferred: "Déduites",
    inferred_means: "Ce que les exécutions que vous avez créées ont calculé\u{a0}: résultats, \
        modèles, prédictions.",
    not_known: "Origine inconnue",
    not_known_means: "Ce qui vous mentionne ailleurs\u{a0}: l’espace de travail ne dit pas comment \
        cela est apparu.",

    runs: "Vos exécutions dans le temps",
    runs_none: "Aucun des fichiers n’est un document d’exécution.",
    runs_intro: "Les exécutions sont des tâches effectuées dans l’espace de travail. Voici \
        celles dont les documents vous mentionnent. Toutes les heures sont en UTC.",
    picture: "Chronologie de vos exécutions",
    picture_says: "{runs} exécutions du {first} au {last}, une ligne par expérience. Le tableau \
        ci-dessous dit la même chose en toutes lettres.",
    picture_completed: "terminée (Completed)",
    picture_other: "tout autre état",
    without_experiment: "(sans expérience)",
    other_experiments: "Autres expériences",
    runs_table: "Exécutions, dans l’ordre de leur début",
    run: "Exécution",
    experiment: "Expérience",
    status: "État",
    began: "Début",
    ended: "Fin",
    runs_shown: "Voici les {shown} premières exécutions sur {all}. Le fichier runs.csv les \
        indique toutes.",
    runs_kept: "Il y a plus d’exécutions que les {all} indiquées ici et dans runs.csv\u{a0}; les \
        autres figurent dans les documents eux-mêmes.",

    files: "Les fichiers",
    files_intro: "Chaque ligne est un fichier de cette archive, sous l’exécution à laquelle il \
        appartient. Le tableau est aussi dans files.csv, pour les tableurs.",
    of_no_run: "Hors de toute exécution",
    files_table: "Fichiers de cette archive",
    file: "Fichier",
    changed: "Dernière modification",
    came_about: "Origine",
    mentions: "Où il est question de vous",
    places: Places {
        name: "le nom",
        beside: "une propriété\u{a0}: {what}",
        line: "ligne {line}",
        column: "ligne {line}, caractère {column}",
        field: "champ {field}",
        byte: "octet {byte}",
        page: "à la page {page}",
        row: "une ligne d’un tableau",
        entry: "colonne ou entrée {entry}",
        within: "{place}, dans {file}",
    },
    more_mentions: "autres endroits\u{a0}: {count}",
    notes: "Remarques",
    note_persons: "Autres personnes masquées\u{a0}: {count}",
    note_secrets: "Clés retirées\u{a0}: {count}",
    note_incomplete: "Incomplet",
    files_shown: "Voici les {shown} premiers fichiers sur {all}. Le fichier files.csv les \
        indique tous.",

    masked: "Ce qui a été masqué, et pourquoi",
    masked_none: "Rien n’a été masqué.",
    masked_table: "Ce qui a été masqué dans les fichiers",
    what: "Quoi",
    how_often: "Combien de fois",
    why: "Pourquoi",
    persons: "Autres personnes",
    persons_why: "Elles sont appelées «\u{a0}Person 2\u{a0}», «\u{a0}Person 3\u{a0}» et ainsi de \
        suite, toujours de la même façon pour la même personne. Votre copie ne doit pas porter \
        atteinte aux droits et libertés d’autrui.",
    secrets: "Mots de passe, clés et signatures",
    secrets_why: "Ils sont remplacés par «\u{a0}[removed]\u{a0}». Ils ouvriraient des systèmes à \
        quiconque possède cette archive, et ne disent rien de vous.",

    unreadable: "Ce qui manque",
    unreadable_none: "Tout ce qui a été trouvé a pu être remis en entier.",
    unreadable_intro: "Ces éléments vous mentionnent, ou pourraient le faire, et manquent dans \
        cette archive ou sont incomplets.",
    unreadable_table: "Éléments manquants ou incomplets",
    item: "Élément",
    technical: "Raison technique",
    because_others: "Il contient aussi des données ou des clés d’autrui, qui ne peuvent pas être \
        masquées dans ce format.",
    because_unsure: "Il n’a pas pu être exclu qu’il parle aussi d’autres personnes.",
    because_inferred: "Il a été calculé. Le droit à la portabilité couvre ce que vous avez fourni \
        et ce qui a été observé de vous\u{a0}; demandez l’accès pour en obtenir une copie.",
    because_origin: "On ne sait pas si vous l’avez fourni ou s’il a été observé de vous. Le droit \
        à la portabilité ne couvre rien de plus\u{a0}; demandez l’accès pour en obtenir une copie.",
    because_forbidden: "L’accès à cet élément a été refusé.",
    because_archived: "Il se trouve dans un stockage hors ligne et ne peut pas être lu tout de \
        suite.",
    because_encrypted: "Il est chiffré.",
    because_limit: "Il est trop volumineux ou trop profondément emboîté pour être examiné.",
    because_broken: "Il est endommagé, ou sa lecture s’est interrompue.",
    because_changed: "Il était modifié pendant qu’il était lu.",
    because_locked: "Quelqu’un d’autre l’avait ouvert.",
    because_name: "Aucune requête au service qui le conserve ne peut dire son nom.",
    because_whose: "Ce dossier serait à plusieurs personnes, et on ne sait pas à laquelle il est.",
    because_no_source: "Il se trouve à un endroit que cette recherche n’est pas configurée pour \
        lire.",
    because_missing: "Il devrait s’y trouver, et il n’y a rien.",
    because_many: "Il y en a plus qu’il n’est possible d’examiner en une fois.",
    because_cut: "Le service qui le conserve n’a pas donné de réponse complète à temps.",
    because_old: "Il est si ancien qu’il est conservé là où il ne peut plus être interrogé.",
    because_silent: "Le service qui le conserve n’a pas donné de réponse à son sujet.",
    because_unknown: "Il n’a pas pu être lu.",
    unreadable_shown: "Voici les {shown} premiers éléments sur {all}. Le fichier manifest.json \
        les indique tous.",
    unsearched_intro: "Ces éléments n’ont pas pu être examinés, et ni leur nom ni ce qui \
        l’accompagne ne vous mentionnent. Ils peuvent appartenir à d’autres\u{a0}: ils sont donc \
        comptés ici, et non nommés.",
    unsearched_table: "Éléments qui n’ont pas pu être examinés, par lieu et par raison",
    how_many: "Combien",
    declared: "Non examinés\u{a0}: {reason}. Le responsable du traitement a déclaré le {on} que \
        de tels éléments ne concernent personne ({why}).",

    beyond: "Ce qui est hors de portée de cette recherche",
    beyond_none: "On ne connaît rien que cette recherche n’atteigne pas.",
    beyond_intro: "Ce qui suit ne fait pas partie de cette archive. Le responsable du traitement \
        doit y chercher à la main\u{a0}; demandez-le-lui.",
    privacy_portal: "Journaux qu’Azure Machine Learning tient lui-même sur ses utilisateurs. Un \
        administrateur de l’organisation peut les exporter et les effacer dans le portail \
        Azure\u{a0}; cela ne peut pas se faire automatiquement.",
    page_for_it: "Page prévue à cet effet",

    rights: "Vos droits",
    rights_intro: "En vertu {law}, vous avez les droits suivants. Pour les exercer, adressez-vous \
        au contact indiqué plus haut.",

    made_by: "Rédigé par {program}.",
    other_files: "Le fichier manifest.json est le relevé complet, pour les programmes\u{a0}: \
        d’où vient chaque fichier, son empreinte SHA-256 et tous les endroits qui vous \
        mentionnent.",
};
