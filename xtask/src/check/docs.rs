//! `docs`: each source has a page, with the same headings in the same order, and the settings as they are declared.

use clap::ValueEnum;

use super::finding::{Code, Findings};
use super::settings::Setting;
use super::workspace::{SourceCrate, Workspace};

/// The headings of every page, in their order; others may stand between them.
const HEADINGS: [(&str, &str); 4] = [
    ("Settings", "the table of settings, which `cargo xtask check --fix` writes"),
    ("Permissions", "what the account needs, and nothing more"),
    ("Documents", "id, fields and their types, what tells a change, scope"),
    ("Limits", "what is left out, and what can't be told"),
];
const ORDER: &str = "the order is Settings, Permissions, Documents, Limits";

const CONTRIBUTING: &str = "docs/contributing.md";
const FIX: &str = "run `cargo xtask check --fix`: it writes the table from src/config.rs";

pub(super) fn check(workspace: &Workspace, out: &mut Findings) {
    let pages: Vec<String> = workspace.sources.iter().filter_map(page).collect();
    for source in &workspace.sources {
        let Some(path) = page(source) else { continue };
        if workspace.files.contains_key(&path) {
            headings(workspace, &path, out);
            table(workspace, (source, &path), out);
        } else {
            let help = "write it, with the headings Settings, Permissions, Documents and Limits";
            out.add((path, 1), format!("{} has no page", source.package), help);
        }
    }
    for (path, _) in
        workspace.below("docs/sources").filter(|(path, _)| !pages.iter().any(|page| page == path))
    {
        let help = "name the page after the service type of a source, or remove it";
        out.add((path, 1), "this page is of no source", help);
    }
    // The page that every finding points to explains each code.
    let headings = workspace.text(CONTRIBUTING).lines().filter(|line| line.starts_with('#'));
    let explained: Vec<&str> = headings.map(|line| line.trim_matches(['#', ' ', '`'])).collect();
    for code in Code::value_variants().iter().map(ToString::to_string) {
        if !explained.contains(&code.as_str()) {
            let help = format!("add a heading `{code}` and what it asks for");
            out.add((CONTRIBUTING, 1), format!("`{code}` is not explained"), help);
        }
    }
}

/// Pages whose tables differ from what is declared or are not there, as they should be.
pub(super) fn mended(workspace: &Workspace) -> Vec<(String, String)> {
    let pages = workspace.sources.iter().filter_map(|source| {
        let (path, wanted) = (page(source)?, written(source.settings.as_ref()?));
        let lines: Vec<&str> = workspace.text(&path).lines().collect();
        let (start, end) = table_at(&lines).or_else(|| place_for_table(&lines))?;
        let mut wanted: Vec<&str> = wanted.iter().map(String::as_str).collect();
        if start == end {
            // Apart from the lines around it.
            wanted.insert(0, "");
            wanted.extend(lines.get(end).filter(|line| !line.trim().is_empty()).map(|_| ""));
        }
        let text = [&lines[..start], &wanted, &lines[end..]].concat().join("\n") + "\n";
        (text != workspace.text(&path)).then_some((path, text))
    });
    pages.collect()
}

fn page(source: &SourceCrate) -> Option<String> {
    Some(format!("docs/sources/{}.md", source.service_type.as_ref()?))
}

fn headings(workspace: &Workspace, path: &str, out: &mut Findings) {
    let lines = (1..).zip(workspace.text(path).lines());
    let found: Vec<(usize, &str)> =
        lines.filter_map(|(at, line)| Some((at, line.strip_prefix("## ")?.trim()))).collect();
    let mut last = 0;
    for (heading, tells) in HEADINGS {
        match found.iter().find(|(_, name)| *name == heading) {
            None => {
                let help = format!("add `## {heading}`: {tells}; {ORDER}");
                out.add((path, 1), format!("there is no `## {heading}`"), help);
            }
            Some((line, _)) if *line < last => {
                out.add((path, *line), format!("`## {heading}` stands too early"), ORDER);
            }
            Some((line, _)) => last = *line,
        }
    }
}

fn table(workspace: &Workspace, (source, path): (&SourceCrate, &str), out: &mut Findings) {
    let Some(settings) = &source.settings else {
        let help = "declare the settings in one `config!` in src/config.rs";
        let place = (source.path("src/config.rs"), 1);
        return out.add(place, "the declaration of the settings can't be read", help);
    };
    let lines: Vec<&str> = workspace.text(path).lines().collect();
    let wanted = written(settings);
    let Some((start, end)) = table_at(&lines) else {
        let line = workspace.line(path, |line| line.trim() == "## Settings");
        return out.add((path, line), "there is no table of settings", FIX);
    };
    let found = &lines[start..end];
    let differs = |at: &usize| found.get(*at).copied() != wanted.get(*at).map(String::as_str);
    let Some(at) = (0..found.len().max(wanted.len())).find(differs) else { return };
    let message = match (wanted.get(at), settings.get(at.wrapping_sub(2))) {
        (Some(_), Some(setting)) => {
            format!("the table does not tell `{}` as src/config.rs declares it", setting.name)
        }
        (Some(_), None) => {
            "the table has other columns than those that are written from src/config.rs".into()
        }
        (None, _) => "the table tells a setting that src/config.rs does not declare".into(),
    };
    out.add((path, (start + at + 1).min(end)), message, FIX);
}

/// Where a table goes that is not there: below its heading.
fn place_for_table(lines: &[&str]) -> Option<(usize, usize)> {
    let below = lines.iter().position(|line| line.trim() == "## Settings")? + 1;
    Some((below, below))
}

/// From and up to which line the first table below `## Settings` reaches.
fn table_at(lines: &[&str]) -> Option<(usize, usize)> {
    let first = lines.iter().position(|line| line.trim() == "## Settings")? + 1;
    let next = lines[first..].iter().position(|line| line.starts_with("## "));
    let next = next.map_or(lines.len(), |at| first + at);
    let start = first + lines[first..next].iter().position(|line| line.starts_with('|'))?;
    let length = lines[start..next].iter().take_while(|line| line.starts_with('|')).count();
    Some((start, start + length))
}

fn written(settings: &[Setting]) -> Vec<String> {
    let head = ["| setting | label | type | default | meaning |", "|---|---|---|---|---|"].map(str::to_owned);
    let row = |setting: &Setting| {
        let Setting { name, label, kind, default, meaning, .. } = setting;
        let cells = [&format!("`{name}`"), label, kind, default, meaning];
        format!("| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | "))
    };
    head.into_iter().chain(settings.iter().map(row)).collect()
}
