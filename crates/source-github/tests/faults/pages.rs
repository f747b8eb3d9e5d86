//! Pages that lead back, that change while they are read, or that are too large.

use connectors_core::Rules;
use futures::StreamExt;

use crate::support::{ITEMS, Read, connect, filled, item, settings};
use crate::world::Kind;

#[tokio::test]
async fn a_cursor_that_repeats_is_an_error_of_its_list_and_no_endless_loop() {
    let server = filled(30).await;
    server.all().repeat_cursors(true);
    let read = Read::of(&*connect(&settings(&server))).await;
    let mut scopes: Vec<&str> = read.errors.iter().filter_map(|error| error.scope()).collect();
    scopes.sort_unstable();
    let of = |list: &'static str| (0..3).map(move |number| format!("acme/repo-{number}/{list}"));
    let expected: Vec<String> = of("issues").chain(of("pulls")).collect();
    assert!(expected.iter().all(|scope| scopes.contains(&scope.as_str())), "{scopes:?}");
    assert!(
        read.errors.iter().any(|error| error.to_string().contains("would never end")),
        "{:?}",
        read.errors
    );
}

#[tokio::test]
async fn what_comes_and_goes_between_pages_moves_nothing_else() {
    let server = filled(ITEMS).await;
    let connection = connect(&settings(&server));
    let rules = Rules::NONE;
    let mut documents = connection.source().documents(&rules);
    let mut ids = vec![documents.next().await.unwrap().unwrap().id().as_str().to_owned()];
    {
        let mut all = server.all();
        (0..40).for_each(|number| all.world.remove(number));
        (ITEMS..ITEMS + 40).for_each(|number| all.world.put(number, 0));
    }
    let mut errors = Vec::new();
    while let Some(listed) = documents.next().await {
        match listed {
            Ok(document) => ids.push(document.id().as_str().to_owned()),
            Err(error) => errors.push(error),
        }
    }
    // The commit that was to be read is not the newest any more.
    assert!(
        errors.iter().all(|error| error.scope().is_some_and(|scope| scope.ends_with("/files"))),
        "{errors:?}"
    );
    let stayed = (40..ITEMS).map(item).filter(|item| item.kind() != Kind::File);
    let missing: Vec<String> = stayed.map(|item| item.id()).filter(|id| !ids.contains(id)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[tokio::test]
async fn a_tree_that_is_cut_is_read_part_by_part() {
    let server = filled(ITEMS).await;
    let all = Read::of(&*connect(&settings(&server))).await;
    server.all().longest_tree = 10;
    let parts = Read::of(&*connect(&settings(&server))).await;
    assert!(parts.errors.is_empty(), "{:?}", parts.errors);
    assert_eq!(parts.documents, all.documents);
    server.all().longest_tree = 2;
    let cut = Read::of(&*connect(&settings(&server))).await;
    let scopes: Vec<_> = cut.errors.iter().map(|error| error.scope().unwrap()).collect();
    assert_eq!(scopes.len(), 3, "{:?}", cut.errors);
    assert!(scopes.iter().all(|scope| scope.ends_with("/files")), "{scopes:?}");
    assert!(cut.errors[0].to_string().contains("more entries than GitHub lists"), "{}", cut.errors[0]);
}
