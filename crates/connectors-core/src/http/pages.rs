//! Listings that come page by page.

use std::collections::HashSet;

use futures::stream::{self, Stream, TryStreamExt};
use reqwest::header::HeaderMap;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::Url;

use super::body::{Sent, canonical, with_value};
use super::request::set_parameter;
use super::{Request, link};
use crate::document::hash;
use crate::{Error, Result};

/// Where the next page is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Nowhere: this was the last one.
    End,
    /// At this address, absolute or as seen from the page.
    Link(String),
    /// At the same address, with this parameter.
    Query(&'static str, String),
    /// At the same address, with this value in the body: at a JSON pointer such as `/variables/after`, or in the field of a form
    /// (`/cursor`).
    Body(&'static str, Value),
}

/// Why a page is not followed.
enum Problem {
    /// The answer does not say clearly where the next page is.
    Unread(String),
    Failed(Error),
}

impl Next {
    /// The page that a cursor, number or offset stands for; no value, or an empty one, ends the listing.
    pub fn query(name: &'static str, value: impl Into<Option<String>>) -> Self {
        match value.into().filter(|value| !value.is_empty()) {
            Some(value) => Self::Query(name, value),
            None => Self::End,
        }
    }

    /// The page that a cursor in the body stands for; no value, or an empty one, ends the listing.
    pub fn body(pointer: &'static str, value: impl Into<Option<String>>) -> Self {
        match value.into().filter(|value| !value.is_empty()) {
            Some(value) => Self::Body(pointer, value.into()),
            None => Self::End,
        }
    }
}

impl From<Option<String>> for Next {
    /// A link.
    fn from(link: Option<String>) -> Self {
        link.filter(|link| !link.is_empty()).map_or(Self::End, Self::Link)
    }
}

impl From<Option<Url>> for Next {
    fn from(link: Option<Url>) -> Self {
        link.map_or(Self::End, |link| Self::Link(link.into()))
    }
}

impl Request {
    /// Every item of every page; `split` takes a page apart into its items and where the next one is: an optional
    /// link, or [`Next::query`] for a cursor.
    ///
    /// An error ends the stream. A page that leads back to an earlier one is an error too.
    pub fn pages<P, I, N, S>(self, split: S) -> impl Stream<Item = Result<I::Item>> + Send + use<P, I, N, S>
    where
        P: DeserializeOwned,
        I: IntoIterator<IntoIter: Send, Item: Send> + Send,
        N: Into<Next>,
        S: Fn(P) -> (I, N) + Send + Sync,
    {
        self.turned(move |page, _, _| {
            let (items, next) = split(page);
            Ok((items, next.into()))
        })
    }

    /// As [`pages`](Self::pages), where a page may say that it is none, as GraphQL does with a status of 200: the error that `split`
    /// makes of it ends the stream.
    pub fn try_pages<P, I, N, S>(
        self,
        split: S,
    ) -> impl Stream<Item = Result<I::Item>> + Send + use<P, I, N, S>
    where
        P: DeserializeOwned,
        I: IntoIterator<IntoIter: Send, Item: Send> + Send,
        N: Into<Next>,
        S: Fn(P) -> Result<(I, N)> + Send + Sync,
    {
        self.turned(move |page, _, _| {
            split(page).map(|(items, next)| (items, next.into())).map_err(Problem::Failed)
        })
    }

    /// As [`pages`](Self::pages), where the header `Link` names the next page (`rel="next"`). One that can't be read is an
    /// error: the listing may not end there.
    pub fn pages_by_header<P, I, S>(
        self,
        items: S,
    ) -> impl Stream<Item = Result<I::Item>> + Send + use<P, I, S>
    where
        P: DeserializeOwned,
        I: IntoIterator<IntoIter: Send, Item: Send> + Send,
        S: Fn(P) -> I + Send + Sync,
    {
        self.turned(move |page, headers, _| {
            let next = link::next(headers).map_err(Problem::Unread)?;
            Ok((items(page), next.into()))
        })
    }

    /// As [`pages`](Self::pages), where a parameter holds how many items to skip; an empty page is the end.
    pub fn pages_by_offset<P, T, S>(
        self,
        offset: &'static str,
        items: S,
    ) -> impl Stream<Item = Result<T>> + Send + use<P, T, S>
    where
        P: DeserializeOwned,
        T: Send,
        S: Fn(P) -> Vec<T> + Send + Sync,
    {
        self.turned(move |page, _, skipped: &mut usize| {
            let items = items(page);
            *skipped += items.len();
            let next = (!items.is_empty()).then(|| skipped.to_string());
            Ok((items, Next::query(offset, next)))
        })
    }

    fn turned<P, I, S>(self, split: S) -> impl Stream<Item = Result<I::Item>> + Send + use<P, I, S>
    where
        P: DeserializeOwned,
        I: IntoIterator<IntoIter: Send, Item: Send> + Send,
        S: Fn(P, &HeaderMap, &mut usize) -> Result<(I, Next), Problem> + Send + Sync,
    {
        let pages = stream::try_unfold((Some(Turn::new(self)), split), |(turn, split)| async move {
            let Some(mut turn) = turn else { return Ok::<_, Error>(None) };
            let whole = turn.request.whole().await?;
            let page = split(whole.parsed()?, &whole.headers, &mut turn.skipped);
            let (items, next) = page.map_err(|problem| match problem {
                Problem::Unread(problem) => turn.request.unexpected(&problem),
                Problem::Failed(error) => error,
            })?;
            Ok(Some((items, (turn.on(next)?, split))))
        });
        pages.map_ok(|items| stream::iter(items.into_iter().map(Ok))).try_flatten()
    }
}

/// The next page to ask for, and which there were.
struct Turn {
    request: Request,
    seen: HashSet<u64>,
    skipped: usize,
}

impl Turn {
    fn new(request: Request) -> Self {
        Self { request, seen: HashSet::new(), skipped: 0 }
    }

    /// The turn after this one.
    fn on(mut self, next: Next) -> Result<Option<Self>> {
        let (mut url, mut body) = (self.request.url()?.clone(), self.request.body.clone());
        self.seen.insert(place(&url, body.as_ref()));
        match next {
            Next::End => return Ok(None),
            Next::Link(link) => url = self.request.http.follow(&url, &link).map_err(Error::unexpected)?,
            Next::Query(name, value) => set_parameter(&mut url, name, &value),
            Next::Body(pointer, value) => {
                let made = with_value(body.as_ref(), pointer, &value);
                body = Some(made.map_err(|problem| self.request.unexpected(&problem))?);
            }
        }
        if self.seen.contains(&place(&url, body.as_ref())) {
            let what = "the server leads back to a page that was read already: the listing would never end";
            return Err(self.request.http.place(&self.request.method, &url, None).unexpected(what));
        }
        (self.request.url, self.request.body) = (Ok(url), body);
        Ok(Some(self))
    }
}

/// What tells one page from another: its address, and the body that asks for it.
fn place(url: &Url, body: Option<&Sent>) -> u64 {
    let body = body.map(canonical).unwrap_or_default();
    hash(&[url.as_str().as_bytes(), b"\n", &body].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_after_the_last_page() {
        for end in [
            Next::from(None::<String>),
            Some(String::new()).into(),
            Next::query("c", String::new()),
            Next::body("/c", None),
        ] {
            assert_eq!(end, Next::End);
        }
        assert_eq!(Next::from(Url::parse("http://h/x").ok()), Next::Link("http://h/x".into()));
        assert_eq!(Next::query("c", Some("7".to_owned())), Next::Query("c", "7".into()));
    }
}
