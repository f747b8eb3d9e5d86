//! The faults that must not get past the checklist and the contract.

mod house;
mod listing;
mod service;

use super::fault::{Edit, Fault};

const MANIFEST: &str = "crates/source-probe/Cargo.toml";
const LIB: &str = "crates/source-probe/src/lib.rs";
const CONFIG: &str = "crates/source-probe/src/config.rs";
const CLIENT: &str = "crates/source-probe/src/client.rs";
const DOCUMENT: &str = "crates/source-probe/src/document.rs";
const SOURCE: &str = "crates/source-probe/src/source.rs";
const FIXTURE: &str = "crates/source-probe/fixture.rs";

/// How a listing ends in the good source.
const LISTED: &str = "folders.map_ok(|folder| self.of_folder(folder)).try_flatten().boxed()";

const fn edit(file: &'static str, find: &'static str, replace: &'static str) -> Edit {
    Edit { file, find, replace }
}

const fn fault(name: &'static str, edits: &'static [Edit]) -> Fault {
    Fault { name, edits }
}

/// A dependency more.
const fn depends(line: &'static str) -> Edit {
    edit(MANIFEST, "serde.workspace = true\n", line)
}

/// Every fault.
pub(super) fn all() -> impl Iterator<Item = &'static Fault> {
    listing::FAULTS.iter().chain(service::FAULTS).chain(house::FAULTS)
}
