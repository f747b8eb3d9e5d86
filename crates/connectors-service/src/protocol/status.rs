//! The words of the protocol, and which may follow which.

use std::fmt;

use serde_json::{Value, json};

/// An enum whose variants are words of the protocol.
macro_rules! words {
    ($(#[$about:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$about])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name { $($(#[$doc])* $variant),* }

        impl $name {
            /// All of them, in the protocol's order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word that stands in documents.
            pub fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),* }
            }

            /// What a word means; none for a word of another version of the protocol.
            pub fn of(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.word() == word)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.word())
            }
        }
    };
}

words! {
    /// Where a connector is in its life.
    ConnectorStatus {
        /// Its document exists, without the fields of a configuration.
        Created = "created",
        /// The fields are there; a person has to give values.
        NeedsConfiguration = "needs_configuration",
        /// The values are there, not yet tried.
        Configured = "configured",
        /// The third party was reached.
        Connected = "connected",
        /// The last try failed; the reason stands in `error`.
        Error = "error",
    }
}

words! {
    /// Where a sync job is in its life.
    JobStatus {
        /// It waits for a worker.
        Pending = "pending",
        /// A worker has it.
        InProgress = "in_progress",
        /// A worker has it and is asked to stop.
        Canceling = "canceling",
        /// It was stopped on request.
        Canceled = "canceled",
        /// Its worker ended; another goes on.
        Suspended = "suspended",
        /// All is done.
        Completed = "completed",
        /// It failed; the reason stands in `error`.
        Error = "error",
    }
}

words! {
    /// What a job does.
    JobType {
        /// Lists everything.
        Full = "full",
        /// Applies what changed.
        Incremental = "incremental",
        /// Writes who may read what.
        AccessControl = "access_control",
    }
}

/// All words of a kind, for people.
pub fn listed(all: &[impl ToString]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// Why a job exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trigger {
    /// Somebody asked for it.
    OnDemand,
    /// Its time had come.
    Scheduled,
}

impl Trigger {
    /// The word that stands in documents.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::OnDemand => "on_demand",
            Self::Scheduled => "scheduled",
        }
    }
}

impl JobStatus {
    /// The states of jobs that wait for a worker.
    pub(crate) const WAITING: [Self; 2] = [Self::Pending, Self::Suspended];
    /// The states of jobs that a worker has.
    pub(crate) const RUNNING: [Self; 2] = [Self::InProgress, Self::Canceling];
    /// The states of jobs that are not over.
    pub const OPEN: [Self; 4] = [Self::Pending, Self::Suspended, Self::InProgress, Self::Canceling];

    /// The states of jobs that are over.
    pub(crate) const FINAL: [Self; 3] = [Self::Canceled, Self::Completed, Self::Error];

    /// The query for jobs in one of these states.
    pub(crate) fn among(states: &[Self]) -> Value {
        let words: Vec<&str> = states.iter().map(|status| status.word()).collect();
        json!({ "terms": { "status": words } })
    }

    /// True when the protocol lets a job go from here to there.
    pub(crate) fn may_become(self, next: Self) -> bool {
        match self {
            Self::Pending | Self::Suspended => matches!(next, Self::InProgress | Self::Canceled),
            Self::InProgress => {
                matches!(next, Self::Completed | Self::Error | Self::Canceling | Self::Suspended)
            }
            Self::Canceling => matches!(next, Self::Canceled | Self::Error),
            Self::Canceled | Self::Completed | Self::Error => false,
        }
    }

    /// True once nothing more will happen.
    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Canceled | Self::Completed | Self::Error)
    }

    /// True while a worker has it.
    pub(crate) fn is_running(self) -> bool {
        Self::RUNNING.contains(&self)
    }
}

impl ConnectorStatus {
    /// The status of a connector whose configuration was edited and not tried yet: `Configured` once the required values are
    /// there, `NeedsConfiguration` while they are not.
    pub(crate) fn after_edit(current: Option<Self>, is_complete: bool) -> Self {
        match current {
            _ if !is_complete => Self::NeedsConfiguration,
            None | Some(Self::Created | Self::NeedsConfiguration) => Self::Configured,
            Some(current) => current,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_documents() {
        for status in JobStatus::ALL {
            assert_eq!(JobStatus::of(status.word()), Some(*status));
        }
        assert_eq!(JobStatus::of("paused"), None);
        assert_eq!(ConnectorStatus::NeedsConfiguration.to_string(), "needs_configuration");
        assert_eq!([Trigger::OnDemand, Trigger::Scheduled].map(Trigger::word), ["on_demand", "scheduled"]);
    }

    #[test]
    fn jobs_go_only_where_the_protocol_lets_them() {
        use JobStatus::{Canceled, Canceling, Completed, Error, InProgress, Pending, Suspended};
        let legal = [
            (Pending, InProgress),
            (Pending, Canceled),
            (InProgress, Completed),
            (InProgress, Error),
            (InProgress, Canceling),
            (InProgress, Suspended),
            (Canceling, Canceled),
            (Canceling, Error),
            (Suspended, InProgress),
            (Suspended, Canceled),
        ];
        for from in JobStatus::ALL {
            for to in JobStatus::ALL {
                assert_eq!(from.may_become(*to), legal.contains(&(*from, *to)), "{from} → {to}");
            }
            let is_left = JobStatus::ALL.iter().any(|to| from.may_become(*to));
            assert_eq!(from.is_final(), !is_left, "{from}");
        }
    }

    #[test]
    fn a_connector_waits_for_its_values_and_goes_on_with_them() {
        use ConnectorStatus::{Configured, Connected, Created, Error, NeedsConfiguration};
        for (current, is_complete, next) in [
            (None, true, Configured),
            (Some(Created), false, NeedsConfiguration),
            (Some(Created), true, Configured),
            (Some(NeedsConfiguration), true, Configured),
            (Some(Connected), true, Connected),
            (Some(Error), true, Error),
            (Some(Connected), false, NeedsConfiguration),
        ] {
            assert_eq!(ConnectorStatus::after_edit(current, is_complete), next, "{current:?} {is_complete}");
        }
    }
}
