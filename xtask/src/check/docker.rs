//! `docker`: a container runs each source's backend, the same one everywhere, and nobody else can reach it.

use serde_yaml::{Mapping, Value};

use super::finding::{Code, Finding};
use super::image;
use super::manifest;
use super::workspace::{SourceCrate, Workspace};

pub(super) fn check(workspace: &Workspace) -> Vec<Finding> {
    let mut findings: Vec<Finding> =
        workspace.sources.iter().filter_map(|source| provided(workspace, source)).collect();
    for (path, _) in workspace.below("docker") {
        let name = path.rsplit('/').next().unwrap_or_default();
        if matches!(name, "compose.yml" | "compose.yaml" | "docker-compose.yml" | "docker-compose.yaml") {
            findings.extend(compose(workspace, path));
        } else if name.contains("Dockerfile") {
            findings.extend(dockerfile(workspace, path));
        }
    }
    findings
}

/// The compose file, or the reason in the manifest why there is none.
fn provided(workspace: &Workspace, source: &SourceCrate) -> Option<Finding> {
    let path = format!("docker/{}/compose.yml", source.name());
    let manifest = workspace.text(&source.path("Cargo.toml"));
    let reason = manifest::text_at(manifest, &["package", "metadata", "connector", "no-backend"]);
    match (workspace.files.contains_key(&path), reason) {
        (true, None) => None,
        (false, Some(reason)) if !reason.trim().is_empty() => None,
        (true, Some(_)) => {
            let line = workspace.line(&source.path("Cargo.toml"), |line| line.starts_with("no-backend"));
            let message = format!("says that there is no backend to run, and {path} runs one");
            Some(Finding::new(Code::Docker, (source.path("Cargo.toml"), line), message, "remove one of them"))
        }
        _ => {
            let message = format!("nothing runs the backend of {}", source.package);
            let help = "write the compose file; a source without a server says why in its Cargo.toml: \
                        `[package.metadata.connector]`, `no-backend = \"…\"`";
            Some(Finding::new(Code::Docker, (path, 1), message, help))
        }
    }
}

struct Compose<'a> {
    workspace: &'a Workspace,
    path: &'a str,
    findings: Vec<Finding>,
}

fn compose(workspace: &Workspace, path: &str) -> Vec<Finding> {
    let mut compose = Compose { workspace, path, findings: Vec::new() };
    match serde_yaml::from_str::<Value>(workspace.text(path)) {
        Ok(file) => compose.file(&file),
        Err(error) => {
            compose.add(error.location().map_or(1, |at| at.line()), error.to_string(), "mend the YAML")
        }
    }
    compose.findings
}

impl Compose<'_> {
    fn add(&mut self, line: usize, message: impl Into<String>, help: &str) {
        self.findings.push(Finding::new(Code::Docker, (self.path, line), message, help));
    }

    /// The line that holds `text`, below the service's own one.
    fn line(&self, service: &str, text: &str) -> usize {
        let lines: Vec<&str> = self.workspace.text(self.path).lines().collect();
        let start = lines.iter().position(|line| line.trim_end() == format!("  {service}:")).unwrap_or(0);
        let held =
            lines[start..].iter().position(|line| !line.trim_start().starts_with('#') && line.contains(text));
        held.map_or(start, |at| start + at) + 1
    }

    fn file(&mut self, file: &Value) {
        let volumes = file.get("volumes").and_then(Value::as_mapping).cloned().unwrap_or_default();
        let Some(services) = file.get("services").and_then(Value::as_mapping) else {
            return self.add(1, "there are no services", "write the backend as a service");
        };
        for (name, service) in services {
            let name = name.as_str().unwrap_or_default();
            self.image(name, service);
            self.health(name, service);
            self.ports(name, service);
            self.volumes(name, service, &volumes);
        }
        for (name, volume) in &volumes {
            if volume.get("driver_opts").is_some() {
                let line = self.line("", name.as_str().unwrap_or_default());
                self.add(
                    line,
                    "a volume with options may lie in a folder of the host",
                    "write its name alone",
                );
            }
        }
        let published = services.values().any(|service| service.get("ports").is_some());
        if !published {
            self.add(1, "no port can be reached", "publish the backend's port as `127.0.0.1:PORT:PORT`");
        }
    }

    fn image(&mut self, name: &str, service: &Value) {
        let Some(image) = service.get("image").and_then(Value::as_str) else {
            let line = self.line(name, &format!("{name}:"));
            return self.add(
                line,
                format!("`{name}` has no image"),
                "name a published image with its exact version",
            );
        };
        let line = self.line(name, "image:");
        let above = self.workspace.text(self.path).lines().nth(line.saturating_sub(2)).unwrap_or_default();
        if let Some((message, help)) = image::fault(image, above) {
            self.add(line, message, help);
        }
    }

    fn health(&mut self, name: &str, service: &Value) {
        let check = service.get("healthcheck");
        let disabled = check.and_then(|check| check.get("disable")).and_then(Value::as_bool) == Some(true);
        let words = check.and_then(|check| check.get("test")).map(words).unwrap_or_default();
        let words: Vec<&str> =
            words.iter().map(String::as_str).filter(|word| !word.starts_with("CMD")).collect();
        let is_hollow = matches!(words.as_slice(), [] | ["NONE" | "true" | ":" | "exit 0"]);
        if disabled || is_hollow {
            let line = self.line(name, if check.is_some() { "healthcheck:" } else { "" });
            self.add(
                line,
                format!("`{name}` has no health check"),
                "write a `test` that passes once the backend takes calls",
            );
        }
    }

    fn ports(&mut self, name: &str, service: &Value) {
        if service.get("network_mode").and_then(Value::as_str) == Some("host") {
            let line = self.line(name, "network_mode:");
            self.add(
                line,
                format!("`{name}` is on the host's network"),
                "publish its port as `127.0.0.1:PORT:PORT`",
            );
        }
        for port in sequence(service, "ports") {
            let address = port.get("host_ip").and_then(Value::as_str).map(|address| format!("{address}:"));
            let text = plain(port);
            let bound = address.as_deref().unwrap_or(&text);
            if !["127.0.0.1:", "[::1]:", "::1:"].iter().any(|loopback| bound.starts_with(loopback)) {
                let line = self.line(name, text.as_str());
                self.add(
                    line,
                    format!("`{name}` publishes `{text}` to every network"),
                    "write `127.0.0.1:PORT:PORT`",
                );
            }
        }
    }

    fn volumes(&mut self, name: &str, service: &Value, named: &Mapping) {
        for volume in sequence(service, "volumes") {
            let text = plain(volume);
            let source = volume.get("source").and_then(Value::as_str).map_or_else(
                || text.split_once(':').map_or("", |(source, _)| source).to_owned(),
                str::to_owned,
            );
            let is_bind = volume.get("type").and_then(Value::as_str) == Some("bind");
            if is_bind || !(source.is_empty() || named.contains_key(source.as_str())) {
                let line = self.line(name, &source);
                self.add(
                    line,
                    format!("`{name}` mounts `{source}` of the host"),
                    "use a volume that `volumes:` names, or `tmpfs`",
                );
            }
        }
    }
}

fn sequence<'a>(service: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    service.get(key).and_then(Value::as_sequence).into_iter().flatten()
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => other.get("published").or(other.get("target")).map(plain).unwrap_or_default(),
    }
}

fn words(value: &Value) -> Vec<String> {
    match value {
        Value::Sequence(items) => items.iter().map(plain).collect(),
        other => vec![plain(other)],
    }
}

/// The images that a Dockerfile builds on.
fn dockerfile(workspace: &Workspace, path: &str) -> Vec<Finding> {
    let mut stages: Vec<&str> = vec!["scratch"];
    let (mut findings, mut above) = (Vec::new(), "");
    for (at, line) in workspace.text(path).lines().enumerate() {
        let words: Vec<&str> = line.split_whitespace().filter(|word| !word.starts_with("--")).collect();
        if let [from, image, rest @ ..] = words.as_slice()
            && from.eq_ignore_ascii_case("FROM")
        {
            if !stages.contains(image)
                && let Some((message, help)) = image::fault(image, above)
            {
                findings.push(Finding::new(Code::Docker, (path, at + 1), message, help));
            }
            stages.extend(rest.get(1));
        }
        above = line;
    }
    findings
}
