//! From the command line to the settings of the server itself.

use super::Serve;
use crate::app::{Secrets, Settings};
use crate::dialect::{DIALECTS, is_same_prefix};
use anyhow::bail;

impl Serve {
    /// The settings of the server itself, as a program that embeds it would set them.
    ///
    /// # Errors
    /// When a name is no dialect's, and when two dialects have the same prefix.
    pub fn settings(&self) -> anyhow::Result<Settings> {
        Ok(Settings {
            dialects: self.mounts()?,
            session_idle: self.session_idle,
            session_length: self.session_length,
            nuxeo_session_idle: self.nuxeo_session_idle,
            keep_changes: self.keep_changes,
            strict_errors: self.strict_errors,
            require_password: self.require_password,
            password_pattern: self.rules.password_pattern.as_ref().map(|pattern| pattern.as_str().to_owned()),
            keep_tokens_on_password_change: self.keep_tokens_on_password_change,
            protect: self.protect.clone(),
            hide_administrators: self.hide_administrators,
            wrong_password_delay: self.wrong_password_delay,
            max_connections: self.max_connections,
            max_connections_per_address: self.max_connections_per_address,
            trusted_proxies: self.trusted_proxies.clone(),
            max_body_bytes: self.max_body_bytes,
            max_body_memory: self.max_body_memory,
            max_answer_memory: self.max_answer_memory,
            max_names_per_request: self.max_names_per_request,
            head_timeout: self.head_timeout,
            body_timeout: self.body_timeout,
            idle_timeout: self.idle_timeout,
            write_timeout: self.write_timeout,
            grace: self.grace,
            tls_cert: self.tls_cert.clone(),
            tls_key: self.tls_key.clone(),
            metrics_listen: self.metrics_listen,
            metrics_public: self.metrics_public,
            readers: self.readers,
            command_socket: true,
            // The command fills a new directory by itself.
            secrets: Secrets::default(),
        })
    }

    /// The names of the dialects to serve, each with its prefix.
    fn mounts(&self) -> anyhow::Result<Vec<(String, String)>> {
        let mut mounts: Vec<(String, String)> = Vec::new();
        for name in self.dialects.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
            let Some(dialect) = DIALECTS.into_iter().find(|dialect| dialect.name == name) else {
                let known = DIALECTS.map(|dialect| dialect.name).join(", ");
                bail!("{}: there is no dialect {name}, only {known}", self.origins.name_of("dialects"));
            };
            if mounts.iter().any(|(other, _)| other == name) {
                continue;
            }
            let prefix = match name {
                "datadog" => &self.datadog_prefix,
                "nuxeo" => &self.nuxeo_prefix,
                "rollbook" => &self.rollbook_prefix,
                "ui" => &self.ui_prefix,
                _ => dialect.prefix,
            };
            if let Some((other, _)) = mounts.iter().find(|(_, taken)| is_same_prefix(taken, prefix)) {
                let setting = |name: &str| self.origins.name_of(&format!("{name}_prefix"));
                let (one, two) = (setting(other), setting(name));
                bail!("{other} and {name} have the same prefix, {prefix}: set another one by {one} or {two}");
            }
            mounts.push((name.to_owned(), prefix.to_owned()));
        }
        if mounts.is_empty() {
            let known = DIALECTS.map(|dialect| dialect.name).join(", ");
            bail!("{}: no dialect is left to serve, name one of {known}", self.origins.name_of("dialects"));
        }
        Ok(mounts)
    }
}

#[cfg(test)]
mod tests {
    use crate::app::Settings;
    use crate::settings::{Command, CommandLine};

    #[test]
    fn the_defaults_of_the_command_line_are_those_of_the_library() {
        let line = CommandLine::of(["rollbook".into()]).unwrap();
        let Command::Serve(serve) = line.command else { panic!("not serve") };
        let settings = serve.settings().unwrap();
        assert_eq!(format!("{settings:#?}"), format!("{:#?}", Settings::default()));
    }
}
