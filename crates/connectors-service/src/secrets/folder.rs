//! Files with secrets, all in one folder.

use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;

use connectors_core::{Error, Result};

/// Bytes of the largest secret.
const LARGEST: u64 = 64 << 10;

/// The secret that a file of the folder holds, without the line break at its end.
///
/// A file may be a link (as orchestrators mount them) as long as it leads to a place in the folder.
pub(super) fn read(folder: Option<&Path>, name: &str) -> Result<String> {
    let folder = folder.ok_or_else(|| {
        Error::config("no folder of secrets is set; name one in `service.secrets`").with("secret", name)
    })?;
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name.starts_with('.') || !name.bytes().all(is_plain) {
        let message =
            "the name of a secret has letters, digits, `-`, `_` and `.` alone, and no `.` at its beginning";
        return Err(Error::config(message).with("secret", name));
    }
    within(folder, name).map_err(|error| error.with("secret", name).with("folder", folder.display()))
}

fn within(folder: &Path, name: &str) -> Result<String> {
    let root = folder.canonicalize().map_err(|error| unread("the folder of secrets can't be read", error))?;
    let path = root.join(name).canonicalize().map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => {
            Error::config("there is no such secret; put a file of this name there")
        }
        _ => unread("the secret can't be read", error),
    })?;
    if !path.starts_with(&root) {
        return Err(Error::config(
            "the secret is a link that leads out of the folder; put the file itself there",
        ));
    }
    if !fs::metadata(&path).is_ok_and(|found| found.is_file()) {
        return Err(Error::config("the secret is not a file"));
    }
    let mut bytes = Vec::new();
    let file = File::open(&path).map_err(|error| unread("the secret can't be read", error))?;
    file.take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| unread("the secret can't be read", error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Error::config(format!("the secret is larger than {LARGEST} bytes")));
    }
    let text = String::from_utf8(bytes).map_err(|_| Error::config("the secret is not text in UTF-8"))?;
    let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
    if text.is_empty() {
        return Err(Error::config("the secret is empty"));
    }
    Ok(text.to_owned())
}

fn unread(message: &str, error: std::io::Error) -> Error {
    Error::config(message).caused_by(error)
}
