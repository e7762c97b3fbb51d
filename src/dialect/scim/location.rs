//! Addresses of resources.

use crate::dialect::call::Call;

/// The address below which this dialect is served, as the client sees it.
#[derive(Debug, Clone)]
pub(super) struct Locations {
    base: String,
}

impl Locations {
    /// The address that the operator has set, or that of the request.
    pub(super) fn of(call: &Call<'_>, dialect: &str) -> Locations {
        let path = call.context.mount_path(dialect).unwrap_or_default();
        let base = match &call.context.scim.public_url {
            Some(url) => format!("{}{path}", url.trim_end_matches('/')),
            None => {
                let scheme = if call.request.secure { "https" } else { "http" };
                let host = call.request.header("Host").filter(|host| is_host(host));
                host.map_or_else(|| path.to_owned(), |host| format!("{scheme}://{host}{path}"))
            }
        };
        Locations { base }
    }

    /// The addresses below that one.
    #[cfg(test)]
    pub(super) fn below(base: &str) -> Locations {
        Locations { base: base.to_owned() }
    }

    /// The address below which all others are.
    pub(super) fn base(&self) -> &str {
        &self.base
    }

    /// The address of an endpoint.
    pub(super) fn endpoint(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// The address of a user.
    pub(super) fn user(&self, uuid: &str) -> String {
        format!("{}/Users/{uuid}", self.base)
    }

    /// The address of a group.
    pub(super) fn group(&self, uuid: &str) -> String {
        format!("{}/Groups/{uuid}", self.base)
    }
}

/// True for a text that can be a name or an address with a port, and nothing else.
fn is_host(text: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:[]%".contains(&byte);
    !text.is_empty() && text.len() <= 255 && text.bytes().all(is_part)
}
