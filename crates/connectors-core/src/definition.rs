//! A connector as a constant value, and the side of it that the program sees.

use std::marker::PhantomData;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::{Config, Field};
use crate::{AccessControl, AdvancedRules, Context, Error, Incremental, Result, Source};

/// A source together with its settings: what a source crate implements.
pub trait Connector: Source + Sized + 'static {
    /// The service type: what an operator calls it, in lower case.
    const NAME: &'static str;
    /// Its settings, declared with [`config!`](crate::config!).
    type Config: Config;

    /// Makes the source. No I/O: [`ping`](Source::ping) does that.
    ///
    /// # Errors
    /// When the settings contradict each other.
    fn connect(config: Self::Config, context: &Context) -> Result<Self>;
}

/// A connector and what it can do; each source crate exports one as `SOURCE`.
///
/// A capability can be named only where the trait is implemented:
/// `Definition::new().incremental()` does not compile without `impl Incremental`.
pub struct Definition<C> {
    incremental: Option<fn(&C) -> &dyn Incremental>,
    access_control: Option<fn(&C) -> &dyn AccessControl>,
    advanced_rules: Option<fn(&C) -> &dyn AdvancedRules>,
    connector: PhantomData<fn() -> C>,
}

impl<C: Connector> Default for Definition<C> {
    fn default() -> Self {
        Self::new()
    }
}

impl<C: Connector> Definition<C> {
    /// A connector that lists its documents and nothing more.
    #[must_use]
    pub const fn new() -> Self {
        Self { incremental: None, access_control: None, advanced_rules: None, connector: PhantomData }
    }

    /// It can tell what changed since a cursor.
    #[must_use]
    pub const fn incremental(mut self) -> Self
    where
        C: Incremental,
    {
        self.incremental = Some(|source| source);
        self
    }

    /// It knows who may read what.
    #[must_use]
    pub const fn access_control(mut self) -> Self
    where
        C: AccessControl,
    {
        self.access_control = Some(|source| source);
        self
    }

    /// It has filter rules of its own.
    #[must_use]
    pub const fn advanced_rules(mut self) -> Self
    where
        C: AdvancedRules,
    {
        self.advanced_rules = Some(|source| source);
        self
    }
}

/// What a connector can do beyond listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Capabilities {
    /// See [`Incremental`].
    pub incremental: bool,
    /// See [`AccessControl`].
    pub access_control: bool,
    /// See [`AdvancedRules`].
    pub advanced_rules: bool,
}

/// A connector whose type is erased, as the registry holds it.
pub trait Registered: Send + Sync {
    /// The service type.
    fn name(&self) -> &'static str;
    /// Its settings, in the order of the form.
    fn fields(&self) -> Vec<Field>;
    /// What it can do.
    fn capabilities(&self) -> Capabilities;
    /// Reads the settings and makes the source.
    ///
    /// # Errors
    /// `Config`, with every problem of the settings at once.
    fn connect(&self, values: &Map<String, Value>, context: &Context) -> Result<Box<dyn Connection>>;
}

/// A source that was made, with the capabilities that its definition names.
pub trait Connection: Send + Sync {
    /// The source.
    fn source(&self) -> &dyn Source;
    /// The source as one that tells changes.
    fn incremental(&self) -> Option<&dyn Incremental>;
    /// The source as one that knows permissions.
    fn access_control(&self) -> Option<&dyn AccessControl>;
    /// The source as one with rules of its own.
    fn advanced_rules(&self) -> Option<&dyn AdvancedRules>;
}

impl<C: Connector> Registered for Definition<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn fields(&self) -> Vec<Field> {
        C::Config::fields()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            incremental: self.incremental.is_some(),
            access_control: self.access_control.is_some(),
            advanced_rules: self.advanced_rules.is_some(),
        }
    }

    fn connect(&self, values: &Map<String, Value>, context: &Context) -> Result<Box<dyn Connection>> {
        let config = C::Config::parse(values).map_err(|problems| {
            Error::config(format!("the settings of {} can't be used:\n{problems}", C::NAME))
        })?;
        let source = C::connect(config, context)?;
        Ok(Box::new(Connected {
            source,
            incremental: self.incremental,
            access_control: self.access_control,
            advanced_rules: self.advanced_rules,
        }))
    }
}

/// A source beside the casts to what it can do.
pub struct Connected<C> {
    source: C,
    incremental: Option<fn(&C) -> &dyn Incremental>,
    access_control: Option<fn(&C) -> &dyn AccessControl>,
    advanced_rules: Option<fn(&C) -> &dyn AdvancedRules>,
}

impl<C: Connector> Connection for Connected<C> {
    fn source(&self) -> &dyn Source {
        &self.source
    }

    fn incremental(&self) -> Option<&dyn Incremental> {
        self.incremental.map(|cast| cast(&self.source))
    }

    fn access_control(&self) -> Option<&dyn AccessControl> {
        self.access_control.map(|cast| cast(&self.source))
    }

    fn advanced_rules(&self) -> Option<&dyn AdvancedRules> {
        self.advanced_rules.map(|cast| cast(&self.source))
    }
}
