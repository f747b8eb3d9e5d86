//! Where links lead.

use super::*;

const FOLLOW: &str = "follow_links";

#[tokio::test]
async fn links_are_skipped_by_default() {
    let tree = Tree::new(&["a/file"]);
    fs::write(tree.outside().join("secret"), "secret").unwrap();
    tree.link("folder", tree.outside());
    tree.link("file", tree.outside().join("secret"));
    tree.link("inside", "a/file");
    tree.link("dangling", "nothing");
    tree.list(&json!({})).await.is(&["a/file"]);
}

#[tokio::test]
async fn followed_links_give_a_document_per_path() {
    let tree = Tree::new(&["a/file"]);
    fs::write(tree.outside().join("secret"), "secret").unwrap();
    tree.link("folder", tree.outside());
    tree.link("inside", "a/file");
    tree.link("twin", "a");
    let listed = tree.list(&json!({FOLLOW: true})).await;
    listed.is(&["a/file", "folder/secret", "inside", "twin/file"]);
}

#[tokio::test]
async fn a_root_that_is_a_link_is_followed() {
    let tree = Tree::new(&["file"]);
    let link = tree.0.path().join("link");
    symlink("root", &link).unwrap();
    let client = Arc::new(client(link, &json!({})));
    client.reach().await.unwrap();
    list(&client).await.is(&["file"]);
    assert_eq!(read::text(&client, "file").await.unwrap(), "file");
}

#[tokio::test]
async fn a_loop_is_reported_and_ended() {
    let tree = Tree::new(&["a/b/file"]);
    tree.link("a/b/up", "..");
    tree.link("a/root", "../../root");
    tree.link("a/above", "../..");
    let listed = tree.list(&json!({FOLLOW: true})).await;
    assert_eq!(listed.paths, [PathBuf::from("a/b/file")]);
    let kind = ErrorKind::Config;
    assert_eq!(listed.problems(), [(kind, Some("a/above")), (kind, Some("a/b/up")), (kind, Some("a/root"))]);
    let shown = listed.errors[1].to_string();
    assert!(shown.contains("a/b/up") && shown.contains("leads to") && shown.contains("remove it"), "{shown}");
}

#[tokio::test]
async fn a_link_to_nothing_leaves_unknown_only_what_lay_behind_it() {
    let tree = Tree::new(&["a/file"]);
    tree.link("a/dangling", "nothing");
    let listed = tree.list(&json!({FOLLOW: true})).await;
    assert_eq!(listed.paths, [PathBuf::from("a/file")]);
    assert_eq!(listed.problems(), [(ErrorKind::Missing, Some("a/dangling"))]);
}

#[tokio::test]
async fn links_in_a_circle_lead_to_nothing() {
    let tree = Tree::new(&["a/file"]);
    tree.link("a/x", "y");
    tree.link("a/y", "x");
    let listed = tree.list(&json!({FOLLOW: true})).await;
    assert_eq!(listed.paths, [PathBuf::from("a/file")]);
    assert_eq!(listed.problems(), [(ErrorKind::Missing, Some("a/x")), (ErrorKind::Missing, Some("a/y"))]);
    assert!(listed.errors[0].to_string().contains("link"), "{}", listed.errors[0]);
}

#[tokio::test]
async fn hidden_links_that_are_not_wanted_may_lead_anywhere() {
    let tree = Tree::new(&["a/file"]);
    tree.link("a/.#lock", "user@host.1");
    tree.link("a/.loop", "..");
    tree.list(&json!({FOLLOW: true})).await.is(&["a/file"]);
    let listed = tree.list(&json!({FOLLOW: true, "hidden": true})).await;
    assert_eq!(
        listed.problems(),
        [(ErrorKind::Missing, Some("a/.#lock")), (ErrorKind::Config, Some("a/.loop"))]
    );
}

#[tokio::test]
async fn nothing_outside_of_the_folders_that_may_be_read_is_listed_or_read() {
    let tree = Tree::new(&["a/file"]);
    fs::write(tree.outside().join("secret"), "secret").unwrap();
    tree.link("folder", tree.outside());
    tree.link("linked", tree.outside().join("secret"));
    tree.link("inside", "a/file");
    let client = client_within(&tree.root(), tree.root(), &json!({FOLLOW: true}));
    client.reach().await.unwrap();
    let listed = list(&client).await;
    let mut paths: Vec<_> = listed.paths.iter().map(|path| path.display().to_string()).collect();
    paths.sort_unstable();
    assert_eq!(paths, ["a/file", "inside"]);
    let kind = ErrorKind::Config;
    assert_eq!(listed.problems(), [(kind, Some("folder/secret")), (kind, Some("linked"))]);
    assert_eq!(read::text(&client, "inside").await.unwrap(), "a/file");
    for path in ["linked", "folder/secret"] {
        let error = read::text(&client, path).await.unwrap_err().to_string();
        assert!(error.contains("`service.allow.paths`"), "{error}");
    }
    let elsewhere = client_within(&tree.root(), tree.outside(), &json!({}));
    assert_eq!(elsewhere.reach().await.unwrap_err().kind(), kind);
}
