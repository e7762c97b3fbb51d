//! The Nuxeo users, groups and automation endpoints.

mod auth;
mod groups;
mod member_lists;
mod sessions;
mod users;
