//! Part of `pins`: a package has the same features whichever crate of the workspace is built, so that nothing is compiled again when one is
//! built alone.

use std::collections::BTreeMap;

use super::finding::Findings;
use super::workspace::Workspace;
use crate::error::Result;
use crate::shell::Shell;

/// The crate that has no code and asks for the features that all others together need.
pub(super) const UNIFIED: &str = "workspace-hack";
const MANIFEST: &str = "crates/workspace-hack/Cargo.toml";
/// Features that only tests may have; a program must not be shipped with them.
const OF_TESTS: [(&str, &str); 1] = [("tokio", "test-util")];

/// Package and version → the sets of features that it is built with.
type Built = BTreeMap<String, Vec<String>>;

/// The packages that are built with other features for one crate than for the workspace: the crate, the package, and the
/// features that it has in the workspace.
pub(super) fn read(shell: &Shell, members: &[&str]) -> Result<Vec<(String, String, String)>> {
    let tree = |choice: &[&str]| {
        let mut cargo = shell.command("cargo");
        cargo.args(["tree", "--locked", "--edges=normal,build,dev", "--prefix=none", "--format={p}|{f}"]);
        Ok(built(&shell.capture(cargo.args(choice))?))
    };
    let whole: Built = tree(&["--workspace"])?;
    let mut found = Vec::new();
    for member in members.iter().filter(|member| **member != UNIFIED) {
        let alone: Built = tree(&["--package", member])?;
        let differs = alone.into_iter().filter_map(|(package, features)| {
            let wanted = whole.get(&package)?;
            let is_new = features.iter().any(|features| !wanted.contains(features));
            is_new.then(|| ((*member).to_owned(), package, wanted.join(" and ")))
        });
        found.extend(differs);
    }
    Ok(found)
}

/// What cargo's tree says: `name v1.2.3 (a remark)|one,two (*)` in each line.
fn built(tree: &str) -> Built {
    let mut built = Built::new();
    for line in tree.lines() {
        let Some((package, features)) = line.trim_end_matches(" (*)").split_once('|') else { continue };
        let mut words = package.split(' ');
        let (name, version) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let is_shipped = |feature: &&str| !OF_TESTS.contains(&(name, feature));
        let features: Vec<&str> = features.split(',').filter(is_shipped).collect();
        let sets = built.entry(format!("{name} {version}")).or_default();
        let set = features.join(", ");
        if !sets.contains(&set) {
            sets.push(set);
        }
    }
    built
}

pub(super) fn check(workspace: &Workspace, out: &mut Findings) {
    for (member, package, features) in &workspace.differing_features {
        let name = package.split(' ').next().unwrap_or(package);
        let line = workspace.line(MANIFEST, |line| line.split(' ').next() == Some(name));
        let message =
            format!("{package} has other features when {member} is built alone: it is compiled twice");
        out.add((MANIFEST, line), message, format!("let `{name}` have the features {features} there"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::Machine;

    #[test]
    fn what_one_crate_alone_builds_otherwise_is_found() {
        let cargo = r#"case "$*" in
*--workspace) printf 'source-a v0.1.0 (/w)|\ntokio v1.54.1|net,test-util,time\nregex v1.13.2|std\nregex v1.13.2|std,unicode\nsyn v2.0.1 (proc-macro)|full (*)\n' ;;
*source-a) printf 'tokio v1.54.1|net,time\nregex v1.13.2|std\n' ;;
*source-b) printf 'regex v1.13.2|\nsyn v2.0.1 (proc-macro)|full (*)\n' ;;
esac"#;
        let machine = Machine::new().program("cargo", cargo);
        let found = read(&machine.shell, &["source-a", "source-b"]).unwrap();
        let regex = ("source-b", "regex v1.13.2", "std and std, unicode");
        assert_eq!(found, [(regex.0.into(), regex.1.into(), regex.2.into())]);

        let workspace = Workspace { differing_features: found, ..Workspace::default() };
        let mut out = Findings { code: super::super::Code::Pins, list: Vec::new() };
        check(&workspace, &mut out);
        let told = out.list[0].to_string();
        assert!(told.contains("regex v1.13.2 has other features when source-b is built alone"), "{told}");
        assert!(told.contains("let `regex` have the features std and std, unicode there"), "{told}");
    }
}
