//! Workers against the embedded server, with a driven clock: rounds are called, never waited for.

mod gate;
mod place;

mod claims;
mod clocks;
mod drafts;
mod ends;
mod hostile;
mod jobs;
mod kills;
mod leftovers;
mod life;
mod operators;
mod orphans;
mod outages;
mod retention;
mod schedules;
mod week;
