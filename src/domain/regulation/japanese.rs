//! The laws in Japanese.

use crate::domain::regulation::law::Law;
use crate::domain::regulation::words::Words;

/// The words for a law; for none of ours, words that claim nothing.
pub fn words(law: Option<Law>) -> &'static Words {
    match law {
        Some(Law::Gdpr) => &GDPR,
        Some(Law::UkGdpr) => &UK_GDPR,
        Some(Law::Ccpa) => &CCPA,
        Some(Law::Lgpd) => &LGPD,
        None => &OTHER,
    }
}

static GDPR: Words = Words {
    law: "一般データ保護規則（GDPR）",
    access: "一般データ保護規則（GDPR）第15条",
    access_short: "GDPR第15条",
    portability: "一般データ保護規則（GDPR）第20条",
    portability_short: "GDPR第20条",
    erasure: "一般データ保護規則（GDPR）第17条",
    others: "GDPR第15条第4項、第20条第4項",
    security: "GDPR第32条",
    rights: &[
        TO_KNOW,
        TO_RECTIFY,
        TO_ERASE,
        TO_TAKE,
        IN_TIME,
        "居住地や勤務地などのデータ保護監督機関に苦情を申し立てる権利（第77条）、および裁判所に訴える\
         権利（第79条）。",
    ],
};

static UK_GDPR: Words = Words {
    law: "英国一般データ保護規則（UK GDPR）",
    access: "英国一般データ保護規則（UK GDPR）第15条",
    access_short: "UK GDPR第15条",
    portability: "英国一般データ保護規則（UK GDPR）第20条",
    portability_short: "UK GDPR第20条",
    erasure: "英国一般データ保護規則（UK GDPR）第17条",
    others: "UK GDPR第15条第4項、第20条第4項",
    security: "UK GDPR第32条",
    rights: &[
        TO_KNOW,
        TO_RECTIFY,
        TO_ERASE,
        TO_TAKE,
        IN_TIME,
        "情報コミッショナーに苦情を申し立てる権利（第77条）、および裁判所に訴える権利（第79条）。",
    ],
};

const TO_KNOW: &str = "詳しい説明を受ける権利：データの利用目的、提供先、保存期間、入手元、機械のみに\
    よる決定の有無、他国での保護措置（第15条第1項、第2項）。このアーカイブはデータの写しです。\
    これらの説明は管理者が行います。";
const TO_RECTIFY: &str = "誤りを訂正させ、不足を補わせる権利（第16条）。";
const TO_ERASE: &str = "定められた条件のもとで、データを消去させる権利（第17条）、利用を制限させる権利\
    （第18条）、利用に異議を述べる権利（第21条）。";
const TO_TAKE: &str =
    "自分が提供したデータを機械で読み取れる形式で受け取り、他へ渡す権利（第20条）。";
const IN_TIME: &str = "1か月以内に、原則として無料で回答を受ける権利。期間は2か月延長されることがあり、\
    その場合は理由が知らされます（第12条）。";

static CCPA: Words = Words {
    law: "カリフォルニア州消費者プライバシー法（CCPA）",
    access: "カリフォルニア州消費者プライバシー法（CCPA）第1798.100条および第1798.110条",
    access_short: "CCPA第1798.110条",
    portability: "カリフォルニア州消費者プライバシー法（CCPA）第1798.130条",
    portability_short: "CCPA第1798.130条",
    erasure: "カリフォルニア州消費者プライバシー法（CCPA）第1798.105条",
    others: "CCPA第1798.145条",
    security: "CCPA第1798.100条",
    rights: &[
        "どのような個人情報が収集され、どこから得られ、何に使われ、誰に販売、共有または開示されて\
         いるかを知る権利（第1798.100条、第1798.110条、第1798.115条）。このアーカイブは情報の\
         写しです。その他の説明は事業者が行います。",
        "誤りを訂正させる権利（第1798.106条）。",
        "定められた例外を除き、あなたから収集された情報を削除させる権利（第1798.105条）。",
        "販売と共有を拒む権利（第1798.120条）、および機微な情報の利用を制限させる権利\
         （第1798.121条）。",
        "これらの権利を行使したことで不利に扱われない権利（第1798.125条）。",
        "45日以内に無料で回答を受ける権利。通知があれば一度に限り45日延長されることがあります\
         （第1798.130条）。",
        "カリフォルニア州プライバシー保護庁または司法長官に苦情を申し立てる権利。",
    ],
};

static LGPD: Words = Words {
    law: "ブラジル一般データ保護法（LGPD）",
    access: "ブラジル一般データ保護法（LGPD）第18条II号および第19条",
    access_short: "LGPD第18条II号",
    portability: "ブラジル一般データ保護法（LGPD）第18条V号",
    portability_short: "LGPD第18条V号",
    erasure: "ブラジル一般データ保護法（LGPD）第18条IV号およびVI号",
    others: "",
    security: "LGPD第46条",
    rights: &[
        "データの取り扱いの有無の確認を受け、データを入手し、共有先を知る権利（第18条I号、II号、\
         VII号）。このアーカイブはデータの写しです。その他の説明は管理者が行います。",
        "不完全、不正確または古いデータを訂正させる権利（第18条III号）。",
        "不要または違法に取り扱われているデータを匿名化、停止または削除させる権利（第18条IV号）、\
         および同意に基づいて取り扱われているデータを削除させる権利（第18条VI号）。",
        "データを他の事業者へ移す権利（第18条V号）。",
        "同意を撤回する権利（第18条IX号）、および機械のみによる決定の見直しを求める権利（第20条）。",
        "15日以内に完全な回答を（第19条）、無料で受ける権利（第18条第5項）。",
        "国家データ保護庁（ANPD）に申し立てる権利（第18条第1項）。",
    ],
};

static OTHER: Words = Words {
    law: "ご請求に記載された法令",
    access: "ご請求に記載された法令",
    access_short: "請求に記載された法令による",
    portability: "ご請求に記載された法令",
    portability_short: "請求に記載された法令による",
    erasure: "請求に記載された法令",
    others: "",
    security: "",
    rights: &["この法令によってどのような権利があるかは、管理者にお尋ねください。"],
};
