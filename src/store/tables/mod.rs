//! SQL statements, one file for each table. They run on every database engine.

pub(in crate::store) mod audit_documents;
pub(in crate::store) mod audit_log;
pub(in crate::store) mod bulk_write;
pub(in crate::store) mod change_clock;
pub(in crate::store) mod columns;
pub(in crate::store) mod counts;
pub(in crate::store) mod credentials;
pub(in crate::store) mod filter_sql;
pub(in crate::store) mod groups;
pub(in crate::store) mod hierarchy;
pub(in crate::store) mod identity;
pub(in crate::store) mod import_progress;
pub(in crate::store) mod list_order;
pub(in crate::store) mod list_sql;
pub(in crate::store) mod member_lists;
pub(in crate::store) mod membership_positions;
pub(in crate::store) mod memberships;
pub(in crate::store) mod passwords;
pub(in crate::store) mod pending_members;
pub(in crate::store) mod scim_members;
pub(in crate::store) mod scim_users;
pub(in crate::store) mod search_index;
pub(in crate::store) mod subgroups;
pub(in crate::store) mod user_lists;
pub(in crate::store) mod users;
pub(in crate::store) mod word_search;
