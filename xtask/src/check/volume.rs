//! `volume`: the fixture yields more than 10,000 documents, the most that one page of Elasticsearch holds.

use syn::{BinOp, Expr, Item, Lit, Stmt};

use super::finding::{Code, Finding};
use super::rust::{self, Module};
use super::workspace::{SourceCrate, Workspace};

/// Documents that a fixture must yield more of.
const PAGE: u64 = 10_000;
const TRAIT: &str = "crates/connectors-testkit/src/fixture.rs";
const HELP: &str = "write `const LARGE: usize = 20_000;`, or leave it out: the testkit's own value is enough";

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    workspace.sources.iter().filter_map(|source| of_source(workspace, source)).collect()
}

fn of_source(workspace: &Workspace, source: &SourceCrate) -> Option<Finding> {
    let fixtures = rust::implementations(&source.fixture);
    let fixture = fixtures.iter().find(|found| found.of == "Fixture")?;
    let (path, line, value) = match fixture.constant("LARGE") {
        Some(told) => {
            let line = rust::line(syn::spanned::Spanned::span(told));
            (fixture.path.to_owned(), line, number(told, &source.fixture))
        }
        None => (fixture.path.to_owned(), fixture.line(), default(workspace)),
    };
    match value {
        Some(value) if value > PAGE => None,
        Some(value) => {
            let message = format!("the fixture yields {value} documents, and must yield more than {PAGE}");
            Some(Finding::new(Code::Volume, (path, line), message, HELP))
        }
        None => {
            let message = "how many documents the fixture yields can't be read";
            Some(Finding::new(Code::Volume, (path, line), message, HELP))
        }
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

/// The value of a whole number, of a constant of these modules, or of a product or sum of them.
fn number(expression: &Expr, modules: &[Module]) -> Option<u64> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Int(int) => int.base10_parse().ok(),
            _ => None,
        },
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
        Expr::Path(path) => {
            let name = &path.path.segments.last()?.ident;
            let constants = modules.iter().flat_map(Module::items);
            let found = constants.into_iter().find_map(|item| match item {
                Item::Const(item) if item.ident == *name => Some(&item.expr),
                _ => None,
            })?;
            number(found, modules)
        }
        _ => None,
    }
}
