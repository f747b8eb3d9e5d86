//! Which functions a file has, and what each of them calls.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens;
use syn::{Ident, ImplItem, Item, UseTree};

use super::rust::{Module, trait_name, type_name};
use super::tokens::{Named, arguments, before, is_punct};

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
    let mut found = Vec::new();
    for item in module.items() {
        match item {
            Item::Fn(item) => found.push(function(module, &names, (&item.sig, &item.block))),
            Item::Impl(block) => {
                let is_async =
                    trait_name(block).is_some_and(|of| CALLED_FROM_ASYNC.split(' ').any(|name| name == of));
                let methods = block.items.iter().filter_map(|item| match item {
                    ImplItem::Fn(item) => Some(function(module, &names, (&item.sig, &item.block))),
                    _ => None,
                });
                let owner = Some(type_name(&block.self_ty));
                found.extend(methods.map(|method| Function {
                    owner: owner.clone(),
                    is_async: method.is_async || is_async,
                    ..method
                }));
            }
            _ => {}
        }
    }
    found
}

fn function(
    module: &Module,
    names: &BTreeMap<String, Vec<String>>,
    (signature, block): (&syn::Signature, &syn::Block),
) -> Function {
    let body = block.to_token_stream();
    let mut handed = Vec::new();
    handed_away(body.clone(), &mut handed);
    let mut reader = Reader { names, handed, references: Vec::new() };
    reader.read(body, false);
    Function {
        path: module.path.clone(),
        name: signature.ident.to_string(),
        owner: None,
        is_async: signature.asyncness.is_some(),
        references: reader.references,
    }
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

/// Reads the tokens of a function's body.
struct Reader<'n> {
    names: &'n BTreeMap<String, Vec<String>>,
    /// Names of closures that are handed to `Context::blocking`.
    handed: Vec<Ident>,
    references: Vec<Reference>,
}

impl Reader<'_> {
    fn read(&mut self, stream: TokenStream, in_async: bool) {
        let tokens: Vec<TokenTree> = stream.into_iter().collect();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at = match token {
                TokenTree::Group(group) => {
                    self.read(group.stream(), in_async);
                    at + 1
                }
                TokenTree::Ident(word) if word == "use" => end(&tokens, at, ";"),
                TokenTree::Ident(word) if word == "async" => self.awaited_later(&tokens, at + 1),
                TokenTree::Ident(word) if word == "let" => self.after_binding(&tokens, at + 1),
                TokenTree::Ident(_) => self.name(&tokens, at, in_async),
                _ => at + 1,
            };
        }
    }

    /// A block or closure behind `async`; returns where the tokens go on.
    fn awaited_later(&mut self, tokens: &[TokenTree], at: usize) -> usize {
        let at = at + usize::from(is_word(tokens.get(at), "move"));
        let end = if is_punct(tokens.get(at), '|') { end(tokens, at, ",;") } else { at + 1 };
        self.read(tokens[at..end.min(tokens.len())].iter().cloned().collect(), true);
        end
    }

    /// A name that is bound is no reference, and a closure that is handed away is not run here.
    fn after_binding(&self, tokens: &[TokenTree], at: usize) -> usize {
        let at = at + usize::from(is_word(tokens.get(at), "mut"));
        let Some(TokenTree::Ident(name)) = tokens.get(at) else { return at };
        let value = at + 2 + usize::from(is_word(tokens.get(at + 2), "move"));
        let is_closure = is_punct(tokens.get(at + 1), '=') && is_punct(tokens.get(value), '|');
        if is_closure && self.handed.contains(name) { end(tokens, value, ";") } else { at + 1 }
    }

    fn name(&mut self, tokens: &[TokenTree], at: usize, in_async: bool) -> usize {
        let Some(named) = Named::at(tokens, at) else { return at + 1 };
        let (end, line, name) = (named.end, named.line, named.last().to_owned());
        let is_called = arguments(tokens.get(end)).is_some();
        // What can be awaited does not wait by itself.
        let is_awaited = is_punct(tokens.get(end + 1), '.') && is_word(tokens.get(end + 2), "await");
        if name == "blocking" && is_called {
            return end + 1;
        }
        if named.is_behind_dot {
            if is_called && !is_awaited {
                let is_outer = !is_punct(before(tokens, at, 3), '.');
                let on_self = is_word(before(tokens, at, 2), "self") && is_outer;
                self.references.push(Reference { target: Target::Method { name, on_self }, line, in_async });
            }
        } else if !named.is_macro && !is_punct(tokens.get(end), ':') {
            let mut parts = named.parts;
            if let Some(known) = self.names.get(&parts[0]) {
                parts.splice(..1, known.iter().cloned());
            }
            self.references.push(Reference { target: Target::Path(parts), line, in_async });
        }
        end
    }
}

fn is_word(token: Option<&TokenTree>, word: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(ident)) if ident == word)
}

/// Where one of these signs ends what stands here.
fn end(tokens: &[TokenTree], at: usize, signs: &str) -> usize {
    let is_end = |token: &TokenTree| signs.chars().any(|sign| is_punct(Some(token), sign));
    // The parameters of a closure are separated as well.
    let parameters = if is_punct(tokens.get(at), '|') {
        tokens[at + 1..].iter().position(|token| is_punct(Some(token), '|')).map_or(0, |length| length + 2)
    } else {
        0
    };
    let from = at + parameters;
    tokens[from..].iter().position(is_end).map_or(tokens.len(), |length| from + length)
}

/// The names that are handed to `Context::blocking`.
fn handed_away(stream: TokenStream, found: &mut Vec<Ident>) {
    let tokens: Vec<TokenTree> = stream.into_iter().collect();
    for (at, token) in tokens.iter().enumerate() {
        let TokenTree::Group(group) = token else { continue };
        if is_word(before(&tokens, at, 1), "blocking") {
            found.extend(group.stream().into_iter().filter_map(|token| match token {
                TokenTree::Ident(ident) => Some(ident),
                _ => None,
            }));
        }
        handed_away(group.stream(), found);
    }
}
