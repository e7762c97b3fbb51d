//! The Nuxeo users, groups and automation endpoints.

mod administrators;
mod auth;
mod group_counts;
mod group_hierarchy;
mod group_search;
mod groups;
mod list_model;
mod member_lists;
mod memberships;
mod passwords;
mod paths;
mod permissions;
mod phone;
mod power_users;
mod requests;
mod search;
mod server_info;
mod sessions;
mod tokens;
mod user_names;
mod user_properties;
mod users;
