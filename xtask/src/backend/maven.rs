//! Server files out of Maven Central, by Maven itself: it checks, caches and knows its mirrors.

use std::fs;
use std::path::Path;

use crate::apt;
use crate::error::{Error, Result};
use crate::shell::Shell;

const PLUGIN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";

/// Copies one artifact (`group:name:version:packaging`) into `folder`.
///
/// # Errors
/// When Maven cannot be had, or cannot get the artifact.
pub fn copy(shell: &Shell, artifact: &str, folder: &Path) -> Result<()> {
    let mvn = apt::program(shell, "mvn", "maven")?;
    let mut command = shell.command(mvn);
    command.args(["-q", "-B", &format!("{PLUGIN}:copy"), &format!("-Dartifact={artifact}")]);
    command.arg(format!("-DoutputDirectory={}", folder.display()));
    shell.capture(&mut command).map(drop)
}

/// Copies an artifact (`group`, `name`, `version`) and all that it needs at run time into `folder`.
///
/// # Errors
/// When Maven cannot be had, or cannot get an artifact.
pub fn copy_with_dependencies(shell: &Shell, artifact: [&str; 3], folder: &Path) -> Result<()> {
    let mvn = apt::program(shell, "mvn", "maven")?;
    fs::create_dir_all(folder).map_err(Error::file("make", folder))?;
    let project_file = folder.with_extension("pom.xml");
    fs::write(&project_file, project(artifact)).map_err(Error::file("write", &project_file))?;
    let mut command = shell.command(mvn);
    command.args(["-q", "-B", "-f"]).arg(&project_file);
    command.args([&format!("{PLUGIN}:copy-dependencies"), "-DincludeScope=runtime"]);
    command.arg(format!("-DoutputDirectory={}", folder.display()));
    shell.capture(&mut command).map(drop)
}

fn project([group, name, version]: [&str; 3]) -> String {
    format!(
        r#"<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>local</groupId>
  <artifactId>backend</artifactId>
  <version>1</version>
  <dependencies>
    <dependency><groupId>{group}</groupId><artifactId>{name}</artifactId><version>{version}</version></dependency>
  </dependencies>
</project>
"#
    )
}

#[cfg(test)]
mod tests;
