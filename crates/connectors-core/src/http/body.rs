//! Values inside the body of a request.

use bytes::Bytes;
use reqwest::header::HeaderValue;
use serde_json::Value;
use url::form_urlencoded;

/// The media type of a form.
pub(super) const FORM: &str = "application/x-www-form-urlencoded";

/// A body and its media type.
pub(super) type Sent = (HeaderValue, Bytes);

/// The body with a value at a JSON pointer; of a form, in the field that the pointer names.
///
/// # Errors
/// Why the body has no such place.
pub(super) fn with_value(sent: Option<&Sent>, pointer: &str, value: &Value) -> Result<Sent, String> {
    let (media_type, body) =
        sent.ok_or("the next page is asked for by the body, and the request has none")?;
    let body =
        if media_type == FORM { in_form(body, pointer, value) } else { in_json(body, pointer, value)? };
    Ok((media_type.clone(), body))
}

fn in_form(body: &[u8], pointer: &str, value: &Value) -> Bytes {
    let name = pointer.trim_start_matches('/');
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let others = form_urlencoded::parse(body).into_owned().filter(|(other, _)| other != name);
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(others).append_pair(name, &text);
    form.finish().into()
}

fn in_json(body: &[u8], pointer: &str, value: &Value) -> Result<Bytes, String> {
    let lacks = || format!("the body of the request has no place `{pointer}` for the next page");
    let mut json: Value = serde_json::from_slice(body).map_err(|_| lacks())?;
    let (parent, name) = pointer.rsplit_once('/').ok_or_else(lacks)?;
    let parent = json.pointer_mut(parent).and_then(Value::as_object_mut).ok_or_else(lacks)?;
    parent.insert(name.replace("~1", "/").replace("~0", "~"), value.clone());
    Ok(json.to_string().into())
}

/// The same for two bodies that say the same: the order of names in JSON does not count.
pub(super) fn canonical(sent: &Sent) -> Vec<u8> {
    let json = serde_json::from_slice::<Value>(&sent.1);
    json.map_or_else(|_| sent.1.to_vec(), |json| json.to_string().into_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn sent(media_type: &'static str, body: &str) -> Sent {
        (HeaderValue::from_static(media_type), Bytes::copy_from_slice(body.as_bytes()))
    }

    #[test]
    fn a_value_is_put_at_a_place_of_the_body() {
        let json = "application/json";
        for (media_type, body, pointer, expected) in [
            (json, r#"{"q":1,"v":{"n":2}}"#, "/v/after", Some(r#"{"q":1,"v":{"after":"x&","n":2}}"#)),
            (json, r#"{"v":{"after":null}}"#, "/v/after", Some(r#"{"v":{"after":"x&"}}"#)),
            (json, "{}", "/a~1b", Some(r#"{"a/b":"x&"}"#)),
            (json, "{}", "/v/after", None),
            (json, r#"{"v":[]}"#, "/v/after", None),
            (json, "{}", "after", None),
            (FORM, "a=1&after=b&c=2", "/after", Some("a=1&c=2&after=x%26")),
        ] {
            let made = with_value(Some(&sent(media_type, body)), pointer, &json!("x&"));
            match expected {
                Some(expected) => assert_eq!(made.unwrap().1, expected, "{body} {pointer}"),
                None => assert!(made.unwrap_err().contains(pointer), "{body} {pointer}"),
            }
        }
        assert!(with_value(None, "/after", &json!(1)).unwrap_err().contains("has none"));
    }

    #[test]
    fn bodies_that_say_the_same_are_the_same() {
        let json = |body| canonical(&sent("application/json", body));
        assert_eq!(json(r#"{"b": 1, "a": 2}"#), json(r#"{"a":2,"b":1}"#));
        assert_ne!(json(r#"{"a":2}"#), json(r#"{"a":3}"#));
        assert_eq!(canonical(&sent(FORM, "a=1")), b"a=1");
    }
}
