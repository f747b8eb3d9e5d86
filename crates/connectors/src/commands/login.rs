//! `connectors login`: tries an address and credentials, and keeps them in the settings file.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use connectors_core::config::{self, Secret};
use connectors_core::elastic::{Auth, Client};
use connectors_core::{Error, Result};
use serde_json::{Value, json};
use url::Url;

use super::end::End;
use super::prompt;
use super::session::Session;
use crate::cli::Login;
use crate::{private, settings};

pub(super) async fn run(session: &Session, asked: Login) -> Result<End> {
    let path = asked.file.clone().unwrap_or_else(|| PathBuf::from("config.yml"));
    let kept = Kept::read(&path)?;
    let host = asked.host.map_or_else(address, Ok)?;
    let secret = secret(if asked.username.is_some() { "Password" } else { "API key (encoded)" })?;
    let mut elastic = session.settings.tuned(host.clone());
    elastic.auth = match &asked.username {
        _ if secret.is_empty() => Auth::None,
        Some(user) => Auth::Basic(user.clone(), secret.clone()),
        None => Auth::ApiKey(secret.clone()),
    };
    let client = Client::connect(elastic).await?;
    kept.append(&section(&host, asked.username.as_deref(), &secret))?;
    let engine = client.engine().to_string();
    session.say(
        &json!({ "server": engine, "file": path.display().to_string() }),
        &format!("{engine} answers; address and credentials are kept in {}", path.display()),
    );
    Ok(End::Done)
}

/// A settings file without a section about Elasticsearch.
struct Kept<'a> {
    path: &'a Path,
    text: String,
}

impl<'a> Kept<'a> {
    fn read(path: &'a Path) -> Result<Self> {
        if !path.exists() {
            return Ok(Self { path, text: String::new() });
        }
        let names = |key: &String| key == "elasticsearch" || key.starts_with("elasticsearch.");
        if settings::file(path)?.as_object().is_some_and(|keys| keys.keys().any(names)) {
            let fix = "the file has settings of Elasticsearch already; change them there, or name another file by --file";
            return Err(Error::config(fix).with("file", path.display()));
        }
        Ok(Self { path, text: fs::read_to_string(path)? })
    }

    /// Writes the file with the section at its end, for its owner's eyes alone.
    fn append(self, section: &str) -> Result<()> {
        let unwritable = |error: io::Error| {
            Error::config("the settings can't be kept").with("file", self.path.display()).caused_by(error)
        };
        let mut options = OpenOptions::new();
        options.create(true).append(true);
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(self.path).map_err(unwritable)?;
        private::close_file(&file).map_err(unwritable)?;
        let gap = if self.text.is_empty() || self.text.ends_with('\n') { "" } else { "\n" };
        file.write_all(format!("{gap}{section}").as_bytes()).map_err(unwritable)
    }
}

/// JSON strings are YAML too, whatever stands in them; `$` of a secret must not begin a variable.
fn section(host: &Url, username: Option<&str>, secret: &Secret) -> String {
    let text = |text: &str| Value::from(text).to_string();
    let mut lines = vec!["elasticsearch:".to_owned(), format!("  host: {}", text(host.as_str()))];
    match username {
        _ if secret.is_empty() => {}
        Some(user) => {
            lines.push(format!("  username: {}", text(user)));
            lines.push(format!("  password: {}", text(secret.reveal())));
        }
        None => lines.push(format!("  api_key: {}", text(secret.reveal()))),
    }
    lines.join("\n") + "\n"
}

fn address() -> Result<Url> {
    if !prompt::is_possible() {
        let fix = "there is no terminal to ask on; give --host, and the secret on standard input";
        return Err(Error::config(fix));
    }
    let given = prompt::line("Address of Elasticsearch, such as https://es.example.com:9200")?;
    config::address(&given).map_err(|expected| Error::config(format!("that is no address: {expected}")))
}

fn secret(what: &str) -> Result<Secret> {
    let secret = prompt::secret(&format!("{what}, empty for none"))?;
    if secret.contains("${") {
        let fix =
            "a secret with `${` in it can't be kept in a settings file; set it by an environment variable";
        return Err(Error::config(fix));
    }
    Ok(Secret::new(secret))
}
