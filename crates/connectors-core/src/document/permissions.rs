//! Who may read a document.

/// A term that no identity has: a list that allows it alone allows nobody. An empty list would be the same as none,
/// which searches take for "everybody".
pub(crate) const NOBODY: &str = "_nobody";

/// Who may read a document, as the source knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Permissions {
    /// Everybody who may search at all.
    Everybody,
    /// Those for whom one of these terms stands, such as `user:ada`; nobody, where there is none. See
    /// [`Permissions::to`].
    To(Vec<String>),
    /// They could not be read: nobody may read it until they can.
    Unknown,
}

impl Permissions {
    /// For those for whom one of these terms stands. Order and repetition do not matter.
    pub fn to(terms: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self::To(terms.into_iter().map(Into::into).collect()).in_order()
    }

    /// With the terms as they are compared and written.
    pub(crate) fn in_order(self) -> Self {
        match self {
            Self::To(terms) => Self::To(in_order(terms)),
            other => other,
        }
    }

    /// The terms that stand in the document; none where everybody may read it. Never an empty list.
    pub(crate) fn terms(&self) -> Option<&[String]> {
        match self {
            Self::Everybody => None,
            Self::To(terms) => Some(terms),
            Self::Unknown => Some(&[]),
        }
    }
}

/// Terms sorted, each once, without those that stand for nobody: an empty one, which a lookup that failed may leave
/// on both sides, and [`NOBODY`].
pub(crate) fn in_order(mut terms: Vec<String>) -> Vec<String> {
    terms.retain(|term| !term.trim().is_empty() && term != NOBODY);
    terms.sort_unstable();
    terms.dedup();
    terms
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_compared_whatever_their_order() {
        let one = Permissions::to(["user:ada", "group:staff", "user:ada", "", " ", NOBODY]);
        assert_eq!(one, Permissions::To(vec!["group:staff".into(), "user:ada".into()]));
        assert_eq!(one, Permissions::to(["group:staff", "user:ada"]));
        assert_eq!(one.terms().map(<[String]>::len), Some(2));
    }
}
