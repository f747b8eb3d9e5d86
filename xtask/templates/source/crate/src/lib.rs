//! __Name__: one document per item, its file as content.
//!
//! | | |
//! |---|---|
//! | permissions | a client with the right `items.read` |
//! | ids | the item's id, the same after a rename |
//! | unchanged | by the item's `revision` |
//! | scope | the folder that the item lies in |
//! | limits | a file above `service.max_file_download_size` is indexed without its text |
#![warn(missing_docs)]

mod client;
mod config;
mod document;
mod source;

pub use config::__Name__Config;
pub use source::__Name__;

use connectors_core::Definition;

/// This crate as the registry knows it.
pub static SOURCE: Definition<__Name__> = Definition::new();
