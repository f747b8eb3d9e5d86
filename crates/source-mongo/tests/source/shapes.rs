//! Documents of other sizes, for the performance run.

use bson::oid::ObjectId;
use bson::{Bson, Document, doc};
use connectors_testkit::Result;
use serde_json::{Value, json};

use crate::fixture::numbered::{Documents, Order};

/// Words of which texts are made.
const WORDS: [&str; 16] = [
    "harbour", "winter", "copper", "signal", "meadow", "lantern", "gravel", "velvet", "orchard", "timber",
    "cinder", "marble", "thistle", "anchor", "ribbon", "summit",
];

/// Orders of about 570 bytes, on a server that is set up for speed.
pub(crate) struct Fast;

impl Documents for Fast {
    fn key(number: usize) -> Bson {
        Order::key(number)
    }

    fn id(number: usize) -> String {
        Order::id(number)
    }

    fn document(number: usize, revision: u32) -> Result<Document> {
        Order::document(number, revision)
    }

    fn indexed(number: usize, revision: u32) -> Value {
        Order::indexed(number, revision)
    }

    fn tuning() -> Vec<Document> {
        tuning()
    }
}

/// Documents of a number, a revision and a text of so many bytes or a few more; none at all for 0.
pub(crate) struct Texts<const BYTES: usize>;

impl<const BYTES: usize> Documents for Texts<BYTES> {
    fn key(number: usize) -> Bson {
        Bson::ObjectId(object_id(number))
    }

    fn id(number: usize) -> String {
        object_id(number).to_hex()
    }

    fn document(number: usize, revision: u32) -> Result<Document> {
        let mut document =
            doc! {"_id": object_id(number), "n": i32::try_from(number)?, "r": i32::try_from(revision)?};
        if BYTES > 0 {
            document.insert("text", text(number, revision, BYTES));
        }
        Ok(document)
    }

    fn indexed(number: usize, revision: u32) -> Value {
        let mut indexed = json!({ "n": number, "r": revision });
        if BYTES > 0 {
            indexed["text"] = text(number, revision, BYTES).into();
        }
        indexed
    }

    fn tuning() -> Vec<Document> {
        tuning()
    }
}

/// A server of tests has little memory and writes all the time, which here would be measured.
fn tuning() -> Vec<Document> {
    vec![
        doc! {"setParameter": 1, "wiredTigerEngineRuntimeConfig": "cache_size=2G"},
        doc! {"setParameter": 1, "syncdelay": 60},
        doc! {"replSetResizeOplog": 1, "size": 2048.0},
    ]
}

/// Ids as they are given out one after the other: the same beginning, a counter at the end.
fn object_id(number: usize) -> ObjectId {
    let [.., b2, b3, b4, b5, b6, b7] = (number as u64).to_be_bytes();
    ObjectId::from_bytes([0x66, 0x5f, 0x1c, 0x20, 0x9a, 0x4e, b2, b3, b4, b5, b6, b7])
}

/// Words in an order that the number and revision give.
fn text(number: usize, revision: u32, bytes: usize) -> String {
    let mut text = String::with_capacity(bytes + 16);
    let mut state = (number as u64) << 32 | u64::from(revision);
    while text.len() < bytes {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        text.push_str(WORDS[(state >> 60) as usize]);
        text.push(' ');
    }
    text
}
