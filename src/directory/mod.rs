//! The verbs: what a caller may see and do with users, groups and memberships. Rules and permissions are here,
//! for every dialect alike.

mod authentication;
mod change_feed;
mod change_retention;
mod export;
mod groups;
mod import;
mod integrity;
mod keys;
mod lookup;
mod memberships;
mod names;
mod page_reader;
mod password_changes;
mod passwords;
mod permissions;
mod rules;
mod search;
mod secrets;
mod seed;
mod text_properties;
mod tokens;
mod transactions;
mod user_documents;
mod user_writes;
mod users;

pub use crate::model::{Credential, CredentialKind, ImportProgress, PositionedGroup, RemovedProperty};
pub use authentication::{Authenticator, Session, SessionLimits};
pub use change_feed::{ChangeCursor, ChangePage};
pub use change_retention::ChangeRetention;
pub use export::{ExportOptions, Exported, count, export};
pub use groups::ListSelection;
pub use import::{Conflict, ImportOptions, ImportOutcome, ImportPosition, Imported, ImportedUser, Item};
pub use integrity::{check, notes};
pub use memberships::MembershipView;
pub use page_reader::{PagePart, PageReader};
pub use passwords::{ImportedPassword, PASSWORD_REFUSED, Passwords, classify_password};
pub use permissions::Operation;
pub use rules::Rules;
pub use search::{SearchQuery, UserPages};
pub use secrets::{digest, new_secret};
pub use seed::{FirstSecrets, first_administrator, is_seeded, seed, seed_and};
pub use tokens::TokenRequest;
pub use transactions::Directory;
pub use user_documents::UserDocuments;
pub use users::{NewUser, UserEdit};
