//! A source whose backend is the process itself.
//!
//! It has every capability, starts at once and can be told to fail, so that whatever works on sources
//! – the service, the protocol, a sync – can be tested without a server. [`MemoryFixture`] loads it.

mod fixture;
mod rules;
mod source;
mod store;

pub use fixture::MemoryFixture;
pub use source::{Memory, MemoryConfig};
pub use store::{Record, Store};

use connectors_core::Definition;

/// The source as the registry knows it.
pub static SOURCE: Definition<Memory> = Definition::new().incremental().access_control().advanced_rules();
