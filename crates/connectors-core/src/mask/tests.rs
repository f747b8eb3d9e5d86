//! What is masked, and what is left.

use proptest::prelude::*;

use super::*;

fn shown(secrets: &[&str], text: &str) -> String {
    let masks = Masks::new();
    secrets.iter().for_each(|secret| masks.add(secret));
    masks.mask(text).into_owned()
}

#[test]
fn secrets_are_masked_in_every_spelling() {
    let cases: [(&[&str], &str, &str); 9] = [
        (&[], "nothing", "nothing"),
        (&["hunter22"], "pw hunter22, hunter22!", "pw ***, ***!"),
        (&["p@ss w0rd"], "mongodb://u:p%40ss%20w0rd@h p%40ss+w0rd", "mongodb://u:***@h ***"),
        (&["a\"b\\c\nd"], r#"{"pw":"a\"b\\c\nd"}"#, r#"{"pw":"***"}"#),
        (&["pass", "password"], "password pass", "*** ***"),
        (&["12"], "12 of 312, id=12", "*** of 312, id=***"),
        (&["é"], "café é", "café ***"),
        (&["-----BEGIN\nMIIEvQIBADAN\n-----"], "line MIIEvQIBADAN of it", "line *** of it"),
        (&[""], "a", "a"),
    ];
    for (secrets, text, expected) in cases {
        assert_eq!(shown(secrets, text), expected, "{secrets:?}");
    }
}

#[test]
fn what_is_known_is_kept_once() {
    let masks = Masks::new();
    masks.add("plainpassword");
    masks.add("plainpassword");
    assert_eq!(masks.0.read().unwrap().len(), 1);
    assert!(matches!(masks.mask("other"), Cow::Borrowed("other")));
}

#[test]
fn what_logs_in_to_an_address_is_masked_in_any_text() {
    for (text, expected) in [
        ("no @ and nothing else: at all", "no @ and nothing else: at all"),
        (
            "can't reach mongodb://ada:hush@one:1,two:2/db?x=1: refused",
            "can't reach mongodb://***@one:1,two:2/db?x=1: refused",
        ),
        ("https://t0ken@h", "https://***@h"),
        ("(host: elastic:hush@host:1)", "(host: elastic:***@host:1)"),
        ("half typed: mongodb://u:hush", "half typed: mongodb://u:***"),
        ("mongodb://u:hush/x and on", "mongodb://u:*** and on"),
        ("mongodb://u:pa/ss@word@h/x", "mongodb://***@h/x"),
        (r#"{"a":"http://u:p@h","b":"c@d"}"#, r#"{"a":"http://***@h","b":"c@d"}"#),
        ("see https://host:port or http://[::1]:9200.", "see https://host:port or http://[::1]:9200."),
        ("GET https://h/users/a@b.c (status: 404)", "GET https://h/users/a@b.c (status: 404)"),
        ("http://h:9200: gone", "http://h:9200: gone"),
        ("mongodb://one:27017,two:27018/?replicaSet=r", "mongodb://one:27017,two:27018/?replicaSet=r"),
        ("ada@example.com", "ada@example.com"),
    ] {
        assert_eq!(logins(text), expected);
    }
}

#[test]
fn a_value_is_an_address_as_a_whole() {
    for (value, expected) in [
        ("mongodb://u:p w\"d'@h", "mongodb://***@h"),
        ("mongodb://u/pw@h", "mongodb://***@h"),
        ("u:pw@h:1", "u:***@h:1"),
        ("localhost", "localhost"),
        ("http://h:1/x", "http://h:1/x"),
    ] {
        assert_eq!(address(value), expected);
    }
}

/// A text that must never be seen, among letters that have a meaning in addresses.
const PLANTED: &str = "s3cr3t";

fn secret() -> impl Strategy<Value = String> {
    let around = "[a-zA-Z][a-zA-Z0-9@/:?#%&=+$!.,;_~-]{0,6}";
    (around, "[a-z0-9@/:?#%&=+$!_~-]{0,6}").prop_map(|(before, after)| format!("{before}{PLANTED}{after}"))
}

/// An address as somebody may type it, with a secret in it.
fn typed() -> impl Strategy<Value = String> {
    let scheme = prop_oneof![Just("postgres"), Just("mongodb+srv"), Just("https"), Just("x-y.z")];
    let host = prop_oneof![
        Just("h"),
        Just("h:1"),
        Just("one:1,two:2"),
        Just("[::1]:9200"),
        Just("h/db?a=b"),
        Just("")
    ];
    (scheme, "[a-z]{0,5}", secret(), host).prop_flat_map(|(scheme, user, secret, host)| {
        prop_oneof![
            Just(format!("{scheme}://{user}:{secret}@{host}")),
            // An @ would end it: what follows is then a host.
            Just(format!("{scheme}://u{user}:{}", secret.replace('@', "_"))),
            Just(format!("u{user}:{secret}@{host}")),
        ]
    })
}

proptest! {
    #[test]
    fn a_secret_in_an_address_is_shown_in_no_text(typed in typed(), before in "[a-z(=: ]{0,9}", after in "[a-z): ]{0,9}") {
        let text = format!("{before} {typed} {after}");
        prop_assert!(!logins(&text).contains(PLANTED), "{} → {}", text, logins(&text));
        prop_assert!(!address(&typed).contains(PLANTED), "{}", typed);
        let json = serde_json::json!({ "host": typed }).to_string();
        prop_assert!(!logins(&json).contains(PLANTED), "{}", json);
    }

    #[test]
    fn what_was_met_in_an_address_is_shown_nowhere(user in "[a-z]{1,5}", secret in "[ -~]{1,9}") {
        let secret = format!("{PLANTED}{secret}");
        let masks = Masks::new();
        masks.add_login(&format!("mongodb://{user}:{secret}@h"));
        for text in [format!("driver says {secret}!"), serde_json::json!([secret]).to_string()] {
            prop_assert!(!masks.mask(&text).contains(&secret), "{}", text);
            prop_assert!(!masks.mask(&text).contains(PLANTED), "{}", text);
        }
    }

    #[test]
    fn any_text_is_masked_without_a_fault(text in any::<String>()) {
        let once = logins(&text).into_owned();
        let _ = (address(&text), Masks::new().mask(&once));
    }
}
