//! French.

use crate::archive::report::texts::table::Texts;

/// The texts.
pub static FR: Texts = Texts {
    language: "fr",
    colon: "\u{a0}: ",
    thousands: "\u{202f}",
    decimal: ",",
    units: ["o", "ko", "Mo", "Go", "To"],

    title_access: "Copie de vos données personnelles",
    title_portability: "Vos données personnelles, à emporter",
    intro_access: "Vous avez demandé, en vertu de l’article 15 du règlement général sur la \
        protection des données (RGPD), une copie des données personnelles détenues à votre sujet \
        dans des espaces de travail d’apprentissage automatique. Cette page vous indique ce qui \
        a été trouvé. Les données elles-mêmes sont dans les fichiers joints.",
    intro_portability: "Vous avez demandé, en vertu de l’article 20 du règlement général sur la \
        protection des données (RGPD), vos données personnelles issues d’espaces de travail \
        d’apprentissage automatique sous une forme que d’autres services peuvent lire. Cette \
        page vous indique ce qui a été trouvé. Les données elles-mêmes sont dans les fichiers \
        joints.",
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
    asked_access: "Accès\u{a0}: une copie des données (article 15 du RGPD)",
    asked_portability: "Portabilité\u{a0}: les données sous une forme lisible par machine \
        (article 20 du RGPD)",
    when_asked: "Demandé le",
    request_id: "Numéro de la demande",
    controller: "Responsable du traitement",
    contact: "À qui s’adresser",
    contact_unknown: "Adressez-vous là où vous avez fait votre demande, en indiquant son numéro.",

    found: "Ce qui a été trouvé, et où",
    found_nothing: "Rien n’a été trouvé qui vous mentionne.",
    items_seen: "Éléments examinés",
    files_given: "Fichiers dans cette archive",
    size: "Taille",
    runs_given: "Exécutions qui vous mentionnent",
    masked_files: "Fichiers dans lesquels quelque chose est masqué",
    not_given: "Éléments qui n’ont pas pu être remis, ou pas en entier",
    found_table: "Nombre de fichiers, par lieu et par origine des données",
    place: "Lieu",
    all: "Total",
    provided: "Fournies",
    provided_means: "Ce que vous avez remis vous-même\u{a0}: fichiers envoyés, notebooks, code.",
    observed: "Observées",
    observed_means: "Ce qui est apparu pendant votre travail\u{a0}: documents d’exécution, \
        journaux, relevés de calcul.",
    inferred: "Déduites",
    inferred_means: "Ce qui a été calculé\u{a0}: résultats d’exécutions, modèles, prédictions.",

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
    files_intro: "Chaque ligne est un fichier de cette archive. «\u{a0}/createdBy/upn\u{a0}» est \
        le champ upn dans le champ createdBy d’un document\u{a0}; «\u{a0}line 3\u{a0}» est la \
        troisième ligne d’un texte. Le tableau est aussi dans files.csv, pour les tableurs.",
    files_table: "Fichiers de cette archive",
    file: "Fichier",
    changed: "Dernière modification",
    came_about: "Origine",
    mentions: "Où il est question de vous",
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
        atteinte aux droits et libertés d’autrui (article 15, paragraphe 4, et article 20, \
        paragraphe 4, du RGPD).",
    secrets: "Mots de passe, clés et signatures",
    secrets_why: "Ils sont remplacés par «\u{a0}[removed]\u{a0}». Ils ouvriraient des systèmes à \
        quiconque possède cette archive, et ne disent rien de vous (article 32 du RGPD).",

    unreadable: "Ce qui n’a pas pu être remis",
    unreadable_none: "Tout ce qui a été trouvé a pu être remis en entier.",
    unreadable_intro: "Ces éléments vous mentionnent, ou pourraient le faire, et manquent dans \
        cette archive ou sont incomplets.",
    unreadable_table: "Éléments manquants ou incomplets",
    item: "Élément",
    technical: "Raison technique",
    because_others: "Il nomme aussi d’autres personnes, qui ne peuvent pas être masquées dans ce \
        format.",
    because_forbidden: "L’accès à cet élément a été refusé.",
    because_archived: "Il se trouve dans un stockage hors ligne et ne peut pas être lu tout de \
        suite.",
    because_encrypted: "Il est chiffré.",
    because_limit: "Il est trop volumineux ou trop profondément emboîté pour être examiné.",
    because_broken: "Il est endommagé, ou sa lecture s’est interrompue.",
    because_changed: "Il était modifié pendant qu’il était lu.",
    because_unknown: "Il n’a pas pu être lu.",
    unreadable_shown: "Voici les {shown} premiers éléments sur {all}. Le fichier manifest.json \
        les indique tous.",

    beyond: "Ce qui est hors de portée de cette recherche",
    beyond_none: "On ne connaît rien que cette recherche n’atteigne pas.",
    beyond_intro: "Ce qui suit ne fait pas partie de cette archive. Le responsable du traitement \
        doit y chercher à la main\u{a0}; demandez-le-lui.",
    privacy_portal: "Journaux qu’Azure Machine Learning tient lui-même sur ses utilisateurs. Un \
        administrateur de l’organisation peut les exporter et les effacer dans le portail \
        Azure\u{a0}; cela ne peut pas se faire automatiquement.",
    page_for_it: "Page prévue à cet effet",

    rights: "Vos droits",
    rights_intro: "Le règlement général sur la protection des données (RGPD) vous donne ces \
        droits. Pour les exercer, adressez-vous au contact indiqué plus haut.",
    right_to_know: "En savoir plus\u{a0}: à quoi servent vos données, qui les reçoit, combien de \
        temps elles sont conservées, d’où elles viennent, si des décisions sont prises par des \
        machines seules et comment elles sont protégées dans d’autres pays (article 15, \
        paragraphes 1 et 2). Cette archive est la copie des données\u{a0}; ces informations \
        viennent du responsable du traitement.",
    right_to_rectify: "Faire corriger ce qui est faux et compléter ce qui manque (article 16).",
    right_to_erase: "Faire effacer des données (article 17), faire limiter leur traitement \
        (article 18) et vous y opposer (article 21), aux conditions qui y sont prévues.",
    right_to_take: "Recevoir sous une forme lisible par machine les données que vous avez \
        fournies, et les transmettre (article 20).",
    right_in_time: "Recevoir une réponse dans un délai d’un mois, en règle générale \
        gratuitement\u{a0}; ce délai peut être prolongé de deux mois pour des motifs qui doivent \
        vous être indiqués (article 12, paragraphes 3 et 5).",
    right_to_complain: "Introduire une réclamation auprès d’une autorité de contrôle de la \
        protection des données, par exemple là où vous vivez ou travaillez (article 77), et \
        saisir un tribunal (article 79).",

    made_by: "Rédigé par {program}.",
    other_files: "Le fichier manifest.json est le relevé complet, pour les programmes\u{a0}: \
        d’où vient chaque fichier, son empreinte SHA-256 et tous les endroits qui vous \
        mentionnent.",
};
