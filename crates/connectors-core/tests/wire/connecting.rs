//! Which server answers, who is let in, and what is told when nobody answers.

use connectors_core::config::Secret;
use connectors_core::elastic::{Auth, Client, Flavour};
use connectors_core::sync::{Status, TakeOver};
use connectors_core::{Error, ErrorKind};

use crate::support::{Fake, Manner, Memory, Root, World, accounts, entries, settings};

fn manner(root: Root) -> Manner {
    Manner { root, ..Manner::default() }
}

async fn refused(host: &str) -> Error {
    Client::connect(settings(host)).await.unwrap_err()
}

#[tokio::test]
async fn every_flavour_is_synced_alike() {
    for (root, flavour, shown) in [
        (Root::Elasticsearch, Flavour::Elasticsearch, "Elasticsearch 9.5.3"),
        (Root::OpenSearch, Flavour::OpenSearch, "OpenSearch 3.5.0"),
        (Root::Rootless, Flavour::Elasticsearch, "Elasticsearch 9.5.3"),
    ] {
        let mut world = World::of(manner(root), |_| ()).await;
        world.options.take_over = TakeOver::Unowned;
        assert_eq!(
            (world.client.engine().flavour, world.client.engine().to_string()),
            (flavour, shown.into())
        );
        world.fake.seed("docs", [("foreign".to_owned(), serde_json::json!({}))]);
        let source = Memory::numbered(20);
        assert_eq!(accounts(&world.sync(&source).await), [20, 0, 0, 0, 1]);
        source.set(entries(5..22));
        let report = world.sync(&source).await;
        assert_eq!((report.status, accounts(&report)), (Status::Completed, [2, 0, 15, 0, 5]));
        world.assert_holds(&entries(5..22));
        let kept = world.fake.kept();
        assert!(kept.pits.is_empty() && kept.pits_opened == 1, "points in time are given back");
    }
}

#[tokio::test]
async fn something_else_is_not_taken_for_elasticsearch() {
    let fake = Fake::start(manner(Root::Stranger)).await;
    let error = refused(&format!("http://ada:pa55@{}", fake.address)).await;
    assert_eq!(error.kind(), ErrorKind::Config);
    let expected =
        format!("what answers is not Elasticsearch; see elasticsearch.host (host: http://{})", fake.address);
    assert_eq!(error.to_string(), expected);
}

#[tokio::test]
async fn an_unreachable_host_is_named_with_the_fix_and_without_the_password() {
    let taken = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = taken.local_addr().unwrap().to_string();
    drop(taken);
    let error = refused(&format!("http://ada:pa55@{address}")).await;
    assert_eq!(error.kind(), ErrorKind::Transient);
    let (shown, debug) = (error.to_string(), format!("{error:?}"));
    assert!(shown.contains(&format!("host: http://{address}")), "{shown}");
    assert!(shown.contains("see that it runs, and that elasticsearch.host is right"), "{shown}");
    assert!(!shown.contains("pa55") && !debug.contains("pa55"), "{shown} {debug}");
}

#[tokio::test]
async fn who_asks_is_told_in_each_way() {
    let secret = |text: &str| Secret::new(text);
    for (auth, user, expected) in [
        (Auth::Basic("ada".into(), secret("pa:55")), "", "Basic YWRhOnBhOjU1"),
        (Auth::ApiKey(secret("a2V5")), "", "ApiKey a2V5"),
        (Auth::Bearer(secret("t0k3n")), "", "Bearer t0k3n"),
        (Auth::None, "ada:pa:55@", "Basic YWRhOnBhOjU1"),
        (Auth::None, "ad%61:p%61%3A55@", "Basic YWRhOnBhOjU1"),
        (Auth::Bearer(secret("t0k3n")), "ada:pa55@", "Bearer t0k3n"),
    ] {
        let fake = Fake::start(Manner { authorization: Some(expected), ..Manner::default() }).await;
        let mut settings = settings(&format!("http://{user}{}", fake.address));
        settings.auth = auth;
        let client = Client::connect(settings).await.unwrap_or_else(|error| panic!("{expected}: {error}"));
        for shown in [format!("{client:?}"), format!("{:?}", client.settings())] {
            for secret in ["pa:55", "pa55", "p%61", "t0k3n", "a2V5"] {
                assert!(!shown.contains(secret), "{shown}");
            }
            assert!(shown.contains(&fake.address), "{shown}");
        }
        let error = refused(&format!("http://wr:ong@{}", fake.address)).await;
        assert_eq!(error.kind(), ErrorKind::Denied, "{error}");
        assert!(error.to_string().contains("does not know these credentials"), "{error}");
    }
}

#[tokio::test]
async fn certificates_that_can_not_be_read_are_a_wrong_setting() {
    let mut settings = settings("https://localhost:9200");
    settings.ca_certs = Some(b"no certificate".to_vec());
    let error = Client::connect(settings.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config, "{error}");
    settings.ca_certs = None;
    settings.verify_certs = false;
    settings.host = "https://127.0.0.1:1".parse().unwrap();
    assert_eq!(Client::connect(settings).await.unwrap_err().kind(), ErrorKind::Transient);
}
