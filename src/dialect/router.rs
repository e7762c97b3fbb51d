//! The way of a request to the dialect that answers it.

use super::call::Call;
use super::context::Context;
use super::mounts::{Dialect, Mounts, Root, segments};
use super::{admin_socket, health, openapi, plain};
use crate::http::{Inbound, InvalidPercentEncoding, ListenerKind, RejectedRequest, Request, Response};
use std::sync::OnceLock;

/// Answers all requests of the server.
pub struct Router {
    context: Context,
    mounts: Mounts,
    /// Composed for the first request that asks for it.
    openapi: OnceLock<openapi::Document>,
}

impl Router {
    /// Serves these dialects under these prefixes.
    ///
    /// # Errors
    /// When two dialects have the same prefix, and when a prefix is not a path.
    pub fn new(mut context: Context, dialects: &[(Dialect, String)]) -> anyhow::Result<Router> {
        let mounts = Mounts::new(dialects)?;
        context.mount_paths = mounts.iter().map(|mount| (mount.dialect.name, mount.path())).collect();
        Ok(Router { context, mounts, openapi: OnceLock::new() })
    }

    /// Checks that these dialects can be served under these prefixes.
    ///
    /// # Errors
    /// Those of [`Router::new`].
    pub fn check(dialects: &[(Dialect, String)]) -> anyhow::Result<()> {
        Mounts::new(dialects).map(drop)
    }

    /// Answers a request, or gives the document for one that the server refuses.
    pub fn respond(&self, inbound: Inbound<'_>) -> Response {
        match inbound {
            Inbound::Request(request) => self.handle(request),
            Inbound::Rejected(rejected) => self.reject(rejected),
        }
    }

    fn handle(&self, request: &Request<'_>) -> Response {
        let segments: Vec<&str> = segments(request.path).collect();
        match request.listener {
            ListenerKind::Public => self.handle_public(request, &segments),
            ListenerKind::Metrics => {
                health::handle(&self.context, request, &segments).unwrap_or_else(|| plain::error_text(404, "Not found"))
            }
            ListenerKind::Local => admin_socket::handle(&self.context, request),
        }
    }

    fn handle_public(&self, request: &Request<'_>, segments: &[&str]) -> Response {
        if let Some(response) = health::handle(&self.context, request, segments) {
            return response;
        }
        if let Some(response) = openapi::handle(request, segments, || self.openapi()) {
            return response;
        }
        if let Some(response) = self.lead_to_page(request, segments) {
            return response;
        }
        let Some(mount) = self.mounts.find(segments) else { return plain::unmounted(404, "Not found") };
        let decoded = mount.decode(segments);
        let mut response = match &decoded {
            Ok(segments) => {
                let mut call = Call::new(&self.context, request, segments);
                let mut response = (mount.dialect.handle)(&mut call);
                response.log_fields = call.log;
                response
            }
            Err(InvalidPercentEncoding) => (mount.dialect.error_document)(400, "The path is not percent-encoded UTF-8"),
        };
        mount.add_log_fields(segments, &decoded, &mut response);
        response
    }

    /// Redirects a browser to the admin page from paths where it finds nothing else. Clients and scripts are never
    /// redirected: they do not accept `text/html` by name.
    fn lead_to_page(&self, request: &Request<'_>, requested: &[&str]) -> Option<Response> {
        let page = self.mounts.iter().find(|mount| mount.dialect.root == Root::Page)?;
        let mut others = self.mounts.iter().filter(|mount| mount.dialect.root == Root::LeadsToPage);
        let is_redirected = requested.is_empty() || others.any(|mount| mount.is_at(requested));
        if !is_redirected || page.is_at(requested) || !request.is_get() || !request.takes("text/html") {
            return None;
        }
        let location = format!("{}/", page.path());
        let mut response =
            Response::text(303, format!("The page is at {location}\n")).with_header("Location", &location);
        response.log_fields.dialect = page.dialect.name;
        Some(response)
    }

    fn reject(&self, rejected: &RejectedRequest<'_>) -> Response {
        match rejected.listener {
            ListenerKind::Public => self.reject_public(rejected),
            ListenerKind::Metrics => plain::error_text(rejected.status, rejected.message),
            ListenerKind::Local => admin_socket::reject(rejected),
        }
    }

    fn reject_public(&self, rejected: &RejectedRequest<'_>) -> Response {
        let segments: Vec<&str> = segments(rejected.path.unwrap_or_default()).collect();
        if health::is_served(&self.context, rejected.listener, &segments) || openapi::is_served(&segments) {
            return plain::error_text(rejected.status, rejected.message);
        }
        let mount = rejected.path.and_then(|_| self.mounts.find(&segments));
        let Some(mount) = mount else { return plain::unmounted(rejected.status, rejected.message) };
        let mut response = (mount.dialect.error_document)(rejected.status, rejected.message);
        mount.add_log_fields(&segments, &mount.decode(&segments), &mut response);
        response
    }

    fn openapi(&self) -> &openapi::Document {
        self.openapi.get_or_init(|| {
            let mut description = openapi::Description::new();
            for mount in self.mounts.iter().rev() {
                // Paths below a longer prefix belong to the dialect that is mounted there.
                let is_served = |path: &str| {
                    let segments: Vec<&str> = segments(path).collect();
                    self.mounts.find(&segments).is_some_and(|found| std::ptr::eq(found, mount))
                };
                description.add(&mount.path(), &(mount.dialect.openapi)(), is_served);
            }
            let is_served = |path: &str| {
                let segments: Vec<&str> = segments(path).collect();
                health::is_served(&self.context, ListenerKind::Public, &segments)
            };
            description.add("", &health::openapi_part(), is_served);
            description.add("", &openapi::openapi_part(), |_| true);
            openapi::Document::new(&description)
        })
    }
}
