//! Which repositories, and who reads them.

use connectors_core::config::{FieldType, FieldValue, Secret};
use serde_json::Value;
use url::Url;

connectors_core::config! {
    /// Which repositories, and who reads them.
    pub struct GithubConfig {
        /// GitHub itself, or a GitHub Enterprise Server.
        #[label = "Data source", one_of(&[("github_cloud", "GitHub Cloud"), ("github_server", "GitHub Server")])]
        pub data_source: String = "github_cloud",
        /// Address of the GitHub Enterprise Server, such as `https://github.example.com`.
        #[label = "Server URL", depends_on("data_source", "github_server")]
        pub host: Option<Url>,
        /// Who reads: somebody's token, or an app that the organization has installed.
        #[label = "Authentication method", one_of(&[("personal_access_token", "Personal access token"), ("github_app", "GitHub App")])]
        pub auth_method: String = "personal_access_token",
        /// A classic token with the scopes `repo` and `read:org`, or a fine-grained one with read access to contents, issues, metadata
        /// and pull requests.
        #[label = "GitHub token", depends_on("auth_method", "personal_access_token")]
        pub token: Secret,
        /// Whose repositories: those of an organization, or others.
        #[label = "Repository type", one_of(&[("organization", "Organization"), ("other", "Other")])]
        pub repo_type: String = "other",
        /// Name of the organization, as it stands in addresses.
        #[label = "Organization name", depends_on("repo_type", "organization")]
        pub org_name: String,
        /// Id of the app.
        #[label = "App ID", depends_on("auth_method", "github_app")]
        pub app_id: Option<u64>,
        /// Private key of the app, the whole PEM file.
        #[label = "App private key", multiline(), depends_on("auth_method", "github_app")]
        pub private_key: Secret,
        /// Repositories to read, as `owner/name`; of an organization the name is enough. `*` for all of the organization, or all that
        /// the token's owner has.
        #[label = "List of repositories"]
        pub repositories: Vec<String> = ["*"],
        /// Trust the authorities of `ssl_ca` besides those that browsers trust.
        #[label = "Enable SSL"]
        pub ssl_enabled: bool = false,
        /// Certificates of the authorities to trust (PEM).
        #[label = "SSL certificate", multiline(), depends_on("ssl_enabled", true)]
        pub ssl_ca: String = "",
        /// Files to index: none, those with documentation (`.md`, `.markdown`, `.rst`), or all.
        #[label = "Files", one_of(&[("none", "None"), ("documentation", "Documentation"), ("all", "All")])]
        pub files: Files = "documentation",
        /// Calls to GitHub in a second, at the most.
        #[label = "Requests per second", between(1, 1000), advanced()]
        pub rate: u32 = 10,
        /// Calls to GitHub at the same time, at the most.
        #[label = "Concurrent requests", between(1, 100), advanced()]
        pub concurrency: usize = 5,
    }
}

/// Extensions of files with documentation.
const DOCUMENTATION: [&str; 3] = [".md", ".markdown", ".rst"];

/// Which files are indexed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Files {
    /// None.
    None,
    /// Those with documentation, by their extension.
    Documentation,
    /// All.
    All,
}

impl Files {
    /// Whether a file of this path is indexed.
    #[must_use]
    pub fn admits(self, path: &str) -> bool {
        match self {
            Self::None => false,
            Self::Documentation => {
                let path = path.to_lowercase();
                DOCUMENTATION.iter().any(|extension| path.ends_with(extension))
            }
            Self::All => true,
        }
    }
}

impl FieldValue for Files {
    const TYPE: FieldType = FieldType::Str;

    fn read(value: &Value) -> Result<Self, String> {
        match String::read(value)?.as_str() {
            "none" => Ok(Self::None),
            "documentation" => Ok(Self::Documentation),
            "all" => Ok(Self::All),
            other => Err(format!("`{other}` is none of `none`, `documentation` and `all`")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_chosen_by_their_extension() {
        for (files, admitted) in [
            (Files::None, vec![]),
            (Files::Documentation, vec!["README.md", "a/b.MARKDOWN", "c.rst"]),
            (Files::All, vec!["README.md", "a/b.MARKDOWN", "c.rst", "md", "src/main.rs"]),
        ] {
            let all = ["README.md", "a/b.MARKDOWN", "c.rst", "md", "src/main.rs"];
            assert_eq!(all.into_iter().filter(|path| files.admits(path)).collect::<Vec<_>>(), admitted);
        }
        assert_eq!(Files::read(&"all".into()), Ok(Files::All));
        assert_eq!(Files::read(&"none".into()), Ok(Files::None));
        assert!(Files::read(&"code".into()).unwrap_err().contains("`documentation`"));
    }
}
