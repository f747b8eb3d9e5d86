//! Which collections are taken, and which of them there are.

use std::fmt;

use bson::{Document, doc};
use connectors_core::config::nearest;
use connectors_core::{Error, ErrorKind, Result};
use futures::TryStreamExt as _;
use mongodb::Client as Driver;

use super::Client;
use crate::glob::Glob;

/// The server's own databases, which a pattern never takes.
const OWN_DATABASES: [&str; 3] = ["admin", "config", "local"];

/// The collections that the settings ask for.
#[derive(Debug, Clone)]
pub(crate) struct Selection {
    pub(crate) database: Glob,
    pub(crate) collection: Glob,
}

impl Selection {
    /// A selection that takes no system collection.
    pub(crate) fn new(database: &str, collection: &str) -> Result<Self> {
        let selection = Self { database: Glob::new(database), collection: Glob::new(collection) };
        match selection.collection.fixed() {
            Some(name) if is_system(name) => {
                Err(Error::config("system collections are not synced: name another collection")
                    .with("collection", name))
            }
            _ => Ok(selection),
        }
    }

    /// True for one collection, named without wildcards.
    pub(crate) fn is_single(&self) -> bool {
        self.database.fixed().is_some() && self.collection.fixed().is_some()
    }

    /// True when this database is asked for.
    pub(crate) fn takes_database(&self, name: &str) -> bool {
        match self.database.fixed() {
            Some(fixed) => fixed == name,
            None => !OWN_DATABASES.contains(&name) && self.database.matches(name),
        }
    }

    /// True when this collection is asked for.
    pub(crate) fn takes(&self, database: &str, collection: &str) -> bool {
        self.takes_database(database) && !is_system(collection) && self.collection.matches(collection)
    }
}

impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database.as_str(), self.collection.as_str())
    }
}

fn is_system(collection: &str) -> bool {
    collection.starts_with("system.")
}

/// How a namespace can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Documents with an index on `_id`, and a record of their changes.
    Collection,
    /// A view or a time series, which have neither.
    Computed,
}

/// One collection of one database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Namespace {
    pub(crate) database: String,
    pub(crate) collection: String,
    pub(crate) kind: Kind,
}

impl Namespace {
    /// The collection of this name, whether it is there or not.
    pub(crate) fn plain(database: &str, collection: &str) -> Self {
        Self { database: database.to_owned(), collection: collection.to_owned(), kind: Kind::Collection }
    }

    /// True when a change stream tells what changes in it.
    pub(crate) fn has_changes(&self) -> bool {
        self.kind == Kind::Collection
    }

    /// Where documents of this namespace lie: `database/collection`.
    pub(crate) fn scope(&self) -> String {
        format!("{}/{}", self.database, escaped(&self.collection))
    }

    /// What stands before ids where several collections are synced: `database.collection/`.
    pub(crate) fn prefix(&self) -> String {
        format!("{}.{}/", self.database, escaped(&self.collection))
    }
}

impl fmt::Display for Namespace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.database, self.collection)
    }
}

/// A collection's name without `/`, which ends it in ids and scopes.
fn escaped(collection: &str) -> String {
    collection.replace('%', "%25").replace('/', "%2F")
}

/// Database and collection of a [scope](Namespace::scope).
pub(crate) fn names_of(scope: &str) -> Option<(&str, String)> {
    let (database, collection) = scope.split_once('/')?;
    Some((database, collection.replace("%2F", "/").replace("%25", "%")))
}

/// What a list of names is to hold. A server leaves names out of the second without a word, so that a right that
/// was taken away looks like data that was; the first it refuses instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    All,
    /// What the user has a right to.
    Permitted,
}

impl Client {
    /// The namespaces that a selection takes; an error in place of what could not be listed or may not be seen.
    ///
    /// # Errors
    /// `Missing`, with the nearest names, when there is none.
    pub(crate) async fn namespaces(&self, selection: &Selection) -> Result<Vec<Result<Namespace>>> {
        let (databases, hidden) = match selection.database.fixed() {
            Some(name) => (vec![name.to_owned()], None),
            None => self.all_databases().await?,
        };
        let (mut found, mut hidden) = (Vec::new(), Vec::from_iter(hidden));
        let taken = databases.iter().filter(|database| selection.takes_database(database));
        for database in taken {
            match self.all_collections(database, selection).await {
                Ok((all, unseen)) => {
                    let taken = all.into_iter().filter(|one| selection.takes(database, &one.collection));
                    found.extend(taken.map(Ok));
                    hidden.extend(unseen);
                }
                Err(error) if selection.database.fixed().is_some() => return Err(error),
                Err(error) => found.push(Err(error.in_scope(database.clone()))),
            }
        }
        if found.is_empty() {
            // What may not be seen is not known to be absent.
            return Err(match hidden.into_iter().next() {
                Some(hidden) => {
                    Error::denied(format!("nothing that may be read matches {selection}")).caused_by(hidden)
                }
                None => self.nothing_taken(selection, &databases).await,
            });
        }
        found.extend(hidden.into_iter().map(Err));
        Ok(found)
    }

    /// The collection or view of this name; none when its database is listed without it.
    ///
    /// # Errors
    /// When the database can't be listed, `Denied` among them: what may not be seen is not known to be gone.
    pub(crate) async fn present(&self, database: &str, collection: &str) -> Result<Option<Namespace>> {
        let named = |all: Vec<Namespace>| all.into_iter().find(|one| one.collection == collection);
        match self.named(database, Shown::All, Some(collection)).await {
            Err(error) if error.kind() == ErrorKind::Denied => {
                let permitted = self.named(database, Shown::Permitted, Some(collection)).await?;
                named(permitted).map(Some).ok_or(error)
            }
            all => Ok(named(all?)),
        }
    }

    /// Reads one document.
    ///
    /// # Errors
    /// `Denied` without the right to.
    pub(crate) async fn may_read(&self, namespace: &Namespace) -> Result<()> {
        let read = |driver: Driver| async move {
            let collection =
                driver.database(&namespace.database).collection::<Document>(&namespace.collection);
            collection.find_one(doc! {}).projection(doc! {"_id": 1}).await
        };
        self.ask(&format!("read {namespace}"), read).await.map(drop)
    }

    /// The databases, and an error where some of them may be hidden from the user.
    async fn all_databases(&self) -> Result<(Vec<String>, Option<Error>)> {
        match self.database_names(Shown::All).await {
            Err(error) if error.kind() == ErrorKind::Denied => {
                let unseen = Error::denied(
                    "no right to list all databases, so documents of one that is not listed are kept: \
                     give the user the role `readAnyDatabase`",
                );
                Ok((self.database_names(Shown::Permitted).await?, Some(unseen.in_scope(""))))
            }
            names => Ok((names?, None)),
        }
    }

    /// The collections of a database, and an error where a pattern may take some that are hidden from the user.
    async fn all_collections(
        &self,
        database: &str,
        selection: &Selection,
    ) -> Result<(Vec<Namespace>, Option<Error>)> {
        if selection.collection.fixed().is_some() {
            return Ok((self.collections(database, Shown::Permitted).await?, None));
        }
        match self.collections(database, Shown::All).await {
            Err(error) if error.kind() == ErrorKind::Denied => {
                let unseen = format!(
                    "no right to list all collections of {database}, so documents of one that is not listed \
                     are kept: give the user the role `read` there"
                );
                let permitted = self.collections(database, Shown::Permitted).await?;
                Ok((permitted, Some(Error::denied(unseen).in_scope(database.to_owned()))))
            }
            all => Ok((all?, None)),
        }
    }

    async fn database_names(&self, shown: Shown) -> Result<Vec<String>> {
        let permitted = shown == Shown::Permitted;
        let list = |driver: Driver| async move {
            driver.list_database_names().authorized_databases(permitted).await
        };
        let mut names = self.ask("list the databases", list).await?;
        names.sort();
        Ok(names)
    }

    async fn collections(&self, database: &str, shown: Shown) -> Result<Vec<Namespace>> {
        self.named(database, shown, None).await
    }

    /// The collections of a database, or only that of a name.
    async fn named(&self, database: &str, shown: Shown, name: Option<&str>) -> Result<Vec<Namespace>> {
        let permitted = shown == Shown::Permitted;
        let mut command = doc! {"listCollections": 1, "nameOnly": true, "authorizedCollections": permitted};
        if let Some(name) = name {
            command.insert("filter", doc! {"name": name});
        }
        let doing = format!("list the collections of {database}");
        let list = |driver: Driver| {
            let command = command.clone();
            async move {
                let cursor = driver.database(database).run_cursor_command(command).await?;
                cursor.try_collect::<Vec<Document>>().await
            }
        };
        let listed = self.ask(&doing, list).await?;
        let mut found: Vec<Namespace> = listed
            .iter()
            .filter_map(|entry| Some(namespace(database, entry.get_str("name").ok()?, entry)))
            .collect();
        found.sort_by(|one, other| one.collection.cmp(&other.collection));
        Ok(found)
    }

    /// The databases that the user may see.
    pub(super) async fn permitted_databases(&self) -> Result<Vec<String>> {
        self.database_names(Shown::Permitted).await
    }

    /// That the one collection that is asked for may not be read, which hides it from a list.
    async fn denied(&self, selection: &Selection) -> Option<Error> {
        let (database, collection) = (selection.database.fixed()?, selection.collection.fixed()?);
        let read = self.may_read(&Namespace::plain(database, collection)).await;
        read.err().filter(|error| error.kind() == ErrorKind::Denied)
    }

    /// Says which of the two names is wrong, and what it may have been meant to be.
    async fn nothing_taken(&self, selection: &Selection, databases: &[String]) -> Error {
        if let Some(denied) = self.denied(selection).await {
            return denied;
        }
        let all = self.database_names(Shown::Permitted).await.unwrap_or_default();
        if let Some(name) = selection.database.fixed()
            && !all.is_empty()
            && !all.iter().any(|database| database == name)
        {
            return missing(format!("there is no database `{name}`"), name, &all);
        }
        let taken: Vec<&String> = databases.iter().filter(|name| selection.takes_database(name)).collect();
        if taken.is_empty() {
            let pattern = selection.database.as_str();
            return missing(format!("no database matches `{pattern}`"), pattern, &all);
        }
        let mut names = Vec::new();
        for database in taken {
            let found = self.collections(database, Shown::Permitted).await.unwrap_or_default();
            names.extend(found.into_iter().map(|one| one.collection).filter(|name| !is_system(name)));
        }
        let (database, pattern) = (selection.database.as_str(), selection.collection.as_str());
        missing(format!("there is no collection `{pattern}` in `{database}`"), pattern, &names)
    }
}

fn namespace(database: &str, name: &str, entry: &Document) -> Namespace {
    let kind = match entry.get_str("type") {
        Ok("view" | "timeseries") => Kind::Computed,
        _ => Kind::Collection,
    };
    Namespace { database: database.to_owned(), collection: name.to_owned(), kind }
}

/// That a name is not there, with the one that was probably meant, or all that there are.
fn missing(message: String, name: &str, known: &[String]) -> Error {
    const SHOWN: usize = 10;
    let error = match nearest(name, known.iter().map(String::as_str)) {
        Some(near) => return Error::missing(format!("{message}; did you mean `{near}`?")),
        None => Error::missing(message),
    };
    match known {
        [] => error,
        known => error.with("there are", known.iter().take(SHOWN).cloned().collect::<Vec<_>>().join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn selection(database: &str, collection: &str) -> Selection {
        Selection::new(database, collection).unwrap()
    }

    #[test]
    fn patterns_never_take_what_is_the_servers_own() {
        let all = selection("*", "*");
        assert!(all.takes("shop", "orders"));
        assert!(
            !all.takes("shop", "system.views")
                && !all.takes("admin", "users")
                && !all.takes("local", "oplog.rs")
        );
        assert!(selection("admin", "*").takes("admin", "users"), "by name it is taken");
        let error = Selection::new("shop", "system.views").unwrap_err();
        assert!(error.to_string().contains("system collections are not synced"), "{error}");
    }

    #[test]
    fn ids_and_scopes_of_different_namespaces_differ() {
        let namespace = |collection: &str| Namespace {
            database: "shop".into(),
            collection: collection.into(),
            kind: Kind::Collection,
        };
        assert_eq!(namespace("orders").scope(), "shop/orders");
        assert_eq!(namespace("orders").prefix(), "shop.orders/");
        assert_eq!(namespace("a/b").scope(), "shop/a%2Fb");
        assert_ne!(namespace("a/b").prefix(), namespace("a%2Fb").prefix());
        assert_eq!(namespace("orders").to_string(), "shop.orders");
        for name in ["orders", "a/b", "a%2Fb", "%/%25"] {
            assert_eq!(names_of(&namespace(name).scope()), Some(("shop", name.to_owned())));
        }
        assert_eq!(names_of("orders"), None);
    }

    #[test]
    fn a_missing_name_comes_with_its_neighbours() {
        let known = ["orders".to_owned(), "people".to_owned()];
        let near = missing("there is no `ordrs`".into(), "ordrs", &known);
        assert_eq!(near.to_string(), "there is no `ordrs`; did you mean `orders`?");
        let far = missing("there is no `zzz`".into(), "zzz", &known);
        assert_eq!(far.to_string(), "there is no `zzz` (there are: orders, people)");
        assert_eq!(missing("no".into(), "zzz", &[]).to_string(), "no");
    }
}
