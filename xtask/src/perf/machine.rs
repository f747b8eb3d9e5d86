//! What the figures were measured on.

use std::fmt;
use std::fs;

use serde::Serialize;

/// The machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Machine {
    /// Processors that this process may use.
    pub processors: usize,
    /// Their name.
    pub model: String,
    /// GiB of memory.
    pub memory: u64,
    /// The system and its version.
    pub system: String,
}

impl Machine {
    /// This machine.
    #[must_use]
    pub fn look() -> Self {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        Self {
            processors,
            model: field(&read("/proc/cpuinfo"), "model name"),
            memory: gib(&field(&read("/proc/meminfo"), "MemTotal")),
            system: read("/proc/sys/kernel/ostype").trim().to_owned()
                + " "
                + read("/proc/sys/kernel/osrelease").trim(),
        }
    }
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { processors, model, memory, system } = self;
        write!(f, "{processors} processors ({model}), {memory} GiB of memory, {system}")
    }
}

/// The value behind `name` and a colon.
fn field(text: &str, name: &str) -> String {
    let lines = text.lines().filter_map(|line| line.split_once(':'));
    lines
        .filter(|(key, _)| key.trim() == name)
        .map(|(_, value)| value.trim().to_owned())
        .next()
        .unwrap_or_default()
}

fn gib(kib: &str) -> u64 {
    let number: u64 = kib.split_whitespace().next().and_then(|word| word.parse().ok()).unwrap_or_default();
    number.div_ceil(1 << 20)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_machine_is_described() {
        assert_eq!(field("a\t: b\nmodel name\t: Fast: 9000\n", "model name"), "Fast: 9000");
        assert_eq!(field("", "model name"), "");
        assert_eq!((gib("24657520 kB"), gib("")), (24, 0));
        let machine = Machine { processors: 2, model: "M".into(), memory: 24, system: "Linux 6".into() };
        assert_eq!(machine.to_string(), "2 processors (M), 24 GiB of memory, Linux 6");
        assert!(Machine::look().processors > 0);
    }
}
