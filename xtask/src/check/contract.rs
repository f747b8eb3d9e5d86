//! `contract`: a source implements the contract, advertises what it implements, and runs the whole suite.

use proc_macro2::TokenTree;
use syn::{Expr, Item, Stmt};

use super::finding::{Code, Finding};
use super::rust::{self, Implementation, Module};
use super::workspace::{SourceCrate, Workspace};

/// Capability, the method that advertises it, and what a fixture must bring for it.
const CAPABILITIES: [(&str, &str, Option<&str>); 3] = [
    ("Incremental", "incremental", None),
    ("AccessControl", "access_control", Some("identities")),
    ("AdvancedRules", "advanced_rules", Some("rules")),
];

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &workspace.sources {
        let implemented = rust::implementations(&source.modules);
        findings.extend(traits(source, &implemented));
        findings.extend(advertised(source, &implemented));
        findings.extend(run_on_source(workspace, source));
        findings.extend(fixture(source, &implemented));
    }
    findings
}

fn traits(source: &SourceCrate, implemented: &[Implementation<'_>]) -> Vec<Finding> {
    let missing =
        ["Connector", "Source"].into_iter().filter(|name| !implemented.iter().any(|found| found.of == *name));
    missing
        .map(|name| {
            let message = format!("{} does not implement `{name}`", source.package);
            let help = format!("write `impl {name} for …` in src/source.rs");
            Finding::new(Code::Contract, (source.path("src/source.rs"), 1), message, help)
        })
        .collect()
}

fn advertised(source: &SourceCrate, implemented: &[Implementation<'_>]) -> Vec<Finding> {
    let Some((path, line, calls)) = definition(source) else { return Vec::new() };
    let mut findings = Vec::new();
    for (name, method, _) in CAPABILITIES {
        let found = implemented.iter().find(|found| found.of == name);
        let is_named = calls.iter().any(|call| call == method);
        match found {
            Some(found) if !is_named => {
                let message =
                    format!("`{name}` is implemented, and `SOURCE` does not say so: nobody can use it");
                let help =
                    format!("add `.{method}()` to `SOURCE` in src/lib.rs, or remove the implementation");
                findings.push(Finding::new(Code::Contract, (found.path, found.line()), message, help));
            }
            None if is_named => {
                let message = format!("`SOURCE` advertises `{method}`, and nothing implements `{name}`");
                let help = format!("implement `{name}`, or remove `.{method}()`");
                findings.push(Finding::new(Code::Contract, (path, line), message, help));
            }
            _ => {}
        }
    }
    findings
}

/// Where `SOURCE` stands, and the methods in its value.
fn definition(source: &SourceCrate) -> Option<(&str, usize, Vec<String>)> {
    let library = source.modules.first()?;
    let found = library.items().into_iter().find_map(|item| match item {
        Item::Static(item) if item.ident == "SOURCE" => Some(item),
        _ => None,
    })?;
    let calls = rust::calls_of(&found.expr).into_iter().map(|call| call.name).collect();
    Some((&library.path, rust::line(found.ident.span()), calls))
}

/// `tests/contract.rs` and the end-to-end example hand `SOURCE` to the testkit.
fn run_on_source(workspace: &Workspace, source: &SourceCrate) -> Vec<Finding> {
    let example = format!("examples/ftest-{}.rs", source.name());
    let wanted = [("tests/contract.rs", ["contract", "suite"]), (example.as_str(), ["ftest", "ftest"])];
    let mut findings = Vec::new();
    for (file, names) in wanted {
        let path = source.path(file);
        let modules = rust::modules(&workspace.files, &path);
        let Some(module) = modules.first() else { continue };
        let runs = rust::macros(module).into_iter().any(|(name, _, tokens)| {
            names.contains(&name.as_str()) && starts_with(&rust::flat(tokens), &[&source.ident(), "SOURCE"])
        });
        if !runs {
            let message = format!("does not run the testkit on `{}::SOURCE`", source.ident());
            let help =
                format!("write `connectors_testkit::{}!({}::SOURCE, fixture::…);`", names[0], source.ident());
            findings.push(Finding::new(Code::Contract, (path, 1), message, help));
        }
    }
    findings.extend(harness(workspace, source));
    findings
}

fn starts_with(tokens: &[TokenTree], names: &[&str]) -> bool {
    let first =
        tokens.iter().take_while(|token| !matches!(token, TokenTree::Punct(punct) if punct.as_char() == ','));
    let idents = first
        .filter_map(|token| if let TokenTree::Ident(ident) = token { Some(ident.to_string()) } else { None });
    idents.eq(names.iter().map(ToString::to_string))
}

/// With cargo's own harness the suite would be a test program without a test.
fn harness(workspace: &Workspace, source: &SourceCrate) -> Option<Finding> {
    let path = source.path("Cargo.toml");
    let manifest: toml::Table = toml::from_str(workspace.text(&path)).unwrap_or_default();
    let tests = manifest.get("test").and_then(toml::Value::as_array);
    let is_own = tests.into_iter().flatten().any(|test| {
        test.get("name").and_then(toml::Value::as_str) == Some("contract")
            && test.get("harness").and_then(toml::Value::as_bool) == Some(false)
            && test.get("required-features").is_none()
            && test.get("path").is_none()
            && test.get("test").and_then(toml::Value::as_bool) != Some(false)
    });
    if is_own {
        return None;
    }
    let line = workspace.line(&path, |line| line.trim() == "[[test]]");
    let help = "write `[[test]]`, `name = \"contract\"`, `harness = false`, and nothing else there";
    Some(Finding::new(Code::Contract, (path, line), "the behaviour suite is not run by itself", help))
}

/// What a fixture must not leave at its default, as the suite would then pass over a promise.
fn fixture(source: &SourceCrate, implemented: &[Implementation<'_>]) -> Vec<Finding> {
    let fixtures = rust::implementations(&source.fixture);
    let Some(fixture) = fixtures.iter().find(|found| found.of == "Fixture") else {
        return source.fixture.first().map(no_fixture).into_iter().collect();
    };
    let mut findings = Vec::new();
    let mut add = |line, message: &str, help: &str| {
        findings.push(Finding::new(Code::Contract, (fixture.path, line), message, help));
    };
    let skips = implemented.iter().any(|found| found.of == "Source" && found.function("changed").is_some());
    let told = fixture.constant("SKIPS");
    if skips && !told.is_some_and(|told| is_literal(told, true)) {
        let line = told.map_or(fixture.line(), |told| rust::line(syn::spanned::Spanned::span(told)));
        add(
            line,
            "the source has `changed`, and the fixture does not let it be tried",
            "write `const SKIPS: bool = true;`",
        );
    }
    for (name, help) in overridden(implemented) {
        match fixture.function(name) {
            None => add(
                fixture.line(),
                &format!("the fixture leaves out `{name}`: the promise behind it is passed over"),
                help,
            ),
            Some(function) if is_hollow(&function.block) => {
                let line = rust::line(function.sig.ident.span());
                add(
                    line,
                    &format!("the fixture's `{name}` does nothing: the promise behind it is passed over"),
                    help,
                );
            }
            Some(_) => {}
        }
    }
    findings
}

fn overridden(implemented: &[Implementation<'_>]) -> Vec<(&'static str, &'static str)> {
    let mut names = vec![
        ("break_in_the_middle", "let the next listing fail half way, and answer `Ok(true)`"),
        ("mend", "take away the fault that `break_in_the_middle` made"),
        (
            "wrong_settings",
            "name settings that can't work, each with the cause and the fix that an operator must be told",
        ),
    ];
    for (capability, _, function) in CAPABILITIES {
        if let Some(function) = function
            && implemented.iter().any(|found| found.of == capability)
        {
            names.push((function, "give the suite cases for the capability that the source advertises"));
        }
    }
    names
}

fn no_fixture(module: &Module) -> Finding {
    let help = "implement connectors_testkit::Fixture on a backend of your own";
    Finding::new(Code::Contract, (&module.path, 1), "nothing implements `Fixture`", help)
}

/// A body that is one literal, such as `Ok(false)`, `Ok(())`, `vec![]` or `Vec::new()`.
fn is_hollow(block: &syn::Block) -> bool {
    let [Stmt::Expr(only, _)] = block.stmts.as_slice() else { return block.stmts.is_empty() };
    is_nothing(only)
}

fn is_nothing(expression: &Expr) -> bool {
    match expression {
        Expr::Call(call) => {
            call.args.iter().all(is_nothing)
                && matches!(&*call.func, Expr::Path(path) if is_empty_maker(path))
        }
        Expr::Macro(call) => call.mac.tokens.is_empty(),
        Expr::Tuple(tuple) => tuple.elems.is_empty(),
        other => is_literal(other, false),
    }
}

fn is_empty_maker(path: &syn::ExprPath) -> bool {
    path.path
        .segments
        .last()
        .is_some_and(|last| ["Ok", "new", "default"].iter().any(|name| last.ident == name))
}

fn is_literal(expression: &Expr, value: bool) -> bool {
    matches!(expression, Expr::Lit(literal) if matches!(&literal.lit, syn::Lit::Bool(bool) if bool.value == value))
}
