//! From a request that is answered differently to a smaller one, over fewer documents.

use serde_json::Value;

use crate::compare::{OddOperation, difference, difference_of_bulks};
use crate::fields::Fields;
use crate::requests::{Manner, Request, with_parameters};
use crate::side::{Answer, Side};
use crate::targets::Target;
use crate::world::Bulk;

/// As many indices are made for one case at most.
const INDICES: usize = 40;

/// Two servers and the index that both have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair<'a> {
    pub(crate) real: &'a Side,
    pub(crate) ours: &'a Side,
    pub(crate) fields: &'a Fields,
    pub(crate) index: &'a str,
}

impl Pair<'_> {
    pub(crate) async fn ask(&self, request: &Request) -> (Answer, Answer) {
        tokio::join!(self.real.ask(self.index, request), self.ours.ask(self.index, request))
    }

    /// Makes the index on both; how the answers to the bulks differ.
    pub(crate) async fn fill(&self, body: &Value, bulks: &[Bulk]) -> Option<OddOperation> {
        let (real, ours) = tokio::join!(
            self.real.fill(self.index, (body, bulks)),
            self.ours.fill(self.index, (body, bulks))
        );
        difference_of_bulks(&real, &ours)
    }

    pub(crate) async fn remove(&self) {
        tokio::join!(self.real.remove(self.index), self.ours.remove(self.index));
    }

    /// How the answers differ: both statuses, where one of them is a refusal.
    async fn kind(&self, request: &Request) -> Option<Option<(u16, u16)>> {
        let (real, ours) = self.ask(request).await;
        difference(&real, &ours, request, self.fields)?;
        let refused = real.status >= 400 || ours.status >= 400;
        Some(refused.then_some((real.status, ours.status)))
    }

    /// The smallest request found that still differs in the same way, over the same documents.
    pub(crate) async fn shrink_request(&self, request: Request) -> Request {
        let Some(kind) = self.kind(&request).await else { return request };
        let mut smallest = request;
        'again: loop {
            for candidate in simpler(&smallest) {
                if self.kind(&candidate).await == Some(kind) {
                    smallest = candidate;
                    continue 'again;
                }
            }
            return smallest;
        }
    }

    /// The fewest documents found over which the request still differs, or the bulks do if there is none.
    pub(crate) async fn shrink_bulks(&self, request: Option<&Request>, mut bulks: Vec<Bulk>) -> Vec<Bulk> {
        let body = self.fields.index();
        let mut left = INDICES;
        let mut chunk = bulks.iter().map(Vec::len).sum::<usize>() / 2;
        while chunk > 0 {
            let mut at = 0;
            while at < bulks.iter().map(Vec::len).sum() && left > 0 {
                left -= 1;
                let candidate = without(&bulks, at..at + chunk);
                let differs = self.fill(&body, &candidate).await.is_some();
                let differs = match request {
                    None => differs,
                    Some(request) => self.kind(request).await.is_some(),
                };
                if differs { bulks = candidate } else { at += chunk }
            }
            chunk /= 2;
        }
        bulks
    }

    /// The documents with only those fields that make the difference.
    pub(crate) async fn shrink_documents(
        &self,
        request: Option<&Request>,
        mut bulks: Vec<Bulk>,
    ) -> Vec<Bulk> {
        let body = self.fields.index();
        let mut names = vec!["o", "uid"];
        names.extend(self.fields.stored.iter().map(|field| field.name));
        for name in names {
            let mut candidate = bulks.clone();
            candidate.iter_mut().flatten().flatten().for_each(|line| drop_member(line, name));
            if candidate == bulks {
                continue;
            }
            let differs = self.fill(&body, &candidate).await.is_some();
            let differs = match request {
                None => differs,
                Some(request) => self.kind(request).await.is_some(),
            };
            if differs {
                bulks = candidate;
            }
        }
        bulks
    }
}

fn drop_member(line: &mut Value, name: &str) {
    if let Some(members) = line.as_object_mut() {
        members.remove(name);
        if let Some(document) = members.get_mut("doc").and_then(Value::as_object_mut) {
            document.remove(name);
        }
    }
}

/// The bulks without a stretch of their operations.
fn without(bulks: &[Bulk], gone: std::ops::Range<usize>) -> Vec<Bulk> {
    let mut at = 0;
    let keep = |bulk: &Bulk| -> Bulk {
        let kept = bulk.iter().enumerate().filter(|(place, _)| !gone.contains(&(at + place)));
        let kept = kept.map(|(_, operation)| operation.clone()).collect();
        at += bulk.len();
        kept
    };
    let kept: Vec<Bulk> = bulks.iter().map(keep).collect();
    kept.into_iter().filter(|bulk| !bulk.is_empty()).collect()
}

/// The request with one part left out, or asked of one index, or at once.
fn simpler(request: &Request) -> Vec<Request> {
    let mut all = Vec::new();
    if request.target != Target::First {
        all.push(Request { target: Target::First, ..request.clone() });
    }
    if request.manner != Manner::AtOnce {
        all.push(Request { manner: Manner::AtOnce, ..request.clone() });
    }
    all.extend(shorter(&request.path).into_iter().map(|path| Request { path, ..request.clone() }));
    // With fewer hits than there are, it matters which of those that tie come first.
    let last = |body: &Value| body["sort"].as_array().and_then(|sort| sort.last()).cloned();
    let sized =
        |body: &Value| body.get("size") == request.body.get("size") && last(body) == last(&request.body);
    let smaller = smaller(&request.body).into_iter().filter(sized);
    all.extend(smaller.map(|body| Request { body, ..request.clone() }));
    all
}

/// The path with one parameter less, or with one that is shorter.
fn shorter(path: &str) -> Vec<String> {
    let Some((endpoint, query)) = path.split_once('?') else { return Vec::new() };
    let url = reqwest::Url::parse(&format!("http://any/?{query}")).unwrap();
    let parameters: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    let mut all = Vec::new();
    for (at, (_, value)) in parameters.iter().enumerate() {
        let mut without = parameters.clone();
        without.remove(at);
        all.push(with_parameters(endpoint, &without));
        for part in [' ', ','].iter().flat_map(|separator| without_part(value, *separator)) {
            let mut shorter = parameters.clone();
            shorter[at].1 = part;
            all.push(with_parameters(endpoint, &shorter));
        }
    }
    all
}

/// The text without one of the parts that a character separates.
fn without_part(text: &str, separator: char) -> Vec<String> {
    let parts: Vec<&str> = text.split(separator).collect();
    if parts.len() < 2 {
        return Vec::new();
    }
    let without = |at| [&parts[..at], &parts[at + 1..]].concat().join(&separator.to_string());
    (0..parts.len()).map(without).collect()
}

/// The value with one part left out, or with a part in the place of the whole.
fn smaller(value: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                let mut without = members.clone();
                without.remove(name);
                all.push(without.into());
                let replaced = smaller(member).into_iter().chain(raised(name, member));
                all.extend(replaced.map(|part| {
                    let mut members = members.clone();
                    members.insert(name.clone(), part);
                    members.into()
                }));
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                let mut without = items.clone();
                without.remove(at);
                all.push(without.into());
                all.extend(smaller(item).into_iter().chain(raised("", item)).map(|part| {
                    let mut items = items.clone();
                    items[at] = part;
                    items.into()
                }));
            }
        }
        Value::String(text) => all.extend(without_part(text, ' ').into_iter().map(Value::from)),
        _ => {}
    }
    all
}

/// The clauses of a compound query, each of which may stand in its place.
fn raised(name: &str, query: &Value) -> Vec<Value> {
    let is_query = matches!(name, "" | "query" | "filter" | "must" | "must_not" | "should");
    let body = query.as_object().filter(|_| is_query).and_then(|members| members.values().next());
    let clauses = body.and_then(Value::as_object).into_iter().flatten();
    let clauses =
        clauses.filter(|(key, _)| matches!(key.as_str(), "filter" | "must" | "must_not" | "should"));
    clauses
        .flat_map(|(_, clause)| match clause {
            Value::Array(items) => items.clone(),
            one => vec![one.clone()],
        })
        .collect()
}
