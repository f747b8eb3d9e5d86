//! No code: the features that all crates of the workspace together need of the packages that they share, so that none is compiled again
//! when one crate is built alone. `cargo xtask check pins` compares both and says what to write into its manifest.
