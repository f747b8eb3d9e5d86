//! The least that indexing can cost: documents that lie on disk ready made, posted with nothing in between.
//!
//! They are what the program itself sends, as [`sink`](super::sink) recorded it, into an index made by the same
//! request: `index.json`, `bulk.ndjson`, and in `bulk.ends` where each document ends (64 bits, little endian).

use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{Client, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::Words;
use crate::Result;

/// The request that makes the index.
pub(super) const INDEX: &str = "index.json";
/// Actions and documents, a line each.
pub(super) const LINES: &str = "bulk.ndjson";
/// Where each document ends.
pub(super) const ENDS: &str = "bulk.ends";

const MIB: u64 = 1 << 20;

/// What is posted, and how.
#[derive(Debug, Clone)]
pub struct Options {
    /// The index, which must not be there.
    pub index: String,
    /// The server.
    pub es: String,
    /// The folder with what was recorded.
    pub from: PathBuf,
    /// Bytes of a bulk, and bulks in flight.
    pub pace: (u64, usize),
    /// True removes what was posted before from the index, which then is empty.
    pub deletes: bool,
}

/// What it came to; the names are those of the program's report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Posted {
    /// Documents that the index holds.
    pub created: u64,
    /// Requests.
    pub requests: u64,
    /// Bytes of request bodies.
    pub bytes_sent: u64,
    /// Bytes of response bodies.
    pub bytes_received: u64,
}

impl Options {
    /// Reads `--es URL --index NAME --from DIR [--bulk MIB] [--window N] [--deletes]`.
    ///
    /// # Errors
    /// What is missing or is no number.
    pub fn of(words: &mut Words) -> Result<Self> {
        let bulk = words.number("--bulk", 5)? as u64 * MIB;
        let (window, deletes) = (words.number("--window", 2)?, words.flag("--deletes"));
        let (es, index) = (words.needed("--es")?, words.needed("--index")?);
        Ok(Self { es, index, from: words.needed("--from")?.into(), pace: (bulk, window.max(1)), deletes })
    }
}

/// Makes the index, posts everything, refreshes, and counts.
///
/// # Errors
/// When the server refuses anything, or does not hold as many documents as were posted.
pub async fn run(options: &Options) -> Result<Posted> {
    let client = Client::builder().no_proxy().build()?;
    let url = format!("{}/{}", options.es, options.index);
    let (size, window) = options.pace;
    let mut ends = ends(&options.from.join(ENDS))?;
    let mut lines = File::open(options.from.join(LINES))?;
    if options.deletes {
        (lines, ends) = deletes_of(lines)?;
    } else {
        let mapping = fs::read(options.from.join(INDEX))?;
        let made = client.put(&url).header("content-type", "application/json").body(mapping).send().await?;
        good(made).await?;
    }
    let lines = Arc::new(lines);
    let bulks = stream::iter(cut(&ends, size)).map(|range| bulk(&client, &url, lines.clone(), range));
    let (requests, received) = bulks
        .buffer_unordered(window)
        .try_fold((0, 0), |sum, got| async move { Ok((sum.0 + 1, sum.1 + got)) })
        .await?;
    good(client.post(format!("{url}/_refresh")).send().await?).await?;
    let counted: Value =
        serde_json::from_slice(&good(client.get(format!("{url}/_count")).send().await?).await?)?;
    let created = counted["count"].as_u64().unwrap_or_default();
    let expected = if options.deletes { 0 } else { ends.len() as u64 };
    if created != expected {
        return Err(format!("{} documents were posted, and the index holds {created}", ends.len()).into());
    }
    let bytes_sent = ends.last().copied().unwrap_or_default();
    Ok(Posted { created, requests, bytes_sent, bytes_received: received })
}

/// For each document the action that removes it, in a file that nobody else has, and where each ends.
fn deletes_of(lines: File) -> Result<(File, Vec<u64>)> {
    let (mut deletes, mut ends) = (Vec::new(), Vec::new());
    // Every other line is a document.
    for action in BufReader::new(lines).lines().step_by(2) {
        let mut action: Value = serde_json::from_str(&action?)?;
        let named = action.as_object_mut().and_then(|action| action.values_mut().next().map(Value::take));
        writeln!(deletes, "{}", json!({ "delete": named }))?;
        ends.push(deletes.len() as u64);
    }
    let mut file = tempfile::tempfile()?;
    file.write_all(&deletes)?;
    Ok((file, ends))
}

/// Posts a part of the lines; the bytes of the answer.
async fn bulk(client: &Client, url: &str, lines: Arc<File>, range: Range<u64>) -> Result<u64> {
    let mut body = vec![0; usize::try_from(range.end - range.start)?];
    lines.read_exact_at(&mut body, range.start)?;
    let request = client.post(format!("{url}/_bulk?filter_path=errors"));
    let answer =
        good(request.header("content-type", "application/x-ndjson").body(body).send().await?).await?;
    if &answer[..] != br#"{"errors":false}"# {
        return Err(format!("a bulk was not taken: {}", String::from_utf8_lossy(&answer)).into());
    }
    Ok(answer.len() as u64)
}

async fn good(response: Response) -> Result<Bytes> {
    let status = response.status();
    let body = response.bytes().await?;
    if status.is_success() {
        return Ok(body);
    }
    Err(format!("the server answers {status}: {}", String::from_utf8_lossy(&body)).into())
}

fn ends(file: &Path) -> Result<Vec<u64>> {
    let bytes = fs::read(file)?;
    let (words, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(format!("{} is cut off", file.display()).into());
    }
    Ok(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
}

/// Ranges of whole documents, each of `size` bytes or a little more.
fn cut(ends: &[u64], size: u64) -> Vec<Range<u64>> {
    let (mut ranges, mut start) = (Vec::new(), 0);
    for end in ends {
        if end - start >= size {
            ranges.push(start..*end);
            start = *end;
        }
    }
    ranges.extend(ends.last().filter(|end| **end > start).map(|end| start..*end));
    ranges
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bulks_end_where_documents_end() {
        assert_eq!(cut(&[4, 8, 9, 20, 21], 8), [0..8, 8..20, 20..21]);
        assert_eq!(cut(&[4, 8], 100), vec![0..8; 1]);
        assert!(cut(&[], 100).is_empty());
    }

    #[test]
    fn ends_that_are_cut_off_are_told() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(ENDS);
        fs::write(&file, [1, 0, 0, 0, 0, 0, 0, 0, 2]).unwrap();
        assert!(ends(&file).unwrap_err().to_string().ends_with("bulk.ends is cut off"));
    }
}
