//! What `Debug` shows of a connection and of its settings, where they have it.
//!
//! `(&&probe).show()` finds [`Shown`] where the type has `Debug` and falls back to [`Hidden`] where it has not.

use std::fmt::{Debug, Formatter, Result as Written};
use std::marker::PhantomData;

use connectors_core::config::Config;
use connectors_core::{Connector, Context, Definition};
use serde_json::{Map, Value};

type Show<T> = fn(&T) -> String;

/// Stands for a type of which it is not known whether it has `Debug`.
pub struct Probe<T>(PhantomData<fn() -> T>);

impl<C: Connector> Probe<C> {
    /// For the connector of a definition.
    #[must_use]
    pub fn of(_: &Definition<C>) -> Self {
        Self(PhantomData)
    }

    /// For its settings.
    #[must_use]
    pub fn config(&self) -> Probe<C::Config> {
        Probe(PhantomData)
    }
}

/// Chosen for types with `Debug`.
pub trait Shown<T> {
    /// How to show it.
    fn show(&self) -> Option<Show<T>>;
}

impl<T: Debug> Shown<T> for &Probe<T> {
    fn show(&self) -> Option<Show<T>> {
        Some(|value| format!("{value:?} {value:#?}"))
    }
}

/// Chosen for types without `Debug`.
pub trait Hidden<T> {
    /// None: there is nothing to show.
    fn show(&self) -> Option<Show<T>>;
}

impl<T> Hidden<T> for Probe<T> {
    fn show(&self) -> Option<Show<T>> {
        None
    }
}

type Texts = Box<dyn Fn(&Map<String, Value>, &Context) -> Vec<String> + Send + Sync>;

/// Makes the `Debug` texts of a connector and of its settings.
pub struct Debugs(Texts);

impl Debugs {
    /// From what the two probes found.
    #[must_use]
    pub fn new<C: Connector>(source: Option<Show<C>>, config: Option<Show<C::Config>>) -> Self {
        Self(Box::new(move |values, context| {
            let Ok(parsed) = C::Config::parse(values) else { return Vec::new() };
            let mut texts: Vec<String> = config.map(|show| show(&parsed)).into_iter().collect();
            if let (Some(show), Ok(connected)) = (source, C::connect(parsed, context)) {
                texts.push(show(&connected));
            }
            texts
        }))
    }

    /// The texts that there are for these settings.
    pub(crate) fn texts(&self, values: &Map<String, Value>, context: &Context) -> Vec<String> {
        (self.0)(values, context)
    }
}

impl Debug for Debugs {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        f.write_str("Debugs")
    }
}
