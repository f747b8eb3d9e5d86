//! A fixture's backend, kept up while commands come, and ended with the process that gives them.
//!
//! A line a command, a JSON object an answer, `{"error": …}` for what went wrong. The first line that is written
//! holds the source's `type` and `settings`. Then:
//!
//! | command | does | answer |
//! |---|---|---|
//! | `load N` | the backend holds exactly N documents | `count` |
//! | `change N`, `remove N`, `add N` | to documents spread over the whole | `count` |
//! | `compare URL` | every document against the index there, by id and content | `equal` |
//! | `count URL` | documents of it that a search sees | `count` |
//! | `drop URL` | removes it | |

use serde_json::{Value, json};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, BufReader};

use super::Words;
use crate::ftest::{Index, compare};
use crate::{Fixture, Result};

/// Serves the standard input until it ends or the process is asked to.
///
/// # Errors
/// When the backend does not start or end.
pub(super) async fn run<F: Fixture>(service_type: &str) -> Result<()> {
    let mut fixture = F::start().await?;
    super::say(&json!({ "type": service_type, "settings": fixture.settings() }));
    let input = BufReader::new(tokio::io::stdin());
    let served = tokio::select! {
        served = commands(&mut fixture, input, super::say) => served,
        _ = tokio::signal::ctrl_c() => Ok(()),
    };
    served.and(fixture.stop().await)
}

/// Does each command of `input` and tells `answer` what came out.
///
/// # Errors
/// When the input can't be read.
pub async fn commands<F: Fixture>(
    fixture: &mut F,
    input: impl AsyncBufRead + Unpin,
    answer: impl Fn(&Value),
) -> Result<()> {
    let mut lines = input.lines();
    while let Some(line) = lines.next_line().await? {
        let done = command(fixture, &line).await;
        answer(&done.unwrap_or_else(|error| json!({ "error": format!("{line}: {error}") })));
    }
    Ok(())
}

async fn command<F: Fixture>(fixture: &mut F, line: &str) -> Result<Value> {
    let mut words = Words::of(line);
    let (name, object) = (words.first().unwrap_or_default(), words.first().unwrap_or_default());
    let count = || object.parse::<usize>().map_err(|_| format!("`{object}` is no number"));
    let index = || Index::at(&object);
    Ok(match name.as_str() {
        "load" => fixture.load(count()?).await.map(|()| json!({ "count": object }))?,
        "change" => json!({ "count": fixture.change(count()?).await?.len() }),
        "remove" => json!({ "count": fixture.remove(count()?).await?.len() }),
        "add" => json!({ "count": fixture.add(count()?).await?.len() }),
        "compare" => json!({ "equal": compare(fixture, &index()?).await? }),
        "count" => json!({ "count": index()?.count().await? }),
        "drop" => index()?.remove().await.map(|()| json!({}))?,
        _ => return Err("no such command".into()),
    })
}
