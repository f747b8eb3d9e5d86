//! Whether a document has to be sent, by its mark and by what the index holds.

use crate::Document;
use crate::elastic::Kind;
use crate::elastic::key::IdHash;
use crate::elastic::scan::Mark;
use crate::sync::job::Options;
use crate::sync::know::fingerprint::Shape;
use crate::sync::know::inventory::{Inventory, Known};
use crate::sync::know::snapshot::IndexSnapshot;

/// What the mark of a document says before its body is serialised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ByMark {
    /// The index holds it.
    Unchanged,
    /// An ingest pipeline dropped this version.
    Dropped,
    /// Nothing: it has no version, or another one than the index holds.
    Unknown,
}

/// Whether the document was already listed, unchanged, before the listing restarted.
pub(super) fn is_repeat(
    document: &Document,
    hash: IdHash,
    (shape, inventory): (&Shape, &mut Inventory),
) -> bool {
    let mark = (document.0.restarts > 0).then(|| shape.mark_of_version(document, hash)).flatten();
    mark.is_some_and(|mark| inventory.is_repeat(mark, document.0.restarts))
}

/// Classifies a document by its mark, if it has one, and notes it as listed.
pub(super) fn by_mark(mark: Option<Mark>, snapshot: &mut IndexSnapshot, options: &Options) -> ByMark {
    let Some(mark) = mark else { return ByMark::Unknown };
    if !options.mend && snapshot.inventory.mark_if_unchanged(mark) {
        return ByMark::Unchanged;
    }
    if snapshot.dropped.mark_listed(mark) { ByMark::Dropped } else { ByMark::Unknown }
}

/// The operation that writes a document, by what the index holds of it.
pub(super) fn operation(known: Known, snapshot: &IndexSnapshot) -> Kind {
    match known {
        Known::New if snapshot.foreign == 0 && !snapshot.is_remarking => Kind::Create,
        Known::New | Known::Unknown => Kind::Upsert,
        Known::Unchanged | Known::Changed | Known::Ambiguous => Kind::Update,
    }
}
