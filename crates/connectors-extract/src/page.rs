//! What a reader fills.

use crate::model::{Child, Fields, Hints};
use crate::output::Output;

/// What a reader fills. What is there when it fails is kept.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    pub(crate) hints: &'a Hints,
    pub(crate) output: Output,
    pub(crate) fields: Fields,
    pub(crate) children: Vec<Child>,
}
