//! `docs`: each source has a page, with the same headings in the same order, and the settings as they are declared.

use super::finding::{Code, Finding};
use super::settings::Setting;
use super::workspace::{SourceCrate, Workspace};

/// The headings of every page, in their order; others may stand between them.
const HEADINGS: [(&str, &str); 4] = [
    ("Settings", "the table of settings, which `cargo xtask check --fix` writes"),
    ("Permissions", "what the account needs, and nothing more"),
    ("Documents", "id, fields and their types, what tells a change, scope"),
    ("Limits", "what is left out, and what can't be told"),
];

const CONTRIBUTING: &str = "docs/contributing.md";
const FIX: &str = "run `cargo xtask check --fix`: it writes the table from src/config.rs";

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &workspace.sources {
        let Some(path) = page(source) else { continue };
        if workspace.files.contains_key(&path) {
            findings.extend(headings(workspace, &path));
            findings.extend(table(workspace, source, &path));
        } else {
            let message = format!("{} has no page", source.package);
            let help = "write it, with the headings Settings, Permissions, Documents and Limits";
            findings.push(Finding::new(Code::Docs, (path, 1), message, help));
        }
    }
    findings.extend(strangers(workspace));
    findings.extend(checklist(workspace));
    findings
}

/// Pages whose tables differ from what is declared, as they should be.
pub(super) fn mended(workspace: &Workspace) -> Vec<(String, String)> {
    let pages = workspace.sources.iter().filter_map(|source| {
        let (path, wanted) = (page(source)?, written(source.settings.as_ref()?));
        let lines: Vec<&str> = workspace.text(&path).lines().collect();
        let (start, end) = table_at(&lines)?;
        let text =
            [&lines[..start], &wanted.iter().map(String::as_str).collect::<Vec<_>>(), &lines[end..]].concat();
        let text = text.join("\n") + "\n";
        (text != workspace.text(&path)).then_some((path, text))
    });
    pages.collect()
}

fn page(source: &SourceCrate) -> Option<String> {
    Some(format!("docs/sources/{}.md", source.service_type.as_ref()?))
}

fn headings(workspace: &Workspace, path: &str) -> Vec<Finding> {
    let lines = workspace.text(path).lines().enumerate();
    let found: Vec<(usize, &str)> =
        lines.filter_map(|(at, line)| Some((at + 1, line.strip_prefix("## ")?.trim()))).collect();
    let (mut findings, mut last) = (Vec::new(), 0);
    for (heading, tells) in HEADINGS {
        let order = "the order is Settings, Permissions, Documents, Limits";
        match found.iter().find(|(_, name)| *name == heading) {
            None => {
                let help = format!("add `## {heading}`: {tells}; {order}");
                findings.push(Finding::new(
                    Code::Docs,
                    (path, 1),
                    format!("there is no `## {heading}`"),
                    help,
                ));
            }
            Some((line, _)) if *line < last => {
                findings.push(Finding::new(
                    Code::Docs,
                    (path, *line),
                    format!("`## {heading}` stands too early"),
                    order,
                ));
            }
            Some((line, _)) => last = *line,
        }
    }
    findings
}

fn table(workspace: &Workspace, source: &SourceCrate, path: &str) -> Option<Finding> {
    let Some(settings) = &source.settings else {
        let help = "declare the settings in one `config!` in src/config.rs";
        let place = (source.path("src/config.rs"), 1);
        return Some(Finding::new(Code::Docs, place, "the declaration of the settings can't be read", help));
    };
    let lines: Vec<&str> = workspace.text(path).lines().collect();
    let wanted = written(settings);
    let Some((start, end)) = table_at(&lines) else {
        let line = workspace.line(path, |line| line.trim() == "## Settings");
        return Some(Finding::new(
            Code::Docs,
            (path, line),
            "there is no table of settings",
            format!("write:\n{}", wanted.join("\n")),
        ));
    };
    let found = &lines[start..end];
    let differs = (0..found.len().max(wanted.len()))
        .find(|at| found.get(*at).copied() != wanted.get(*at).map(String::as_str))?;
    let line = (start + differs + 1).min(end);
    let message = match (wanted.get(differs), settings.get(differs.wrapping_sub(2))) {
        (Some(_), Some(setting)) => {
            format!("the table does not tell `{}` as src/config.rs declares it", setting.name)
        }
        (Some(_), None) => {
            "the table has other columns than those that are written from src/config.rs".into()
        }
        (None, _) => "the table tells a setting that src/config.rs does not declare".into(),
    };
    Some(Finding::new(Code::Docs, (path, line), message, FIX))
}

/// From and up to which line the first table below `## Settings` reaches; an empty range where it would begin.
fn table_at(lines: &[&str]) -> Option<(usize, usize)> {
    let heading = lines.iter().position(|line| line.trim() == "## Settings")?;
    let next = lines[heading + 1..]
        .iter()
        .position(|line| line.starts_with("## "))
        .map_or(lines.len(), |at| heading + 1 + at);
    let start = heading + 1 + lines[heading + 1..next].iter().position(|line| line.starts_with('|'))?;
    let length = lines[start..next].iter().take_while(|line| line.starts_with('|')).count();
    Some((start, start + length))
}

fn written(settings: &[Setting]) -> Vec<String> {
    let head =
        ["| setting | label | type | default | meaning |".to_owned(), "|---|---|---|---|---|".to_owned()];
    let row = |setting: &Setting| {
        let Setting { name, label, kind, default, meaning, .. } = setting;
        let cells =
            [&format!("`{name}`"), label, kind, default, meaning].map(|cell| cell.replace('|', "\\|"));
        format!("| {} |", cells.join(" | "))
    };
    head.into_iter().chain(settings.iter().map(row)).collect()
}

fn strangers(workspace: &Workspace) -> Vec<Finding> {
    let pages: Vec<String> = workspace.sources.iter().filter_map(page).collect();
    let strangers =
        workspace.below("docs/sources").filter(|(path, _)| !pages.iter().any(|page| page == path));
    strangers
        .map(|(path, _)| {
            let help = "name the page after the service type of a source, or remove it";
            Finding::new(Code::Docs, (path, 1), "this page is of no source", help)
        })
        .collect()
}

/// The page that every finding points to explains each code.
fn checklist(workspace: &Workspace) -> Vec<Finding> {
    let text = workspace.text(CONTRIBUTING);
    let explained = |code: &Code| {
        text.lines().any(|line| {
            line.starts_with('#') && line.trim_start_matches('#').trim().trim_matches('`') == code.to_string()
        })
    };
    let missing = Code::ALL.into_iter().filter(|code| !explained(code));
    missing
        .map(|code| {
            let help = format!("add a heading `{code}` and what it asks for");
            Finding::new(Code::Docs, (CONTRIBUTING, 1), format!("`{code}` is not explained"), help)
        })
        .collect()
}
