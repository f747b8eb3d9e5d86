//! Fields that do not hold what documents have in them, with what to do about it.

use connectors_core::elastic::{Ignored, IgnoredField, MappingDifference};

/// A line for each finding; none where every value is in the index, as it is declared.
pub(crate) fn fields(ignored: &Ignored, mismatched: &[MappingDifference]) -> Vec<String> {
    let mut lines = Vec::new();
    if ignored.documents > 0 {
        let fields: Vec<String> = ignored.fields.iter().map(field).collect();
        lines.push(format!(
            "documents with values that the index does not hold, so that searches miss them: {} ({}); fields: {}",
            ignored.documents,
            ignored.first.join(", "),
            fields.join(", ")
        ));
    }
    if !mismatched.is_empty() {
        let fields: Vec<String> = mismatched
            .iter()
            .map(|field| format!("{} (declared {}, mapped as {})", field.field, field.declared, field.mapped))
            .collect();
        lines.push(format!("fields that are mapped unlike their declaration: {}", fields.join(", ")));
    }
    if !lines.is_empty() {
        lines.push(
            "to mend the fields: sync into a new index, which maps them as declared, and move the alias; or delete this one and \
             sync again"
                .into(),
        );
    }
    lines
}

fn field(field: &IgnoredField) -> String {
    let why = match field.mapped.as_deref() {
        None => "not mapped: the index has no room for more fields".to_owned(),
        Some("keyword") => "too long for a keyword".to_owned(),
        Some(kind) => format!("not of its type, {kind}"),
    };
    format!("{} {} ({why})", field.field, field.documents)
}

#[cfg(test)]
mod tests {
    use super::*;
    use connectors_core::FieldKind;

    fn ignored(fields: &[(&str, Option<&str>)]) -> Ignored {
        let fields = fields.iter().map(|(field, mapped)| IgnoredField {
            field: (*field).into(),
            documents: 2,
            mapped: mapped.map(str::to_owned),
        });
        Ignored { documents: 3, first: vec!["a".into(), "b".into()], fields: fields.collect() }
    }

    #[test]
    fn each_field_says_why_and_the_last_line_what_to_do() {
        let found = ignored(&[("made", Some("date")), ("sku", Some("keyword")), ("x", None)]);
        let lines = fields(&found, &[]);
        assert_eq!(
            lines[0],
            "documents with values that the index does not hold, so that searches miss them: 3 (a, b); fields: made 2 (not of \
             its type, date), sku 2 (too long for a keyword), x 2 (not mapped: the index has no room for more fields)"
        );
        assert!(lines.len() == 2 && lines[1].starts_with("to mend the fields: sync into a new index"));
    }

    #[test]
    fn a_field_that_differs_is_named_with_both_types() {
        let field = MappingDifference {
            field: "size".into(),
            declared: FieldKind::Integer,
            mapped: "keyword".into(),
        };
        let lines = fields(&Ignored::default(), &[field]);
        assert_eq!(
            lines[0],
            "fields that are mapped unlike their declaration: size (declared integer, mapped as keyword)"
        );
        assert!(fields(&Ignored::default(), &[]).is_empty());
    }
}
