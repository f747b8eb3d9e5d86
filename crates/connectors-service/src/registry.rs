//! The sources that a program has.

use connectors_core::config::nearest;
use connectors_core::{Error, Registered, Result};

/// The sources that a program has, by service type.
#[derive(Clone)]
pub struct Registry(Vec<&'static dyn Registered>);

impl Registry {
    /// A registry of these sources.
    pub fn new(sources: impl IntoIterator<Item = &'static dyn Registered>) -> Self {
        Self(sources.into_iter().collect())
    }

    /// The sources, in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = &'static dyn Registered> {
        self.0.iter().copied()
    }

    /// The source of this service type, if there is one.
    pub(crate) fn find(&self, service_type: &str) -> Option<&'static dyn Registered> {
        self.iter().find(|source| source.name() == service_type)
    }

    /// The source of this service type.
    ///
    /// # Errors
    /// `Config` where there is none, with the nearest name.
    pub fn get(&self, service_type: &str) -> Result<&'static dyn Registered> {
        self.find(service_type).ok_or_else(|| {
            let known: Vec<&str> = self.iter().map(Registered::name).collect();
            let hint =
                nearest(service_type, known.iter().copied()).map(|near| format!("did you mean `{near}`?"));
            let hint = hint.unwrap_or_else(|| format!("there are: {}", known.join(", ")));
            Error::config(format!("there is no connector of this type; {hint}")).with("type", service_type)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use connectors_testkit::memory::SOURCE;

    #[test]
    fn an_unknown_type_is_reported_with_the_nearest() {
        let registry = Registry::new([&SOURCE as &dyn Registered]);
        let name = SOURCE.name();
        assert_eq!(registry.get(name).unwrap().name(), name);
        let error = registry.get(&format!("{name}x")).err().unwrap().to_string();
        assert!(error.contains(&format!("did you mean `{name}`?")), "{error}");
        let error = Registry::new([]).get(name).err().unwrap().to_string();
        assert!(error.contains("there are: "), "{error}");
    }
}
