//! Japanese.

use crate::evidence::certificate::page::texts::Texts;

/// The sentences and words.
pub static JAPANESE: Texts = Texts {
    tag: "ja",
    title: "消去証明書",
    all_erased: "見つかったものはすべて消去されたか、本人に関する部分を除いて書き換えられました。再度の検索では\
                 何も見つかりませんでした。",
    all_but_kept: "見つかったものは、下記の理由で保存されるものを除き、すべて消去されたか、本人に関する部分を除い\
                   て書き換えられました。再度の検索ではほかに何も見つかりませんでした。",
    nothing_found: "本人に関するものは見つかりませんでした。",
    something_left: "読み取りまたは消去ができなかったものがあります。件数、場所、理由を下記に示します。どの項目である\
                     かは、運用者が一定期間確認できます。",
    title_of_thing: "リソースに関する証明書",
    thing_gone: "リソースとそれに属するものはすべて削除されました。再度の検索では何も見つかりませんでした。",
    thing_aside: "請求されたものは登録解除または非表示とされ、消去はされていません。再度の検索でそのとおり確認されました。",
    thing_unfound: "該当するリソースがないか、請求された処理はすでに済んでいました。",
    thing_kept: "請求された処理は、下記の理由で保存されるものを除き、完了しました。",
    request: "請求",
    request_id: "請求番号",
    thing: "リソース",
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
        "検索せず（個人を含まないと宣言済み）",
        "登録解除（消去ではない）",
        "非表示（消去ではない）",
    ],
    declared: "{source} にある形式「{form}」の項目 {items} 件は検索していません。{by} が {on} に、個人に関するもの\
               ではないと宣言しています（{reason}）。",
    decisions: "決定の記録",
    who: "決定者",
    when: "日時",
    decision: "決定",
    decided: ["承認", "却下", "取り下げ", "停止", "再試行"],
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
    privacy_portal: "Azure Machine Learning 自体が利用者について記録するログ。テナントの管理者が Azure ポータルで\
                     エクスポートおよび消去します。プログラムからは行えません。",
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
