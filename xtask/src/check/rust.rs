//! Rust code as syntax, where a search of its text would lie.

use std::collections::BTreeMap;

use proc_macro2::Span;
use syn::{Attribute, Expr, File, Ident, ImplItem, Item, ItemImpl, Lit, Meta, Type};

/// One file of a crate.
pub(crate) struct Module {
    /// Its path, relative to the root of the workspace.
    pub(crate) path: String,
    /// What stands in it; why it can't be read, otherwise.
    pub(crate) file: Result<File, (usize, String)>,
}

impl Module {
    /// Its items and those of the modules within it, without tests.
    pub(super) fn items(&self) -> Vec<&Item> {
        let mut found = Vec::new();
        if let Ok(file) = &self.file {
            flatten(&file.items, &mut found);
        }
        found
    }
}

fn flatten<'a>(items: &'a [Item], found: &mut Vec<&'a Item>) {
    for item in items.iter().filter(|item| !is_test(attributes(item))) {
        match item {
            Item::Mod(module) => flatten(module.content.as_ref().map_or(&[], |(_, items)| items), found),
            other => found.push(other),
        }
    }
}

/// The attributes of an item that may be left out of a build.
fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        _ => &[],
    }
}

/// Whether these attributes keep something for tests.
pub(super) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::List(list) if list.path.is_ident("cfg") => list.tokens.to_string() == "test",
        meta => meta.path().segments.last().is_some_and(|last| last.ident == "test"),
    })
}

/// The file at `start` and those that its `mod` lines reach, without tests.
pub(super) fn modules(files: &BTreeMap<String, String>, start: &str) -> Vec<Module> {
    let mut found = Vec::new();
    let folder = start.rsplit_once('/').map_or("", |(folder, _)| folder);
    gather(files, start.to_owned(), folder, &mut found);
    found
}

fn gather(files: &BTreeMap<String, String>, path: String, folder: &str, found: &mut Vec<Module>) {
    let Some(text) = files.get(&path) else { return };
    if found.iter().any(|module| module.path == path) {
        return;
    }
    let file = syn::parse_file(text).map_err(|error| (error.span().start().line, error.to_string()));
    let below = file.as_ref().map(|file| children(files, &file.items, (&path, folder))).unwrap_or_default();
    found.push(Module { path, file });
    for (path, folder) in below {
        gather(files, path, &folder, found);
    }
}

// The files of the modules that are declared here, each with the folder in which its own ones lie.
fn children(
    files: &BTreeMap<String, String>,
    items: &[Item],
    (path, folder): (&str, &str),
) -> Vec<(String, String)> {
    let mut below = Vec::new();
    for item in items {
        let Item::Mod(module) = item else { continue };
        if is_test(&module.attrs) {
            continue;
        }
        let name = module.ident.to_string();
        let inner = format!("{folder}/{name}");
        match (&module.content, path_of(&module.attrs)) {
            (Some((_, items)), _) => below.extend(children(files, items, (path, &inner))),
            (None, Some(relative)) => {
                let beside = path.rsplit_once('/').map_or("", |(beside, _)| beside);
                let file = joined(beside, &relative);
                let own = file.trim_end_matches(".rs").to_owned();
                below.push((file, own));
            }
            (None, None) if files.contains_key(&format!("{inner}/mod.rs")) => {
                below.push((format!("{inner}/mod.rs"), inner));
            }
            (None, None) => below.push((format!("{inner}.rs"), inner)),
        }
    }
    below
}

fn joined(folder: &str, relative: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').collect();
    for part in relative.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

fn path_of(attributes: &[Attribute]) -> Option<String> {
    let named = attributes.iter().find_map(|attribute| match &attribute.meta {
        Meta::NameValue(pair) if pair.path.is_ident("path") => Some(&pair.value),
        _ => None,
    })?;
    text(named)
}

/// The text of a literal.
pub(super) fn text(expression: &Expr) -> Option<String> {
    match expression {
        Expr::Lit(literal) => match &literal.lit {
            Lit::Str(text) => Some(text.value()),
            _ => None,
        },
        _ => None,
    }
}

/// The line of a span, from 1.
pub(super) fn line(span: Span) -> usize {
    span.start().line
}

/// The implementations of traits in these modules.
pub(super) fn implementations(modules: &[Module]) -> Vec<Implementation<'_>> {
    let items = modules.iter().flat_map(|module| module.items().into_iter().map(|item| (&module.path, item)));
    let found = items.filter_map(|(path, item)| {
        let Item::Impl(block) = item else { return None };
        Some(Implementation { path, of: trait_name(block)?, on: type_name(&block.self_ty), block })
    });
    found.collect()
}

/// One `impl Trait for Type`.
pub(super) struct Implementation<'a> {
    /// The file that it stands in.
    pub path: &'a str,
    /// The last part of the trait's path.
    pub of: String,
    /// The last part of the type's path.
    pub on: String,
    /// The block.
    pub block: &'a ItemImpl,
}

impl Implementation<'_> {
    /// The line at which it begins.
    pub(super) fn line(&self) -> usize {
        line(self.block.impl_token.span)
    }

    /// Whether it has a function of this name.
    pub(super) fn function(&self, name: &str) -> Option<&syn::ImplItemFn> {
        self.block.items.iter().find_map(|item| match item {
            ImplItem::Fn(function) if function.sig.ident == name => Some(function),
            _ => None,
        })
    }

    /// The value of its constant of this name.
    pub(super) fn constant(&self, name: &str) -> Option<&Expr> {
        self.block.items.iter().find_map(|item| match item {
            ImplItem::Const(constant) if constant.ident == name => Some(&constant.expr),
            _ => None,
        })
    }
}

/// The last part of the path of the trait that a block implements.
pub(super) fn trait_name(block: &ItemImpl) -> Option<String> {
    let (of, ..) = block.trait_.as_ref()?;
    Some(of.segments.last()?.ident.to_string())
}

/// The last part of a type's path, empty for types without one.
pub(super) fn type_name(of: &Type) -> String {
    match of {
        Type::Path(path) => path.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default(),
        Type::Reference(inner) => type_name(&inner.elem),
        _ => String::new(),
    }
}

/// `Connector::NAME`, as a literal.
pub(super) fn service_type(modules: &[Module]) -> Option<String> {
    let implemented = implementations(modules);
    let mut connectors = implemented.iter().filter(|found| found.of == "Connector");
    connectors.find_map(|found| text(found.constant("NAME")?))
}

/// The value of the constant of these modules that a path names by its last part.
pub(super) fn value_of<'a>(path: &syn::ExprPath, modules: &'a [Module]) -> Option<&'a Expr> {
    let name = &path.path.segments.last()?.ident;
    modules.iter().flat_map(Module::items).find_map(|item| match item {
        Item::Const(item) if item.ident == *name => Some(&*item.expr),
        _ => None,
    })
}

/// The name of the function that is called, without its path.
pub(super) fn called(call: &syn::ExprCall) -> Option<&Ident> {
    match &*call.func {
        Expr::Path(path) => path.path.segments.last().map(|last| &last.ident),
        _ => None,
    }
}
