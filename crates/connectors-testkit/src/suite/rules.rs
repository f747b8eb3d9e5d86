//! Rules in the source's own language.

use connectors_core::{AdvancedRules, Capabilities, Connection, RuleProblem, Rules};

use super::listing::Listing;
use super::stage::{Stage, same_ids};
use super::{Broken, Outcome, Promise, broken, ensure, promises};
use crate::{Fixture, RuleCase, Verdict};

pub(super) fn promises<F: Fixture>() -> Vec<Promise<F>> {
    fn counts(capabilities: Capabilities) -> bool {
        capabilities.advanced_rules
    }
    promises![
        counts,
        good_rules_are_accepted,
        good_rules_list_exactly_what_they_say,
        bad_rules_are_refused_with_their_place,
    ]
}

async fn good_rules_are_accepted<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    for (rules, _) in good(stage)? {
        let problems = validate(&*connection, &rules).await?;
        ensure(problems.is_empty(), || format!("{}: refused: {problems:?}", shown(&rules)))?;
    }
    Ok(())
}

async fn good_rules_list_exactly_what_they_say<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    for (rules, ids) in good(stage)? {
        let mut listing = Listing::read(connection.source(), &rules).await;
        if let Some(error) = listing.errors.pop() {
            return Err(Broken::Source { doing: "listing by rules", error });
        }
        same_ids(listing.ids(), &ids)
            .map_err(|broken| Broken::Promise(format!("{}: {broken}", shown(&rules))))?;
    }
    Ok(())
}

async fn bad_rules_are_refused_with_their_place<F: Fixture>(stage: &mut Stage<F>) -> Outcome {
    let connection = stage.loaded(F::DOCUMENTS).await?;
    for (rules, place) in bad(stage)? {
        let problems = validate(&*connection, &rules).await?;
        if problems.is_empty() {
            return broken(format!("{}: accepted", shown(&rules)));
        }
        let named = problems.iter().any(|problem| problem.place == place && !problem.message.is_empty());
        ensure(named, || format!("{}: no problem is at {place:?}: {problems:?}", shown(&rules)))?;
    }
    Ok(())
}

fn good<F: Fixture>(stage: &Stage<F>) -> Result<Vec<(Rules, Vec<String>)>, Broken> {
    cases(stage, "good", |case| match case.verdict {
        Verdict::Lists(ids) => Some((case.rules, ids)),
        Verdict::Refused(_) => None,
    })
}

fn bad<F: Fixture>(stage: &Stage<F>) -> Result<Vec<(Rules, String)>, Broken> {
    cases(stage, "bad", |case| match case.verdict {
        Verdict::Refused(place) => Some((case.rules, place)),
        Verdict::Lists(_) => None,
    })
}

/// The fixture's rules of one kind, of which there must be some.
fn cases<F: Fixture, T>(
    stage: &Stage<F>,
    kind: &str,
    choose: fn(RuleCase) -> Option<(serde_json::Value, T)>,
) -> Result<Vec<(Rules, T)>, Broken> {
    let chosen = stage.fixture.rules().into_iter().filter_map(choose);
    let chosen: Vec<_> = chosen.map(|(rules, verdict)| (Rules::advanced(rules), verdict)).collect();
    if chosen.is_empty() {
        let text = format!("advanced rules are advertised, but rules() has no {kind} ones to try them with");
        return Err(Broken::Fixture(text.into()));
    }
    Ok(chosen)
}

async fn validate(connection: &dyn Connection, rules: &Rules) -> Result<Vec<RuleProblem>, Broken> {
    let advanced: Option<&dyn AdvancedRules> = connection.advanced_rules();
    let Some(advanced) = advanced else { return broken("advertised, but the connection has none of it") };
    let problems = advanced.validate(rules).await;
    problems.map_err(|error| Broken::Source { doing: "validating rules", error })
}

fn shown(rules: &Rules) -> String {
    rules.advanced.as_ref().map_or_else(String::new, ToString::to_string)
}
