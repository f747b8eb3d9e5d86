//! Faults in how a source stands in the house.

use super::{CLIENT, CONFIG, FIXTURE, Fault, LIB, MANIFEST, depends, edit, fault};

pub(super) const FAULTS: &[Fault] = &[
    fault(
        "a dependency is not pinned",
        &[edit(
            MANIFEST,
            "serde.workspace = true\n",
            "serde = { version = \"1\", features = [\"derive\"] }\n",
        )],
    ),
    fault(
        "a source depends on another",
        &[depends("serde.workspace = true\nsource-directory.workspace = true\n")],
    ),
    fault(
        "a source has an HTTP client of its own",
        &[
            depends("reqwest.workspace = true\nserde.workspace = true\n"),
            edit(
                CLIENT,
                "        self.http.get(\"/api/me\").json().await",
                "        let _ = reqwest::Client::new();
        self.http.get(\"/api/me\").json().await",
            ),
        ],
    ),
    fault(
        "code outside of the crate is changed",
        &[edit("crates/connectors/src/main.rs", "", "\n/// What a source wanted here.\nconst _: () = ();\n")],
    ),
    fault("the source is not declared", &[edit("config.yml", "  probe: source-probe\n", "")]),
    fault("the README lacks a part", &[edit(LIB, "//! | unchanged | by the item's `revision` |\n", "")]),
    fault("the table of settings is stale", &[edit(CONFIG, "pub rate: u32 = 10,", "pub rate: u32 = 20,")]),
    fault("the image is whatever is the latest", &[edit("docker/probe/compose.yml", ":1.4.2", ":latest")]),
    fault(
        "the fixture has too few documents",
        &[edit(
            FIXTURE,
            "impl Fixture for ProbeServer {\n",
            "impl Fixture for ProbeServer {\n    const LARGE: usize = 5_000;\n\n",
        )],
    ),
];
