//! Which functions a file has, and what each of them calls.

use std::collections::BTreeMap;

use proc_macro2::TokenTree;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Expr, File, Ident, Item, Pat, Token, UseTree};

use crate::check::rust;

/// Traits whose functions the framework or a runtime calls from async code.
const CALLED_FROM_ASYNC: [&str; 10] = [
    "Connector",
    "Source",
    "Incremental",
    "AccessControl",
    "AdvancedRules",
    "Stream",
    "Future",
    "AsyncRead",
    "AsyncWrite",
    "Drop",
];

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
        match self {
            Self::Method { name, on_self: true } => function.name == *name && function.owner == from.owner,
            Self::Method { name, .. } => {
                function.name == *name && function.owner.is_some() && !COMMON.contains(&name.as_str())
            }
            Self::Path(parts) => match parts.as_slice() {
                [.., owner, name] if owner == "Self" => {
                    function.name == *name && function.owner == from.owner
                }
                [.., owner, name] if owner.starts_with(char::is_uppercase) => {
                    function.name == *name && function.owner.as_ref() == Some(owner)
                }
                [.., name] => function.name == *name && function.owner.is_none(),
                [] => false,
            },
        }
    }
}

/// Gathers the functions of one file.
pub(super) struct Functions<'f> {
    pub found: Vec<Function>,
    path: &'f str,
    names: BTreeMap<String, Vec<String>>,
    /// Functions around the one that is read, by their place in `found`.
    within: Vec<usize>,
    owner: Option<String>,
    is_called_from_async: bool,
    /// Names of closures that are handed to `Context::blocking`.
    handed: Vec<Ident>,
    is_away: bool,
    in_async: bool,
}

impl<'f> Functions<'f> {
    pub(super) fn new(path: &'f str, file: &File) -> Self {
        let mut names = BTreeMap::new();
        for item in &file.items {
            if let Item::Use(item) = item {
                imported(&item.tree, &mut Vec::new(), &mut names);
            }
        }
        Self {
            found: Vec::new(),
            path,
            names,
            within: Vec::new(),
            owner: None,
            is_called_from_async: false,
            handed: Vec::new(),
            is_away: false,
            in_async: false,
        }
    }

    fn function(&mut self, signature: &syn::Signature, block: &syn::Block) {
        let is_async = signature.asyncness.is_some() || self.is_called_from_async;
        let (name, owner) = (signature.ident.to_string(), self.owner.clone());
        self.found.push(Function {
            path: self.path.to_owned(),
            name,
            owner,
            is_async,
            references: Vec::new(),
        });
        self.within.push(self.found.len() - 1);
        let mut handed = Handed(Vec::new());
        handed.visit_block(block);
        let outer = std::mem::replace(&mut self.handed, handed.0);
        let state = (self.is_away, self.in_async);
        (self.is_away, self.in_async) = (false, false);
        self.visit_block(block);
        (self.is_away, self.in_async) = state;
        self.handed = outer;
        self.within.pop();
    }

    fn refer(&mut self, target: Target, line: usize) {
        if let (Some(at), false) = (self.within.last(), self.is_away) {
            self.found[*at].references.push(Reference { target, line, in_async: self.in_async });
        }
    }

    fn refer_path(&mut self, parts: Vec<String>, line: usize) {
        let (first, rest) =
            parts.split_first().map_or((String::new(), &[][..]), |(first, rest)| (first.clone(), rest));
        let known = self.names.get(&first).cloned().unwrap_or_else(|| vec![first]);
        self.refer(Target::Path([known, rest.to_vec()].concat()), line);
    }

    fn away(&mut self, visit: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.is_away, true);
        visit(self);
        self.is_away = before;
    }

    fn asynchronous(&mut self, visit: impl FnOnce(&mut Self)) {
        let before = std::mem::replace(&mut self.in_async, true);
        visit(self);
        self.in_async = before;
    }

    /// What stands in a macro that is no list of expressions: paths and methods, by their look.
    fn tokens(&mut self, tokens: &[TokenTree]) {
        let mut at = 0;
        while at < tokens.len() {
            let (parts, end) = path_at(tokens, at);
            if parts.is_empty() {
                at += 1;
                continue;
            }
            let line = rust::line(tokens[at].span());
            let is_method =
                at > 0 && matches!(&tokens[at - 1], TokenTree::Punct(punct) if punct.as_char() == '.');
            let is_awaited =
                is_method && tokens[end..].iter().take(2).map(ToString::to_string).eq([".", "await"]);
            match (is_method, is_awaited) {
                (true, true) => {}
                (true, false) => self.refer(Target::Method { name: parts[0].clone(), on_self: false }, line),
                (false, _) => self.refer_path(parts, line),
            }
            at = end;
        }
    }
}

/// The parts of the path that begins at a token, and where it ends.
fn path_at(tokens: &[TokenTree], start: usize) -> (Vec<String>, usize) {
    let (mut parts, mut at) = (Vec::new(), start);
    while let Some(TokenTree::Ident(ident)) = tokens.get(at) {
        parts.push(ident.to_string());
        let is_colon = |token: Option<&TokenTree>| matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':');
        if !(is_colon(tokens.get(at + 1)) && is_colon(tokens.get(at + 2))) {
            return (parts, at + 1);
        }
        at += 3;
    }
    (parts, at.max(start + 1))
}

fn imported(tree: &UseTree, prefix: &mut Vec<String>, names: &mut BTreeMap<String, Vec<String>>) {
    let with = |last: &Ident, prefix: &[String]| {
        if last == "self" { prefix.to_vec() } else { [prefix, &[last.to_string()]].concat() }
    };
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            imported(&path.tree, prefix, names);
            prefix.pop();
        }
        UseTree::Name(name) => {
            let whole = with(&name.ident, prefix);
            names.extend(whole.last().cloned().map(|last| (last, whole.clone())));
        }
        UseTree::Rename(rename) => drop(names.insert(rename.rename.to_string(), with(&rename.ident, prefix))),
        UseTree::Group(group) => group.items.iter().for_each(|item| imported(item, prefix, names)),
        UseTree::Glob(_) => {}
    }
}

impl<'a> Visit<'a> for Functions<'_> {
    fn visit_item_impl(&mut self, block: &'a syn::ItemImpl) {
        let owner = self.owner.replace(rust::type_name(&block.self_ty));
        let of = block
            .trait_
            .as_ref()
            .and_then(|(found, _)| found.segments.last().map(|last| last.ident.to_string()));
        let outer = std::mem::replace(
            &mut self.is_called_from_async,
            of.is_some_and(|of| CALLED_FROM_ASYNC.contains(&of.as_str())),
        );
        visit::visit_item_impl(self, block);
        (self.owner, self.is_called_from_async) = (owner, outer);
    }

    fn visit_item_fn(&mut self, function: &'a syn::ItemFn) {
        let (owner, outer) = (self.owner.take(), std::mem::replace(&mut self.is_called_from_async, false));
        self.function(&function.sig, &function.block);
        (self.owner, self.is_called_from_async) = (owner, outer);
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
            return self.away(|this| call.args.iter().for_each(|argument| this.visit_expr(argument)));
        }
        let on_self = matches!(&*call.receiver, Expr::Path(path) if path.path.is_ident("self"));
        self.refer(Target::Method { name: call.method.to_string(), on_self }, rust::line(call.method.span()));
        call.args.iter().for_each(|argument| self.visit_expr(argument));
    }

    fn visit_expr_call(&mut self, call: &'a syn::ExprCall) {
        let is_blocking = matches!(&*call.func, Expr::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "blocking"));
        if is_blocking {
            return self.away(|this| call.args.iter().for_each(|argument| this.visit_expr(argument)));
        }
        visit::visit_expr_call(self, call);
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
        self.asynchronous(|this| visit::visit_expr_async(this, block));
    }

    fn visit_expr_closure(&mut self, closure: &'a syn::ExprClosure) {
        if closure.asyncness.is_some() {
            return self.asynchronous(|this| visit::visit_expr_closure(this, closure));
        }
        visit::visit_expr_closure(self, closure);
    }

    fn visit_local(&mut self, local: &'a syn::Local) {
        let is_handed = matches!(&local.pat, Pat::Ident(pattern) if self.handed.contains(&pattern.ident));
        let is_closure = local.init.as_ref().is_some_and(|init| matches!(&*init.expr, Expr::Closure(_)));
        if is_handed && is_closure {
            return self.away(|this| visit::visit_local(this, local));
        }
        visit::visit_local(self, local);
    }

    fn visit_macro(&mut self, found: &'a syn::Macro) {
        let parse = Punctuated::<Expr, Token![,]>::parse_terminated;
        match found.parse_body_with(parse) {
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
