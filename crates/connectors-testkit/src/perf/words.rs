//! Arguments, taken out one after the other.

use crate::Result;

/// The words after a program's name.
#[derive(Debug, Clone, Default)]
pub struct Words(Vec<String>);

impl Words {
    /// These words.
    #[must_use]
    pub fn new(words: Vec<String>) -> Self {
        Self(words)
    }

    /// The words of a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self(text.split_whitespace().map(str::to_owned).collect())
    }

    /// Takes the first word.
    pub fn first(&mut self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.remove(0))
    }

    /// Takes a name and the word behind it.
    pub fn value(&mut self, name: &str) -> Option<String> {
        let place = self.0.iter().position(|word| word == name)?;
        self.0.remove(place);
        (place < self.0.len()).then(|| self.0.remove(place))
    }

    /// Takes a name and the word behind it, which must be there.
    ///
    /// # Errors
    /// Names what is missing.
    pub fn needed(&mut self, name: &str) -> Result<String> {
        self.value(name).ok_or_else(|| format!("{name} is needed, with a value").into())
    }

    /// Takes a name and the number behind it.
    ///
    /// # Errors
    /// When it is no number.
    pub fn number(&mut self, name: &str, default: usize) -> Result<usize> {
        let Some(text) = self.value(name) else { return Ok(default) };
        text.parse().map_err(|_| format!("{name} takes a number, not `{text}`").into())
    }

    /// Takes a name; true if it stood there.
    pub fn flag(&mut self, name: &str) -> bool {
        let before = self.0.len();
        self.0.retain(|word| word != name);
        self.0.len() < before
    }
}
