//! The two programs that read coverage, in the major version of the compiler's own LLVM.

use std::path::{Path, PathBuf};

use crate::apt;
use crate::error::{Error, Result};
use crate::shell::Shell;

/// `llvm-cov` and `llvm-profdata`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Llvm {
    /// Reads coverage.
    pub cov: PathBuf,
    /// Merges profiles.
    pub profdata: PathBuf,
}

/// The compiler, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
struct Compiler {
    host: String,
    llvm: u32,
}

/// Finds or installs the two: those that the environment names, rustup's component, those on the search path under
/// their versioned names, rustup's component after adding it, Debian's package.
///
/// # Errors
/// When none of these ways leads to them; says what the last two answered.
pub fn ensure(shell: &Shell) -> Result<Llvm> {
    if let (Some(cov), Some(profdata)) = (shell.var("LLVM_COV"), shell.var("LLVM_PROFDATA")) {
        return Ok(Llvm { cov: cov.into(), profdata: profdata.into() });
    }
    let compiler = compiler(shell)?;
    let sysroot = PathBuf::from(shell.capture(shell.command("rustc").args(["--print", "sysroot"]))?.trim());
    if let Some(llvm) = in_sysroot(&sysroot, &compiler).or_else(|| on_path(shell, compiler.llvm)) {
        return Ok(llvm);
    }
    let by_rustup = add_component(shell);
    if let Some(llvm) = in_sysroot(&sysroot, &compiler) {
        return Ok(llvm);
    }
    let package = format!("llvm-{}", compiler.llvm);
    let by_apt = apt::install_first(shell, &[&package]).map(drop);
    on_path(shell, compiler.llvm).ok_or_else(|| missing(&package, by_rustup, by_apt))
}

fn missing(package: &str, by_rustup: Result<()>, by_apt: Result<()>) -> Error {
    let answer =
        |outcome: Result<()>| outcome.map_or_else(|error| error.to_string(), |()| "not in it".into());
    let (rustup, apt) = (answer(by_rustup), answer(by_apt));
    Error::Missing {
        what: format!("no llvm-cov for this compiler.\n  rustup: {rustup}\n  Debian's {package}: {apt}"),
        fix: format!(
            "`rustup component add llvm-tools`, or install {package}, or set LLVM_COV and LLVM_PROFDATA to the two \
             programs of that major version"
        ),
    }
}

fn compiler(shell: &Shell) -> Result<Compiler> {
    let text = shell.capture(shell.command("rustc").arg("-vV"))?;
    parse_compiler(&text).ok_or_else(|| Error::Format {
        what: "the answer of `rustc -vV`".into(),
        cause: text.trim().to_owned(),
    })
}

fn parse_compiler(text: &str) -> Option<Compiler> {
    let field = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let llvm = field("LLVM version:")?.split('.').next()?.parse().ok()?;
    Some(Compiler { host: field("host:")?.to_owned(), llvm })
}

fn in_sysroot(sysroot: &Path, compiler: &Compiler) -> Option<Llvm> {
    let folder = sysroot.join("lib/rustlib").join(&compiler.host).join("bin");
    let llvm = Llvm { cov: folder.join("llvm-cov"), profdata: folder.join("llvm-profdata") };
    (llvm.cov.is_file() && llvm.profdata.is_file()).then_some(llvm)
}

fn on_path(shell: &Shell, major: u32) -> Option<Llvm> {
    let find = |name: &str| shell.find(&format!("{name}-{major}"));
    Some(Llvm { cov: find("llvm-cov")?, profdata: find("llvm-profdata")? })
}

// The variable that keeps cargo-llvm-cov from doing the same keeps us from it.
fn add_component(shell: &Shell) -> Result<()> {
    if shell.var("CARGO_LLVM_COV_SETUP") == Some("no") {
        return Err(Error::Usage("not asked, for CARGO_LLVM_COV_SETUP=no".into()));
    }
    shell.note("adding rustup's llvm-tools");
    shell.capture(shell.command("rustup").args(["component", "add", "llvm-tools"])).map(drop)
}

#[cfg(test)]
mod tests;
