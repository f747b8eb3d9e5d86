//! Answers to queries: what was found, and what went wrong with parts of it.

use connectors_core::{Error, ErrorKind, Result};
use serde::Deserialize;
use serde_json::Value;

/// An answer, with a status of 200 also where something went wrong.
#[derive(Debug, Deserialize)]
pub(crate) struct Answer<T> {
    #[serde(default = "Option::default")]
    data: Option<T>,
    #[serde(default)]
    errors: Vec<Problem>,
}

/// What went wrong with a part of an answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Problem {
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    message: String,
    #[serde(default)]
    path: Vec<Value>,
}

/// A page of a list.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Connection<T> {
    /// Entries that can't be read are null.
    pub(crate) nodes: Vec<Option<T>>,
    pub(crate) page_info: PageInfo,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

impl<T> Connection<T> {
    /// The cursor of the next page, if there is one.
    ///
    /// # Errors
    /// Where there is one, and nothing says how to ask for it.
    pub(crate) fn next(&self) -> Result<Option<String>> {
        match (self.page_info.has_next_page, &self.page_info.end_cursor) {
            (false, _) => Ok(None),
            (true, Some(cursor)) if !cursor.is_empty() => Ok(Some(cursor.clone())),
            (true, _) => Err(Error::unexpected("GitHub names a further page without a cursor")),
        }
    }

    /// The entries, all of which must be readable.
    ///
    /// # Errors
    /// When one is not.
    pub(crate) fn whole(self) -> Result<Vec<T>> {
        let whole: Option<Vec<T>> = self.nodes.into_iter().collect();
        whole.ok_or_else(|| Error::transient("GitHub left an entry of a list out"))
    }
}

impl<T> Answer<T> {
    /// What was found, and the problems with parts of it.
    ///
    /// # Errors
    /// The first problem, where nothing was found.
    pub(crate) fn parts(self) -> Result<(T, Vec<Problem>)> {
        match (self.data, self.errors.first()) {
            (Some(data), _) => Ok((data, self.errors)),
            (None, Some(problem)) => Err(problem.error()),
            (None, None) => Err(Error::unexpected("GitHub answered a query with nothing")),
        }
    }

    /// What was found, where nothing went wrong.
    ///
    /// # Errors
    /// The first problem.
    pub(crate) fn whole(self) -> Result<T> {
        let (data, problems) = self.parts()?;
        problems.first().map_or(Ok(data), |problem| Err(problem.error()))
    }
}

impl Problem {
    /// The number in its path, behind these names.
    pub(crate) fn index(&self, names: &[&str]) -> Option<usize> {
        let is_below =
            self.path.len() > names.len() && names.iter().zip(&self.path).all(|(name, part)| part == name);
        let index = is_below.then(|| self.path[names.len()].as_u64()).flatten()?;
        usize::try_from(index).ok()
    }

    /// Whether it says that nothing is there.
    pub(crate) fn is_missing(&self) -> bool {
        self.kind.as_deref() == Some("NOT_FOUND")
    }

    pub(crate) fn error(&self) -> Error {
        let kind = match self.kind.as_deref() {
            Some("NOT_FOUND") => ErrorKind::Missing,
            Some("FORBIDDEN" | "INSUFFICIENT_SCOPES" | "UNAUTHENTICATED" | "SAML_PROTECTED") => {
                ErrorKind::Denied
            }
            Some("RATE_LIMITED") => ErrorKind::Busy(None),
            Some("MAX_NODE_LIMIT_EXCEEDED" | "UNPROCESSABLE" | "ARGUMENT_LIMIT") => ErrorKind::Unexpected,
            _ => ErrorKind::Transient,
        };
        let words = self.kind.as_deref().unwrap_or("without a type");
        Error::new(kind, "GitHub could not answer a query").with("type", words).with("answer", &self.message)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn answer(value: Value) -> Answer<u8> {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn problems_are_told_by_their_kind() {
        for (word, kind) in [
            (json!("NOT_FOUND"), ErrorKind::Missing),
            (json!("FORBIDDEN"), ErrorKind::Denied),
            (json!("RATE_LIMITED"), ErrorKind::Busy(None)),
            (json!("MAX_NODE_LIMIT_EXCEEDED"), ErrorKind::Unexpected),
            (json!(null), ErrorKind::Transient),
        ] {
            let errors = json!([{"type": word, "message": "why", "path": ["nodes", 3, "x"]}]);
            let error = answer(json!({"data": null, "errors": errors})).parts().unwrap_err();
            assert_eq!(error.kind(), kind);
            assert!(error.to_string().contains("answer: why"), "{error}");
            let (data, problems) = answer(json!({"data": 7, "errors": errors})).parts().unwrap();
            assert_eq!((data, problems[0].index(&["nodes"]), problems[0].index(&["x"])), (7, Some(3), None));
            assert!(answer(json!({"data": 7, "errors": errors})).whole().is_err());
        }
        assert!(answer(json!({})).parts().unwrap_err().to_string().contains("with nothing"));
        assert_eq!(answer(json!({"data": 7})).whole().unwrap(), 7);
    }

    #[test]
    fn a_page_without_a_way_to_the_next_is_an_error_and_so_is_an_entry_that_is_left_out() {
        let page = |nodes: Value, more: bool, cursor: Value| -> Connection<u8> {
            let info = json!({"hasNextPage": more, "endCursor": cursor});
            serde_json::from_value(json!({"nodes": nodes, "pageInfo": info})).unwrap()
        };
        assert_eq!(page(json!([1]), false, json!("a")).next().unwrap(), None);
        assert_eq!(page(json!([1]), true, json!("a")).next().unwrap().as_deref(), Some("a"));
        assert!(page(json!([1]), true, json!(null)).next().is_err());
        assert!(page(json!([1, null]), false, json!(null)).whole().is_err());
        assert_eq!(page(json!([1, 2]), false, json!(null)).whole().unwrap(), [1, 2]);
    }
}
