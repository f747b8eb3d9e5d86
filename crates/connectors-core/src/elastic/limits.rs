//! What a server accepts in one search: known from its refusals, and respected from then on.

use serde::de::DeserializeOwned;

use super::client::{Client, Request, Response, parsed};
use crate::{Error, Result};

/// The answer to a search that the server may refuse because of its size.
pub(super) enum Bounded<T> {
    /// It was answered.
    Fits(T),
    /// Pages are smaller from now on: the same may be asked again.
    SmallerPages,
    /// It asks for too much at once: a part of it may be answered.
    TooLarge(Error),
}

impl<T> Bounded<T> {
    /// What fits, read further.
    pub(super) fn then<U>(self, read: impl FnOnce(T) -> Result<U>) -> Result<Bounded<U>> {
        Ok(match self {
            Self::Fits(answer) => Bounded::Fits(read(answer)?),
            Self::SmallerPages => Bounded::SmallerPages,
            Self::TooLarge(error) => Bounded::TooLarge(error),
        })
    }
}

impl Client {
    /// Searches for so many hits, and distinguishes a search that is too large for the server from others that it refuses.
    ///
    /// # Errors
    /// As [`Client::json`].
    pub(super) async fn bounded<T: DeserializeOwned>(
        &self,
        request: &Request,
        size: usize,
    ) -> Result<Bounded<T>> {
        let read = |response: Response| match excess(&response) {
            None => parsed(request, &response).map(Bounded::Fits),
            Some(Excess::Window(most)) if most < size => {
                tracing::info!(most, "the index allows smaller pages only");
                self.page_size().limit(most);
                Ok(Bounded::SmallerPages)
            }
            Some(_) => Ok(Bounded::TooLarge(too_large(self.refusal(request, &response)))),
        };
        self.persist_unless(request, |response| excess(response).is_some(), read).await
    }
}

fn too_large(refusal: Error) -> Error {
    let message = "Elasticsearch refuses even the smallest search for what has to be read; raise the limit that it names: \
                of the size of a request (`http.max_content_length`, or a gateway's own), or of its terms and clauses \
                (`index.max_terms_count`, `indices.query.bool.max_clause_count`)";
    Error::config(message).caused_by(refusal)
}

#[derive(Debug, PartialEq, Eq)]
enum Excess {
    /// More bytes, terms, clauses or buckets than the server takes.
    Request,
    /// More hits than the index gives at a time, which are so many.
    Window(usize),
}

/// What is too much in a refused request; none in any other answer.
fn excess(response: &Response) -> Option<Excess> {
    if response.is_success() {
        return None;
    }
    let text = String::from_utf8_lossy(&response.body);
    let is_named = |names: &[&str]| names.iter().any(|name| text.contains(name));
    if response.status == 413
        || is_named(&[
            "max_terms_count",
            "too_many_clauses",
            "too_many_nested_clauses",
            "maxClauseCount",
            "too_many_buckets",
        ])
    {
        return Some(Excess::Request);
    }
    let (_, behind) =
        text.split_once("less than or equal to: [").filter(|_| is_named(&["max_result_window"]))?;
    let most: usize = behind.split(']').next()?.parse().ok()?;
    (most > 0).then_some(Excess::Window(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_says_what_is_too_much() {
        let window = "Result window is too large, from + size must be less than or equal to: [100] but was [10000]. \
                      This limit can be set by changing the [index.max_result_window] index level setting.";
        let terms = "The number of terms [1000] used in the Terms Query request has exceeded the allowed maximum of \
                     [64]. This maximum can be set by changing the [index.max_terms_count] index level setting.";
        for (status, body, expected) in [
            (413, "<h1>413 Request Entity Too Large</h1>", Some(Excess::Request)),
            (400, terms, Some(Excess::Request)),
            (500, r#"{"error":{"type":"too_many_clauses"}}"#, Some(Excess::Request)),
            (400, "failed to create query: maxClauseCount is set to 64", Some(Excess::Request)),
            (400, window, Some(Excess::Window(100))),
            (400, &window.replace("100]", "0]"), None),
            (400, &window.replace("max_result_window", "other"), None),
            (400, "parsing_exception", None),
            (503, "busy", None),
            (503, r#"{"error":{"caused_by":{"type":"too_many_buckets_exception"}}}"#, Some(Excess::Request)),
            (200, window, None),
        ] {
            let body = body.to_owned().into();
            let response = Response { status, retry_after: None, body };
            assert_eq!(excess(&response), expected, "{response:?}");
        }
    }
}
