//! GitHub as a source.

use std::sync::Arc;

use async_trait::async_trait;
use connectors_core::{
    AccessControl, Connector, Context, Document, FieldKind, FieldSpec, Found, Identity, Lookup, Result,
    Rules, Source, Unlisted,
};
use futures::stream::{self, BoxStream, Stream, StreamExt, TryStreamExt};

use crate::access::{Access, guarded, identities};
use crate::client::{Client, Connection, Lean, Listed};
use crate::config::{Files, GithubConfig};
use crate::document::{Part, file, lean, repository};
use crate::lookup::look_up;

/// Repositories that are listed at the same time.
const AT_ONCE: usize = 4;

/// The repositories of GitHub; its connections are kept between syncs.
pub struct Github {
    client: Arc<Client>,
    access: Access,
    files: Files,
}

impl Connector for Github {
    const NAME: &'static str = "github";
    type Config = GithubConfig;

    fn connect(config: GithubConfig, context: &Context) -> Result<Self> {
        Ok(Self {
            client: Client::new(&config, context)?.into(),
            access: Access::default(),
            files: config.files,
        })
    }
}

#[async_trait]
impl Source for Github {
    async fn ping(&self) -> Result<()> {
        self.client.ping().await
    }

    fn origin(&self) -> String {
        format!("{}/{}", self.client.host, self.client.selection.shown())
    }

    fn documents<'a>(&'a self, _: &'a Rules) -> BoxStream<'a, Result<Document>> {
        self.access.restart();
        let of_each = move |listed: Result<Listed>| match listed {
            Ok(listed) => stream::once(self.of_repository(listed)).flatten().boxed(),
            Err(error) => stream::iter([Err(error)]).boxed(),
        };
        self.client.repositories().map(of_each).flatten_unordered(AT_ONCE).boxed()
    }

    fn lookup(&self) -> Option<&dyn Lookup> {
        Some(self)
    }

    async fn declared_fields(&self) -> Result<Vec<FieldSpec>> {
        let fields = [
            ("name", FieldKind::Label),
            ("nameWithOwner", FieldKind::Label),
            ("visibility", FieldKind::Code),
            ("isFork", FieldKind::Boolean),
            ("isArchived", FieldKind::Boolean),
            ("stargazerCount", FieldKind::Integer),
            ("forkCount", FieldKind::Integer),
            ("watchers.totalCount", FieldKind::Integer),
            ("createdAt", FieldKind::Date),
            ("closedAt", FieldKind::Date),
            ("mergedAt", FieldKind::Date),
            ("number", FieldKind::Integer),
            ("title", FieldKind::Label),
            ("state", FieldKind::Code),
            ("author.login", FieldKind::Label),
            ("type", FieldKind::Label),
            ("path", FieldKind::Label),
            ("extension", FieldKind::Code),
            ("size", FieldKind::Integer),
        ];
        Ok(fields.map(|(name, kind)| FieldSpec::new(name, kind)).to_vec())
    }
}

impl Lookup for Github {
    fn look_up<'a>(&'a self, wanted: &'a [Unlisted], _: &'a Rules) -> BoxStream<'a, Result<Found>> {
        look_up((&self.client, &self.access), self.files, wanted)
    }
}

impl AccessControl for Github {
    fn identities(&self) -> BoxStream<'_, Result<Identity>> {
        identities(&self.client)
    }
}

impl Github {
    /// A repository and all that is in it, with who may read it.
    async fn of_repository(&self, listed: Listed) -> BoxStream<'_, Result<Document>> {
        let of = (listed.repository.id.as_str(), listed.repository.visibility.as_str());
        let permissions = self.access.of(&self.client, of).await;
        self.within(listed).map_ok(move |document| guarded(document, permissions.clone())).boxed()
    }

    fn within(&self, listed: Listed) -> impl Stream<Item = Result<Document>> + Send + use<'_> {
        let Listed { repository: it, issues, pull_requests } = listed;
        let issues = self.items((&it.id, &it.name_with_owner), Part::Issues, issues);
        let pulls = self.items((&it.id, &it.name_with_owner), Part::Pulls, pull_requests);
        let commit = it.default_branch_ref.as_ref().and_then(|branch| branch.target.as_ref());
        let files = match commit {
            Some(target) if self.files != Files::None => {
                self.of_files(&it.name_with_owner, &target.oid).boxed()
            }
            _ => stream::empty().boxed(),
        };
        stream::iter([Ok(repository(&it))]).chain(issues).chain(pulls).chain(files)
    }

    fn items(
        &self,
        (id, name): (&str, &str),
        part: Part,
        first: Option<Connection<Lean>>,
    ) -> impl Stream<Item = Result<Document>> + Send + use<'_> {
        let list = if part == Part::Pulls { "pullRequests" } else { "issues" };
        let scope: Arc<str> = part.of(name).into();
        self.client.listed(id, list, first).map(move |item| {
            item.map(|item| lean(item, &scope, self.client.now())).map_err(|error| error.in_scope(&*scope))
        })
    }

    fn of_files(&self, name: &str, commit: &str) -> impl Stream<Item = Result<Document>> + Send + use<'_> {
        let (name, scope) = (name.to_owned(), Part::Files.of(name));
        self.client.files(&name, commit).filter_map(move |entry| {
            let document = match entry {
                Ok(entry) if self.files.admits(&entry.path) => Some(Ok(file(entry, &name, &self.client))),
                Ok(_) => None,
                Err(error) => Some(Err(error.in_scope(&scope))),
            };
            std::future::ready(document)
        })
    }
}
