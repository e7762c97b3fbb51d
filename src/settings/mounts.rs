//! The dialects to serve and their path prefixes.

use super::server::ServerArgs;
use crate::dialect::{DIALECTS, is_same_prefix};
use anyhow::bail;

impl ServerArgs {
    /// The names and prefixes of the dialects to serve.
    ///
    /// # Errors
    /// A dialect does not exist, two dialects have the same prefix, or there is no dialect.
    pub fn mounts(&self) -> anyhow::Result<Vec<(String, String)>> {
        let mut mounts: Vec<(String, String)> = Vec::new();
        for name in self.dialects.iter().map(|name| name.trim()).filter(|name| !name.is_empty()) {
            if !DIALECTS.iter().any(|dialect| dialect.name == name) {
                let known = DIALECTS.map(|dialect| dialect.name).join(", ");
                bail!("{}: unknown dialect {name}; known dialects: {known}", self.origins.name_of("dialects"));
            }
            if mounts.iter().any(|(other, _)| other == name) {
                continue;
            }
            let prefix = self.prefixes.of(name);
            if let Some((other, _)) = mounts.iter().find(|(_, taken)| is_same_prefix(taken, prefix)) {
                let setting = |name: &str| self.origins.name_of(&format!("{name}_prefix"));
                let (one, two) = (setting(other), setting(name));
                bail!("{other} and {name} have the same prefix {prefix}; change {one} or {two}");
            }
            mounts.push((name.to_owned(), prefix.to_owned()));
        }
        if mounts.is_empty() {
            let known = DIALECTS.map(|dialect| dialect.name).join(", ");
            bail!("{}: no dialect to serve; known dialects: {known}", self.origins.name_of("dialects"));
        }
        Ok(mounts)
    }
}
