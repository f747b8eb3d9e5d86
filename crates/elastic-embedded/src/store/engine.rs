//! The Tantivy index below an index: which engine field holds what.

use std::path::Path;

use tantivy::columnar::{Column, DynamicColumn, StrColumn};
use tantivy::schema::{
    BytesOptions, FAST, Field, IndexRecordOption, JsonObjectOptions, NumericOptions, OwnedValue, Schema,
    TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::RAW_TOKENIZER_NAME;
use tantivy::{SegmentReader, TantivyDocument, Term};

use crate::analysis;
use crate::failure::Result;
use crate::mapping::{Field as Mapped, Kind, Stored};

/// The engine's fields. Documents are flattened: each engine field holds many mapped fields by path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields {
    pub(crate) id: Field,
    pub(crate) source: Field,
    seq: Field,
    version: Field,
    /// Paths of the text fields that a document has, for `exists`.
    pub(crate) present: Field,
    /// Analysed strings.
    pub(crate) text: Field,
    /// Exact strings, searchable, with columns.
    pub(crate) keyword: Field,
    /// Columns only: numbers, dates, booleans, and keywords that are not indexed.
    column: Field,
}

const SEQ: &str = "_seq";
const VERSION: &str = "_version";
const KEYWORD: &str = "keyword";
const COLUMN: &str = "column";

impl Fields {
    fn build() -> (Schema, Self) {
        let mut schema = Schema::builder();
        let exact = TextFieldIndexing::default()
            .set_tokenizer(RAW_TOKENIZER_NAME)
            .set_index_option(IndexRecordOption::Basic)
            .set_fieldnorms(false);
        let analysed = TextFieldIndexing::default()
            .set_tokenizer(analysis::STANDARD)
            .set_index_option(IndexRecordOption::WithFreqsAndPositions);
        let json = JsonObjectOptions::default().set_expand_dots_enabled();
        let number = NumericOptions::from(FAST);
        let fields = Fields {
            id: schema.add_text_field(
                "_id",
                TextOptions::default().set_indexing_options(exact.clone()).set_stored(),
            ),
            source: schema.add_bytes_field("_source", BytesOptions::default().set_stored()),
            seq: schema.add_u64_field(SEQ, number.clone()),
            version: schema.add_u64_field(VERSION, number),
            present: schema
                .add_text_field("present", TextOptions::default().set_indexing_options(exact.clone())),
            text: schema.add_json_field("text", json.clone().set_indexing_options(analysed)),
            keyword: schema.add_json_field(
                KEYWORD,
                json.clone().set_indexing_options(exact).set_fast(RAW_TOKENIZER_NAME),
            ),
            column: schema.add_json_field(COLUMN, json.set_fast(RAW_TOKENIZER_NAME)),
        };
        (schema.build(), fields)
    }

    /// The term that finds a document by its id.
    pub(crate) fn id_term(&self, id: &str) -> Term {
        Term::from_field_text(self.id, id)
    }

    /// The term of a string in a mapped field.
    pub(crate) fn string_term(&self, path: &str, field: &Mapped, text: &str) -> Term {
        let engine = if field.kind == Kind::Text { self.text } else { self.keyword };
        let mut term = Term::from_field_json_path(engine, path, true);
        term.append_type_and_str(&field.normalized(text));
        term
    }

    /// The engine's document for one of ours.
    pub(crate) fn document(&self, row: Row<'_>) -> TantivyDocument {
        let mut document = TantivyDocument::with_capacity(row.source.len() + 512);
        document.add_text(self.id, row.id);
        document.add_bytes(self.source, row.source);
        document.add_u64(self.seq, row.seq);
        document.add_u64(self.version, row.version);
        let (mut texts, mut keywords, mut columns) = (Vec::new(), Vec::new(), Vec::new());
        for (path, value) in row.values {
            match value {
                Stored::Text(text) => {
                    document.add_text(self.present, &path);
                    texts.push((path, OwnedValue::Str(text)));
                }
                Stored::Keyword(text) => keywords.push((path, OwnedValue::Str(text))),
                Stored::Column(text) => columns.push((path, OwnedValue::Str(text))),
                Stored::Whole(number) => columns.push((path, OwnedValue::I64(number))),
                Stored::Fraction(number) => columns.push((path, OwnedValue::F64(number))),
            }
        }
        for (field, values) in [(self.text, texts), (self.keyword, keywords), (self.column, columns)] {
            if !values.is_empty() {
                document.add_field_value(field, &OwnedValue::Object(values));
            }
        }
        document
    }
}

/// One document on its way into the engine.
pub(crate) struct Row<'a> {
    pub(crate) id: &'a str,
    pub(crate) source: &'a [u8],
    pub(crate) seq: u64,
    pub(crate) version: u64,
    pub(crate) values: Vec<(String, Stored)>,
}

/// Opens the engine in a folder, making it if there is none.
pub(crate) fn open(folder: &Path) -> Result<(tantivy::Index, Fields)> {
    std::fs::create_dir_all(folder)?;
    let (schema, fields) = Fields::build();
    let directory = tantivy::directory::MmapDirectory::open(folder).map_err(tantivy::TantivyError::from)?;
    let index = tantivy::Index::open_or_create(directory, schema)?;
    index.tokenizers().register(analysis::STANDARD, analysis::standard());
    Ok((index, fields))
}

/// The values of a mapped field in one segment, by document.
#[derive(Debug, Clone)]
pub(crate) enum Columns {
    Whole(Column<i64>),
    Fraction(Column<f64>),
    Text(StrColumn),
    /// No document of the segment has a value.
    Empty,
}

impl Columns {
    /// Opens the column of a field.
    pub(crate) fn open(segment: &SegmentReader, path: &str, field: &Mapped) -> Result<Self> {
        let engine = if field.kind == Kind::Keyword && field.index { KEYWORD } else { COLUMN };
        let wanted = |column: &DynamicColumn| match column {
            DynamicColumn::Str(_) => matches!(field.kind, Kind::Keyword | Kind::GeoPoint),
            DynamicColumn::F64(_) => field.kind.is_fraction(),
            DynamicColumn::I64(_) => field.kind.is_whole(),
            _ => false,
        };
        for handle in segment.fast_fields().dynamic_column_handles(&format!("{engine}.{path}"))? {
            match handle.open()? {
                column if !wanted(&column) => {}
                DynamicColumn::Str(column) => return Ok(Columns::Text(column)),
                DynamicColumn::F64(column) => return Ok(Columns::Fraction(column)),
                DynamicColumn::I64(column) => return Ok(Columns::Whole(column)),
                _ => {}
            }
        }
        Ok(Columns::Empty)
    }
}

/// The sequence numbers of a segment's documents.
pub(crate) fn sequence(segment: &SegmentReader) -> Result<Column<u64>> {
    Ok(segment.fast_fields().u64(SEQ)?)
}

/// The versions of a segment's documents.
pub(crate) fn versions(segment: &SegmentReader) -> Result<Column<u64>> {
    Ok(segment.fast_fields().u64(VERSION)?)
}
