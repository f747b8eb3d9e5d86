//! `volume`: the fixture yields more than 10,000 documents, the most that one page of Elasticsearch holds.

use syn::{BinOp, Expr, Item, Lit, Stmt};

use super::finding::Findings;
use super::rust::{self, Module};
use super::workspace::Workspace;

/// Documents that a fixture must yield more of.
const PAGE: u64 = 10_000;
const TRAIT: &str = "crates/connectors-testkit/src/fixture.rs";
const HELP: &str = "write `const LARGE: usize = 20_000;`, or leave it out: the testkit's own value is enough";

pub(super) fn check(workspace: &Workspace, out: &mut Findings) {
    for source in &workspace.sources {
        let fixtures = rust::implementations(&source.fixture);
        let Some(fixture) = fixtures.iter().find(|found| found.of == "Fixture") else { continue };
        let (line, value) = match fixture.constant("LARGE") {
            Some(told) => (rust::line(syn::spanned::Spanned::span(told)), number(told, &source.fixture)),
            None => (fixture.line(), default(workspace)),
        };
        let message = match value {
            Some(value) if value > PAGE => continue,
            Some(value) => format!("the fixture yields {value} documents, and must yield more than {PAGE}"),
            None => "how many documents the fixture yields can't be read".into(),
        };
        out.add((fixture.path, line), message, HELP);
    }
}

/// What the testkit's trait says where a fixture says nothing.
fn default(workspace: &Workspace) -> Option<u64> {
    let modules = rust::modules(&workspace.files, TRAIT);
    let fixture = modules.iter().flat_map(Module::items).find_map(|item| match item {
        Item::Trait(item) if item.ident == "Fixture" => Some(item),
        _ => None,
    })?;
    let large = fixture.items.iter().find_map(|item| match item {
        syn::TraitItem::Const(item) if item.ident == "LARGE" => item.default.as_ref(),
        _ => None,
    })?;
    number(&large.1, &modules)
}

/// The value of a whole number, of a constant of these modules, or of what is reckoned with them.
fn number(expression: &Expr, modules: &[Module]) -> Option<u64> {
    match expression {
        Expr::Lit(syn::ExprLit { lit: Lit::Int(int), .. }) => int.base10_parse().ok(),
        Expr::Paren(inner) => number(&inner.expr, modules),
        Expr::Block(block) => match block.block.stmts.as_slice() {
            [Stmt::Expr(only, None)] => number(only, modules),
            _ => None,
        },
        Expr::Binary(pair) => {
            let (left, right) = (number(&pair.left, modules)?, number(&pair.right, modules)?);
            match pair.op {
                BinOp::Add(_) => left.checked_add(right),
                BinOp::Sub(_) => left.checked_sub(right),
                BinOp::Mul(_) => left.checked_mul(right),
                BinOp::Div(_) => left.checked_div(right),
                _ => None,
            }
        }
        Expr::Path(path) => number(rust::value_of(path, modules)?, modules),
        _ => None,
    }
}
