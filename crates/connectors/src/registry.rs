//! The connectors of this build.

use connectors_core::Registered;
use connectors_service::Registry;

/// Service type and connector, as the `sources:` table of config.yml named them when this was built.
static SOURCES: &[(&str, &dyn Registered)] = include!(concat!(env!("OUT_DIR"), "/sources.rs"));

/// The connectors that the settings leave in.
pub(crate) fn registry(allowed: &[String]) -> Registry {
    let is_allowed = |name: &str| allowed.iter().any(|allowed| allowed == name);
    Registry::new(SOURCES.iter().filter(|(name, _)| is_allowed(name)).map(|(_, source)| *source))
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
    fn a_source_that_the_settings_leave_out_is_not_there() {
        let allowed = ["dir".to_owned()];
        assert_eq!(registry(&allowed).iter().map(Registered::name).collect::<Vec<_>>(), ["dir"]);
        assert_eq!(registry(&[]).iter().count(), 0);
    }
}
