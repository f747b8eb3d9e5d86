//! What the suite says of fixtures that lack something, and of sources that have little to show.

mod bare;

use async_trait::async_trait;
use connectors_core::{Definition, Error};
use connectors_testkit::memory::{self, MemoryFixture};
use connectors_testkit::{Broken, Expected, Fixture, Outcome, Population, Result, WrongSettings, suite};
use serde_json::{Map, Value};

use bare::{Bare, BareFixture};

/// A fixture that provides as little as the trait lets it.
struct Lacking(MemoryFixture);

#[async_trait]
impl Fixture for Lacking {
    const LARGE: usize = 500;

    async fn start() -> Result<Self> {
        MemoryFixture::start().await.map(Self)
    }

    async fn stop(self) -> Result<()> {
        self.0.stop().await
    }

    fn settings(&self) -> Map<String, Value> {
        let mut settings = self.0.settings();
        settings.remove("token");
        settings
    }

    fn wrong_settings(&self) -> Vec<WrongSettings> {
        Vec::new()
    }

    async fn load(&mut self, count: usize) -> Result<()> {
        self.0.load(count + 1).await
    }

    async fn change(&mut self, _: usize) -> Result<Vec<String>> {
        Err("the disk is full".into())
    }

    async fn remove(&mut self, count: usize) -> Result<Vec<String>> {
        self.0.remove(count).await
    }

    async fn add(&mut self, count: usize) -> Result<Vec<String>> {
        self.0.add(count).await
    }

    fn expected(&self) -> Box<dyn Iterator<Item = (String, Expected)> + Send + '_> {
        self.0.expected()
    }

    fn secrets(&self) -> Vec<String> {
        Vec::new()
    }
}

fn attempt(promise: &str) -> Outcome {
    suite!(memory::SOURCE, Lacking).attempt(promise)
}

fn blames_the_fixture(promise: &str, reason: &str) {
    let outcome = attempt(promise);
    assert!(
        matches!(&outcome, Err(Broken::Fixture(error)) if error.to_string().contains(reason)),
        "{promise}: {outcome:?}"
    );
}

#[test]
fn settings_that_can_be_wrong_need_wrong_ones() {
    blames_the_fixture("wrong_settings_are_explained", "wrong_settings() is empty");
}

#[test]
fn sensitive_settings_need_values() {
    for promise in ["secrets_stay_out_of_logs", "secrets_stay_out_of_errors", "secrets_stay_out_of_debug"] {
        blames_the_fixture(promise, "no value for any of the sensitive settings");
    }
}

#[test]
fn a_large_listing_is_above_ten_thousand() {
    blames_the_fixture("a_large_listing_is_complete", "LARGE must be above 10000, not 500");
}

#[test]
fn capabilities_need_what_they_are_tried_with() {
    let suite = suite!(memory::SOURCE, Silent);
    for (promise, reason) in [
        ("good_rules_are_accepted", "rules() has no good ones"),
        ("bad_rules_are_refused_with_their_place", "rules() has no bad ones"),
        ("identities_are_complete_and_unique", "identities() is empty"),
        ("documents_carry_their_permissions_where_they_count", "expected() tells no permissions"),
        ("changed_documents_are_other_versions", "change(12) changed 0 documents"),
        ("a_large_listing_is_not_held_in_memory", "CountingAllocator"),
        ("removed_documents_vanish", "did not stop"),
    ] {
        let broken = suite.attempt(promise).unwrap_err();
        assert!(matches!(broken, Broken::Fixture(_)) && broken.to_string().contains(reason), "{broken:?}");
    }
}

#[test]
fn what_cannot_be_broken_is_not_tried() {
    let suite = suite!(memory::SOURCE, Silent);
    for (promise, reason) in [
        ("a_listing_after_an_error_is_complete", "can't break a listing"),
        ("permissions_that_can_not_be_read_are_unknown", "can't make permissions unreadable"),
    ] {
        let broken = suite.attempt(promise).unwrap_err();
        assert!(matches!(broken, Broken::Untried(_)) && broken.to_string().contains(reason), "{broken:?}");
    }
}

/// A fixture without rules, identities or faults, that changes nothing and does not stop.
struct Silent(MemoryFixture);

#[async_trait]
impl Fixture for Silent {
    async fn start() -> Result<Self> {
        MemoryFixture::start().await.map(Self)
    }

    async fn stop(self) -> Result<()> {
        Err("it did not stop".into())
    }

    fn settings(&self) -> Map<String, Value> {
        self.0.settings()
    }

    fn wrong_settings(&self) -> Vec<WrongSettings> {
        self.0.wrong_settings()
    }

    async fn load(&mut self, count: usize) -> Result<()> {
        self.0.load(count).await
    }

    async fn change(&mut self, _: usize) -> Result<Vec<String>> {
        Ok(Vec::new())
    }

    async fn remove(&mut self, count: usize) -> Result<Vec<String>> {
        self.0.remove(count).await
    }

    async fn add(&mut self, count: usize) -> Result<Vec<String>> {
        self.0.add(count).await
    }

    fn expected(&self) -> Box<dyn Iterator<Item = (String, Expected)> + Send + '_> {
        let without = |(id, expected)| (id, Expected { permissions: None, ..expected });
        Box::new(self.0.expected().map(without))
    }

    fn secrets(&self) -> Vec<String> {
        self.0.secrets()
    }
}

#[test]
fn a_fixture_that_loads_another_number_is_told() {
    let broken = suite!(bare::SOURCE, BareFixture<1>).attempt("documents_are_complete").unwrap_err();
    assert_eq!(broken.to_string(), "the fixture expects 1201 documents after load(1200)");
}

#[test]
fn a_source_with_nothing_to_show_leaves_promises_untried() {
    let suite = suite!(bare::SOURCE, BareFixture<0>);
    assert!(!suite.names().contains(&"good_rules_are_accepted"), "no capability, no promise");
    for (promise, reason) in [
        ("secrets_stay_out_of_errors", "it has no secrets"),
        ("contents_can_be_read_twice", "no document has a content"),
    ] {
        let broken = suite.attempt(promise).unwrap_err();
        assert!(matches!(broken, Broken::Untried(_)) && broken.to_string().contains(reason), "{broken:?}");
    }
    for promise in ["wrong_settings_are_explained", "missing_settings_are_named", "documents_are_complete"] {
        assert!(suite.attempt(promise).is_ok(), "{promise}");
    }
}

#[test]
fn types_without_debug_show_nothing() {
    let broken = suite!(bare::SOURCE, bare::SecretFixture).attempt("secrets_stay_out_of_debug").unwrap_err();
    assert!(broken.to_string().contains("neither the source nor its settings have Debug"), "{broken}");
}

#[test]
fn settings_that_nobody_checks_are_found() {
    static LENIENT: Definition<Bare<true>> = Definition::new();
    let broken = suite!(LENIENT, BareFixture<0>).attempt("unknown_settings_are_refused").unwrap_err();
    assert_eq!(broken.to_string(), "connects in spite of `no_such_setting`");
}

#[test]
fn a_promise_of_another_name_is_none() {
    let broken = suite!(memory::SOURCE, MemoryFixture).attempt("nothing").unwrap_err();
    assert_eq!(broken.to_string(), "there is no promise nothing for this source");
}

#[test]
fn errors_of_a_source_tell_what_was_tried() {
    let broken = Broken::Source { doing: "listing", error: Error::missing("gone") };
    assert_eq!(broken.to_string(), "listing: gone");
}

#[test]
fn a_population_knows_who_was_changed_removed_and_added() {
    let mut population = Population::of(10);
    assert_eq!(population.change(2), [(0, 1), (5, 1)]);
    assert_eq!(population.remove(2), [1, 6], "others than those that were changed");
    assert_eq!(population.add(2), [10, 11]);
    assert_eq!(population.change(1), [(0, 2)]);
    let revisions: Vec<(usize, u32)> = population.iter().filter(|(_, revision)| *revision > 0).collect();
    assert_eq!((revisions, population.len()), (vec![(0, 2), (5, 1)], 10));
    assert_eq!(population.remove(99).len(), 10);
    assert!(population.is_empty() && population.change(3).is_empty());
}
