//! `cargo xtask new-source`: a whole source as a beginning, in every place where a source has to stand.

mod manifests;

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use crate::error::{Error, Result};
use crate::programs::package;
use crate::shell::Shell;

/// Write a new source that works, to be made that of your product: new-source notes.
///
/// It becomes crates/source-NAME, its service type, docker/NAME and docs/sources/NAME.md. The source is declared in
/// config.yml, Cargo.toml and the program's manifest. It reads a small server of its own (tests/source/server.rs): tokens
/// that expire, pages by a cursor, folders as scopes, a revision and a file for each item, rate and concurrency as
/// settings. It compiles and keeps every promise of the contract as it is. Nothing that exists is overwritten.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The name of the product, in kebab-case.
    name: String,
}

/// What a name must not be: the template, or the contract, has a type of this name.
const RESERVED: &str = "client config connector content context definition document error file fixture indexed item \
    items me page result rules secret server source test";

/// A file of the crate: where it goes, and what it holds.
macro_rules! file {
    ($path:literal) => {
        (
            concat!("crates/source-__name__/", $path),
            include_str!(concat!("../templates/source/crate/", $path)),
        )
    };
}

/// Each file of the template.
const TEMPLATES: [(&str, &str); 13] = [
    file!("Cargo.toml"),
    file!("src/lib.rs"),
    file!("src/config.rs"),
    file!("src/client.rs"),
    file!("src/client/tests.rs"),
    file!("src/document.rs"),
    file!("src/document/tests.rs"),
    file!("src/source.rs"),
    file!("tests/source/main.rs"),
    file!("tests/source/fixture.rs"),
    file!("tests/source/server.rs"),
    ("docs/sources/__name__.md", include_str!("../templates/source/page.md")),
    ("docker/__name__/compose.yml", include_str!("../templates/source/compose.yml")),
];

pub(crate) fn run(shell: &Shell, args: &Args) -> Result<()> {
    write(shell, &args.name)?;
    shell.say(next_steps(&args.name));
    Ok(())
}

/// Writes a new source into the workspace of the shell.
pub(crate) fn write(shell: &Shell, name: &str) -> Result<()> {
    fits(name)?;
    let files = TEMPLATES.map(|(path, text)| (filled(path, name), filled(text, name)));
    is_free(&shell.root, name, &files)?;
    let declared = manifests::declared(&shell.root, name)?;
    for (path, text) in &files {
        create(&shell.root.join(path), text)?;
    }
    for (path, text) in &declared {
        let path = shell.root.join(path);
        fs::write(&path, text).map_err(Error::file("write", &path))?;
    }
    let package = package(name);
    shell.stream(shell.command("cargo").args(["fmt", "--package", &package]))?;
    shell.stream(shell.command("cargo").args(["update", "--workspace", "--offline", "--quiet"]))
}

/// Whether a source can have this name at all.
fn fits(name: &str) -> Result<()> {
    let refused = |why: String| Err(Error::Usage(format!("`{name}` can't be the name of a source: {why}")));
    if let Some(rest) = name.strip_prefix("source-") {
        return refused(format!("the crate gets its `source-` by itself; name it `{rest}`"));
    }
    let is_word = |word: &str| {
        word.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()) && !word.is_empty()
    };
    if !name.split('-').all(is_word) || !name.starts_with(|first: char| first.is_ascii_lowercase()) {
        return refused(
            "write it in kebab-case: small letters and digits, a letter first, words joined by `-`".into(),
        );
    }
    if RESERVED.split_whitespace().any(|reserved| reserved == name) {
        return refused("it is the name of a part of every source; take the name of the product".into());
    }
    if name.len() > 40 {
        return refused("it is longer than 40 letters".into());
    }
    Ok(())
}

/// Whether nothing of this name stands in the workspace.
fn is_free(root: &Path, name: &str, files: &[(String, String)]) -> Result<()> {
    let folders = [format!("crates/{}", package(name)), format!("docker/{name}")];
    let mut all = folders.iter().chain(files.iter().map(|(path, _)| path));
    match all.find(|path| root.join(path).exists()) {
        Some(path) => {
            Err(Error::Usage(format!("{path} is there already; take another name, or remove it first")))
        }
        None => Ok(()),
    }
}

fn create(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
    }
    let file = OpenOptions::new().write(true).create_new(true).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).map_err(Error::file("write", path))
}

/// A template with the name in its three spellings.
fn filled(template: &str, name: &str) -> String {
    let pascal: String = name.split('-').map(capitalised).collect();
    template
        .replace("__name__", name)
        .replace("__ident__", &name.replace('-', "_"))
        .replace("__Name__", &pascal)
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(word.len().min(1));
    first.to_ascii_uppercase() + rest
}

fn next_steps(name: &str) -> String {
    filled(
        "
crates/source-__name__, docs/sources/__name__.md and docker/__name__ are written; config.yml, Cargo.toml and
crates/connectors/Cargo.toml name them.

It reads a small server of its own, and keeps every promise of the contract as it is:

  cargo test --package source-__name__

Make it your product's, in this order: the settings (src/config.rs), the calls (src/client.rs), what is indexed
(src/document.rs), how a real backend is started and filled (tests/source/fixture.rs, by connectors_testkit::backend
instead of server.rs), the README at the head of src/lib.rs, and docs/sources/__name__.md. Then hold it to the checklist:

  cargo xtask check              yours alone to meet: `docker` asks for the product's image in
                                 docker/__name__/compose.yml, by its exact version
  cargo xtask test               `coverage`: 90 % of the lines of the crate
  cargo xtask ftest __name__     from the real backend into a real Elasticsearch
  docker compose --file docker/__name__/compose.yml up --wait",
        name,
    )
    .trim_start()
    .to_owned()
}

#[cfg(test)]
mod tests;
