//! A zip file that is one document: parts by name, each within the limits.

use zip::ZipArchive;
use zip::result::ZipError;

use crate::Input;
use crate::model::Outcome;
use crate::readers::plain::decode;
use crate::scope::{Scope, damaged};

/// An open package.
pub(crate) struct Package<'a> {
    archive: ZipArchive<&'a mut dyn Input>,
    scope: &'a Scope<'a>,
}

impl<'a> Package<'a> {
    pub(crate) fn open(input: &'a mut dyn Input, scope: &'a Scope<'a>) -> Result<Self, Outcome> {
        let archive = ZipArchive::new(input).map_err(|error| damaged(&error))?;
        Ok(Self { archive, scope })
    }

    /// The text of a part; none where the package has no such part.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Outcome> {
        match self.archive.by_name(name) {
            Ok(file) => Ok(Some(decode(&self.scope.part(file)?, None))),
            Err(ZipError::FileNotFound) => Ok(None),
            Err(error) if error.to_string().to_lowercase().contains("password") => Err(Outcome::Encrypted),
            Err(error) => Err(damaged(&error)),
        }
    }

    /// Parts named `prefix`, a number that may be missing, and `.xml`; by their numbers.
    pub(crate) fn numbered(&self, prefix: &str) -> Vec<String> {
        let number = |name: &str| {
            let digits = name.strip_prefix(prefix)?.strip_suffix(".xml")?;
            if digits.is_empty() { Some(0) } else { digits.parse::<u32>().ok() }
        };
        let names = self.archive.file_names().flatten();
        let mut parts: Vec<_> = names.filter_map(|name| Some((number(&name)?, name.into_owned()))).collect();
        parts.sort();
        parts.into_iter().map(|(_, name)| name).collect()
    }
}
