//! Reading one document by its id, as of now.

use tantivy::schema::{IndexRecordOption, Value};
use tantivy::{DocAddress, DocSet, Searcher, TERMINATED, TantivyDocument};

use super::engine::{self, Fields};
use super::index::Index;
use super::writing::Writing;
use crate::failure::Result;

/// A document as a lookup by id finds it.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) seq: u64,
    pub(crate) version: u64,
    pub(crate) source: Vec<u8>,
}

/// Where the engine holds a document.
#[derive(Debug, Clone, Copy)]
pub(super) struct Located {
    address: DocAddress,
    pub(super) seq: u64,
    pub(super) version: u64,
}

impl Index {
    /// The document of that id, whether or not a refresh happened since it was written.
    pub(crate) fn get(&self, id: &str) -> Result<Option<Found>> {
        let writing = self.lock_even_broken()?;
        if !self.is_full() {
            self.whole(&writing)?;
        }
        if let Some(pending) = writing.pending.get(id) {
            let Some(place) = pending.place else {
                return Ok(None);
            };
            let source = writing.log.source(place)?;
            return Ok(Some(Found { seq: pending.seq, version: pending.version, source }));
        }
        drop(writing);
        let searcher = self.reader.searcher();
        let Some(Located { address, seq, version }) = locate(&searcher, self.fields, id)? else {
            return Ok(None);
        };
        Ok(Some(Found { seq, version, source: stored(&searcher, self.fields, address)?.1 }))
    }

    /// The source of a document that an update changes.
    pub(super) fn source_of(&self, writing: &Writing, id: &str) -> Result<Option<Vec<u8>>> {
        if let Some(pending) = writing.pending.get(id) {
            return pending.place.map(|place| writing.log.source(place)).transpose();
        }
        let searcher = self.reader.searcher();
        let Some(located) = locate(&searcher, self.fields, id)? else {
            return Ok(None);
        };
        Ok(Some(stored(&searcher, self.fields, located.address)?.1))
    }
}

/// Id and source of a document.
pub(crate) fn stored(searcher: &Searcher, fields: Fields, address: DocAddress) -> Result<(String, Vec<u8>)> {
    let document: TantivyDocument = searcher.doc(address)?;
    let id = document.get_first(fields.id).and_then(|value| value.as_str().map(str::to_owned));
    let source = document.get_first(fields.source).and_then(|value| value.as_bytes().map(<[u8]>::to_vec));
    Ok((id.unwrap_or_default(), source.unwrap_or_default()))
}

/// Finds a document in the engine's last commit.
pub(super) fn locate(searcher: &Searcher, fields: Fields, id: &str) -> Result<Option<Located>> {
    let term = fields.id_term(id);
    for (ord, segment) in searcher.segment_readers().iter().enumerate().rev() {
        let inverted = segment.inverted_index(fields.id)?;
        let Some(mut postings) = inverted.read_postings(&term, IndexRecordOption::Basic)? else {
            continue;
        };
        let mut doc = postings.doc();
        while doc != TERMINATED {
            if !segment.is_deleted(doc) {
                let seq = engine::sequence(segment)?.first(doc).unwrap_or_default();
                let version = engine::versions(segment)?.first(doc).unwrap_or_default();
                let address = DocAddress::new(ord as u32, doc);
                return Ok(Some(Located { address, seq, version }));
            }
            doc = postings.advance();
        }
    }
    Ok(None)
}
