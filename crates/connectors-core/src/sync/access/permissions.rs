//! Who may read a document, as it goes into the index.

use crate::Document;
use crate::document::Permissions;
use crate::sync::job::Options;

/// Leaves with a document just the permissions that are to be written: none where it is for everybody, or where
/// document level security is off. A document whose permissions are unknown is readable by nobody.
pub(crate) fn restrict(document: &mut Document, options: &Options) {
    let known = document.0.permissions.take();
    if options.document_level_security {
        let permissions = known.unwrap_or(Permissions::Unknown);
        document.0.permissions = permissions.terms().is_some().then_some(permissions);
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
                restrict(&mut document, &Options { document_level_security, ..Options::default() });
                assert_eq!(document.0.permissions, expected, "{told:?}");
            }
        }
    }
}
