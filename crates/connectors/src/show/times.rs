//! Times as people read them: of this machine's zone, short.

use chrono::{DateTime, Datelike, Local, TimeZone, Utc};

/// How times are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Times {
    zone: Zone,
    now: DateTime<Utc>,
}

/// Whose clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone {
    /// That of this machine, or of `TZ`.
    Local,
    /// That of logs and of what is stored.
    Utc,
}

impl Times {
    pub(crate) fn new(zone: Zone, now: DateTime<Utc>) -> Self {
        Self { zone, now }
    }

    /// To the minute: `Nov 30 14:02`, and with its year where that is another one.
    pub(crate) fn short(&self, at: DateTime<Utc>) -> String {
        match self.zone {
            Zone::Local => short(&at.with_timezone(&Local), &self.now.with_timezone(&Local)),
            Zone::Utc => short(&at, &self.now),
        }
    }

    /// To the second, with the year and the zone.
    pub(crate) fn long(&self, at: DateTime<Utc>) -> String {
        match self.zone {
            Zone::Local => at.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S %:z").to_string(),
            Zone::Utc => at.format("%Y-%m-%d %H:%M:%S UTC").to_string(),
        }
    }

    /// A stored time, to the minute; what is none stays as it is, and `-` stands for nothing.
    pub(crate) fn short_of(&self, text: Option<&str>) -> String {
        let Some(text) = text else { return "-".into() };
        read(text).map_or_else(|| text.to_owned(), |at| self.short(at))
    }

    /// A stored time, to the second; none for what is no time.
    pub(crate) fn long_of(&self, text: &str) -> Option<String> {
        read(text).map(|at| self.long(at))
    }
}

fn short<Z: TimeZone<Offset: std::fmt::Display>>(at: &DateTime<Z>, now: &DateTime<Z>) -> String {
    let form = if at.year() == now.year() { "%b %e %H:%M" } else { "%Y-%m-%d %H:%M" };
    at.format(form).to_string()
}

fn read(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| at.to_utc())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short_and_name_another_year() {
        let times = Times::new(Zone::Utc, "2026-12-01T03:00:00Z".parse().unwrap());
        for (stored, short) in [
            ("2026-11-30T14:02:11.123Z", "Nov 30 14:02"),
            ("2026-12-01T01:30:00+02:00", "Nov 30 23:30"),
            ("2025-12-31T23:59:59Z", "2025-12-31 23:59"),
            ("soon", "soon"),
        ] {
            assert_eq!(times.short_of(Some(stored)), short);
        }
        assert_eq!(times.short_of(None), "-");
        assert_eq!(times.long_of("2026-11-30T14:02:11.123Z").unwrap(), "2026-11-30 14:02:11 UTC");
        assert_eq!(times.long_of("soon"), None);
    }
}
