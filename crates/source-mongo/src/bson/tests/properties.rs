//! Random documents of every type.

use std::collections::HashSet;
use std::fmt;

use proptest::prelude::*;
use proptest::strategy::Union;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::*;

#[path = "arbitrary.rs"]
mod arbitrary;

use arbitrary::{document, kinds};

/// A JSON value in which no object has a name twice, or one that an index refuses.
struct Sound;

impl<'de> Deserialize<'de> for Sound {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Sound)
    }
}

impl<'de> Visitor<'de> for Sound {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sound JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        let mut names = HashSet::new();
        while let Some((name, Sound)) = map.next_entry::<String, Self>()? {
            assert!(!name.trim().is_empty() && !name.contains('.') && name.len() <= 600, "{name:?}");
            assert!(names.insert(name.clone()), "{name:?} stands twice");
        }
        Ok(Self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self, A::Error> {
        while let Some(Sound) = items.next_element()? {}
        Ok(Self)
    }

    fn visit_str<E>(self, _: &str) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self, E> {
        Ok(Self)
    }

    fn visit_unit<E>(self) -> Result<Self, E> {
        Ok(Self)
    }
}

fn scalar() -> impl Strategy<Value = Bson> {
    Union::new(kinds().into_iter().map(|(_, values)| values))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_document_is_sound_json_and_always_the_same(raw in document()) {
        let json = to_json(raw.as_bytes(), LegacyUuid::InOrder).unwrap();
        serde_json::from_slice::<Sound>(&json).unwrap();
        prop_assert_eq!(json.first(), Some(&123));
        let anew = || to_json(raw.as_bytes(), LegacyUuid::InOrder).unwrap();
        prop_assert_eq!(&json, &anew(), "its names are known now");
        let by_another = std::thread::scope(|scope| scope.spawn(anew).join().unwrap());
        prop_assert_eq!(json, by_another, "that has met no other document");
        let value: Json = serde_json::from_str(&text(raw.as_bytes())).unwrap();
        prop_assert!(depth(&value) <= 20);
    }

    #[test]
    fn decimals_are_written_as_the_library_does(digits in any::<u64>(), drop in 0_u32..20, exponent in -40_i32..6, negative: bool) {
        let digits = digits / 10_u64.pow(drop.min(19));
        let sign = if negative { "-" } else { "" };
        let decimal: Decimal128 = format!("{sign}{digits}E{exponent}").parse().unwrap();
        prop_assert_eq!(text::decimal(decimal.bytes()), decimal.to_string());
    }

    #[test]
    fn plain_names_are_all_kept(raw in document()) {
        let value: Json = serde_json::from_str(&text(raw.as_bytes())).unwrap();
        for element in Elements::of(raw.as_bytes()).unwrap() {
            let name = std::str::from_utf8(element.unwrap().0).unwrap().to_owned();
            if !name.trim().is_empty() && !name.contains('.') && name.len() <= 512 && name != "_id" && name != "id" {
                prop_assert!(value.get(&name).is_some() || connectors_core::Body::is_reserved(&name), "{}", name);
            }
        }
    }

    #[test]
    fn equal_ids_come_from_equal_values(one in scalar(), other in scalar(), texts: bool) {
        let plain = if texts { Plain::Texts } else { Plain::Scalars };
        let text = |value: &Bson| {
            let raw = RawDocumentBuf::try_from(&doc! {"_id": value.clone()}).unwrap();
            let (_, value) = Elements::of(raw.as_bytes()).unwrap().next().unwrap().unwrap();
            id_text(value, (LegacyUuid::InOrder, plain)).unwrap()
        };
        prop_assert_eq!(text(&one), text(&one));
        let is_number = |value: &Bson| matches!(value, Bson::Int32(_) | Bson::Int64(_) | Bson::Double(_) | Bson::Decimal128(_));
        let is_text = |value: &Bson| matches!(value, Bson::String(_) | Bson::Symbol(_));
        let alike = (is_number(&one) && is_number(&other)) || (is_text(&one) && is_text(&other));
        prop_assert!(one == other || alike || text(&one) != text(&other));
    }

    #[test]
    fn whatever_an_id_leads_back_to_has_the_same_id(value in scalar(), other in ".{0,40}", texts: bool) {
        let plain = if texts { Plain::Texts } else { Plain::Scalars };
        let text = |id: &RawId| id.with_value(|value| id_text(value, (LegacyUuid::InOrder, plain)).unwrap()).unwrap();
        for wanted in [text(&RawId::of_value(value).unwrap()), other] {
            if let Inverse::Value(id) = inverse(&wanted, plain) {
                prop_assert_eq!(text(&id), wanted);
            }
        }
    }

    #[test]
    fn any_bytes_are_walked_or_refused(bytes in any::<Vec<u8>>()) {
        if let Ok(json) = to_json(&bytes, LegacyUuid::InOrder) {
            serde_json::from_slice::<Sound>(&json).unwrap();
        }
    }

    #[test]
    fn damaged_documents_are_walked_or_refused(raw in document(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = raw.as_bytes().to_vec();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(json) = to_json(&bytes, LegacyUuid::InOrder) {
            serde_json::from_slice::<Sound>(&json).unwrap();
        }
    }
}
