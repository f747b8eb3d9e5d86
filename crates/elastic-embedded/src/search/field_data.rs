//! Fields whose values can't be read document by document.

use crate::failure::Failure;

pub(super) fn no_field_data(name: &str, index: &str) -> Failure {
    Failure::argument(format!(
        "Fielddata is disabled on [{name}] in [{index}]. Text fields are not optimised for operations that require \
         per-document field data like aggregations and sorting, so these operations are disabled by default. Please \
         use a keyword field instead. Alternatively, set fielddata=true on [{name}] in order to load field data by \
         uninverting the inverted index. Note that this can use significant memory."
    ))
}

pub(super) fn no_doc_values(name: &str) -> Failure {
    Failure::argument(format!(
        "Can't load fielddata on [{name}] because fielddata is unsupported on fields of type [{name}]. Use doc values instead."
    ))
}
