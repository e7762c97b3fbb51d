//! The requests of identity providers, in the order and in the shapes in which they send them.

mod authentik;
mod entra_changes;
mod entra_groups;
mod entra_leniencies;
mod entra_users;
mod jumpcloud;
mod okta_groups;
mod okta_steps;
mod okta_users;
mod onelogin;
mod rauthy;
