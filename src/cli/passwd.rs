//! The command `passwd`.

use super::admin_client::AdminClient;
use super::args::ActionArgs;
use super::open_store::start_logging;
use super::result::tell;
use super::terminal::read_password;
use crate::admin::PasswordChange;
use crate::admin::procedure::SET_PASSWORD;
use crate::files::database_path::require_database;
use crate::settings::PasswordRules;
use clap::Args;
use serde_json::json;

/// Arguments of `passwd`.
#[derive(Debug, Args)]
pub(super) struct PasswdArgs {
    /// Login of the user
    user: String,
    /// Keep the tokens of the user valid
    #[arg(long)]
    keep_tokens: bool,
    #[command(flatten)]
    action: ActionArgs,
    #[command(flatten)]
    rules: PasswordRules,
}

/// Sets the password of a user.
pub(super) fn run(args: PasswdArgs) -> anyhow::Result<()> {
    let PasswdArgs { user, keep_tokens, action: ActionArgs { printing, target }, rules } = args;
    start_logging(&target.database);
    require_database(&target.database.db)?;
    let password = read_password(&user)?;
    let mut client = AdminClient::open_or_create(&target, rules.password_pattern)?.keeping_tokens(keep_tokens);
    client.call(&SET_PASSWORD, PasswordChange { user: user.clone(), password })?;
    tell(printing.format, &format!("changed the password of {user}"), &json!({ "changed": user }))
}
