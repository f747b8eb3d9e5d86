//! Text that grows up to a limit and is cut at a whole word.

/// Bounded text.
#[derive(Debug)]
pub(crate) struct Output {
    text: String,
    characters: usize,
    limit: usize,
    cut: bool,
}

impl Output {
    pub(crate) fn new(limit: usize) -> Self {
        Self { text: String::new(), characters: 0, limit, cut: false }
    }

    /// Whether more was pushed than fits; a reader may stop then.
    pub(crate) fn is_full(&self) -> bool {
        self.cut
    }

    /// Appends text. What goes beyond the limit is left out, with the word that it cuts.
    pub(crate) fn push(&mut self, text: &str) {
        if self.cut {
            return;
        }
        let room = self.limit.saturating_sub(self.characters);
        let Some((end, _)) = text.char_indices().nth(room) else {
            self.characters += text.chars().count();
            return self.text.push_str(text);
        };
        self.cut = true;
        self.text.push_str(&text[..end]);
        let within_word = text[end..].chars().next().is_some_and(|next| !next.is_whitespace());
        if within_word && let Some(blank) = self.text.rfind(char::is_whitespace) {
            self.text.truncate(blank);
        } else if within_word {
            self.text.clear();
        }
        self.text.truncate(self.text.trim_end().len());
    }

    /// Leaves a blank, unless there is one.
    pub(crate) fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with(char::is_whitespace) {
            self.push(" ");
        }
    }

    /// Starts a new line, unless one has just begun.
    pub(crate) fn line(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with('\n') {
            self.push("\n");
        }
    }

    /// Leaves an empty line, unless there is one.
    pub(crate) fn paragraph(&mut self) {
        self.line();
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.push("\n");
        }
    }

    /// The text without blanks at its end, and whether it was cut.
    pub(crate) fn finish(mut self) -> (String, bool) {
        self.text.truncate(self.text.trim_end().len());
        (self.text, self.cut)
    }
}

#[cfg(test)]
mod tests {
    use super::Output;

    fn cut(parts: &[&str], limit: usize) -> (String, bool) {
        let mut output = Output::new(limit);
        parts.iter().for_each(|part| output.push(part));
        output.finish()
    }

    #[test]
    fn text_is_cut_at_a_whole_word() {
        let cases = [
            ("one two three", 13, "one two three", false),
            ("one two three", 9, "one two", true),
            ("one two three", 7, "one two", true),
            ("größe über", 5, "größe", true),
            ("unbroken", 3, "", true),
        ];
        for (text, limit, expected, is_cut) in cases {
            assert_eq!(cut(&[text], limit), (expected.to_owned(), is_cut), "{text} at {limit}");
        }
    }

    #[test]
    fn a_word_that_spans_two_pushes_is_dropped_whole() {
        assert_eq!(cut(&["one tw", "o three"], 6), ("one".into(), true));
    }

    #[test]
    fn nothing_follows_a_cut() {
        assert_eq!(cut(&["one two", " three", "x"], 5), ("one".into(), true));
    }
}
