//! Who may read a document, as it goes into the index.

use crate::Document;
use crate::document::Permissions;

use super::Options;

impl Options {
    /// Leaves with a document just those permissions that are to be written: none where it is for everybody, or where
    /// nobody looks at them. What the source does not tell is closed.
    pub(super) fn close(&self, document: &mut Document) {
        let told = document.0.permissions.take();
        if self.document_level_security {
            let permissions = told.unwrap_or(Permissions::Unknown);
            document.0.permissions = permissions.terms().is_some().then_some(permissions);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_told_is_closed() {
        let terms = || Permissions::to(["user:ada"]);
        for (told, off, on) in [
            (None, None, Some(Permissions::Unknown)),
            (Some(Permissions::Unknown), None, Some(Permissions::Unknown)),
            (Some(Permissions::Everybody), None, None),
            (Some(terms()), None, Some(terms())),
        ] {
            for (document_level_security, expected) in [(false, off), (true, on)] {
                let mut document = Document::new("a");
                document.0.permissions.clone_from(&told);
                Options { document_level_security, ..Options::default() }.close(&mut document);
                assert_eq!(document.0.permissions, expected, "{told:?}");
            }
        }
    }
}
