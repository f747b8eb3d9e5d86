//! Connectors that are declared in files, so that many of them can be kept under version control.
//!
//! ```yaml
//! connectors:
//!   - id: notes
//!     type: dir
//!     index: search-notes
//!     settings:
//!       path: /srv/notes
//!       password: ${secret:notes}      # resolved by the worker, never here
//!     schedule:
//!       full: 0 0 2 * * ?              # what is not named does not run by itself
//!     rules:
//!       basic:
//!         - {policy: exclude, field: path, rule: ends_with, value: .tmp}
//!       advanced: {…}
//! ```
//!
//! A file holds such a list, or connectors one by one with `---` between them. What a declaration leaves out
//! is as in a new connector; language and pipeline stay as they are.

mod apply;
mod changes;
mod connector;
mod facts;
mod plan;
mod read;

pub use apply::apply;
pub use connector::{Declared, Existing};
pub use plan::{Counts, Difference, Plan, Policy, Step, Undeclared};
pub use read::{File, read};

#[cfg(test)]
mod tests;
