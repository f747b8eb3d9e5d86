//! One file per family of types.

pub(crate) mod html;
mod markup;
pub(crate) mod office;
pub(crate) mod pdf;
mod pdf_device;
pub(crate) mod plain;
pub(crate) mod sheets;
