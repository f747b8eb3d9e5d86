//! Sources with one flaw each, and the promise whose test finds it.

mod flawed;

use std::sync::atomic::Ordering::SeqCst;
use std::sync::{Mutex, PoisonError};

use connectors_core::Definition;
use connectors_testkit::{Broken, CountingAllocator, suite};

use flawed::{FLAW, Flaw, Flawed, FlawedFixture};

#[global_allocator]
static ALLOCATOR: CountingAllocator = CountingAllocator::new();

static SOURCE: Definition<Flawed> = Definition::new().incremental().access_control().advanced_rules();

/// One flaw at a time.
static ALONE: Mutex<()> = Mutex::new(());

fn breaks(flaw: Flaw, promise: &str, reason: &str) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    FLAW.store(flaw as usize, SeqCst);
    let tried = if flaw == Flaw::Hanging {
        suite!(SOURCE, FlawedFixture<2>).attempt(promise)
    } else {
        suite!(SOURCE, FlawedFixture<120>).attempt(promise)
    };
    let Err(broken) = tried else {
        panic!("{promise} is kept in spite of the flaw");
    };
    assert!(!matches!(broken, Broken::Fixture(_) | Broken::Untried(_)), "{broken}");
    assert!(broken.to_string().contains(reason), "{broken}");
}

/// Flaw, the promise that it breaks, and a part of the reason that the test must give.
macro_rules! flaws {
    ($($name:ident: $flaw:ident, $promise:literal, $reason:literal;)*) => {
        $(
            #[test]
            fn $name() {
                breaks(Flaw::$flaw, $promise, $reason);
            }
        )*
    };
}

flaws! {
    second_ping_fails: FailingPing, "ping_reaches_the_backend", "no more connections";
    ping_that_never_fails: LyingPing, "wrong_settings_are_explained", "finds nothing wrong";
    error_that_explains_nothing: BareError, "wrong_settings_are_explained", "does not name the cause";
    foreseen_error_of_no_kind: UnexpectedError, "wrong_settings_are_explained", "not be Unexpected";
    early_end: EarlyEnd, "documents_are_complete", "missing: [record-0001080";
    skipped_page: SkippedPage, "documents_are_complete", "1190 ids where 1200 are expected";
    hanging_listing: Hanging, "documents_are_complete", "did not end within";
    panic: Panic, "documents_are_complete", "panicked: boom";
    spurious_error: SpuriousError, "documents_are_complete", "listing: hiccup";
    duplicate_page: DuplicatePage, "documents_are_unique", "listed more than once: [record-00";
    lost_field: LostField, "bodies_are_as_expected", ".colour: \"red\" is expected, nothing is there";
    body_that_is_no_object: ListBody, "bodies_are_as_expected", "not a JSON object";
    name_twice_in_a_body: DoubledName, "bodies_are_as_expected", "`a` stands twice";
    local_time: LocalTime, "timestamps_are_as_expected", "yet to come";
    placeholder: Placeholder, "an_empty_backend_lists_nothing", "not expected: [placeholder]";
    id_of_the_run: IdOfRun, "ids_are_stable_over_runs", "not expected";
    id_of_the_connection: IdOfConnection, "ids_are_stable_over_connections", "not expected";
    version_of_the_run: VersionOfRun, "versions_are_stable_while_nothing_changes", "another version";
    timestamp_of_the_run: TimestampOfRun, "timestamps_are_stable_while_nothing_changes", "another timestamp";
    version_that_never_changes: FixedVersion, "changed_documents_are_other_versions", "still the same version";
    version_of_the_whole: VersionOfRun, "unchanged_documents_stay_the_same_version", "when others were";
    stale_body: StaleBody, "changed_documents_are_listed_as_they_are_now", ".revision: 1 is expected, 0 is there";
    missing_delete: MissingDelete, "removed_documents_vanish", "removed, but still listed";
    late_addition: LateAddition, "added_documents_appear", "added, but not listed";
    changed_lies: LyingChanged, "changed_is_never_false_wrongly", "changed() is false before any listing";
    changed_forgets: ForgetfulChanged, "changed_is_never_false_wrongly", "not read to its end";
    content_lost: LostContent, "contents_are_as_expected", "missing: [record-0000000";
    content_torn: TornContent, "contents_are_as_expected", "is not the one of";
    content_for_once: ContentOnce, "contents_can_be_read_twice", "read again 0 other ones";
    content_unreadable: BrokenContent, "contents_can_be_read_twice", "can't be read: gone";
    swallowed_error: SwallowedError, "an_error_in_the_middle_never_looks_like_an_end", "ended without an error";
    error_and_duplicates: RepeatedFirst, "an_error_in_the_middle_never_looks_like_an_end", "listed twice";
    error_before_all: ErrorFirst, "an_error_in_the_middle_never_looks_like_an_end", "nothing was listed before";
    every_listing_fails: SpuriousError, "an_error_in_the_middle_never_looks_like_an_end", "listing: hiccup";
    names_that_become_one: FoldedNames, "awkward_names_get_ids_of_their_own", "names that differ have one id";
    field_of_another_kind: WrongKind, "values_are_of_the_kind_that_is_declared", "`title` is declared as date";
    field_that_never_comes: UnusedField, "values_are_of_the_kind_that_is_declared", "no document has";
    error_for_ever: StickyError, "a_listing_after_an_error_is_complete", "still broken";
    task_left_over: TaskLeftOver, "dropping_a_listing_ends_its_work", "1 tasks more than before";
    thread_left_over: ThreadLeftOver, "dropping_a_listing_ends_its_work", "blocking work still runs";
    listing_that_goes_on: Resuming, "a_listing_after_a_dropped_one_is_complete", "missing: [record-0000000";
    busy_loop: BusyLoop, "the_runtime_is_never_blocked", "kept from everything else";
    first_hits_only: FirstHits, "a_large_listing_is_complete", "10000 ids where 20000 are expected";
    all_in_memory: AllInMemory, "a_large_listing_is_not_held_in_memory", "at most";
    secret_in_a_log: SecretInLog, "secrets_stay_out_of_logs", "signing in";
    secret_in_a_span: SecretInSpan, "secrets_stay_out_of_logs", "t0ken-";
    secret_in_an_error: SecretInError, "secrets_stay_out_of_errors", "an error shows a secret";
    secret_in_debug: SecretInDebug, "secrets_stay_out_of_debug", "Debug shows a secret";
    changes_out_of_nothing: ChangesAnew, "without_changes_there_are_none_since_a_cursor", "though nothing did";
    change_without_delete: MissingDelete, "changes_since_a_cursor_are_exactly_those_made", "deletes: 0 ids";
    change_without_body: LostField, "changes_since_a_cursor_are_exactly_those_made", ".colour";
    changes_without_end: NoCheckpoint, "changes_since_a_cursor_are_exactly_those_made", "no checkpoint";
    cursor_of_the_end: CursorOfEnd, "changes_during_a_listing_come_after_its_cursor", "deletes: 0 ids";
    hasty_checkpoint: HastyCheckpoint, "changes_go_on_from_any_checkpoint", "missing";
    cursor_of_the_process: CursorOfProcess, "changes_go_on_by_a_new_connection", "deletes: 0 ids";
    good_rules_refused: RefusedRules, "good_rules_are_accepted", "refused";
    rules_ignored: IgnoredRules, "good_rules_list_exactly_what_they_say", "not expected";
    bad_rules_accepted: IgnoredRules, "bad_rules_are_refused_with_their_place", "accepted";
    bad_rules_without_place: PlacelessRules, "bad_rules_are_refused_with_their_place", "no problem is at \"colour\"";
    lost_identity: LostIdentity, "identities_are_complete_and_unique", "missing: [ada]";
    error_without_its_scope: LostScope, "an_error_names_the_scope_that_it_is_about", "this error names none";
    error_about_another_scope: NarrowScope, "an_error_names_the_scope_that_it_is_about", "record-0000600";
    content_that_kills_its_document: EagerContent, "a_content_that_fails_leaves_its_document", "the text was lost";
    content_that_hides_its_error: SilentContent, "a_content_that_fails_leaves_its_document", "without an error";
    lost_terms: LostTerms, "identities_carry_their_terms", "ada: [";
    lost_permissions: LostPermissions, "documents_carry_their_permissions_where_they_count", "[\"user:eve\"]";
    open_permissions: OpenPermissions, "permissions_that_can_not_be_read_are_unknown", "Some(Unknown) are expected";
    permissions_nobody_asked_for: UnaskedPermissions, "documents_carry_no_permissions_where_they_do_not_count",
        "nobody asked";
    change_without_permissions: LostPermissionsOfChanges, "changes_carry_their_permissions", "None are there";
}

#[test]
fn without_a_flaw_every_promise_is_kept() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    FLAW.store(Flaw::None as usize, SeqCst);
    let suite = suite!(SOURCE, FlawedFixture<120>);
    for name in suite.names() {
        if let Err(broken) = suite.attempt(name) {
            panic!("{name}: {broken}");
        }
    }
}
