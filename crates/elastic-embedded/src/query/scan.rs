//! Queries that the engine lacks: over the values of a column, and over a stretch of the terms.

use std::cmp::Ordering;
use std::fmt;
use std::ops::RangeInclusive;
use std::sync::Arc;

use tantivy::columnar::{Column, StrColumn};
use tantivy::query::{
    BitSetDocSet, ConstScorer, EmptyScorer, EnableScoring, Explanation, Query, Scorer, Weight,
};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocId, DocSet, Score, SegmentReader, TERMINATED, TantivyError};

use crate::mapping::Field as Mapped;
use crate::store::Columns;

/// Which documents of a segment match.
trait Scan: fmt::Debug + Send + Sync + 'static {
    fn mark(&self, segment: &SegmentReader, docs: &mut BitSet) -> tantivy::Result<()>;
}

/// What a column's value must be.
#[derive(Clone)]
pub(super) enum Test {
    Whole(RangeInclusive<i64>),
    Fraction(RangeInclusive<f64>),
    AnyWhole(Vec<i64>),
    AnyFraction(Vec<f64>),
    AnyText(Vec<String>),
    Text(Accept),
    Present,
}

/// Documents one of whose values passes the test. Each scores 1.
pub(super) fn values(path: &str, field: &Mapped, test: Test) -> Box<dyn Query> {
    Box::new(Scanning(Arc::new(Values { path: path.to_owned(), field: field.clone(), test })))
}

/// Documents with a term that starts with `prefix` and whose rest is accepted. Each scores 1.
pub(super) fn terms(
    field: Field,
    prefix: Vec<u8>,
    accept: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
) -> Box<dyn Query> {
    Box::new(Scanning(Arc::new(Terms { field, prefix, accept: Arc::new(accept) })))
}

struct Values {
    path: String,
    field: Mapped,
    test: Test,
}

impl fmt::Debug for Values {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Values").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Scan for Values {
    fn mark(&self, segment: &SegmentReader, docs: &mut BitSet) -> tantivy::Result<()> {
        let column = Columns::open(segment, &self.path, &self.field)
            .map_err(|failure| TantivyError::InternalError(failure.reason().to_owned()))?;
        let found = match &column {
            Columns::Whole(column) => self.wholes(column),
            Columns::Fraction(column) => self.fractions(column),
            Columns::Text(column) => self.texts(column)?,
            Columns::Empty => Vec::new(),
        };
        found.into_iter().for_each(|doc| {
            docs.insert(doc);
        });
        Ok(())
    }
}

impl Values {
    fn wholes(&self, column: &Column<i64>) -> Vec<DocId> {
        match &self.test {
            Test::Whole(range) => between(column, range, i64::cmp),
            Test::AnyWhole(wanted) => any(column, |value| wanted.binary_search(value).is_ok()),
            Test::Present => any(column, |_| true),
            _ => Vec::new(),
        }
    }

    fn fractions(&self, column: &Column<f64>) -> Vec<DocId> {
        match &self.test {
            // One zero is less than the other.
            Test::Fraction(range) if range.start().total_cmp(range.end()).is_gt() => Vec::new(),
            Test::Fraction(range) => between(column, range, f64::total_cmp),
            Test::AnyFraction(wanted) => {
                any(column, |value| wanted.iter().any(|wanted| wanted.to_bits() == value.to_bits()))
            }
            Test::Present => any(column, |_| true),
            _ => Vec::new(),
        }
    }

    fn texts(&self, column: &StrColumn) -> tantivy::Result<Vec<DocId>> {
        match &self.test {
            Test::AnyText(wanted) => {
                let mut ords = Vec::new();
                for text in wanted {
                    ords.extend(column.dictionary().term_ord(text)?);
                }
                Ok(any(column.ords(), |ord| ords.contains(ord)))
            }
            Test::Text(accept) => {
                let mut wanted = Vec::with_capacity(column.dictionary().num_terms());
                let mut terms = column.dictionary().stream()?;
                while terms.advance() {
                    wanted.push(accept(terms.key()));
                }
                Ok(any(column.ords(), |ord| wanted[*ord as usize]))
            }
            Test::Present => Ok(any(column.ords(), |_| true)),
            _ => Ok(Vec::new()),
        }
    }
}

trait Number: PartialOrd + Copy + fmt::Debug + Send + Sync + 'static {}
impl<T: PartialOrd + Copy + fmt::Debug + Send + Sync + 'static> Number for T {}

fn between<T: Number>(
    column: &Column<T>,
    range: &RangeInclusive<T>,
    order: fn(&T, &T) -> Ordering,
) -> Vec<DocId> {
    let mut found = Vec::new();
    // The engine takes the least value of a segment for one of a range that ends below it.
    let (least, greatest) = (column.min_value(), column.max_value());
    let from = if order(range.start(), &least).is_lt() { least } else { *range.start() };
    let to = if order(range.end(), &greatest).is_gt() { greatest } else { *range.end() };
    if order(&from, &to).is_le() {
        column.get_docids_for_value_range(from..=to, 0..column.num_docs(), &mut found);
    }
    found
}

fn any<T: Number>(column: &Column<T>, test: impl Fn(&T) -> bool) -> Vec<DocId> {
    (0..column.num_docs()).filter(|doc| column.values_for_doc(*doc).any(|value| test(&value))).collect()
}

/// Tells whether a term, or what follows its prefix, is wanted.
pub(super) type Accept = Arc<dyn Fn(&[u8]) -> bool + Send + Sync>;

struct Terms {
    field: Field,
    prefix: Vec<u8>,
    accept: Accept,
}

impl fmt::Debug for Terms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Terms").field("prefix", &self.prefix).finish_non_exhaustive()
    }
}

impl Scan for Terms {
    fn mark(&self, segment: &SegmentReader, docs: &mut BitSet) -> tantivy::Result<()> {
        let inverted = segment.inverted_index(self.field)?;
        let mut stream = inverted.terms().range().ge(&self.prefix).into_stream()?;
        while stream.advance() {
            let Some(rest) = stream.key().strip_prefix(self.prefix.as_slice()) else {
                break;
            };
            if (self.accept)(rest) {
                let mut postings =
                    inverted.read_postings_from_terminfo(stream.value(), IndexRecordOption::Basic)?;
                while postings.doc() != TERMINATED {
                    docs.insert(postings.doc());
                    postings.advance();
                }
            }
        }
        Ok(())
    }
}

#[derive(Debug, Clone)]
struct Scanning(Arc<dyn Scan>);

impl Query for Scanning {
    fn weight(&self, _scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for Scanning {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut docs = BitSet::with_max_value(segment.max_doc());
        self.0.mark(segment, &mut docs)?;
        scorer(docs, boost)
    }

    fn explain(&self, _segment: &SegmentReader, _doc: DocId) -> tantivy::Result<Explanation> {
        Ok(Explanation::new("a scan", 1.0))
    }
}

/// The documents of another query, found beforehand. The engine may not ask an exhausted phrase whether it holds a
/// document, which it does where phrases are excluded.
#[derive(Debug, Clone)]
struct Beforehand(Arc<dyn Query>);

/// Documents that match the query. Each scores 1.
pub(super) fn beforehand(query: Box<dyn Query>) -> Box<dyn Query> {
    Box::new(Beforehand(Arc::from(query)))
}

impl Query for Beforehand {
    fn weight(&self, scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(BeforehandWeight(self.0.weight(scoring)?)))
    }
}

struct BeforehandWeight(Box<dyn Weight>);

impl Weight for BeforehandWeight {
    fn scorer(&self, segment: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let mut docs = BitSet::with_max_value(segment.max_doc());
        self.0.for_each_no_score(segment, &mut |found| {
            for doc in found {
                docs.insert(*doc);
            }
        })?;
        scorer(docs, boost)
    }

    fn explain(&self, segment: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        self.0.explain(segment, doc)
    }
}

fn scorer(docs: BitSet, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
    if docs.len() == 0 {
        return Ok(Box::new(EmptyScorer));
    }
    Ok(Box::new(ConstScorer::new(BitSetDocSet::from(docs), boost)))
}
