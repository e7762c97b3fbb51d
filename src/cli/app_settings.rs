//! Converts the settings of the command line to the settings of the server.

use crate::app::{Secrets, Settings};
use crate::settings::ServerArgs;

/// The settings of the server, as a program that embeds it sets them.
///
/// # Errors
/// A dialect does not exist, or two dialects have the same prefix.
pub(super) fn app_settings(server: &ServerArgs) -> anyhow::Result<Settings> {
    Ok(Settings {
        dialects: server.mounts()?,
        session_idle: server.session_idle,
        session_length: server.session_length,
        nuxeo_session_idle: server.nuxeo_session_idle,
        keep_changes: server.keep_changes,
        scim_group_patch_body: server.scim_group_patch_body,
        scim_any_display_name: server.scim_any_display_name,
        scim_max_filter_rows: server.scim_max_filter_rows,
        public_url: server.public_url.clone(),
        strict_errors: server.strict_errors,
        require_password: server.require_password,
        password_pattern: server.rules.password_pattern.as_ref().map(|pattern| pattern.as_str().to_owned()),
        keep_tokens_on_password_change: server.keep_tokens_on_password_change,
        protect: server.protect.clone(),
        hide_administrators: server.hide_administrators,
        wrong_password_delay: server.wrong_password_delay,
        max_connections: server.max_connections,
        max_connections_per_address: server.max_connections_per_address,
        trusted_proxies: server.trusted_proxies.clone(),
        max_body_bytes: server.max_body_bytes,
        max_body_memory: server.max_body_memory,
        max_answer_memory: server.max_answer_memory,
        max_names_per_request: server.max_names_per_request,
        head_timeout: server.head_timeout,
        body_timeout: server.body_timeout,
        idle_timeout: server.idle_timeout,
        write_timeout: server.write_timeout,
        grace: server.grace,
        tls_cert: server.tls_cert.clone(),
        tls_key: server.tls_key.clone(),
        metrics_listen: server.metrics_listen,
        metrics_public: server.metrics_public,
        readers: server.readers,
        command_socket: true,
        // The command stores the first contents itself.
        secrets: Secrets::default(),
    })
}

#[cfg(test)]
mod tests {
    use super::app_settings;
    use crate::app::Settings;
    use crate::settings::ServerArgs;
    use clap::{Args as _, Command, FromArgMatches as _};

    #[test]
    fn the_defaults_of_the_command_line_are_those_of_the_library() {
        let command = ServerArgs::augment_args(Command::new("serve"));
        let server = ServerArgs::from_arg_matches(&command.get_matches_from(["serve"])).unwrap();
        let settings = app_settings(&server).unwrap();
        assert_eq!(format!("{settings:#?}"), format!("{:#?}", Settings::default()));
    }
}
