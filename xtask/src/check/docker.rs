//! `docker`: a container runs each source's backend, the same one everywhere, and nobody else can reach it.

use std::collections::BTreeSet;

use serde_yaml::{Mapping, Value};

use super::finding::Findings;
use super::manifest;
use super::workspace::{SourceCrate, Workspace};

const BOUND: &str = "write `127.0.0.1:PORT:PORT`";

pub(super) fn check(workspace: &Workspace, out: &mut Findings) {
    workspace.sources.iter().for_each(|source| provided(workspace, source, out));
    for (path, text) in workspace.below("docker") {
        let name = path.rsplit('/').next().unwrap_or_default();
        if matches!(name, "compose.yml" | "compose.yaml" | "docker-compose.yml" | "docker-compose.yaml") {
            Compose { text, path, out }.file();
        } else if name.contains("Dockerfile") {
            dockerfile(path, text, out);
        }
    }
}

/// The compose file, or the reason in the manifest why there is none.
fn provided(workspace: &Workspace, source: &SourceCrate, out: &mut Findings) {
    let path = format!("docker/{}/compose.yml", source.name());
    let manifest = source.path("Cargo.toml");
    let reason = manifest::at(workspace.text(&manifest), &["package", "metadata", "connector", "no-backend"]);
    match (workspace.files.contains_key(&path), reason) {
        (true, None) => {}
        (false, Some(reason)) if reason.as_str().is_some_and(|reason| !reason.trim().is_empty()) => {}
        (true, Some(_)) => {
            let line = workspace.line(&manifest, |line| line.starts_with("no-backend"));
            let message = format!("says that there is no backend to run, and {path} runs one");
            out.add((manifest, line), message, "remove one of them");
        }
        _ => {
            let help = "write the compose file; a source without a server says why in its Cargo.toml: \
                        `[package.metadata.connector]`, `no-backend = \"…\"`";
            out.add((path, 1), format!("nothing runs the backend of {}", source.package), help);
        }
    }
}

struct Compose<'a, 'b> {
    text: &'a str,
    path: &'a str,
    out: &'b mut Findings,
}

impl Compose<'_, '_> {
    /// Adds a finding at the line that holds a text below the service's own one.
    fn add(&mut self, (service, text): (&str, &str), message: impl Into<String>, help: &str) {
        let lines: Vec<&str> = self.text.lines().collect();
        let start = lines.iter().position(|line| line.trim_end() == format!("  {service}:")).unwrap_or(0);
        let is_held = |line: &&str| !line.trim_start().starts_with('#') && line.contains(text);
        let line = start + lines[start..].iter().position(is_held).unwrap_or(0) + 1;
        self.out.add((self.path, line), message, help);
    }

    fn file(&mut self) {
        let file: Value = match serde_yaml::from_str(self.text) {
            Ok(file) => file,
            Err(error) => {
                let line = error.location().map_or(1, |at| at.line());
                return self.out.add((self.path, line), error.to_string(), "mend the YAML");
            }
        };
        let volumes = file.get("volumes").and_then(Value::as_mapping).cloned().unwrap_or_default();
        let Some(services) = file.get("services").and_then(Value::as_mapping) else {
            return self.out.add((self.path, 1), "there are no services", "write the backend as a service");
        };
        for (name, service) in services {
            let name = name.as_str().unwrap_or_default();
            self.image(name, service);
            self.health(name, service);
            self.ports(name, service);
            self.volumes(name, service, &volumes);
        }
        for (name, _) in volumes.iter().filter(|(_, volume)| volume.get("driver_opts").is_some()) {
            let message = "a volume with options may lie in a folder of the host";
            self.add(("", name.as_str().unwrap_or_default()), message, "write its name alone");
        }
        if !services.values().any(|service| service.get("ports").is_some()) {
            let help = "publish the backend's port as `127.0.0.1:PORT:PORT`";
            self.out.add((self.path, 1), "no port can be reached", help);
        }
    }

    fn image(&mut self, name: &str, service: &Value) {
        let Some(image) = service.get("image").and_then(Value::as_str) else {
            let message = format!("`{name}` has no image");
            return self.add(
                (name, &format!("{name}:")),
                message,
                "name a published image with its exact version",
            );
        };
        let lines: Vec<&str> = self.text.lines().collect();
        let at = lines.iter().position(|line| line.contains("image:") && line.contains(image)).unwrap_or(0);
        if let Some((message, help)) = fault(image, lines[at.saturating_sub(1)]) {
            self.add((name, "image:"), message, help);
        }
    }

    fn health(&mut self, name: &str, service: &Value) {
        let check = service.get("healthcheck");
        let disabled = check.and_then(|check| check.get("disable")).and_then(Value::as_bool) == Some(true);
        let words = match check.and_then(|check| check.get("test")) {
            Some(Value::Sequence(items)) => items.iter().map(plain).collect(),
            other => other.map(plain).into_iter().collect::<Vec<_>>(),
        };
        let words: Vec<&str> =
            words.iter().map(String::as_str).filter(|word| !word.starts_with("CMD")).collect();
        if disabled || matches!(words.as_slice(), [] | ["NONE" | "true" | ":" | "exit 0"]) {
            let place = (name, if check.is_some() { "healthcheck:" } else { "" });
            let help = "write a `test` that passes once the backend takes calls";
            self.add(place, format!("`{name}` has no health check"), help);
        }
    }

    fn ports(&mut self, name: &str, service: &Value) {
        if service.get("network_mode").and_then(Value::as_str) == Some("host") {
            self.add((name, "network_mode:"), format!("`{name}` is on the host's network"), BOUND);
        }
        for port in sequence(service, "ports") {
            let address = port.get("host_ip").and_then(Value::as_str).map(|address| format!("{address}:"));
            let text = plain(port);
            let bound = address.as_deref().unwrap_or(&text);
            if !["127.0.0.1:", "[::1]:", "::1:"].iter().any(|loopback| bound.starts_with(loopback)) {
                self.add((name, &text), format!("`{name}` publishes `{text}` to every network"), BOUND);
            }
        }
    }

    fn volumes(&mut self, name: &str, service: &Value, named: &Mapping) {
        for volume in sequence(service, "volumes") {
            let text = plain(volume);
            let short = text.split_once(':').map_or("", |(source, _)| source);
            let source = volume.get("source").and_then(Value::as_str).unwrap_or(short);
            let is_bind = volume.get("type").and_then(Value::as_str) == Some("bind");
            if is_bind || !(source.is_empty() || named.contains_key(source)) {
                let help = "use a volume that `volumes:` names, or `tmpfs`";
                self.add((name, source), format!("`{name}` mounts `{source}` of the host"), help);
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

/// The images that a Dockerfile builds on.
fn dockerfile(path: &str, text: &str, out: &mut Findings) {
    let (mut stages, mut above) = (vec!["scratch"], "");
    for (at, line) in (1..).zip(text.lines()) {
        let words: Vec<&str> = line.split_whitespace().filter(|word| !word.starts_with("--")).collect();
        if let [from, image, rest @ ..] = words.as_slice()
            && from.eq_ignore_ascii_case("FROM")
        {
            if let Some((message, help)) = fault(image, above).filter(|_| !stages.contains(image)) {
                out.add((path, at), message, help);
            }
            stages.extend(rest.get(1));
        }
        above = line;
    }
}

/// Why an image may be another one tomorrow, and how to mend it; none where it is named exactly.
fn fault(image: &str, line_above: &str) -> Option<(String, &'static str)> {
    let (named, digest) =
        image.split_once('@').map_or((image, None), |(named, digest)| (named, Some(digest)));
    let tagged = named.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'));
    let (name, tag) = tagged.unwrap_or((named, ""));
    let source = line_above.trim().strip_prefix("# digest read from ").map_or("", str::trim);
    if image.contains('$') {
        Some((format!("the image `{image}` depends on a variable"), "write the tag itself"))
    } else if tag.is_empty() {
        let message = format!("the image `{image}` has no tag, which means latest");
        Some((message, "write the exact version as its tag"))
    } else if !is_exact(name, tag) {
        let message = format!("the tag `{tag}` of `{name}` moves from image to image");
        Some((message, "write the exact version as its tag, such as 8.0.4, and never latest"))
    } else if digest.is_some() && source.is_empty() {
        let help = "leave the digest out, or write `# digest read from REGISTRY on DATE` in the line above";
        Some((format!("nothing tells where the digest of `{image}` was read"), help))
    } else {
        let wrong = digest.filter(|digest| !is_digest(digest))?;
        Some((format!("`{wrong}` is no digest"), "write sha256: and 64 hexadecimal digits, or leave it out"))
    }
}

/// A version of three numbers, or of two where the product has no third.
fn is_exact(name: &str, tag: &str) -> bool {
    let is_number = |part: &&str| !part.is_empty() && part.chars().all(|c| c.is_ascii_digit());
    let release = tag.trim_start_matches(|c: char| !c.is_ascii_digit());
    let numbers = release.split(['.', '-', '_', 'T']).take_while(is_number).count();
    let last = name.rsplit('/').next().unwrap_or_default();
    numbers >= if last == "postgres" { 2 } else { 3 }
}

fn is_digest(digest: &str) -> bool {
    let sum = digest.strip_prefix("sha256:").unwrap_or_default();
    let varied = sum.chars().collect::<BTreeSet<_>>().len() > 4;
    sum.len() == 64 && sum.chars().all(|c| c.is_ascii_hexdigit()) && varied
}
