//! Documents made from a number and a revision, and by hand what must be indexed of them.

use bson::oid::ObjectId;
use bson::{Bson, DateTime, Decimal128, Document, Uuid, doc};
use connectors_testkit::Result;
use serde_json::{Value, json};

/// Documents that are made from a number and a revision.
pub(crate) trait Documents: Send + Sync + 'static {
    /// The `_id`.
    fn key(number: usize) -> Bson;

    /// The id under which it must be indexed.
    fn id(number: usize) -> String;

    /// What is stored.
    fn document(number: usize, revision: u32) -> Result<Document>;

    /// What must be indexed of it.
    fn indexed(number: usize, revision: u32) -> Value;

    /// What the server is told once it runs.
    fn tuning() -> Vec<Document> {
        Vec::new()
    }
}

/// Documents of about 570 bytes with a field of each of the main types.
pub(crate) struct Order;

impl Documents for Order {
    fn key(number: usize) -> Bson {
        key(number)
    }

    fn id(number: usize) -> String {
        id(number)
    }

    fn document(number: usize, revision: u32) -> Result<Document> {
        document(number, revision)
    }

    fn indexed(number: usize, revision: u32) -> Value {
        indexed(number, revision)
    }
}

/// Above 2^53, where a double no longer holds every number.
const LARGE: i64 = 9_007_199_254_740_993;

/// 2026-01-15T00:00:00Z, in milliseconds.
const DAY: i64 = 1_768_435_200_000;

/// The `_id`: numbers, texts and object ids by turns.
pub(crate) fn key(number: usize) -> Bson {
    match number % 3 {
        0 => Bson::Int64(integer(number)),
        1 => Bson::String(text_key(number)),
        _ => {
            let [b0, b1, b2, b3, b4, b5, b6, b7] = integer(number).to_be_bytes();
            Bson::ObjectId(ObjectId::from_bytes([0, 0, 0, 0, b0, b1, b2, b3, b4, b5, b6, b7]))
        }
    }
}

/// The id under which it must be indexed.
pub(crate) fn id(number: usize) -> String {
    match number % 3 {
        0 => number.to_string(),
        1 => text_key(number),
        _ => format!("{number:024x}"),
    }
}

/// About 570 bytes with a field of each of the main types.
pub(crate) fn document(number: usize, revision: u32) -> Result<Document> {
    Ok(doc! {
        "_id": key(number),
        "number": i32::try_from(number)?,
        "revision": i64::from(revision),
        "large": LARGE + integer(number),
        "share": share(number),
        "open": number.is_multiple_of(2),
        "at": DateTime::from_millis(DAY + integer(of_day(number))),
        "price": price(number, revision).parse::<Decimal128>()?,
        "key": Uuid::parse_str(uuid(number, revision))?,
        "customer": {"name": customer(number), "address": {"city": "Zürich", "zip": 8000 + number_in(number, 100)}},
        "lines": [{"article": "pen", "count": number_in(number, 9)}, {"article": "ink", "count": 1}],
        "tags": ["new", "gift"],
        "cancelled": Bson::Null,
        "note": note(number, revision),
    })
}

/// What must be indexed of it.
pub(crate) fn indexed(number: usize, revision: u32) -> Value {
    json!({
        "number": number,
        "revision": revision,
        "large": LARGE + integer(number),
        "share": share(number),
        "open": number.is_multiple_of(2),
        "at": time_of_day(of_day(number)),
        "price": price(number, revision).parse::<f64>().unwrap_or_default(),
        "key": uuid(number, revision),
        "customer": {"name": customer(number), "address": {"city": "Zürich", "zip": 8000 + number_in(number, 100)}},
        "lines": [{"article": "pen", "count": number_in(number, 9)}, {"article": "ink", "count": 1}],
        "tags": ["new", "gift"],
        "cancelled": null,
        "note": note(number, revision),
    })
}

/// Below 2^63, as every number of documents is.
fn integer(number: usize) -> i64 {
    number as i64
}

/// The remainder, as a small integer.
fn number_in(number: usize, of: usize) -> i32 {
    (number % of) as i32
}

fn text_key(number: usize) -> String {
    format!("order-{number}")
}

/// Never whole, and exact in binary.
fn share(number: usize) -> f64 {
    number as f64 + 0.25
}

/// With a zero at the end that must stay.
fn price(number: usize, revision: u32) -> String {
    format!("{number}.{:02}0", revision % 100)
}

fn uuid(number: usize, revision: u32) -> String {
    format!("{revision:08x}-0000-4000-8000-{number:012x}")
}

fn customer(number: usize) -> String {
    format!("Customer {}", number % 1_000)
}

/// A millisecond of a day.
fn of_day(number: usize) -> usize {
    number * 1_001 % 86_400_000
}

fn time_of_day(millis: usize) -> String {
    let seconds = millis / 1_000;
    let (hours, minutes) = (seconds / 3_600, seconds / 60 % 60);
    format!("2026-01-15T{hours:02}:{minutes:02}:{:02}.{:03}Z", seconds % 60, millis % 1_000)
}

fn note(number: usize, revision: u32) -> String {
    format!("Order {number}, revision {revision}: \"Grüße\", and two lines.\n{}", "Please ring. ".repeat(9))
}
