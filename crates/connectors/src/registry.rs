//! The connectors of this build.

use connectors_core::config::nearest;
use connectors_core::{Error, Registered, Result};

/// Service type and connector, as the `sources:` table of config.yml named them when this was built.
static SOURCES: &[(&str, &dyn Registered)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// The connectors that the settings leave in, by service type.
pub(crate) fn sources(allowed: &[String]) -> impl Iterator<Item = &'static dyn Registered> {
    let is_allowed = move |name: &str| allowed.iter().any(|allowed| allowed == name);
    SOURCES.iter().filter(move |(name, _)| is_allowed(name)).map(|(_, source)| *source)
}

/// The connector of this service type.
pub(crate) fn source(name: &str, allowed: &[String]) -> Result<&'static dyn Registered> {
    sources(allowed).find(|source| source.name() == name).ok_or_else(|| {
        let known: Vec<&str> = sources(allowed).map(Registered::name).collect();
        let hint = nearest(name, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
        let hint = hint.unwrap_or_else(|| format!("there are: {}", known.join(", ")));
        Error::config(format!("there is no connector of this type; {hint}")).with("type", name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_source_stands_under_its_own_service_type() {
        for (name, source) in SOURCES {
            assert_eq!(*name, source.name(), "config.yml and the crate name it alike");
        }
    }

    #[test]
    fn an_unknown_type_is_told_with_the_nearest() {
        let allowed = ["dir".to_owned()];
        assert_eq!(source("dir", &allowed).unwrap().name(), "dir");
        let error = source("dri", &allowed).err().unwrap().to_string();
        assert!(error.contains("did you mean `dir`?"), "{error}");
        let error = source("dir", &[]).err().unwrap().to_string();
        assert!(error.contains("there are: "), "{error}");
    }
}
