//! `contract`: a source implements the contract, advertises what it implements, and runs the whole suite.

use proc_macro2::TokenTree;
use syn::{Expr, Item, Stmt};

use super::finding::Findings;
use super::rust::{self, Implementation};
use super::tokens::{Named, Seen};
use super::workspace::{SourceCrate, Workspace};

/// Capability, the method that advertises it, and what a fixture must bring for it.
const CAPABILITIES: [(&str, &str, Option<&str>); 3] = [
    ("Incremental", "incremental", None),
    ("AccessControl", "access_control", Some("identities")),
    ("AdvancedRules", "advanced_rules", Some("rules")),
];

/// What a fixture must not leave at its default, as the suite would then pass over a promise.
const OVERRIDDEN: [(&str, &str); 3] = [
    ("break_in_the_middle", "let the next listing fail half way, and answer `Ok(true)`"),
    ("mend", "take away the fault that `break_in_the_middle` made"),
    (
        "wrong_settings",
        "name settings that can't work, each with the cause and the fix that an operator must be told",
    ),
];

pub(super) fn check(workspace: &Workspace, out: &mut Findings) {
    for source in &workspace.sources {
        let implemented = rust::implementations(&source.modules);
        for name in ["Connector", "Source"] {
            if !implemented.iter().any(|found| found.of == name) {
                let message = format!("{} does not implement `{name}`", source.package);
                let help = format!("write `impl {name} for …` in src/source.rs");
                out.add((source.path("src/source.rs"), 1), message, help);
            }
        }
        advertised(source, &implemented, out);
        run_on_source(workspace, source, out);
        harness(workspace, source, out);
        fixture(source, &implemented, out);
    }
}

fn advertised(source: &SourceCrate, implemented: &[Implementation<'_>], out: &mut Findings) {
    let Some(library) = source.modules.first() else { return };
    let statics = library.items().into_iter().filter_map(|item| match item {
        Item::Static(item) if item.ident == "SOURCE" => Some(item),
        _ => None,
    });
    for definition in statics.take(1) {
        let calls = Seen::of(&definition.expr).calls;
        for (name, method, _) in CAPABILITIES {
            let found = implemented.iter().find(|found| found.of == name);
            let is_named = calls.iter().any(|call| call.name == method);
            if let Some(found) = found.filter(|_| !is_named) {
                let message =
                    format!("`{name}` is implemented, and `SOURCE` does not say so: nobody can use it");
                let help =
                    format!("add `.{method}()` to `SOURCE` in src/lib.rs, or remove the implementation");
                out.add((found.path, found.line()), message, help);
            } else if found.is_none() && is_named {
                let message = format!("`SOURCE` advertises `{method}`, and nothing implements `{name}`");
                let line = rust::line(definition.ident.span());
                out.add(
                    (&library.path, line),
                    message,
                    format!("implement `{name}`, or remove `.{method}()`"),
                );
            }
        }
    }
}

/// `tests/source/main.rs` hands `SOURCE` to the testkit.
fn run_on_source(workspace: &Workspace, source: &SourceCrate, out: &mut Findings) {
    let (ident, path) = (source.ident(), source.path("tests/source/main.rs"));
    let modules = rust::modules(&workspace.files, &path);
    let Some(module) = modules.first() else { return };
    let mut macros = Seen::in_file(module).macros.into_iter();
    let runs = macros.any(|(name, _, tokens)| {
        let tokens: Vec<TokenTree> = tokens.into_iter().collect();
        name == "main"
            && Named::at(&tokens, 0).is_some_and(|handed| handed.parts == [ident.as_str(), "SOURCE"])
    });
    if !runs {
        let help = format!("write `connectors_testkit::main!({ident}::SOURCE, fixture::…);`");
        out.add((path, 1), format!("does not run the testkit on `{ident}::SOURCE`"), help);
    }
}

/// With cargo's own harness the suite would be a test program without a test.
fn harness(workspace: &Workspace, source: &SourceCrate, out: &mut Findings) {
    let path = source.path("Cargo.toml");
    let manifest: toml::Table = toml::from_str(workspace.text(&path)).unwrap_or_default();
    let tests = manifest.get("test").and_then(toml::Value::as_array);
    let is_own = tests.into_iter().flatten().any(|test| {
        test.get("name").and_then(toml::Value::as_str) == Some("source")
            && test.get("harness").and_then(toml::Value::as_bool) == Some(false)
            && test.get("required-features").is_none()
            && test.get("path").is_none()
            && test.get("test").and_then(toml::Value::as_bool) != Some(false)
    });
    if !is_own {
        let line = workspace.line(&path, |line| line.trim() == "[[test]]");
        let help = "write `[[test]]`, `name = \"source\"`, `harness = false`, and nothing else there";
        out.add((path, line), "the behaviour suite is not run by itself", help);
    }
}

fn fixture(source: &SourceCrate, implemented: &[Implementation<'_>], out: &mut Findings) {
    let fixtures = rust::implementations(&source.fixture);
    let Some(fixture) = fixtures.iter().find(|found| found.of == "Fixture") else {
        if let Some(module) = source.fixture.first() {
            let help = "implement connectors_testkit::Fixture on a backend of your own";
            out.add((&module.path, 1), "nothing implements `Fixture`", help);
        }
        return;
    };
    let skips = implemented.iter().any(|found| found.of == "Source" && found.function("changed").is_some());
    let told = fixture.constant("SKIPS");
    if skips && !told.is_some_and(|told| is_literal(told, true)) {
        let line = told.map_or(fixture.line(), |told| rust::line(syn::spanned::Spanned::span(told)));
        let message = "the source has `changed`, and the fixture does not let it be tried";
        out.add((fixture.path, line), message, "write `const SKIPS: bool = true;`");
    }
    let help = "give the suite cases for the capability that the source advertises";
    let capable = CAPABILITIES.iter().filter(|(name, ..)| implemented.iter().any(|found| found.of == *name));
    let wanted = capable.filter_map(|(.., function)| Some(((*function)?, help)));
    for (name, help) in OVERRIDDEN.into_iter().chain(wanted) {
        let (line, what) = match fixture.function(name) {
            None => (fixture.line(), format!("the fixture leaves out `{name}`")),
            Some(function) if is_hollow(&function.block) => {
                (rust::line(function.sig.ident.span()), format!("the fixture's `{name}` does nothing"))
            }
            Some(_) => continue,
        };
        out.add((fixture.path, line), format!("{what}: the promise behind it is skipped"), help);
    }
}

/// A body that is one literal, such as `Ok(false)`, `Ok(())`, `vec![]` or `Vec::new()`.
fn is_hollow(block: &syn::Block) -> bool {
    let [Stmt::Expr(only, _)] = block.stmts.as_slice() else { return block.stmts.is_empty() };
    is_nothing(only)
}

fn is_nothing(expression: &Expr) -> bool {
    match expression {
        Expr::Call(call) => {
            let made = rust::called(call).map(ToString::to_string);
            call.args.iter().all(is_nothing) && matches!(made.as_deref(), Some("Ok" | "new" | "default"))
        }
        Expr::Macro(call) => call.mac.tokens.is_empty(),
        Expr::Tuple(tuple) => tuple.elems.is_empty(),
        other => is_literal(other, false),
    }
}

fn is_literal(expression: &Expr, value: bool) -> bool {
    matches!(expression, Expr::Lit(literal) if matches!(&literal.lit, syn::Lit::Bool(bool) if bool.value == value))
}
