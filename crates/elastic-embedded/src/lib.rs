//! elastic-embedded
