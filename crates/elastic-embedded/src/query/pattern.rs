//! Patterns over the characters of a term: `*` stands for any of them, `?` for one.

/// A pattern, read.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Pattern(Vec<Piece>);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Piece {
    Any,
    One,
    Is(char),
}

impl Pattern {
    /// Reads a pattern. After a backslash a character stands for itself, and so does a backslash at the end.
    pub(super) fn read(text: &str) -> Self {
        let mut pieces = Vec::new();
        let mut characters = text.chars();
        while let Some(character) = characters.next() {
            pieces.push(match character {
                '*' => Piece::Any,
                '?' => Piece::One,
                '\\' => Piece::Is(characters.next().unwrap_or('\\')),
                other => Piece::Is(other),
            });
        }
        Pattern(pieces)
    }

    /// The text that every match starts with, and the pattern of what follows it.
    pub(super) fn split(mut self) -> (String, Self) {
        let literal = |piece: &Piece| if let Piece::Is(character) = piece { Some(*character) } else { None };
        let head: String = self.0.iter().map_while(literal).collect();
        let rest = self.0.split_off(head.chars().count());
        (head, Pattern(rest))
    }

    pub(super) fn matches(&self, text: &str) -> bool {
        let text: Vec<char> = text.chars().collect();
        let (mut at, mut seen) = (0, 0);
        let mut star = None;
        while seen < text.len() {
            match self.0.get(at) {
                Some(Piece::Any) => {
                    star = Some((at, seen));
                    at += 1;
                    continue;
                }
                Some(Piece::One) => at += 1,
                Some(Piece::Is(character)) if *character == text[seen] => at += 1,
                _ => {
                    let Some((after, from)) = star else { return false };
                    star = Some((after, from + 1));
                    at = after + 1;
                    seen = from;
                }
            }
            seen += 1;
        }
        self.0[at..].iter().all(|piece| *piece == Piece::Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_fits_as_its_wildcards_say() {
        for (pattern, fits, others) in [
            ("a?b", vec!["axb", "a?b", "a\u{1f98a}b"], vec!["ab", "axxb"]),
            ("a\\?b", vec!["a?b"], vec!["axb"]),
            ("*", vec!["", "a"], vec![]),
            ("?*", vec!["a", "ab"], vec![""]),
            ("a*b*c", vec!["abc", "axbbyc"], vec!["ab", "acb"]),
            ("\\*\\\\", vec!["*\\"], vec!["*", "a\\"]),
            ("a\\", vec!["a\\"], vec!["a"]),
            ("", vec![""], vec!["a"]),
        ] {
            let (head, rest) = Pattern::read(pattern).split();
            let matches = |text: &&str| text.strip_prefix(&head).is_some_and(|text| rest.matches(text));
            assert!(fits.iter().all(matches), "{pattern}");
            assert!(!others.iter().any(matches), "{pattern}");
        }
    }
}
