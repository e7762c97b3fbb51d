//! Values that live as long as the server and that every request may use.

use super::followers::Followers;
use super::response_cache::ResponseCache;
use crate::directory::{Authenticator, RecentLines, UserDocuments, UserLookups};
use crate::metrics::{Collector, Exposition};

/// Values that every request may use.
pub struct Context {
    /// Finds the caller behind credentials and opens the directory for them.
    pub authenticator: Authenticator,
    /// Answers with the documented 5xx become 4xx where the client made the mistake.
    pub strict_errors: bool,
    /// Sources of `/metrics`.
    pub metrics: Metrics,
    /// Settings of SCIM.
    pub scim: ScimOptions,
    pub(super) response_cache: ResponseCache,
    /// Users as Nuxeo shows them.
    pub(super) user_documents: UserDocuments,
    /// Users that clients get by name.
    pub(super) user_lookups: UserLookups,
    pub(super) followers: Followers,
    /// The newest lines of the changes feed.
    pub(super) recent_lines: RecentLines,
    /// Name and path of each mounted dialect; the path of the root is empty.
    pub(super) mount_paths: Vec<(&'static str, String)>,
}

/// Settings of SCIM.
#[derive(Debug, Clone)]
pub struct ScimOptions {
    /// A PATCH of a group is answered with the group, and not with 204.
    pub group_patch_body: bool,
    /// Several groups can have one display name.
    pub any_display_name: bool,
    /// The address of the server as clients see it, without the prefix of the dialect; `None`: that of each request.
    pub public_url: Option<String>,
    /// Users or groups that a filter without an index reads at most.
    pub filter_rows_max: u64,
    /// Longest body of a request in bytes.
    pub body_bytes_max: usize,
}

/// Sources of `/metrics`.
pub struct Metrics {
    /// Collectors of the other rooms.
    pub sources: Vec<Collector>,
    /// True if the address for clients serves `/metrics`, too.
    pub public: bool,
}

impl Context {
    /// A context without mounted dialects.
    pub fn new(authenticator: Authenticator, strict_errors: bool, metrics: Metrics, scim: ScimOptions) -> Context {
        Context {
            authenticator,
            strict_errors,
            metrics,
            scim,
            response_cache: ResponseCache::default(),
            user_documents: UserDocuments::default(),
            user_lookups: UserLookups::default(),
            followers: Followers::default(),
            recent_lines: RecentLines::default(),
            mount_paths: Vec::new(),
        }
    }

    /// The path below which a dialect is served; `None` when it is not served.
    pub(super) fn mount_path(&self, dialect: &str) -> Option<&str> {
        self.mount_paths.iter().find(|(name, _)| *name == dialect).map(|(_, path)| path.as_str())
    }

    /// Adds all metrics of the server.
    pub(super) fn collect_metrics(&self, exposition: &mut Exposition) {
        self.metrics.sources.iter().for_each(|collect| collect(exposition));
        self.authenticator.collect_metrics(exposition);
        self.response_cache.collect_metrics(exposition);
        self.user_documents.collect_metrics(exposition);
        self.user_lookups.collect_metrics(exposition);
    }
}
