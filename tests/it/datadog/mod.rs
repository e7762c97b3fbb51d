//! The Datadog v1 Users API.

mod administrators;
mod answers;
mod auth;
mod create;
mod invite;
mod list;
mod paths;
mod update;
mod users;
