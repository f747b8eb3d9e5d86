//! The workspace as the checks see it, read once.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand};

use super::features;
use super::rust::{self, Module};
use super::settings::{self, Setting};
use crate::coverage::{self, Coverage};
use crate::error::{Error, Result};
use crate::shell::Shell;
use crate::test::report_file;

/// Files, members, the patch, and what the last run of the tests covered.
#[derive(Default)]
pub(crate) struct Workspace {
    /// Every text file that git does not ignore: path relative to the root → text.
    pub(crate) files: BTreeMap<String, String>,
    /// The crates, from cargo's metadata.
    pub(crate) members: Vec<Member>,
    /// The paths that differ from the merge base; none where there is no base.
    pub(crate) patch: Option<Vec<String>>,
    /// What the tests cover.
    pub(crate) coverage: Report,
    /// Whether a coverage report that is missing or old is a finding.
    pub(crate) coverage_is_due: bool,
    /// The crates that hold a source.
    pub(crate) sources: Vec<SourceCrate>,
    /// Packages that a crate alone builds with other features: the crate, the package, and its features in the workspace.
    pub(crate) differing_features: Vec<(String, String, String)>,
}

/// A crate of the workspace.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    /// The package's name.
    pub(crate) name: String,
    /// Its folder, relative to the root.
    pub(crate) folder: String,
    /// The packages that it declares a dependency on.
    pub(crate) dependencies: Vec<Dependency>,
}

/// A declared dependency.
#[derive(Clone, Debug)]
pub(crate) struct Dependency {
    /// The package's name.
    pub(crate) package: String,
    /// True for one of tests and examples only.
    pub(crate) is_dev: bool,
}

/// The coverage report of the last full run of the tests.
#[derive(Default)]
pub(crate) enum Report {
    /// There is none.
    #[default]
    Absent,
    /// It is older than this file.
    Stale(String),
    /// Crate folder → its coverage.
    Fresh(BTreeMap<String, Coverage>),
}

/// A crate `source-NAME`, its code parsed.
pub(crate) struct SourceCrate {
    /// The package's name.
    pub(crate) package: String,
    /// Its folder, relative to the root.
    pub(crate) folder: String,
    /// The code that ships: what `src/lib.rs` reaches, without tests.
    pub(crate) modules: Vec<Module>,
    /// The fixture and what it reaches.
    pub(crate) fixture: Vec<Module>,
    /// The service type, `Connector::NAME`.
    pub(crate) service_type: Option<String>,
    /// The settings that `src/config.rs` declares; none where it can't be understood.
    pub(crate) settings: Option<Vec<Setting>>,
}

impl SourceCrate {
    fn new(files: &BTreeMap<String, String>, member: &Member) -> Self {
        let path = |file: &str| format!("{}/{file}", member.folder);
        let modules = rust::modules(files, &path("src/lib.rs"));
        Self {
            package: member.name.clone(),
            folder: member.folder.clone(),
            fixture: rust::modules(files, &path("tests/source/fixture.rs")),
            service_type: rust::service_type(&modules),
            settings: settings::declared(&modules),
            modules,
        }
    }

    /// What follows `source-` in the package's name.
    pub(crate) fn name(&self) -> &str {
        self.package.trim_start_matches("source-")
    }

    /// The crate's name in code.
    pub(crate) fn ident(&self) -> String {
        self.package.replace('-', "_")
    }

    /// The path of one of its files.
    pub(crate) fn path(&self, file: &str) -> String {
        format!("{}/{file}", self.folder)
    }
}

impl Workspace {
    /// A workspace of these files and members, with neither patch nor report.
    pub(crate) fn new(files: BTreeMap<String, String>, members: Vec<Member>) -> Self {
        let is_source = |member: &&Member| member.name.starts_with("source-");
        let sources =
            members.iter().filter(is_source).map(|member| SourceCrate::new(&files, member)).collect();
        Self { files, members, sources, ..Self::default() }
    }

    /// Reads the workspace of `shell`, and the patch since the merge base with `base`.
    pub(crate) fn read(shell: &Shell, base: Option<&str>) -> Result<Self> {
        let (files, newest) = read_files(&shell.root, shell.target())?;
        let mut workspace = Self::new(files, read_members(shell)?);
        let names: Vec<&str> = workspace.members.iter().map(|member| member.name.as_str()).collect();
        workspace.differing_features = features::read(shell, &names)?;
        workspace.patch = read_patch(shell, base)?;
        workspace.coverage = read_report(shell, &workspace.members, newest)?;
        Ok(workspace)
    }

    /// The text of a file, empty where there is none.
    pub(crate) fn text(&self, path: &str) -> &str {
        self.files.get(path).map_or("", String::as_str)
    }

    /// The files at or below a folder.
    pub(crate) fn below<'a>(&'a self, folder: &str) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let prefix = format!("{folder}/");
        let all = self.files.range(prefix.clone()..);
        all.take_while(move |(path, _)| path.starts_with(&prefix))
            .map(|(path, text)| (path.as_str(), text.as_str()))
    }

    /// The first line of a file that satisfies `wanted`, from 1; 1 where none does.
    pub(crate) fn line(&self, path: &str, wanted: impl Fn(&str) -> bool) -> usize {
        self.text(path).lines().position(wanted).map_or(1, |at| at + 1)
    }
}

/// When a file was changed last, and which.
type Newest = Option<(SystemTime, String)>;

/// Each line of these files: path, number from 1, text.
pub(super) fn lines<'a>(
    files: impl Iterator<Item = (&'a str, &'a str)>,
) -> impl Iterator<Item = (&'a str, usize, &'a str)> {
    files.flat_map(|(path, text)| text.lines().zip(1..).map(move |(line, at)| (path, at, line)))
}

/// What of a line of Rust stands before a comment.
pub(super) fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

// Also which of the Rust files was changed last; the build folder is left aside wherever it lies.
fn read_files(root: &Path, built: PathBuf) -> Result<(BTreeMap<String, String>, Newest)> {
    let mut files = BTreeMap::new();
    let mut newest: Newest = None;
    let wanted = move |entry: &ignore::DirEntry| entry.file_name() != ".git" && entry.path() != built;
    let walk = ignore::WalkBuilder::new(root).hidden(false).require_git(false).filter_entry(wanted).build();
    for entry in walk {
        let entry =
            entry.map_err(|cause| Error::Format { what: "the folder".into(), cause: cause.to_string() })?;
        if !entry.file_type().is_some_and(|kind| kind.is_file()) {
            continue;
        }
        let path =
            entry.path().strip_prefix(root).unwrap_or(entry.path()).to_string_lossy().replace('\\', "/");
        let bytes = fs::read(entry.path()).map_err(Error::file("read", entry.path()))?;
        let Ok(text) = String::from_utf8(bytes) else { continue };
        let modified = entry.metadata().ok().and_then(|metadata| metadata.modified().ok());
        if let Some(modified) = modified.filter(|_| path.ends_with(".rs"))
            && newest.as_ref().is_none_or(|(latest, _)| *latest < modified)
        {
            newest = Some((modified, path.clone()));
        }
        files.insert(path, text);
    }
    Ok((files, newest))
}

fn read_members(shell: &Shell) -> Result<Vec<Member>> {
    let mut cargo = shell.command("cargo");
    let text = shell.capture(cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]))?;
    let metadata = MetadataCommand::parse(text)
        .map_err(|cause| Error::Format { what: "cargo's metadata".into(), cause: cause.to_string() })?;
    Ok(members(&metadata))
}

fn members(metadata: &Metadata) -> Vec<Member> {
    let root = &metadata.workspace_root;
    let member = |package: &cargo_metadata::Package| {
        let folder = package.manifest_path.parent().and_then(|folder| folder.strip_prefix(root).ok());
        let dependencies = package.dependencies.iter().map(|dependency| Dependency {
            package: dependency.name.clone(),
            is_dev: dependency.kind == DependencyKind::Development,
        });
        Member {
            name: package.name.to_string(),
            folder: folder.map(ToString::to_string).unwrap_or_default(),
            dependencies: dependencies.collect(),
        }
    };
    metadata.packages.iter().map(member).collect()
}

fn read_patch(shell: &Shell, base: Option<&str>) -> Result<Option<Vec<String>>> {
    let git = |arguments: &[&str]| shell.capture(shell.command("git").args(arguments));
    let merge_base = |rev: &str| git(&["merge-base", rev, "HEAD"]);
    let found = match base {
        Some(rev) => Some(merge_base(rev)?),
        None => ["origin/main", "main"].into_iter().find_map(|rev| merge_base(rev).ok()),
    };
    let Some(found) = found else { return Ok(None) };
    let changed = git(&["diff", "--name-only", "--no-renames", "-z", found.trim()])?;
    let added = git(&["ls-files", "--others", "--exclude-standard", "-z"])?;
    let paths = changed.split('\0').chain(added.split('\0')).filter(|path| !path.is_empty());
    Ok(Some(paths.map(str::to_owned).collect()))
}

fn read_report(shell: &Shell, members: &[Member], newest: Newest) -> Result<Report> {
    let file = report_file(shell);
    let Ok(written) = file.metadata().and_then(|metadata| metadata.modified()) else {
        return Ok(Report::Absent);
    };
    if let Some((modified, path)) = newest
        && modified > written
    {
        return Ok(Report::Stale(path));
    }
    let report = fs::read_to_string(&file).map_err(Error::file("read", &file))?;
    let folders: Vec<String> = members.iter().map(|member| member.folder.clone()).collect();
    Ok(Report::Fresh(coverage::by_crate(&report, &shell.root, &folders)))
}
