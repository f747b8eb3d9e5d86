//! The settings of a source, as its `config!` declares them.

use std::fmt::Write as _;

use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Expr, GenericArgument, Ident, LitStr, PathArguments, Token, Type, Visibility, braced, bracketed};

use super::rust::{self, Module};
use super::tokens::Seen;

/// One setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    /// Its key.
    pub(crate) name: String,
    /// Its line in the file that declares it.
    pub(crate) line: usize,
    /// Its name in forms.
    pub(crate) label: String,
    /// What its value may be, in words.
    pub(crate) kind: String,
    /// Its value when none is given, in words.
    pub(crate) default: String,
    /// What it is for.
    pub(crate) meaning: String,
}

/// The settings that the modules declare; none where the declaration is missing or can't be understood.
pub(super) fn declared(modules: &[Module]) -> Option<Vec<Setting>> {
    let config = modules.iter().find(|module| module.path.ends_with("/src/config.rs"))?;
    let (_, _, tokens) = Seen::in_file(config).macros.into_iter().find(|(name, ..)| name == "config")?;
    let declaration: Declaration = syn::parse2(tokens).ok()?;
    Some(declaration.0.into_iter().map(|field| field.setting(modules)).collect())
}

struct Declaration(Vec<Field>);

struct Field {
    name: Ident,
    docs: Vec<String>,
    label: String,
    rules: Vec<(Ident, Vec<Expr>)>,
    of: Type,
    default: Option<Expr>,
}

impl Parse for Declaration {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        syn::Attribute::parse_outer(input)?;
        input.parse::<Visibility>()?;
        input.parse::<Token![struct]>()?;
        input.parse::<Ident>()?;
        let body;
        braced!(body in input);
        Ok(Self(Punctuated::<Field, Token![,]>::parse_terminated(&body)?.into_iter().collect()))
    }
}

impl Parse for Field {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let (mut docs, mut label, mut rules) = (Vec::new(), String::new(), Vec::new());
        while input.peek(Token![#]) {
            input.parse::<Token![#]>()?;
            let attribute;
            bracketed!(attribute in input);
            let name: Ident = attribute.parse()?;
            attribute.parse::<Token![=]>()?;
            let text: LitStr = attribute.parse()?;
            if name == "doc" {
                docs.push(text.value().trim().to_owned());
            } else {
                label = text.value();
                rules = rules_of(&attribute)?;
            }
        }
        input.parse::<Visibility>()?;
        let name = input.parse()?;
        input.parse::<Token![:]>()?;
        let of = input.parse()?;
        let default = if input.parse::<Option<Token![=]>>()?.is_some() { Some(input.parse()?) } else { None };
        Ok(Self { name, docs, label, rules, of, default })
    }
}

fn rules_of(input: ParseStream<'_>) -> syn::Result<Vec<(Ident, Vec<Expr>)>> {
    let mut rules = Vec::new();
    while input.parse::<Option<Token![,]>>()?.is_some() && !input.is_empty() {
        let name = input.parse()?;
        let arguments;
        syn::parenthesized!(arguments in input);
        rules
            .push((name, Punctuated::<Expr, Token![,]>::parse_terminated(&arguments)?.into_iter().collect()));
    }
    Ok(rules)
}

impl Field {
    fn setting(self, modules: &[Module]) -> Setting {
        let (inner, optional) = without_option(&self.of);
        let mut kind = word(&rust::type_name(inner), modules);
        let mut meaning = self.docs.join(" ").trim().to_owned();
        for (name, arguments) in &self.rules {
            let told: Vec<String> = arguments.iter().map(|argument| value(argument, modules)).collect();
            match (name.to_string().as_str(), told.as_slice()) {
                ("between", [low, high]) => {
                    let _ = write!(kind, ", {low} to {high}");
                }
                ("one_of", _) => kind = choices(arguments),
                ("integers", _) => kind = "whole numbers".into(),
                ("matches", [pattern]) => {
                    let _ = write!(kind, " like `{pattern}`");
                }
                ("depends_on", [field, wanted]) => {
                    let _ = write!(meaning, " Counts only while `{field}` is {wanted}.");
                }
                _ => {}
            }
        }
        let default = match &self.default {
            Some(default) => shown(&value(default, modules)),
            None if optional => "none".into(),
            None => "required".into(),
        };
        let (name, line) = (self.name.to_string(), rust::line(self.name.span()));
        Setting { name, line, label: self.label, kind, default, meaning }
    }
}

fn shown(default: &str) -> String {
    if default.is_empty() { "empty".into() } else { format!("`{default}`") }
}

fn without_option(of: &Type) -> (&Type, bool) {
    if let Type::Path(path) = of
        && let Some(last) = path.path.segments.last().filter(|last| last.ident == "Option")
        && let PathArguments::AngleBracketed(arguments) = &last.arguments
        && let Some(GenericArgument::Type(inner)) = arguments.args.first()
    {
        return (inner, true);
    }
    (of, false)
}

/// What a value of this type is, in words; for a type of the crate's own by its `FieldValue::TYPE`.
fn word(type_name: &str, modules: &[Module]) -> String {
    let own = || {
        let found = rust::implementations(modules);
        let found = found.iter().find(|found| found.of == "FieldValue" && found.on == type_name)?;
        let Expr::Path(path) = found.constant("TYPE")? else { return None };
        Some(path.path.segments.last()?.ident.to_string())
    };
    let word = match type_name {
        "Secret" => "secret",
        "bool" => "yes/no",
        "f64" => "number",
        "Vec" => "list",
        "PathBuf" => "path",
        "Url" => "URL",
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => "whole number",
        _ => match own().as_deref() {
            Some("Int") => "whole number",
            Some("Float") => "number",
            Some("Bool") => "yes/no",
            Some("List") => "list",
            _ => "text",
        },
    };
    word.into()
}

/// A literal, or the constant of this name, as one would type it; the code itself where it is neither.
fn value(expression: &Expr, modules: &[Module]) -> String {
    match expression {
        Expr::Lit(_) => rust::text(expression).unwrap_or_else(|| source(expression).replace('_', "")),
        Expr::Path(path) => {
            rust::value_of(path, modules).map_or_else(|| source(expression), |found| value(found, modules))
        }
        Expr::Reference(inner) => value(&inner.expr, modules),
        Expr::Array(list) => list.elems.iter().map(|item| value(item, modules)).collect::<Vec<_>>().join(","),
        _ => source(expression),
    }
}

fn source(expression: &Expr) -> String {
    expression.span().source_text().unwrap_or_default()
}

fn choices(arguments: &[Expr]) -> String {
    let Some(Expr::Reference(list)) = arguments.first() else { return "text".into() };
    let Expr::Array(list) = &*list.expr else { return "text".into() };
    let first = |pair: &Expr| match pair {
        Expr::Tuple(pair) => pair.elems.first().and_then(rust::text),
        _ => None,
    };
    let values: Vec<String> = list.elems.iter().filter_map(first).map(|value| format!("`{value}`")).collect();
    values.join(", ")
}
