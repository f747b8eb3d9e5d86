//! Faults in what is listed.

use super::{CLIENT, DOCUMENT, Fault, LISTED, SOURCE, depends, edit, fault};

pub(super) const FAULTS: &[Fault] = &[
    fault(
        "an error is swallowed",
        &[edit(
            SOURCE,
            LISTED,
            "let all = folders.map_ok(|folder| self.of_folder(folder)).try_flatten();
        all.filter(|listed| std::future::ready(listed.is_ok())).boxed()",
        )],
    ),
    fault(
        "a listing ends early without an error",
        &[edit(
            SOURCE,
            LISTED,
            "let all = folders.map_ok(|folder| self.of_folder(folder)).try_flatten();
        all.take_while(|listed| std::future::ready(listed.is_ok())).boxed()",
        )],
    ),
    fault("an error names no scope", &[edit(SOURCE, ".map_err(|error| error.in_scope(&folder))", "")]),
    fault(
        "an id changes from run to run",
        &[edit(
            DOCUMENT,
            "Document::new(id)",
            "Document::new(format!(\"{id}-{}\", chrono::Utc::now().timestamp_micros()))",
        )],
    ),
    fault(
        "a version never changes",
        &[edit(DOCUMENT, ".version(revision)", ".version(u64::from(revision > u64::MAX - 1))")],
    ),
    fault(
        "a version changes from run to run",
        &[edit(
            DOCUMENT,
            ".version(revision)",
            ".version(revision + chrono::Utc::now().timestamp_micros().unsigned_abs())",
        )],
    ),
    fault(
        "a timestamp is read without its zone",
        &[
            edit(
                CLIENT,
                "    pub(crate) updated_at: DateTime<Utc>,",
                "    #[serde(deserialize_with = \"wall_clock\")]
    pub(crate) updated_at: DateTime<Utc>,",
            ),
            edit(
                CLIENT,
                "",
                "
fn wall_clock<'de, D: serde::Deserializer<'de>>(deserializer: D) -> std::result::Result<DateTime<Utc>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let time = chrono::NaiveDateTime::parse_from_str(text.get(..19).unwrap_or_default(), \"%Y-%m-%dT%H:%M:%S\");
    time.map(|time| time.and_utc()).map_err(serde::de::Error::custom)
}
",
            ),
        ],
    ),
    fault(
        "a page is skipped",
        &[edit(
            CLIENT,
            "(page.items, Next::query(\"cursor\", page.next))",
            "{
            let next = page.next.and_then(|next| next.parse::<usize>().ok());
            (page.items, Next::query(\"cursor\", next.map(|next| (next + 800).to_string())))
        }",
        )],
    ),
    fault(
        "items are listed twice",
        &[edit(
            SOURCE,
            LISTED,
            "let twice = |folder: String| self.of_folder(folder.clone()).chain(self.of_folder(folder).take(10));
        folders.map_ok(twice).try_flatten().boxed()",
        )],
    ),
    fault(
        "what was deleted is listed",
        &[edit(CLIENT, "&[(\"folder\", folder)]", "&[(\"folder\", folder), (\"removed\", \"with\")]")],
    ),
    fault(
        "a content that fails kills its document",
        &[edit(
            SOURCE,
            "        self.client.items(&folder).map(move |item| {
            item.map(|item| document(item, &folder, &self.client)).map_err(|error| error.in_scope(&folder))
        })",
            "        self.client.items(&folder).then(move |item| {
            let folder = folder.clone();
            async move {
                let read = async {
                    let item = item?;
                    if item.tags.is_empty() {
                        self.client.file(&item.id).await?;
                    }
                    Ok(document(item, &folder, &self.client))
                };
                read.await.map_err(|error: connectors_core::Error| error.in_scope(&folder))
            }
        })",
        )],
    ),
    fault(
        "the whole listing is held in memory",
        &[edit(
            SOURCE,
            LISTED,
            "let all = folders.map_ok(|folder| self.of_folder(folder)).try_flatten();
        stream::once(async move { stream::iter(all.collect::<Vec<_>>().await) }).flatten().boxed()",
        )],
    ),
    fault(
        "a dropped listing goes on working",
        &[
            depends("serde.workspace = true\ntokio.workspace = true\n"),
            edit(
                SOURCE,
                "        let folders =",
                "        let client = self.client.clone();
        tokio::spawn(async move {
            loop {
                let _ = client.folders().await;
            }
        });
        let folders =",
            ),
        ],
    ),
];
