//! Every setting once: its flag, variable, default and help text; and the rules that concern several settings.

mod database;
mod mounts;
mod origins;
mod prefixes;
mod secrets;
mod server;
mod values;

pub use database::Database;
pub use origins::{Origins, Setting, Source};
pub use secrets::{SECRETS, first_secret, given_secrets, refused_secrets};
pub use server::{PasswordRules, ServerArgs};
pub use values::{MARK, ParentProcess, age, level, seconds, set};
