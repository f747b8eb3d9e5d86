//! What is on disk: indices, each a mapping, an engine and a log.

mod broken;
mod commit;
mod damaged;
pub(crate) mod disk;
mod durability;
mod engine;
mod folder;
mod index;
mod log;
mod meta;
mod node;
mod read;
mod write;
mod writing;

pub(crate) use self::engine::{Columns, Fields, sequence, versions};
pub(crate) use self::index::{Index, View};
pub(crate) use self::meta::{Meta, Settings, duration};
pub(crate) use self::node::{Creation, Node};
pub(crate) use self::read::stored;
pub(crate) use self::write::{Action, Condition, Operation, Outcome, Source, Update, Written};
