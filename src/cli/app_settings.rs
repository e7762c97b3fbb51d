//! Converts the settings of the command line to the settings of the server.

use crate::app::{Secrets, Settings};
use crate::dialect::{DIALECTS, is_same_prefix};
use crate::settings::ServerArgs;
use anyhow::bail;

/// The settings of the server, as a program that embeds it sets them.
///
/// # Errors
/// A dialect does not exist, or two dialects have the same prefix.
pub(super) fn app_settings(server: &ServerArgs) -> anyhow::Result<Settings> {
    Ok(Settings {
        dialects: mounts(server)?,
        session_idle: server.session_idle,
        session_length: server.session_length,
        nuxeo_session_idle: server.nuxeo_session_idle,
        keep_changes: server.keep_changes,
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
        // The command fills a new directory by itserver.
        secrets: Secrets::default(),
    })
}

/// The names and prefixes of the dialects to serve.
fn mounts(server: &ServerArgs) -> anyhow::Result<Vec<(String, String)>> {
    let mut mounts: Vec<(String, String)> = Vec::new();
    for name in server.dialects.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
        if !DIALECTS.iter().any(|dialect| dialect.name == name) {
            let known = DIALECTS.map(|dialect| dialect.name).join(", ");
            bail!("{}: unknown dialect {name}; known dialects: {known}", server.origins.name_of("dialects"));
        }
        if mounts.iter().any(|(other, _)| other == name) {
            continue;
        }
        let prefix = server.prefixes.of(name);
        if let Some((other, _)) = mounts.iter().find(|(_, taken)| is_same_prefix(taken, prefix)) {
            let setting = |name: &str| server.origins.name_of(&format!("{name}_prefix"));
            let (one, two) = (setting(other), setting(name));
            bail!("{other} and {name} have the same prefix {prefix}; change {one} or {two}");
        }
        mounts.push((name.to_owned(), prefix.to_owned()));
    }
    if mounts.is_empty() {
        let known = DIALECTS.map(|dialect| dialect.name).join(", ");
        bail!("{}: no dialect to serve; known dialects: {known}", server.origins.name_of("dialects"));
    }
    Ok(mounts)
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
