//! Faults in how the server is asked, and in what is told of it.

use super::{CLIENT, Edit, FIXTURE, Fault, LIB, SOURCE, depends, edit, fault};

pub(super) const FAULTS: &[Fault] = &[
    fault(
        "a call blocks the runtime",
        &[edit(
            CLIENT,
            "        self.http.get(\"/api/me\").json().await",
            "        let _ = std::fs::read_to_string(\"/etc/hostname\");
        self.http.get(\"/api/me\").json().await",
        )],
    ),
    fault("a token is never renewed", ONE_TOKEN),
    fault("ping does not ask the server", &[edit(SOURCE, "self.client.me().await.map(drop)", "Ok(())")]),
    fault("an error tells no fix", &[edit(CLIENT, "Ok(Self { http: http.fix(fix) })", "Ok(Self { http })")]),
    fault(
        "a secret is logged",
        &[
            depends("serde.workspace = true\ntracing.workspace = true\n"),
            edit(
                CLIENT,
                "        let tokens =",
                "        tracing::info!(client = config.client_id, secret = config.client_secret.reveal(), \"connecting\");
        let tokens =",
            ),
        ],
    ),
    fault(
        "a secret stands in an error",
        &[
            edit(
                CLIENT,
                "pub(crate) struct Client {
    http: Http,",
                "pub(crate) struct Client {
    secret: String,
    http: Http,",
            ),
            edit(
                CLIENT,
                "Ok(Self { http: http.fix(fix) })",
                "Ok(Self { http: http.fix(fix), secret: config.client_secret.reveal().to_owned() })",
            ),
            edit(
                CLIENT,
                "self.http.get(\"/api/me\").json().await",
                "let me = self.http.get(\"/api/me\").json().await;
        me.map_err(|error: connectors_core::Error| error.with(\"secret\", &self.secret))",
            ),
        ],
    ),
    fault(
        "a capability is advertised and does nothing",
        &[
            edit(LIB, "Definition::new()", "Definition::new().incremental()"),
            edit(
                SOURCE,
                "",
                "
#[async_trait]
impl connectors_core::Incremental for Probe {
    async fn cursor(&self) -> Result<connectors_core::Cursor> {
        Ok(connectors_core::Cursor(connectors_core::serde_json::Value::Null))
    }

    fn changes<'a>(
        &'a self,
        _: connectors_core::Cursor,
        _: &'a Rules,
    ) -> BoxStream<'a, Result<connectors_core::Change>> {
        stream::empty().boxed()
    }
}
",
            ),
        ],
    ),
    fault(
        "nobody can tell who may read a document",
        &[
            edit(LIB, "Definition::new()", "Definition::new().access_control()"),
            edit(
                SOURCE,
                "",
                "
impl connectors_core::AccessControl for Probe {
    fn identities(&self) -> BoxStream<'_, Result<connectors_core::Identity>> {
        let fields = connectors_core::serde_json::Value::Null;
        let ada = connectors_core::Identity { id: \"ada\".into(), fields, access: vec![\"user:ada\".into()] };
        stream::iter([Ok(ada)]).boxed()
    }
}
",
            ),
            edit(
                FIXTURE,
                "        content: Some(",
                "        permissions: Some(connectors_core::Permissions::Everybody),
        content: Some(",
            ),
            edit(
                FIXTURE,
                "    async fn load(",
                "    fn identities(&self) -> std::collections::BTreeMap<String, Vec<String>> {
        [(\"ada\".to_owned(), vec![\"user:ada\".to_owned()])].into()
    }

    async fn load(",
            ),
        ],
    ),
    fault("the rate is no setting", &[edit(CLIENT, ".rate(config.rate)", ".rate(1000)")]),
];

/// The token is fetched by hand, and kept for ever.
const ONE_TOKEN: &[Edit] = &[
    edit(
        CLIENT,
        "pub(crate) struct Client {
    http: Http,
}",
        "pub(crate) struct Client {
    plain: Http,
    http: std::sync::OnceLock<Http>,
    id: String,
    secret: Secret,
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
}",
    ),
    edit(
        CLIENT,
        "use connectors_core::http::{Cause, Next, OAuth, segment};",
        "use connectors_core::config::Secret;\nuse connectors_core::http::{Cause, Next, segment};",
    ),
    edit(CLIENT, "use futures::Stream;", "use futures::stream::{self, Stream, TryStreamExt};"),
    edit(
        CLIENT,
        "        let tokens = OAuth::client_credentials(\"/oauth/token\", &config.client_id, &config.client_secret);\n",
        "",
    ),
    edit(CLIENT, ".oauth(tokens)", ""),
    edit(CLIENT, "Cause::Credentials =>", "Cause::Credentials | Cause::Status(401) =>"),
    edit(
        CLIENT,
        "        Ok(Self { http: http.fix(fix) })
    }",
        "        let (id, secret) = (config.client_id.clone(), config.client_secret.clone());
        Ok(Self { plain: http.fix(fix), http: std::sync::OnceLock::new(), id, secret })
    }

    async fn signed(&self) -> Result<Http> {
        if let Some(http) = self.http.get() {
            return Ok(http.clone());
        }
        let form = [(\"client_id\", self.id.as_str()), (\"client_secret\", self.secret.reveal())];
        let granted: Granted = self.plain.post(\"/oauth/token\").form(&form).json().await?;
        let signed = self.plain.clone().bearer(&Secret::new(granted.access_token));
        Ok(self.http.get_or_init(|| signed).clone())
    }",
    ),
    edit(CLIENT, "        self.http.get(\"/api/me\")", "        self.signed().await?.get(\"/api/me\")"),
    edit(CLIENT, "        self.http.get(\"/api/folders\")", "        self.signed().await?.get(\"/api/folders\")"),
    edit(CLIENT, "        self.http.get(format!(", "        self.signed().await?.get(format!("),
    edit(
        CLIENT,
        "    pub(crate) fn items(&self, folder: &str) -> impl Stream<Item = Result<Item>> + Send + use<> {
        let request = self.http.get(\"/api/items\").query(&[(\"folder\", folder)]);
        request.pages(|page: Page| (page.items, Next::query(\"cursor\", page.next)))",
        "    pub(crate) fn items<'a>(&'a self, folder: &str) -> impl Stream<Item = Result<Item>> + Send + use<'a> {
        let folder = folder.to_owned();
        let asked = move |http: Http| {
            let request = http.get(\"/api/items\").query(&[(\"folder\", &folder)]);
            request.pages(|page: Page| (page.items, Next::query(\"cursor\", page.next)))
        };
        stream::once(self.signed()).map_ok(asked).try_flatten()",
    ),
];
