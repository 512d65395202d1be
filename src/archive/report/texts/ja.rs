//! Japanese.

use crate::archive::report::texts::table::{Places, Texts};

/// The texts.
pub static JA: Texts = Texts {
    language: "ja",
    colon: "：",
    thousands: ",",
    decimal: ".",
    units: ["B", "kB", "MB", "GB", "TB"],

    title_access: "あなたの個人データの写し",
    title_portability: "持ち運びのためのあなたの個人データ",
    intro_access: "{basis}に基づき、機械学習ワークスペースに保存されているあなたの個人データの写しを\
        請求されました。このページでは、何が見つかったかを説明します。データそのものは、\
        同じアーカイブ内のファイルにあります。",
    intro_portability: "{basis}に基づき、機械学習ワークスペースにあるあなたの個人データを、他のサービスが\
        読み取れる形式で請求されました。このページでは、何が見つかったかを説明します。\
        データそのものは、同じアーカイブ内のファイルにあります。",
    unpack: "最初にアーカイブ全体を展開してください。このページのリンクは、その中のファイルを\
        開きます。",
    on_this_page: "目次",

    request: "ご請求の内容",
    who_asks: "請求者",
    email: "メールアドレス",
    upn: "サインイン名",
    object_id: "ユーザーのオブジェクトID",
    puid: "MicrosoftアカウントのID",
    name: "氏名",
    username: "ユーザー名",
    customer_id: "お客様番号",
    hashed: "SHA-256ハッシュで指定",
    what_was_asked: "請求の種類",
    asked_access: "アクセス：データの写し（{basis}）",
    asked_portability: "データポータビリティ：機械で読み取れる形式のデータ（{basis}）",
    when_asked: "請求日時",
    request_id: "請求番号",
    controller: "データの管理者",
    contact: "お問い合わせ先",
    contact_unknown: "請求を行った窓口に、請求番号を添えてお問い合わせください。",

    found: "見つかったものとその場所",
    found_nothing: "あなたに言及しているものは見つかりませんでした。",
    found_not_given: "見つかったもの、または言及している可能性のあるものは、提供できませんでした。理由は\
        「含まれていないもの」に示します。",
    searched: "検索日時",
    items_seen: "調べた項目",
    files_given: "このアーカイブのファイル",
    size: "サイズ",
    runs_given: "あなたに言及している実行",
    masked_files: "一部を伏せたファイル",
    not_given: "含まれていない、または不完全な項目",
    not_searched: "中を検索できなかった項目",
    found_table: "場所とデータの由来ごとのファイル数",
    place: "場所",
    all: "合計",
    provided: "提供",
    provided_means: "あなた自身が渡したもの：あなたのユーザーフォルダーにあるもの。",
    observed: "観測",
    observed_means: "作業中に生じたもの：あなたが作成した実行の記録文書、ログ、計算資源の記録。",
    inferred: "推論",
    inferred_means: "あなたが作成した実行が計算したもの：出力、モデル、予測。",
    not_known: "不明",
    not_known_means: "その他の場所であなたに言及しているもの：由来はワークスペースからは分かりません。",

    runs: "実行の時系列",
    runs_none: "実行の記録文書であるファイルはありません。",
    runs_intro: "「実行」とは、ワークスペースで行われたジョブです。ここに示すのは、記録文書が\
        あなたに言及している実行です。時刻はすべて協定世界時（UTC）です。",
    picture: "あなたの実行の時系列図",
    picture_says: "{first}から{last}までの{runs}件の実行。1行が1つの実験です。同じ内容を下の表に\
        示します。",
    picture_completed: "完了（Completed）",
    picture_other: "その他の状態",
    without_experiment: "（実験なし）",
    other_experiments: "その他の実験",
    runs_table: "開始順の実行一覧",
    run: "実行",
    experiment: "実験",
    status: "状態",
    began: "開始",
    ended: "終了",
    runs_shown: "{all}件の実行のうち、最初の{shown}件です。すべての実行はruns.csvにあります。",
    runs_kept: "実行は、ここおよびruns.csvに記載した{all}件より多くあります。残りは記録文書そのものに\
        含まれています。",

    files: "ファイル",
    files_intro: "各行が、このアーカイブの1つのファイルです。ファイルが属する実行ごとにまとめています。\
        同じ表は、表計算ソフト用のfiles.csvにもあります。",
    of_no_run: "実行に属さないもの",
    files_table: "このアーカイブのファイル一覧",
    file: "ファイル",
    changed: "最終更新",
    came_about: "由来",
    mentions: "あなたに言及している箇所",
    places: Places {
        name: "名前",
        beside: "プロパティ：{what}",
        line: "{line}行目",
        column: "{line}行目の{column}文字目",
        field: "フィールド{field}",
        byte: "{byte}バイト目",
        page: "{page}ページ目",
        row: "表の行",
        entry: "列または項目{entry}",
        within: "{file}の中の{place}",
    },
    more_mentions: "ほか{count}か所",
    notes: "備考",
    note_persons: "伏せた他の人物：{count}か所",
    note_secrets: "削除した鍵：{count}か所",
    note_incomplete: "不完全",
    files_shown: "{all}個のファイルのうち、最初の{shown}個です。すべてのファイルはfiles.csvにあります。",

    masked: "伏せたものとその理由",
    masked_none: "伏せたものはありません。",
    masked_table: "ファイルの中で伏せたもの",
    what: "対象",
    how_often: "箇所数",
    why: "理由",
    persons: "他の人物",
    persons_why: "「Person 2」「Person 3」のように置き換えています。同じ人物は常に同じ番号です。\
        あなたへの写しが他の人の権利と自由を害してはならないためです。",
    secrets: "パスワード、鍵、署名",
    secrets_why: "「[removed]」に置き換えています。このアーカイブを持つ人なら誰でもシステムに\
        入れるようになってしまう一方、あなたに関する情報ではないためです。",

    unreadable: "含まれていないもの",
    unreadable_none: "見つかったものは、すべて完全な形で提供しています。",
    unreadable_intro: "次の項目は、あなたに言及している、または言及している可能性がありますが、\
        このアーカイブに含まれていないか、不完全です。",
    unreadable_table: "含まれていない、または不完全な項目",
    item: "項目",
    technical: "技術的な理由",
    because_others: "他の人のデータまたは鍵も含まれており、この形式では伏せることができません。",
    because_unsure: "他の人物についても書かれている可能性を否定できませんでした。",
    because_inferred: "計算されたものです。データポータビリティの対象は、あなたが提供したものと観測された\
        ものです。写しはアクセスの請求で入手できます。",
    because_origin: "あなたが提供したもの、または観測されたものであるかが分かりません。データ\
        ポータビリティの対象はそれらに限られます。写しはアクセスの請求で入手できます。",
    because_forbidden: "アクセスが拒否されました。",
    because_archived: "オフラインの保管領域にあり、すぐには読み取れません。",
    because_encrypted: "暗号化されています。",
    because_limit: "大きすぎるか、圧縮の入れ子が深すぎるため、検索できません。",
    because_broken: "破損しているか、読み取りが途中で途切れました。",
    because_changed: "読み取り中に変更されました。",
    because_locked: "他の人が開いていました。",
    because_name: "保管しているサービスへの要求では表せない名前が付いています。",
    because_whose: "このフォルダーは複数の人のものとされており、誰のものか明らかではありません。",
    because_no_source: "この検索の対象として設定されていない場所にあります。",
    because_missing: "そこにあるはずですが、何もありません。",
    because_many: "一度に調べられる量を超えています。",
    because_cut: "保管しているサービスが、時間内に完全な回答を返しませんでした。",
    because_old: "古いため、照会できない場所に保管されています。",
    because_silent: "保管しているサービスが、これについて回答しませんでした。",
    because_unknown: "読み取れませんでした。",
    unreadable_shown: "{all}件の項目のうち、最初の{shown}件です。すべての項目はmanifest.jsonに\
        あります。",
    unsearched_intro: "次の項目は中を検索できませんでした。名前や付属情報はあなたに言及していません。\
        他の人のものである可能性があるため、名前は示さず件数のみを示します。",
    unsearched_table: "中を検索できなかった項目（場所と理由ごと）",
    how_many: "件数",
    declared: "検索していません：{reason}。このような項目は誰に関するものでもないと、管理者が{on}に\
        宣言しています（{why}）。",

    beyond: "この検索の範囲外にあるもの",
    beyond_none: "この検索が及ばないものは知られていません。",
    beyond_intro: "次のものはこのアーカイブに含まれていません。管理者が手作業で確認する必要が\
        あります。管理者にお問い合わせください。",
    privacy_portal: "Azure Machine Learning自体が利用者について記録するログ。組織の管理者が\
        Azureポータルでエクスポートおよび消去できますが、自動で行う方法はありません。",
    page_for_it: "該当ページ",

    rights: "あなたの権利",
    rights_intro: "{law}により、次の権利があります。行使するには、上記のお問い合わせ先に\
        ご連絡ください。",

    made_by: "作成：{program}",
    other_files: "manifest.jsonはプログラム向けの完全な記録です。各ファイルの出所、SHA-256ダイジェスト、\
        あなたに言及しているすべての箇所が記載されています。",
};
