//! Values of documents and of requests, drawn from small pools so that requests find something.

use serde_json::{Map, Value, json};

use crate::random::Random;
use crate::side::Product;

/// What the values of a field are drawn from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pool {
    Keyword,
    Text,
    /// Small whole numbers, whose sums are exact.
    Whole,
    /// All that a `long` holds.
    Long,
    Integer,
    Short,
    Byte,
    /// Quarters, whose sums are exact.
    Fraction,
    /// All that a `double` holds.
    Double,
    Float,
    Scaled,
    Boolean,
    Date,
    /// Dates that dynamic mapping takes for dates.
    Day,
    Place,
    /// Objects of any keys.
    Keys,
    /// What is kept and not looked into.
    Raw,
    Id,
}

const KEYWORDS: &[&str] = &[
    "",
    "a",
    "A",
    "ab",
    "abc",
    "b",
    "B c",
    "b c d",
    "\u{e4}",
    "\u{c4}pfel",
    "\u{e4}pfel",
    "\u{65e5}\u{672c}",
    "\u{1f98a}",
    "\u{fffd}",
    "a*b",
    "a?b",
    "a\\b",
    "10",
    "2.5",
    "true",
    "2024-01-01",
    "zebra",
    "Zebra",
    "\u{df}",
    "\u{e9}",
    "e\u{301}",
    "\u{391}\u{3a3}",
    "\u{3b1}\u{3c3}",
    "\u{130}",
    "i",
    " ",
    "a/b",
    "(x)",
    "quick fox",
];

pub(crate) const WORDS: &[&str] = &[
    "quick",
    "Quick",
    "brown",
    "fox",
    "foxes",
    "the",
    "lazy",
    "dog",
    "dogs",
    "don't",
    "x-ray",
    "3.14",
    "1,000",
    "e-mail",
    "user@example.com",
    "\u{65e5}\u{672c}",
    "\u{391}\u{3a3}",
    "na\u{ef}ve",
    "foo_bar",
    "a.b",
    "42",
    "fox2",
    "\u{fc}ber",
    "state-of-the-art",
    "\u{1f98a}",
    "\u{e17}\u{e35}\u{e48}\u{e19}\u{e35}\u{e48}",
    "\u{30ab}\u{30bf}\u{30ab}\u{30ca}",
    "\u{3072}\u{3089}",
    "\u{d55c}\u{ad6d}\u{c5b4}",
    "C++",
    "&",
    "\u{130}stanbul",
    "caf\u{e9}",
    "cafe\u{301}",
];

const DATES: &[&str] = &[
    "2024-01-01",
    "2024-01-01T00:00:00Z",
    "2024-01-01T10:00:00Z",
    "2024-01-01T10:00:00.5Z",
    "2024-01-01T10:00:00.001",
    "2024-02-29T23:59:59.999Z",
    "2023-12-31T22:00:00-05:00",
    "2024-01",
    "2024",
    "2024-01-01T10",
    "2024-01-01T10:30",
    "2024-01-01T10:30+01:00",
    "1969-12-31",
    "1970-01-01",
    "9999-12-31",
    "0001-01-01",
    "1704067200000",
    "-1",
];

impl Pool {
    pub(crate) fn is_string(self) -> bool {
        matches!(self, Pool::Keyword | Pool::Text | Pool::Keys)
    }

    pub(crate) fn is_date(self) -> bool {
        matches!(self, Pool::Date | Pool::Day)
    }

    /// True for what stands in no order.
    pub(crate) fn is_unordered(self) -> bool {
        matches!(self, Pool::Text | Pool::Place | Pool::Id | Pool::Keys | Pool::Raw)
    }

    /// True for numbers, dates and booleans.
    pub(crate) fn is_number(self) -> bool {
        !self.is_string() && !matches!(self, Pool::Place | Pool::Id | Pool::Raw)
    }

    /// True for numbers whose sums are exact in any order.
    pub(crate) fn adds_up(self) -> bool {
        matches!(
            self,
            Pool::Whole | Pool::Byte | Pool::Short | Pool::Integer | Pool::Fraction | Pool::Boolean
        )
    }

    /// A value that a document may hold.
    pub(crate) fn value(self, random: &mut Random) -> Value {
        match self {
            Pool::Keyword => random.pick(KEYWORDS).into(),
            Pool::Text => text(random).into(),
            Pool::Whole => random.pick(&[-50, -3, -1, 0, 1, 2, 3, 7, 10, 42]).into(),
            Pool::Long => random
                .pick(&[
                    i64::MIN,
                    i64::MIN + 1,
                    -9_007_199_254_740_993,
                    -1,
                    0,
                    1,
                    9_007_199_254_740_993,
                    i64::MAX - 1,
                    i64::MAX,
                ])
                .into(),
            Pool::Integer => random.pick(&[i32::MIN, -2, 0, 5, i32::MAX]).into(),
            Pool::Short => random.pick(&[i16::MIN, -2, 0, 5, i16::MAX]).into(),
            Pool::Byte => random.pick(&[i8::MIN, -2, 0, 5, i8::MAX]).into(),
            Pool::Fraction => random.pick(&[-2.5, -0.25, -0.0, 0.0, 0.25, 0.5, 1.0, 1.5, 2.5, 41.75]).into(),
            Pool::Double => random
                .pick(&[f64::MIN, -1.1, -5e-324, 0.1, 0.3, 1.1, 1e10, 123_456_789.123, 1e16, 1e300, f64::MAX])
                .into(),
            Pool::Float => random.pick(&[-1.1, -0.5, 0.0, 0.1, 1.1, 16_777_217.0, 3.0e38, 1.0e-40]).into(),
            Pool::Scaled => {
                random.pick(&[-1.115, -0.01, 0.0, 0.005, 0.1, 1.1, 1.114_999, 19.99, 1e10]).into()
            }
            Pool::Boolean => random.one_in(2).into(),
            Pool::Date if random.one_in(4) => random
                .pick(&[0_i64, -1, 1_704_067_200_000, 1_704_103_200_000, 2024, -62_135_596_800_000])
                .into(),
            Pool::Date => random.pick(DATES).into(),
            Pool::Day => random.pick(&["2024-01-01", "2024-01-01T10:00:00Z", "2023-05"]).into(),
            Pool::Place => random.pick(&[json!({"lat": 1.5, "lon": 2}), json!([2, 1.5]), json!("1.5,2")]),
            Pool::Keys => keys(random),
            Pool::Raw => raw(random, 3),
            Pool::Id => random.between(0, 60).to_string().into(),
        }
    }

    /// A value that a document may hold, or one that it should not.
    pub(crate) fn odd_value(self, random: &mut Random, product: Product) -> Value {
        let other = match random.below(9) {
            0 => json!("abc"),
            1 => json!(""),
            2 => json!(true),
            3 => json!(2.5),
            // OpenSearch ignores an object as it does a malformed value.
            4 if product != Product::OpenSearch => json!({"x": 1}),
            5 => json!("2.5"),
            // The embedded server keeps a number in a text as it would print it.
            6 if !self.is_string() => json!(1e40),
            7 => json!(40_000),
            _ => as_text(&self.value(random)),
        };
        if matches!(self, Pool::Place | Pool::Raw) { self.value(random) } else { other }
    }

    /// A value that a request may ask for. OpenSearch refuses numbers beyond a type in places where Elasticsearch finds
    /// nothing, and reads the digits of a number as those of a date.
    pub(crate) fn asked(self, random: &mut Random, product: Product) -> Value {
        let beyond = product != Product::OpenSearch;
        match random.below(16) {
            1 if self.is_number() && beyond => random.pick(&[
                json!(1e10),
                json!(9.3e18),
                json!(-1e19),
                json!("1e2"),
                json!(128),
                json!(40_000),
                json!(3_000_000_000_i64),
            ]),
            2 | 3
                if self.is_number()
                    && self != Pool::Boolean
                    && (beyond || !(self.is_date() || self == Pool::Scaled)) =>
            {
                random.pick(&[json!(2.5), json!(-0.5), json!("2.5"), json!(0.1), json!(-0.0)])
            }
            4 if random.one_in(3) => random.pick(&[
                json!("abc"),
                json!(""),
                json!(true),
                json!("true"),
                json!(5),
                json!("-"),
                json!(" 1"),
                json!("1d"),
            ]),
            _ => self.sound(random, product),
        }
    }

    /// A value that the type of the field takes.
    pub(crate) fn sound(self, random: &mut Random, product: Product) -> Value {
        match self {
            Pool::Keys | Pool::Raw => random.pick(KEYWORDS).into(),
            Pool::Text if random.one_in(2) => random.pick(WORDS).into(),
            // OpenSearch takes a text for milliseconds only where it is positive.
            Pool::Date if product == Product::OpenSearch => random.pick(&DATES[..DATES.len() - 1]).into(),
            // OpenSearch rounds the ends of a range as it does values.
            Pool::Scaled => random.pick(&[-0.01, 0.0, 0.1, 1.1, 2.5, 20.0]).into(),
            _ if random.one_in(12) => as_text(&self.value(random)),
            _ => self.value(random),
        }
    }
}

fn as_text(value: &Value) -> Value {
    if value.is_string() { value.clone() } else { value.to_string().into() }
}

/// Words with what stands between them.
pub(crate) fn text(random: &mut Random) -> String {
    if random.one_in(60) {
        return "ab".repeat(random.between(120, 300));
    }
    let mut text = String::new();
    for word in random.several((0, 7), |random| random.pick(WORDS)) {
        if !text.is_empty() {
            text.push_str(random.pick(&[" ", " ", " ", ", ", ". ", "-", "\n"]));
        }
        text.push_str(word);
    }
    text
}

fn keys(random: &mut Random) -> Value {
    match random.below(4) {
        0 => json!({"a": Pool::Keyword.value(random)}),
        1 => json!({"b": {"c": Pool::Keyword.value(random)}}),
        2 => json!({"a": [Pool::Keyword.value(random), 5], "b": {"c": Pool::Keyword.value(random)}}),
        _ => json!({"a": null, "z": true}),
    }
}

/// Any object, with names that have dots in them, and with empty parts.
fn raw(random: &mut Random, depth: usize) -> Value {
    let names = ["a", "o", "l", "x", "k", "n", "o.k", "o.x", "l.x", "a.b.k"];
    let mut members = Map::new();
    for name in random.several((0, 3), |random| random.pick(&names)) {
        members.insert(name.to_owned(), part(random, depth));
    }
    members.into()
}

fn part(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 3 } else { 8 }) {
        0 => random.pick(&[json!(null), json!({}), json!([]), json!("")]),
        1 => random.pick(&[json!(1), json!(-2.5), json!(true)]),
        2 => random.pick(KEYWORDS).into(),
        3 | 4 => random.several((0, 3), |random| part(random, depth - 1)).into(),
        _ => raw(random, depth - 1),
    }
}
