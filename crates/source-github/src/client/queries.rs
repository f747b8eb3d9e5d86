//! What is asked of GitHub.

/// The fields of a repository that are indexed, and where its files are.
const REPOSITORY: &str = "fragment Fields on Repository {
    id name nameWithOwner url description visibility primaryLanguage { name } defaultBranchRef { name target { oid } }
    isFork stargazerCount watchers { totalCount } forkCount createdAt updatedAt isArchived
}";

/// The first page of its issues and pull requests, by id and time alone. In the order of their making, so that none moves to
/// another page when it changes.
const LEAN: &str = "fragment Lean on Repository {
    issues(first: 100, orderBy: {field: CREATED_AT, direction: ASC}) { nodes { id updatedAt } pageInfo { hasNextPage endCursor } }
    pullRequests(first: 100, orderBy: {field: CREATED_AT, direction: ASC}) {
        nodes { id updatedAt } pageInfo { hasNextPage endCursor }
    }
}";

/// Twenty repositories with their first pages cost one point.
const PAGE: &str = "repositories(first: 20, after: $after, ORDER) {
    nodes { ...Fields ...Lean } pageInfo { hasNextPage endCursor }
}";

/// What stands behind `nodes` of a connection.
const INFO: &str = "pageInfo { hasNextPage endCursor }";

const COMMENTS: &str = "id author { login } body";
const LABELS: &str = "name description";
const PEOPLE: &str = "login";
const REQUESTS: &str = "requestedReviewer { ... on User { login } ... on Bot { login } ... on Mannequin { login } ... on Team { name } }";

/// A list that may be longer than a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum List {
    Comments,
    Labels,
    Assignees,
    ReviewRequests,
    Reviews,
    ReviewComments,
}

impl List {
    /// The types that have it, its name, its fields, and how many are asked for at first.
    fn parts(self) -> (&'static [&'static str], &'static str, String, usize) {
        let both = &["Issue", "PullRequest"];
        let pull = &["PullRequest"];
        match self {
            Self::Comments => (both, "comments", COMMENTS.to_owned(), 100),
            Self::Labels => (both, "labels", LABELS.to_owned(), 100),
            Self::Assignees => (both, "assignees", PEOPLE.to_owned(), 100),
            Self::ReviewRequests => (pull, "reviewRequests", REQUESTS.to_owned(), 100),
            Self::Reviews => (
                pull,
                "reviews",
                format!("id author {{ login }} body state {}", Self::ReviewComments.first()),
                10,
            ),
            Self::ReviewComments => (&["PullRequestReview"], "comments", COMMENTS.to_owned(), 10),
        }
    }

    /// The first page of it, inside another query.
    fn first(self) -> String {
        let (_, name, fields, count) = self.parts();
        format!("{name}(first: {count}) {{ nodes {{ {fields} }} {INFO} }}")
    }

    /// The pages behind the first.
    pub(super) fn rest(self) -> String {
        let (types, name, fields, _) = self.parts();
        let on = |of: &&str| {
            format!(
                "... on {of} {{ list: {name}(first: 100, after: $after) {{ nodes {{ {fields} }} {INFO} }} }}"
            )
        };
        let parts: Vec<String> = types.iter().map(on).collect();
        format!("query($id: ID!, $after: String) {{ node(id: $id) {{ {} }} }}", parts.join(" "))
    }
}

/// Repositories of an organization.
pub(super) fn of_organization() -> String {
    let page = PAGE.replace("ORDER", "orderBy: {field: CREATED_AT, direction: ASC}");
    format!(
        "query($login: String!, $after: String) {{ owner: organization(login: $login) {{ {page} }} }} {REPOSITORY} {LEAN}"
    )
}

/// Repositories of the token's owner.
pub(super) fn of_viewer() -> String {
    let page =
        PAGE.replace("ORDER", "ownerAffiliations: [OWNER], orderBy: {field: CREATED_AT, direction: ASC}");
    format!("query($after: String) {{ owner: viewer {{ {page} }} }} {REPOSITORY} {LEAN}")
}

/// A repository by its name, or by one that it had.
pub(super) fn repository() -> String {
    format!(
        "query($owner: String!, $name: String!) {{ viewer {{ login }} repository(owner: $owner, name: $name) {{ ...Fields ...Lean }} }} \
         {REPOSITORY} {LEAN}"
    )
}

/// Pages of issues or pull requests behind the first, `list` being `issues` or `pullRequests`.
pub(super) fn lean(list: &str) -> String {
    format!(
        "query($id: ID!, $after: String) {{ node(id: $id) {{ ... on Repository {{
            list: {list}(first: 100, after: $after, orderBy: {{field: CREATED_AT, direction: ASC}}) {{
                nodes {{ id updatedAt }} {INFO}
            }}
        }} }} }}"
    )
}

/// Whole repositories, issues and pull requests, by id. The state has a name for each type, as the two have other values.
pub(super) fn bodies() -> String {
    let common = "id number url createdAt closedAt updatedAt title body author { login } repository { id nameWithOwner visibility }";
    let lists = [List::Comments, List::Labels, List::Assignees].map(List::first).join(" ");
    let reviews = [List::ReviewRequests, List::Reviews].map(List::first).join(" ");
    format!(
        "query($ids: [ID!]!) {{ viewer {{ login }} nodes(ids: $ids) {{ __typename
            ... on Repository {{ ...Fields }}
            ... on Issue {{ {common} issueState: state {lists} }}
            ... on PullRequest {{ {common} mergedAt pullState: state {lists} {reviews} }}
        }} }} {REPOSITORY}"
    )
}

/// Everybody in an organization.
pub(super) const MEMBERS: &str =
    "query($login: String!, $after: String) { owner: organization(login: $login) {
    members: membersWithRole(first: 100, after: $after) {
        nodes { databaseId login email } pageInfo { hasNextPage endCursor }
    }
} }";

/// Those who may read a repository.
pub(super) const COLLABORATORS: &str = "query($id: ID!, $after: String) { node(id: $id) { ... on Repository {
    list: collaborators(first: 100, after: $after, affiliation: ALL) {
        nodes { databaseId } pageInfo { hasNextPage endCursor }
    }
} } }";

/// Whether an organization is there.
pub(super) const ORGANIZATION: &str = "query($login: String!) { organization(login: $login) { login } }";
