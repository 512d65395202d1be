//! Names in scripts without spaces between words: which neighbours make another word of them.
//!
//! What adjoins is mostly grammar, a title or a label, and a reader still sees the name: 担当者石川
//! さくらさん. But runs of katakana are words, so that one more letter makes another; marks and
//! dependent vowels belong to the letter before them; and a name of two characters is found in so
//! many words (林一 in 森林一覧) that it needs neighbours which are known to end a word.

use crate::matching::views::spelling::spaceless::is_spaceless;

/// Whether a name in such a script is no part of a longer word; all folded.
pub fn stands_apart(before: &str, hit: &str, after: &str) -> bool {
    let (Some(first), Some(last)) = (hit.chars().next(), hit.chars().next_back()) else {
        return false;
    };
    let (previous, next) = (before.chars().next_back(), after.chars().next());
    let cut_before = previous.is_some_and(|previous| goes_on(previous, first));
    let cut_after = next.is_some_and(|next| goes_on(last, next)) && !is_katakana_title(after);
    let in_latin = [previous, next].iter().all(|c| c.is_some_and(|c| c.is_ascii_alphabetic()));
    let is_cut = cut_before || cut_after || in_latin && is_kana(first);
    !is_cut && !is_within_words(before, hit, after)
}

/// Whether a name with the given name first is not the end of one name and the start of another:
/// 鈴木太郎 山田花子 names no 山田 太郎.
pub fn stands_turned(before: &str, hit: &str, after: &str) -> bool {
    if !hit.starts_with(is_spaceless) {
        return true;
    }
    // 鈴木 太郎 山田 花子, with a space after each word.
    let apart = |c: char| separates(c) && !matches!(c, '\n' | '\t');
    let is_row = !ends_word(before.trim_end_matches(apart))
        && !begins_word(after.trim_start_matches(apart), false);
    ends_word(before) && begins_word(after, false) && !is_row
}

/// What may part the words of a name; a plus is a space in a URL's query.
pub fn separates(c: char) -> bool {
    c.is_whitespace() || matches!(c, '+' | '・')
}

/// Whether the second of two letters that adjoin cannot begin a word.
fn goes_on(one: char, other: char) -> bool {
    let depends = |c: char| {
        is_spaceless(c) && unicode_normalization::char::is_combining_mark(c)
            || matches!(c, '\u{e30}' | '\u{e32}' | '\u{e33}' | '\u{e45}' | '\u{eb0}' | '\u{eb2}')
    };
    let leads = |c: char| matches!(c, '\u{e40}'..='\u{e44}' | '\u{ec0}'..='\u{ec4}');
    is_katakana(one) && is_katakana(other)
        || is_spaceless(one) && (depends(other) || leads(one) && is_spaceless(other))
        || is_kana(one)
            && matches!(
                other,
                'ぁ' | 'ぃ' | 'ぅ' | 'ぇ' | 'ぉ' | 'ゃ' | 'ゅ' | 'ょ' | 'ゎ' | 'ゝ' | 'ゞ'
            )
}

/// A title in katakana, as in telegrams and old registers: ハナコサン.
fn is_katakana_title(after: &str) -> bool {
    ["サン", "サマ", "チャン", "クン", "ドノ"]
        .iter()
        .any(|title| after.strip_prefix(title).is_some_and(|rest| !rest.starts_with(is_katakana)))
}

/// Whether a name that is very short stands within words of its own script.
fn is_within_words(before: &str, hit: &str, after: &str) -> bool {
    let letters: Vec<char> = hit.chars().filter(|c| !separates(*c)).collect();
    let all = |of: fn(char) -> bool| letters.iter().all(|c| of(*c));
    let beside = |of: fn(char) -> bool| before.ends_with(of) || after.starts_with(of);
    match letters.len() {
        ..=2 if all(is_han) => {
            let counts = letters.last().is_some_and(|c| NUMERALS.contains(*c));
            !ends_word(before) || !begins_word(after, counts)
        }
        ..=2 if all(is_hangul) => !ends_word(before) || !begins_word(after, false),
        ..=3 if all(is_south_eastern) => beside(is_south_eastern),
        _ => false,
    }
}

const NUMERALS: &str = "一二三四五六七八九十";

/// Whether a text ends where a name may begin: with no letter of its script, or with one that ends
/// a label or a word of grammar.
fn ends_word(before: &str) -> bool {
    const HAN: &str = "者員任当長氏名人生師士医客手由是和与與跟给給向对對为為请請找經经让讓被把將将及同\
        户戶员师属屬理君说說叫的在于於到从從自天日今時时后後前中、";
    const HANGUL: &str = "자인원";
    let Some(last) = before.chars().next_back() else { return true };
    match last {
        _ if is_han(last) => HAN.contains(last),
        _ if is_hangul(last) => HANGUL.contains(last),
        _ => true,
    }
}

/// Whether a text begins where a name may end. After a numeral many a character counts something.
fn begins_word(after: &str, counts: bool) -> bool {
    const TITLES: [&str; 46] = [
        "様",
        "氏",
        "殿",
        "君",
        "先生",
        "教授",
        "准教授",
        "助教",
        "博士",
        "社長",
        "部長",
        "課長",
        "係長",
        "室長",
        "主任",
        "主査",
        "担当",
        "作成",
        "更新",
        "登録",
        "承認",
        "提出",
        "編集",
        "確認",
        "宛",
        "著",
        "女士",
        "小姐",
        "同志",
        "同学",
        "老师",
        "老師",
        "经理",
        "經理",
        "主管",
        "总",
        "的",
        "在",
        "和",
        "与",
        "與",
        "跟",
        "于",
        "於",
        "从",
        "從",
    ];
    const HAN: &str = "是已将將被向对對把为為及等说說提登创創上下修删刪运運训訓使完负負发發审審添编編检檢查\
        申请請执執启啟停要会會不也都还還又再正可应應回取得有没到来來去做写寫用以";
    const HANGUL: &str = "가이는은을를의에와과도님씨군양께로으한라입인만부까보처랑하및";
    let Some(first) = after.chars().next() else { return true };
    match first {
        'つ' => !counts,
        _ if is_han(first) => {
            TITLES.iter().any(|title| after.starts_with(title)) || !counts && HAN.contains(first)
        }
        _ if is_hangul(first) => HANGUL.contains(first),
        _ => true,
    }
}

fn is_kana(c: char) -> bool {
    is_katakana(c) || matches!(c, '\u{3041}'..='\u{309f}')
}

/// Without the dots that part words: a mark that prolongs a sound is one, `・` and `゠` are not.
fn is_katakana(c: char) -> bool {
    matches!(c, '\u{30a1}'..='\u{30fa}' | '\u{30fc}'..='\u{30ff}' | '\u{31f0}'..='\u{31ff}')
}

/// With what repeats a character, and the small ヶ of 一ヶ月.
fn is_han(c: char) -> bool {
    matches!(c as u32, 0x2e80..=0x2fdf | 0x3005..=0x3007 | 0x3400..=0x9fff | 0xf900..=0xfaff
        | 0x20000..=0x3ffff)
        || matches!(c, 'ヶ' | 'ヵ')
}

fn is_hangul(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{11ff}' | '\u{3131}'..='\u{318e}' | '\u{ac00}'..='\u{d7a3}')
}

/// Thai, Lao, Burmese and Khmer.
fn is_south_eastern(c: char) -> bool {
    matches!(c, '\u{e01}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stands(text: &str, is_turned: bool) -> bool {
        let (before, rest) = text.split_once('[').unwrap();
        let (hit, after) = rest.split_once(']').unwrap();
        stands_apart(before, hit, after) && (!is_turned || stands_turned(before, hit, after))
    }

    #[test]
    fn what_a_reader_sees_apart() {
        for text in [
            "担当者[石川さくら]さん",
            "[山田太郎]丸",
            "[サクラ]・マリア",
            "マリア・[サクラ]さん",
            "[サクラ]゠マリア",
            "担当[サクラ]様",
            "ミス[サクラ]".trim_start_matches("ミス"),
            "[ハナコ]サン、",
            "[サクラ]氏は",
            "x[サクラ]が",
            "[さくら]は",
            "[さくら]って",
            "担当者[林一]が",
            "[林 一]さん",
            "は[林一]、",
            "由[李明]提交",
            "用户[李明]登录",
            "[李明]的模型",
            "[林一]様",
            "1,[李明],0.3",
            "담당자 [이준]이",
            "[김민수]진",
            "สวัสดี[สมชาย ใจดี]ครับ",
        ] {
            assert!(stands(text, false), "{text}");
        }
    }

    #[test]
    fn what_is_another_word() {
        for text in [
            "森[林一]覧",
            "[林一]郎",
            "森[林一]つ",
            "[林一]つ",
            "森[林 一]覧",
            "[林一]々",
            "[林一]ヶ月",
            "シ[サクラ]",
            "[サクラ]ダ",
            "[サクラ]ー",
            "[サクラ]ヽ",
            "[サクラ]ャ",
            "Mon[サクラ]son",
            "Mon[さくら]son",
            "[ハナコ]サント",
            "[さくら]ょ",
            "[이준]비",
            "한[이준]",
            "[สมชา]ย์".replace("ย์", "\u{e4c}").as_str(),
            "[กา]ร",
            "เ[กา]",
        ] {
            assert!(!stands(text, false), "{text}");
        }
    }

    #[test]
    fn two_names_in_a_row_are_no_turned_name() {
        for text in [
            "鈴木[太郎 山田]花子",
            "鈴木 [太郎 山田] 花子",
            "鈴木[太郎・山田]花子",
            "[太郎 山田]花子",
            "김[민수 이]준호",
        ] {
            assert!(!stands(text, true), "{text}");
        }
        for text in
            ["[太郎 山田]さん", "担当 [太郎 山田] 様", "は[太郎山田]様", "担当[太郎 山田]、"]
        {
            assert!(stands(text, true), "{text}");
        }
    }
}
