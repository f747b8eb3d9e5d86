//! source-directory
