//! The Datadog v1 Users API.

mod users;
