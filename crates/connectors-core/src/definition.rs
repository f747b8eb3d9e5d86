//! A connector as a constant value, and the side of it that the program sees.

use std::marker::PhantomData;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::config::{Config, Field, Problems, Reader};
use crate::panics::catch;
use crate::{AccessControl, AdvancedRules, Context, Error, Incremental, Result, Source};

/// The setting of every source with [`AccessControl`] that makes permissions count; see [`Definition::access_control`].
pub const DOCUMENT_LEVEL_SECURITY: &str = "use_document_level_security";

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

    /// It can list what changed since a cursor.
    #[must_use]
    pub const fn incremental(mut self) -> Self
    where
        C: Incremental,
    {
        self.incremental = Some(|source| source);
        self
    }

    /// It knows who may read what. Adds the setting [`DOCUMENT_LEVEL_SECURITY`] to those that it declares, off unless
    /// somebody switches it on; it is read from [`Context::document_level_security`].
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
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
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
    /// The source as one that lists changes.
    fn incremental(&self) -> Option<&dyn Incremental>;
    /// The source as one that knows permissions.
    fn access_control(&self) -> Option<&dyn AccessControl>;
    /// The source as one with rules of its own.
    fn advanced_rules(&self) -> Option<&dyn AdvancedRules>;
    /// True where its documents are to be read only by those whom their permissions name: what
    /// [`Options::document_level_security`](crate::sync::Options::document_level_security) must be in every sync of it.
    fn document_level_security(&self) -> bool;

    /// The source as one whose identities are kept.
    ///
    /// # Errors
    /// `Config`, where it knows none, or where documents don't carry permissions: identities would then seem to guard
    /// what everybody may read.
    fn guarded(&self) -> Result<&dyn AccessControl> {
        let source =
            self.access_control().ok_or_else(|| Error::config("this source can't tell who may read what"))?;
        if self.document_level_security() {
            return Ok(source);
        }
        Err(Error::config(format!(
            "documents are not kept from anybody: set `{DOCUMENT_LEVEL_SECURITY}` to true and run a full sync first"
        )))
    }
}

impl<C: Connector> Registered for Definition<C> {
    fn name(&self) -> &'static str {
        C::NAME
    }

    fn fields(&self) -> Vec<Field> {
        let mut fields = C::Config::fields();
        if self.access_control.is_some() {
            fields.push(document_level_security());
            Field::number(&mut fields);
        }
        fields
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities {
            incremental: self.incremental.is_some(),
            access_control: self.access_control.is_some(),
            advanced_rules: self.advanced_rules.is_some(),
        }
    }

    fn connect(&self, values: &Map<String, Value>, context: &Context) -> Result<Box<dyn Connection>> {
        let (config, document_level_security) = self.settings(values).map_err(|problems| {
            Error::config(format!("the settings of {} can't be used:\n{problems}", C::NAME))
        })?;
        let context = Context { document_level_security, ..context.clone() };
        let source = catch(|| C::connect(config, &context))?;
        Ok(Box::new(Connected {
            source,
            document_level_security,
            incremental: self.incremental,
            access_control: self.access_control,
            advanced_rules: self.advanced_rules,
        }))
    }
}

impl<C: Connector> Definition<C> {
    /// The settings of the source, and whether permissions count.
    fn settings(&self, values: &Map<String, Value>) -> Result<(C::Config, bool), Problems> {
        if self.access_control.is_none() {
            return C::Config::parse(values).map(|config| (config, false));
        }
        let is_ours = |name: &str| name == DOCUMENT_LEVEL_SECURITY;
        let (ours, theirs): (Vec<_>, Vec<_>) =
            values.clone().into_iter().partition(|(name, _)| is_ours(name));
        let (fields, ours) = ([document_level_security()], Map::from_iter(ours));
        let mut reader = Reader::new(&fields, &ours);
        let security = reader.take(DOCUMENT_LEVEL_SECURITY);
        match (C::Config::parse(&Map::from_iter(theirs)), security) {
            (Ok(config), Some(security)) => Ok((config, security)),
            (config, _) => {
                let mut problems = config.err().unwrap_or_default();
                problems.0.extend(reader.finish().unwrap_or_default().0);
                Err(problems)
            }
        }
    }
}

/// The setting of sources with access control.
fn document_level_security() -> Field {
    let about = "Documents are found only by those who may read them in the source. Off: by everybody who may search.";
    let field = Field::new::<bool>(DOCUMENT_LEVEL_SECURITY, "Enable document level security", about);
    field.default_value(false)
}

/// A source beside the casts to what it can do.
pub struct Connected<C> {
    source: C,
    document_level_security: bool,
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

    fn document_level_security(&self) -> bool {
        self.document_level_security
    }
}
