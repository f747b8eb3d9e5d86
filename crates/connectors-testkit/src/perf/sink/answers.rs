//! Which answer belongs to which request.

use axum::http::{Method, Uri};
use serde_json::{Value, json};

use super::{Sink, bulk, marks, query};
use crate::Result;

/// The id that the one index has.
const UUID: &str = "c2luay1vZi1jb25uZWN0b3I";

const MISSING: u16 = 404;

impl Sink {
    /// Status and body.
    pub(super) fn answer(&mut self, method: &Method, uri: &Uri, body: &[u8]) -> Result<(u16, String)> {
        let is_brief = uri.query() == Some("filter_path=errors");
        let parts: Vec<&str> = uri.path().trim_matches('/').split('/').collect();
        let is_system = parts[0].starts_with('.');
        let answer = match (method.as_str(), &parts[..]) {
            ("GET", [""]) => json!({ "version": { "number": "9.5.3" }, "tagline": "a sink" }),
            ("GET", [_, "_mapping" | "_settings" | "_doc", ..]) if is_system || self.mapping.is_none() => {
                return Ok((MISSING, json!({ "status": MISSING }).to_string()));
            }
            ("POST", [_, "_search" | "_count"]) if is_system => {
                return Ok((MISSING, json!({ "status": MISSING }).to_string()));
            }
            ("GET", [index, "_mapping"]) => json!({ *index: { "mappings": self.mapping } }),
            ("GET", [index, "_settings"]) => json!({ *index: { "settings": { "index": { "uuid": UUID } } } }),
            ("PUT", [_]) if !is_system => self.make(body)?,
            ("POST", [_, "_bulk"]) if !is_system => {
                let items = self.bulk(body)?;
                return Ok((200, if is_brief { bulk::BRIEF.into() } else { items }));
            }
            ("POST", [_, "_pit"]) => json!({ "id": "sink" }),
            ("GET" | "POST", [_, "_count"]) => self.count(body)?,
            ("POST", [.., "_search"]) => self.search(body)?,
            _ => json!({ "acknowledged": true, "_shards": { "failed": 0 } }),
        };
        Ok((200, answer.to_string()))
    }

    fn make(&mut self, body: &[u8]) -> Result<Value> {
        let request: Value = serde_json::from_slice(body)?;
        self.mapping = Some(request["mappings"].clone());
        self.record.as_ref().map_or(Ok(()), |record| record.index(body))?;
        Ok(json!({ "acknowledged": true }))
    }

    fn bulk(&mut self, body: &[u8]) -> Result<String> {
        let operations = bulk::operations(body)?;
        let (lines, rest) = body.split_at(operations.last().map_or(0, |last| last.place.end));
        if let Some(record) = &mut self.record {
            record.bulk(lines, &operations)?;
        }
        if let Some(marks) = &mut self.marks {
            operations.iter().try_for_each(|operation| marks.apply(operation))?;
        }
        Ok(bulk::answer(&operations, rest))
    }

    fn count(&self, body: &[u8]) -> Result<Value> {
        let request = if body.is_empty() { Value::Null } else { serde_json::from_slice(body)? };
        let wanted = query::Query::of(&request["query"])?;
        let count = self.marks.as_ref().map_or(0, |marks| marks.count(&wanted));
        Ok(json!({ "count": count, "_shards": { "failed": 0 } }))
    }

    fn search(&self, body: &[u8]) -> Result<Value> {
        let request: Value = serde_json::from_slice(body)?;
        let wanted = query::Query::of(&request["query"])?;
        let none = marks::Marks::default();
        let marks = self.marks.as_ref().unwrap_or(&none);
        let hits = marks.hits(&wanted, &request);
        let total = json!({ "value": marks.count(&wanted), "relation": "eq" });
        let mut answer = json!({
            "timed_out": false, "_shards": { "total": 1, "failed": 0 }, "pit_id": "sink",
            "hits": { "total": total, "hits": hits },
        });
        if let Some(sums) = marks.sums(&wanted, &request)? {
            answer["aggregations"] = sums;
        }
        Ok(answer)
    }
}
