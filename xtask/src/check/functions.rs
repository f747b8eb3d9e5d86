//! Which functions a file has, and what each of them calls.

use std::collections::BTreeMap;

use proc_macro2::TokenTree;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, Ident, Item, Pat, Token, UseTree};

use super::rust::{self, Module};

/// Traits whose functions the framework or a runtime calls from async code.
const CALLED_FROM_ASYNC: &str =
    "Connector Source Incremental AccessControl AdvancedRules Stream Future AsyncRead AsyncWrite Drop";

/// Methods of the standard library that are too common to tell by their name whose they are.
const COMMON: [&str; 8] = ["next", "take", "get", "clone", "map", "insert", "push", "drop"];

/// A function and what it refers to.
pub(super) struct Function {
    pub path: String,
    pub name: String,
    /// The type that it is a method of.
    pub owner: Option<String>,
    /// Whether it runs on a thread of the runtime, as far as can be seen.
    pub is_async: bool,
    pub references: Vec<Reference>,
}

/// Something that is called or handed on, outside of what `Context::blocking` runs.
pub(super) struct Reference {
    pub target: Target,
    pub line: usize,
    /// Whether it stands in an async block or closure.
    pub in_async: bool,
}

/// What is referred to.
pub(super) enum Target {
    /// A path, its first part replaced by what `use` brought in.
    Path(Vec<String>),
    /// A method, and whether it is called on `self`.
    Method { name: String, on_self: bool },
}

impl Target {
    /// Whether this may be `function`, seen from within `from`.
    pub(super) fn is(&self, function: &Function, from: &Function) -> bool {
        let (name, is_ours) = match self {
            Self::Method { name, on_self: true } => (name, function.owner == from.owner),
            Self::Method { name, .. } => (name, function.owner.is_some() && !COMMON.contains(&name.as_str())),
            Self::Path(parts) => match parts.as_slice() {
                [.., owner, name] if owner == "Self" => (name, function.owner == from.owner),
                [.., owner, name] if owner.starts_with(char::is_uppercase) => {
                    (name, function.owner.as_ref() == Some(owner))
                }
                [.., name] => (name, function.owner.is_none()),
                [] => return false,
            },
        };
        is_ours && function.name == *name
    }
}

/// The functions of a file, without tests.
pub(super) fn of_module(module: &Module) -> Vec<Function> {
    let Ok(file) = &module.file else { return Vec::new() };
    let mut names = BTreeMap::new();
    for item in &file.items {
        if let Item::Use(item) = item {
            imported(&item.tree, &[], &mut names);
        }
    }
    let mut functions = Functions { path: &module.path, names, found: Vec::new(), around: Around::default() };
    module.items().into_iter().for_each(|item| functions.visit_item(item));
    functions.found
}

/// Names that `use` brings in, and the path of each.
fn imported(tree: &UseTree, prefix: &[String], names: &mut BTreeMap<String, Vec<String>>) {
    let with = |last: &Ident| match last.to_string().as_str() {
        "self" => prefix.to_vec(),
        last => [prefix, &[last.to_owned()]].concat(),
    };
    match tree {
        UseTree::Path(path) => imported(&path.tree, &with(&path.ident), names),
        UseTree::Name(name) => {
            let whole = with(&name.ident);
            names.extend(whole.last().cloned().map(|last| (last, whole.clone())));
        }
        UseTree::Rename(rename) => drop(names.insert(rename.rename.to_string(), with(&rename.ident))),
        UseTree::Group(group) => group.items.iter().for_each(|item| imported(item, prefix, names)),
        UseTree::Glob(_) => {}
    }
}

struct Functions<'f> {
    path: &'f str,
    names: BTreeMap<String, Vec<String>>,
    found: Vec<Function>,
    around: Around,
}

/// What the code that is read stands in.
#[derive(Clone, Default)]
struct Around {
    /// The function, by its place in `found`.
    function: Option<usize>,
    owner: Option<String>,
    is_called_from_async: bool,
    /// Names of closures that are handed to `Context::blocking`.
    handed: Vec<Ident>,
    is_away: bool,
    in_async: bool,
}

impl Functions<'_> {
    fn inside(&mut self, change: impl FnOnce(&mut Around), visit: impl FnOnce(&mut Self)) {
        let before = self.around.clone();
        change(&mut self.around);
        visit(self);
        self.around = before;
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        self.found.push(Function {
            path: self.path.to_owned(),
            name: signature.ident.to_string(),
            owner: self.around.owner.clone(),
            is_async: signature.asyncness.is_some() || self.around.is_called_from_async,
            references: Vec::new(),
        });
        let mut handed = Handed(Vec::new());
        handed.visit_block(block);
        let function = Some(self.found.len() - 1);
        self.inside(
            |around| {
                *around =
                    Around { function, handed: handed.0, is_away: false, in_async: false, ..around.clone() }
            },
            |this| this.visit_block(block),
        );
    }

    fn refer(&mut self, target: Target, line: usize) {
        if let (Some(at), false) = (self.around.function, self.around.is_away) {
            self.found[at].references.push(Reference { target, line, in_async: self.around.in_async });
        }
    }

    fn refer_path(&mut self, mut parts: Vec<String>, line: usize) {
        if let Some(known) = parts.first().and_then(|first| self.names.get(first)) {
            parts.splice(..1, known.iter().cloned());
        }
        self.refer(Target::Path(parts), line);
    }

    fn away<'a>(&mut self, arguments: impl Iterator<Item = &'a Expr>) {
        self.inside(
            |around| around.is_away = true,
            |this| arguments.for_each(|argument| this.visit_expr(argument)),
        );
    }

    /// What stands in a macro that is no list of expressions: paths and methods, by their look.
    fn tokens(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while at < tokens.len() {
            let (parts, end) = path_at(tokens, at);
            let is_method = at > 0 && is_punct(tokens.get(at - 1), '.');
            let is_awaited = tokens[end..].iter().take(2).map(ToString::to_string).eq([".", "await"]);
            let line = rust::line(tokens[at].span());
            match parts.first() {
                Some(name) if is_method && !is_awaited => {
                    self.refer(Target::Method { name: name.clone(), on_self: false }, line);
                }
                Some(_) if !is_method => self.refer_path(parts, line),
                _ => {}
            }
            at = end;
        }
    }
}

fn is_punct(token: Option<&TokenTree>, sign: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == sign)
}

/// The parts of the path that begins at a token, and where it ends: at the next token at the earliest.
fn path_at(tokens: &[TokenTree], start: usize) -> (Vec<String>, usize) {
    let (mut parts, mut at) = (Vec::new(), start);
    while let Some(TokenTree::Ident(ident)) = tokens.get(at) {
        parts.push(ident.to_string());
        if !(is_punct(tokens.get(at + 1), ':') && is_punct(tokens.get(at + 2), ':')) {
            return (parts, at + 1);
        }
        at += 3;
    }
    (parts, at.max(start + 1).min(tokens.len()))
}

impl<'a> Visit<'a> for Functions<'_> {
    fn visit_item_impl(&mut self, block: &'a syn::ItemImpl) {
        let of = rust::trait_name(block);
        let is_called_from_async = of.is_some_and(|of| CALLED_FROM_ASYNC.split(' ').any(|name| name == of));
        let owner = Some(rust::type_name(&block.self_ty));
        self.inside(
            |around| (around.owner, around.is_called_from_async) = (owner, is_called_from_async),
            |this| visit::visit_item_impl(this, block),
        );
    }

    fn visit_item_fn(&mut self, function: &'a syn::ItemFn) {
        self.inside(
            |around| (around.owner, around.is_called_from_async) = (None, false),
            |this| this.function(&function.sig, &function.block),
        );
    }

    fn visit_impl_item_fn(&mut self, function: &'a syn::ImplItemFn) {
        self.function(&function.sig, &function.block);
    }

    fn visit_expr_path(&mut self, path: &'a syn::ExprPath) {
        let segments = &path.path.segments;
        let line = segments.first().map_or(1, |first| rust::line(first.ident.span()));
        self.refer_path(segments.iter().map(|part| part.ident.to_string()).collect(), line);
    }

    fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
        self.visit_expr(&call.receiver);
        if call.method == "blocking" {
            return self.away(call.args.iter());
        }
        let on_self = matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("self"));
        self.refer(Target::Method { name: call.method.to_string(), on_self }, rust::line(call.method.span()));
        call.args.iter().for_each(|argument| self.visit_expr(argument));
    }

    fn visit_expr_call(&mut self, call: &'a syn::ExprCall) {
        match rust::called(call) {
            Some(name) if name == "blocking" => self.away(call.args.iter()),
            _ => visit::visit_expr_call(self, call),
        }
    }

    fn visit_expr_await(&mut self, awaited: &'a syn::ExprAwait) {
        match &*awaited.base {
            // What can be awaited does not wait by itself.
            Expr::MethodCall(call) if call.method != "blocking" => {
                self.visit_expr(&call.receiver);
                call.args.iter().for_each(|argument| self.visit_expr(argument));
            }
            base => self.visit_expr(base),
        }
    }

    fn visit_expr_async(&mut self, block: &'a syn::ExprAsync) {
        self.inside(|around| around.in_async = true, |this| visit::visit_expr_async(this, block));
    }

    fn visit_expr_closure(&mut self, closure: &'a syn::ExprClosure) {
        let is_async = closure.asyncness.is_some();
        self.inside(|around| around.in_async |= is_async, |this| visit::visit_expr_closure(this, closure));
    }

    fn visit_local(&mut self, local: &'a syn::Local) {
        let is_handed =
            matches!(&local.pat, Pat::Ident(pattern) if self.around.handed.contains(&pattern.ident));
        let is_closure = local.init.as_ref().is_some_and(|init| matches!(&*init.expr, Expr::Closure(_)));
        self.inside(
            |around| around.is_away |= is_handed && is_closure,
            |this| visit::visit_local(this, local),
        );
    }

    fn visit_macro(&mut self, found: &'a syn::Macro) {
        match found.parse_body_with(Punctuated::<Expr, Token![,]>::parse_terminated) {
            Ok(expressions) => expressions.iter().for_each(|expression| Visit::visit_expr(self, expression)),
            Err(_) => self.tokens(&rust::flat(found.tokens.clone())),
        }
    }
}

/// The names that are handed to `Context::blocking`.
struct Handed(Vec<Ident>);

impl<'a> Visit<'a> for Handed {
    fn visit_expr_method_call(&mut self, call: &'a syn::ExprMethodCall) {
        if call.method == "blocking" {
            self.0.extend(call.args.iter().filter_map(|argument| match argument {
                Expr::Path(path) => path.path.get_ident().cloned(),
                _ => None,
            }));
        }
        visit::visit_expr_method_call(self, call);
    }
}
