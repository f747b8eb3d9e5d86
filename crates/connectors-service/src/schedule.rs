//! When jobs run: quartz expressions in a time zone, and what is done about runs that were missed.
//!
//! ```text
//! second minute hour day-of-month month weekday [year]      0 30 2 ? * MON-FRI
//! ```
//!
//! | field | values | besides `*`, `a`, `a-b`, `a/step`, `a-b/step` and lists with `,` |
//! |---|---|---|
//! | second, minute | 0–59 | |
//! | hour | 0–23 | |
//! | day of month | 1–31 | `?`, `L` the last day, `L-3` three days before it, `LW` the last weekday from Monday to Friday, `15W` the one of these nearest to the 15th in the same month |
//! | month | 1–12, JAN–DEC | |
//! | weekday | 1–7, SUN–SAT | `?`, `6L` the last Friday of the month, `6#3` the third, `L` Saturday |
//! | year | 1970–2099 | |
//!
//! A range may go over the end (`22-2`, `FRI-MON`; not for years). One of the two day fields says nothing: `?` or `*`.
//!
//! **Daylight saving.** Where the hours are named, each time of the clock counts once a day: one that the clock
//! leaves out comes at the instant at which it goes on, one that it shows twice comes the first time. Where every hour
//! is meant (`0 0/5 * * * ?`), runs follow the clock as it goes: none in what it leaves out, and all again in what
//! it shows twice.

mod catch_up;
mod days;
mod expression;
mod parse;
mod spoken;
mod zone;

pub use catch_up::CatchUp;
pub use expression::Expression;
pub use zone::zone;

pub(crate) use catch_up::{Due, Window, due};

#[cfg(test)]
mod tests;
