//! Query strings: the small language of `query_string` and `q=`.

use serde_json::{Value, json};

use crate::fields::Fields;
use crate::queries;
use crate::random::Random;
use crate::side::Product;
use crate::values::{Pool, WORDS};

pub(crate) fn query(random: &mut Random, fields: &Fields, _: usize) -> Value {
    let mut body = json!({"query": text(random, fields)});
    match random.below(4) {
        0 => body["fields"] = queries::several_fields(random, fields).into(),
        1 | 2 => body["default_field"] = fields.one_of(random, Pool::is_string).name.into(),
        _ => {}
    }
    if random.one_in(3) {
        body["default_operator"] = random.pick(&["and", "or", "AND"]).into();
    }
    if fields.careful || random.one_in(3) {
        body["lenient"] = true.into();
    }
    if random.one_in(8) {
        body["analyze_wildcard"] = true.into();
    }
    if random.one_in(8) {
        body["boost"] = queries::boost(random);
    }
    json!({"query_string": body})
}

/// A query string, nearly always one that can be parsed.
pub(crate) fn text(random: &mut Random, fields: &Fields) -> String {
    if !fields.careful && random.one_in(40) {
        return random
            .pick(&[
                "",
                "AND",
                "(a",
                "a)",
                "k:",
                "\"open",
                "a AND",
                "NOT",
                "[1 TO",
                "  ",
                "\\u006",
                "k:\\u00zz*",
                "[\\u TO b]",
            ])
            .to_owned();
    }
    group(random, fields, 2)
}

fn group(random: &mut Random, fields: &Fields, depth: usize) -> String {
    let mut text = String::new();
    for at in 0..random.between(1, 4) {
        if at > 0 {
            text.push_str(random.pick(&[" ", " ", " AND ", " OR ", " && ", " || "]));
        }
        text.push_str(random.pick(&["", "", "", "", "+", "-", "NOT ", "!"]));
        text.push_str(&clause(random, fields, depth));
    }
    text
}

fn clause(random: &mut Random, fields: &Fields, depth: usize) -> String {
    let mut text = if depth > 0 && random.one_in(5) {
        let inner = group(random, fields, depth - 1);
        let named = random.one_in(3).then(|| format!("{}:", fields.one_of(random, Pool::is_string).name));
        format!("{}({inner})", named.unwrap_or_default())
    } else {
        leaf(random, fields)
    };
    if random.one_in(10) {
        text.push_str(random.pick(&["^2", "^0.5"]));
    }
    text
}

fn leaf(random: &mut Random, fields: &Fields) -> String {
    match random.below(12) {
        0 => "*".to_owned(),
        1 => format!("_exists_:{}", fields.any(random).name),
        2 => format!("{}:{}", fields.any(random).name, bounds(random)),
        3 => format!("{}:*", fields.one_of(random, |pool| pool != Pool::Id).name),
        4 => format!("{}:{}", fields.one_of(random, Pool::is_number).name, plain(random)),
        5 | 6 => format!("{}:{}", fields.one_of(random, Pool::is_string).name, plain(random)),
        7 => phrase(random),
        8 if random.one_in(4) => {
            let start = random.pick(&["a", "Z", "x\\-", "\\u00e4", "\\u0041"]);
            format!("{}:{start}*", fields.one_of(random, Pool::is_string).name)
        }
        8 => {
            // OpenSearch looks for a pattern in what is indexed alone.
            let starts = ["qu", "f", "Do", "a", "x\\-", "\\u0066o", "b*n", "?o", "?\\u006f"];
            let known = if fields.product == Product::OpenSearch { &starts[..6] } else { &starts[..] };
            format!("{}*", random.pick(known))
        }
        _ => plain(random),
    }
}

fn bounds(random: &mut Random) -> String {
    let ends = ["1", "*", "-3", "10", "2024-01-01", "a", "2.5", "true", "\\u0062"];
    let (from, to) = (random.pick(&ends), random.pick(&ends));
    match random.below(5) {
        0 => format!("[{from} TO {to}]"),
        1 => format!("{{{from} TO {to}}}"),
        2 => format!("[{from} TO {to}}}"),
        3 => format!(">={}", from.trim_start_matches('*')),
        _ => format!("<{}", if from == "*" { "5" } else { from }),
    }
}

fn phrase(random: &mut Random) -> String {
    let words = random.several((1, 3), |random| random.pick(WORDS)).join(" ");
    let slop = if queries::repeats(&words) { "" } else { random.pick(&["", "", "~1", "~2"]) };
    format!("\"{words}\"{slop}")
}

/// A word whose characters have no meaning of their own, or are escaped.
fn plain(random: &mut Random) -> String {
    let mut text = String::new();
    for character in random.pick(WORDS).chars() {
        if random.one_in(40) && character.len_utf16() == 1 {
            text.push_str(&format!("\\u{:04x}", u32::from(character)));
            continue;
        }
        if "+-=&|><!(){}[]^\"~*?:\\/".contains(character) {
            text.push('\\');
        }
        text.push(character);
    }
    if random.one_in(8) {
        random.pick(&["1", "true", "2024\\-01\\-01", "B\\ c", "a\\*b", "2.5"]).to_owned()
    } else {
        text
    }
}
