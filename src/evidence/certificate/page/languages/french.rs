//! French.

use crate::evidence::certificate::page::texts::Texts;

/// The sentences and words.
pub static FRENCH: Texts = Texts {
    tag: "fr",
    title: "Certificat d’effacement",
    all_erased: "Tout ce qui a été trouvé a été effacé, ou réécrit sans la personne. Un second \
        examen n’a plus rien trouvé.",
    all_but_kept: "Tout ce qui a été trouvé a été effacé, ou réécrit sans la personne, sauf ce \
        qui est conservé pour les motifs indiqués ci-dessous. Un second examen n’a rien trouvé de \
        plus.",
    nothing_found: "Rien n’a été trouvé qui concerne la personne.",
    something_left: "Tout n’a pas pu être lu ou effacé. Combien, où et pourquoi figure ci-dessous \
        ; de quels objets il s’agit, l’exploitant peut le consulter pendant un temps.",
    title_of_thing: "Certificat relatif à une ressource",
    thing_gone: "La ressource et tout ce qui en fait partie ont été supprimés. Un second examen \
        n’en a plus rien trouvé.",
    thing_aside: "Ce qui était demandé a été mis de côté, et non effacé : ce n’est plus \
        enregistré, ou c’est masqué. Un second examen l’a trouvé ainsi.",
    thing_unfound: "Une telle ressource n’existait pas, ou rien ne restait à faire avec elle.",
    thing_kept: "Ce qui était demandé a été fait, sauf avec ce qui est conservé pour les motifs \
        indiqués ci-dessous.",
    request: "La demande",
    request_id: "Demande",
    thing: "Ressource",
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
        "non examinés : déclarés sans donnée personnelle",
        "mis de côté : plus enregistrés",
        "mis de côté : masqués",
    ],
    meanings: [
        "{codes} : le service ne laisse personne modifier cette partie de \
         l’enregistrement d’une exécution, par exemple son auteur. Elle ne \
         disparaît qu’avec l’exécution entière.",
        "{codes} : un instantané de tout le partage le conserve tel qu’il était, \
         et personne ne peut modifier un instantané. Il disparaît quand ceux qui \
         conservent l’instantané, ou la sauvegarde dont il fait partie, le \
         suppriment.",
        "{codes} : quelqu’un l’avait ouvert ou en avait verrouillé des parties. \
         Il est resté tel quel.",
        "{codes} : il est marqué de sorte que personne ne puisse le modifier ni \
         le supprimer. Il est resté tel quel.",
        "{codes} : il est déjà supprimé et subsiste jusqu’à ce que ceux qui \
         l’ont ouvert le ferment.",
        "{codes} : ce répertoire contient encore quelque chose.",
        "{codes} : aucune requête au service ne peut dire son nom ou son \
         chemin ; il n’a pu être ni lu ni modifié. Il peut être renommé ou supprimé par \
         d’autres moyens, par exemple là où son partage est monté.",
        "{codes} : l’identité qui a servi à ce traitement n’en a pas le droit à cet endroit. \
         Il est resté tel quel.",
    ],
    declared: "{items} objets de la forme « {form} » dans {source} n’ont pas été examinés : {by} a \
               déclaré le {on} qu’ils ne concernent personne ({reason}).",
    decisions: "Qui a décidé quoi",
    who: "Qui",
    when: "Quand",
    decision: "Décision",
    decided: ["approuvé", "refusé", "retiré", "arrêté", "relancé", "prolongé"],
    looked_at: "Objets examinés : {count}",
    known: "Parmi eux, {known} n’ont pas été relus : ils n’ont pas changé depuis qu’une \
            recherche antérieure les a lus, et ce que l’on en sait depuis ne nomme aucune \
            personne recherchée. Parmi les {seen} du second contrôle, c’est le cas de {again}.",
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
    privacy_portal: "Journaux qu’Azure Machine Learning tient lui-même sur ses utilisateurs. Un \
                     administrateur du locataire les exporte et les efface dans le portail Azure ; \
                     aucun programme ne le peut.",
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
