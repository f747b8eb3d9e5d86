//! connectors-core
