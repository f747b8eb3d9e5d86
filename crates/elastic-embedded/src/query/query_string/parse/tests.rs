use super::{Node, parse};

/// A short spelling of a parsed query: `+` must, `-` must not, `?` should.
fn spelled(node: &Node) -> String {
    match node {
        Node::Leaf(leaf) => {
            let field = leaf.field.as_ref().map(|field| format!("{field}:")).unwrap_or_default();
            let boost = leaf.boost.map(|boost| format!("^{boost}")).unwrap_or_default();
            format!("{field}{:?}{boost}", leaf.term)
        }
        Node::Group(clauses, _) => {
            let clauses: Vec<_> = clauses
                .iter()
                .map(|clause| {
                    let sign = format!("{:?}", clause.occur)
                        .replace("MustNot", "-")
                        .replace("Must", "+")
                        .replace("Should", "?");
                    format!("{sign}{}", spelled(&clause.node))
                })
                .collect();
            format!("({})", clauses.join(" "))
        }
    }
}

#[test]
fn operators_bind_as_in_lucene() {
    for (text, and, expected) in [
        ("a b", false, r#"(?Words("a b"))"#),
        ("a b", true, r#"(+Words("a b"))"#),
        ("a b^2 c d", true, r#"(+Words("a") +Words("b")^2 +Words("c d"))"#),
        ("a AND b c", false, r#"(+Words("a") +Words("b") ?Words("c"))"#),
        ("t:a b", false, r#"(?t:Words("a") ?Words("b"))"#),
        ("t:(a b)", false, r#"(?(?t:Words("a b")))"#),
        ("a AND b OR c", false, r#"(+Words("a") +Words("b") ?Words("c"))"#),
        ("a OR b", true, r#"(?Words("a") ?Words("b"))"#),
        ("+a -b NOT c !d", false, r#"(+Words("a") -Words("b") -Words("c") -Words("d"))"#),
        ("a && b || c", false, r#"(+Words("a") +Words("b") ?Words("c"))"#),
        ("t:(a OR b)^2", false, r#"(?(?t:Words("a") ?t:Words("b")))"#),
        ("t:a^2.5", false, r#"(?t:Words("a")^2.5)"#),
        (r#"t:"a \"b"~3"#, false, r#"(?t:Phrase("a \"b", 3))"#),
        ("qu*", false, r#"(?Prefix("qu"))"#),
        (r"x\-\**", false, r#"(?Prefix("x-*"))"#),
        (r"\u006b:\u0061b \ud83e\udD8a", false, r#"(?k:Words("ab") ?Words("🦊"))"#),
        (r"\ud83e x", false, "(?Words(\"\u{fffd} x\"))"),
        (r#"["\u0061" TO \u0062]"#, false, r#"(?Range(Included(String("a")), Included(String("b"))))"#),
        (r"a\*\:b", false, r#"(?Words("a*:b"))"#),
        ("n:[1 TO *}", false, r#"(?n:Range(Included(String("1")), Unbounded))"#),
        ("n:{1 TO 5]", false, r#"(?n:Range(Excluded(String("1")), Included(String("5"))))"#),
        ("n:>=5", false, r#"(?n:Range(Included(String("5")), Unbounded))"#),
        ("n:>", false, r#"(?n:Words(">"))"#),
        ("k: a", false, r#"(?k:Words("a"))"#),
        ("- a", false, r#"(?Words("-") ?Words("a"))"#),
        ("a!b", false, r#"(?Words("a") -Words("b"))"#),
        ("a&&b", false, r#"(?Words("a&&b"))"#),
        ("a OR +b", true, r#"(?Words("a") ?Words("b"))"#),
        (r"a?b\*", false, r#"(?Pattern("a?b\\*"))"#),
        ("a b:c", false, r#"(?Words("a") ?b:Words("c"))"#),
        ("n:<5", false, r#"(?n:Range(Unbounded, Excluded(String("5"))))"#),
        ("ORANGE ANDY", false, r#"(?Words("ORANGE ANDY"))"#),
        ("", false, "()"),
    ] {
        assert_eq!(spelled(&parse(text, and).unwrap()), expected, "{text}");
    }
}

#[test]
fn refuses_what_is_no_query() {
    for text in [
        "(a",
        "a)",
        "\"a",
        "AND a",
        "a AND",
        "n:[1 2]",
        "a^x",
        "n:[1",
        "+",
        "t*:a",
        "a:b:c",
        "()",
        "a AND ()",
        "NOT NOT a",
        "a AND OR b",
        "n:-3",
        "a\\",
        "\\u006",
        "a \\u00zz",
        "\\u+061",
        "\"\\u00\"",
        "[\\u00 TO b]",
        "[a\\ TO b]",
        "\\u00zz*",
        "?\\u00zz",
        "\\u00:a",
    ] {
        assert_eq!(parse(text, false).unwrap_err().status(), 400, "{text}");
    }
    assert_eq!(parse(&"(".repeat(100), false).unwrap_err().status(), 400);
    for text in ["a~", "/a/"] {
        assert_eq!(parse(text, false).unwrap_err().status(), 501, "{text}");
    }
}
