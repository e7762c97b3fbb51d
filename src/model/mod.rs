//! The nouns: users, groups, callers, pages and errors as plain values, without serde, SQL or HTTP.

mod caller;
mod change;
mod client;
mod credential;
mod entry;
mod error;
mod filter;
mod group;
mod id;
mod import_progress;
mod lookalike;
mod membership;
mod name;
mod page;
mod precondition;
mod property;
mod refs;
mod search_words;
mod text;
mod time;
mod user;
mod version;

pub use caller::{Actor, Caller, CallerKind, Ended, KeyKind, KeyRole, PermissionLevel, Proof, RightsVersion};
pub use change::{Change, ChangeRef};
pub use client::ClientAddress;
pub use credential::{Credential, CredentialKind, NewCredential, Token};
pub use entry::{EntryName, Target};
pub use error::{DeniedAction, EntityKind, Error, Result};
pub use filter::{Filter, FilterField, Flag, TextMatch};
pub use group::{ADMINISTRATORS, Group, GroupChanges, GroupDetails, GroupName, POWER_USERS};
pub use id::new_uuid;
pub use import_progress::ImportProgress;
pub use membership::{ListedMember, MemberCursor, MemberList, PositionedGroup};
pub use name::{
    BUILT_IN, Keys, check_login, check_new_name, fold_name, fold_text, is_invisible, is_key_of, spelling_key,
};
pub use page::{Page, Window};
pub use precondition::{EtagScope, EtagSet, Precondition};
pub use property::{ATTRIBUTES_BYTES_MAX, Attributes, RemovedProperty, is_answered_property};
pub use refs::{GroupRef, UserRef};
pub use search_words::{FoldedTexts, SearchWords};
pub use text::{check_length, check_text, is_email, timestamp};
pub use time::now;
pub use user::{
    AccessRole, BaseRole, ListedUser, NewPassword, TextField, User, UserChanges, UserSummary, UserWithGroups,
};
