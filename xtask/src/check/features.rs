//! The packages that are built with other features for one crate alone than for the workspace, as cargo tells them.

use std::collections::BTreeMap;

use crate::error::Result;
use crate::shell::Shell;

/// The crate that has no code and asks for the features that all others together need.
pub(super) const UNIFIED: &str = "workspace-hack";
/// Features that only tests may have; a program must not be shipped with them.
const OF_TESTS: [(&str, &str); 1] = [("tokio", "test-util")];

/// Package and version → the sets of features that it is built with.
type Built = BTreeMap<String, Vec<String>>;

/// Of each such package the crate, the package, and the features that it has in the workspace.
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
    }
}
