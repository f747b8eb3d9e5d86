//! Keys and certificates as text.

/// PEM with its line breaks, which forms of one line turn into spaces or `\n`.
#[must_use]
pub fn pem_lines(pem: &str) -> String {
    let text = pem.replace("\\n", "\n");
    let mut out = String::with_capacity(text.len());
    for part in text.split("-----").map(str::trim) {
        if part.starts_with("BEGIN ") || part.starts_with("END ") {
            out.push_str(&format!("-----{part}-----\n"));
        } else if !part.is_empty() {
            out.push_str(&part.split_whitespace().collect::<Vec<_>>().join("\n"));
            out.push('\n');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_breaks_come_back_whatever_a_form_made_of_them() {
        let whole = "-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n";
        for text in [
            whole.to_owned(),
            whole.replace('\n', " "),
            whole.replace('\n', "\\n"),
            whole.replace('\n', "\r\n"),
        ] {
            assert_eq!(pem_lines(&text), whole, "{text}");
        }
        assert_eq!(pem_lines(&format!("{whole}{whole}")), format!("{whole}{whole}"));
        assert_eq!(pem_lines(""), "");
    }
}
