use std::path::Path;

use serde_json::json;
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use super::Index;
use crate::analysis;
use crate::failure::Result;
use crate::logged::logged;
use crate::store::meta::{Meta, Settings};
use crate::store::{Action, Operation, Source};

/// Panics, as the engine does where the system gives it no random bytes.
#[derive(Clone)]
struct Panicking;

impl Tokenizer for Panicking {
    type TokenStream<'a> = Panicking;

    fn token_stream<'a>(&'a mut self, _text: &'a str) -> Panicking {
        panic!("could not initialize thread_rng")
    }
}

impl TokenStream for Panicking {
    fn advance(&mut self) -> bool {
        false
    }

    fn token(&self) -> &Token {
        unreachable!("there is no token")
    }

    fn token_mut(&mut self) -> &mut Token {
        unreachable!("there is no token")
    }
}

fn index(folder: &Path) -> Index {
    Index::create(folder, Meta::new("things", Settings::default(), Default::default())).unwrap()
}

fn write(index: &Index, id: &str, action: Action) -> Result<()> {
    let operation = Operation { id: id.to_owned(), action, condition: None };
    index.write(vec![operation])?.remove(0).map(|_| ())
}

fn put(index: &Index, id: &str) -> Result<()> {
    let source = json!({"text": format!("the text of {id}")});
    let bytes = source.to_string().into_bytes().into();
    write(index, id, Action::Index(Source { bytes, parsed: source.as_object().unwrap().clone() }))
}

/// After the failure that `fail` causes and `mend` takes away again: every write is refused, nothing is
/// taken for committed, and a new start brings back what was acknowledged.
fn refuses_until_it_starts_again(fail: impl Fn(&Index, &Path), mend: impl Fn(&Index, &Path)) {
    let folder = tempfile::tempdir().unwrap();
    let (acknowledged, lines) = logged(|| {
        let index = index(folder.path());
        put(&index, "before").unwrap();
        index.refresh().unwrap();
        fail(&index, folder.path());
        let mut acknowledged = vec!["before".to_owned()];
        acknowledged.extend((0..3).map(|n| format!("at {n}")).filter(|id| put(&index, id).is_ok()));
        assert_eq!(index.refresh().unwrap_err().status(), 500);
        mend(&index, folder.path());
        for _ in 0..2 {
            for answer in [put(&index, "after"), write(&index, "before", Action::Delete), index.refresh()] {
                let failure = answer.unwrap_err();
                assert_eq!(failure.status(), 500);
                assert!(failure.reason().contains("[things]") && failure.reason().contains("thread failed"));
            }
        }
        assert_eq!(index.close().unwrap_err().status(), 500);
        acknowledged
    });
    let again = Index::open(folder.path()).unwrap().unwrap();
    assert_eq!(again.view().unwrap().searcher.num_docs(), acknowledged.len() as u64);
    for id in acknowledged {
        assert!(again.get(&id).unwrap().is_some(), "{id} was acknowledged");
    }
    put(&again, "later").unwrap();
    assert!(lines.contains("ERROR") && lines.contains("the indexing thread failed"), "{lines}");
    assert!(lines.contains("index=\"things\""), "{lines}");
}

#[test]
fn a_panicked_indexing_thread_refuses_every_write_and_loses_none() {
    refuses_until_it_starts_again(
        |index, _| index.engine.tokenizers().register(analysis::STANDARD, Panicking),
        |index, _| index.engine.tokenizers().register(analysis::STANDARD, analysis::standard()),
    );
}

#[test]
fn an_indexing_thread_that_can_not_write_refuses_every_write_and_loses_none() {
    refuses_until_it_starts_again(
        |_, folder| std::fs::rename(folder.join("engine"), folder.join("aside")).unwrap(),
        |_, folder| std::fs::rename(folder.join("aside"), folder.join("engine")).unwrap(),
    );
}

#[test]
fn a_deletion_alone_notices_a_thread_that_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let index = index(folder.path());
    for id in ["a", "b"] {
        put(&index, id).unwrap();
    }
    index.refresh().unwrap();
    index.engine.tokenizers().register(analysis::STANDARD, Panicking);
    // The thread may take the text up at once or a little later: deletions are sent until it has.
    let mut answers = (0..).map(|n| {
        put(&index, "c")?;
        write(&index, if n % 2 == 0 { "a" } else { "c" }, Action::Delete)
    });
    assert_eq!(answers.find_map(Result::err).unwrap().status(), 500);
    assert_eq!(write(&index, "b", Action::Delete).unwrap_err().status(), 500);
    assert!(index.get("b").is_err());
}

#[test]
fn a_broken_index_is_deleted_without_a_new_start() {
    let folder = tempfile::tempdir().unwrap();
    let index = index(folder.path());
    put(&index, "a").unwrap();
    // The next document begins a new segment, which asks for its tokenizers anew.
    index.refresh().unwrap();
    index.engine.tokenizers().register(analysis::STANDARD, Panicking);
    assert!(put(&index, "b").and_then(|()| index.refresh()).is_err());
    index.remove().unwrap();
    assert!(!folder.path().exists() && index.remove().unwrap_err().status() == 404);
}

#[test]
fn an_index_that_could_not_be_deleted_is_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let index = index(folder.path());
    put(&index, "a").unwrap();
    let mut taken = folder.path().as_os_str().to_owned();
    taken.push(".deleted");
    std::fs::create_dir_all(Path::new(&taken).join("x")).unwrap();
    assert!(index.remove().is_err());
    std::fs::remove_dir_all(&taken).unwrap();
    put(&index, "b").unwrap();
    index.refresh().unwrap();
    assert_eq!(index.view().unwrap().searcher.num_docs(), 2);
}

/// A commit writes the files of its deletions, then `meta.json`. Where it ends in between, the next replay of
/// the log makes the same files under the same names.
#[test]
fn what_an_unfinished_commit_left_is_no_hindrance_to_the_next() {
    let folder = tempfile::tempdir().unwrap();
    let index = index(folder.path());
    for id in ["a", "b", "c"] {
        put(&index, id).unwrap();
    }
    index.refresh().unwrap();
    put(&index, "a").unwrap();
    write(&index, "b", Action::Delete).unwrap();
    drop(index);
    let committed = folder.path().join("engine/meta.json");
    let log = folder.path().join("log/1");
    let kept = [&committed, &log].map(|path| std::fs::read(path).unwrap());
    for _ in 0..2 {
        let again = Index::open(folder.path()).unwrap().unwrap();
        assert!(again.get("a").unwrap().is_some() && again.get("b").unwrap().is_none());
        assert_eq!(again.view().unwrap().searcher.num_docs(), 2);
        drop(again);
        for (path, bytes) in [&committed, &log].into_iter().zip(&kept) {
            std::fs::write(path, bytes).unwrap();
        }
    }
}
