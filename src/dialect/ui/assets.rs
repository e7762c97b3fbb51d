//! The files of the admin page, compiled into the program.

use super::error::{Problem, Result};
use crate::dialect::call::Call;
use crate::dialect::preconditions::{conditional_get, etag_of};
use crate::http::{Etag, Request, Response};
use std::sync::OnceLock;

/// A file of the page.
struct File {
    name: &'static str,
    content_type: &'static str,
    content: &'static [u8],
    /// Computed for the first request of the file.
    etag: OnceLock<Etag>,
}

static PAGE: File = file_of("index.html", "text/html; charset=utf-8", include_bytes!("../../../web/index.html"));

/// The files that the page loads.
static FILES: [File; 14] = [
    script("app.js", include_bytes!("../../../web/js/app.js")),
    script("api.js", include_bytes!("../../../web/js/api.js")),
    script("changes.js", include_bytes!("../../../web/js/changes.js")),
    script("dom.js", include_bytes!("../../../web/js/dom.js")),
    script("metrics.js", include_bytes!("../../../web/js/metrics.js")),
    script("form.js", include_bytes!("../../../web/js/form.js")),
    script("groups.js", include_bytes!("../../../web/js/groups.js")),
    script("list.js", include_bytes!("../../../web/js/list.js")),
    script("components.js", include_bytes!("../../../web/js/components.js")),
    script("session.js", include_bytes!("../../../web/js/session.js")),
    script("tree.js", include_bytes!("../../../web/js/tree.js")),
    script("users.js", include_bytes!("../../../web/js/users.js")),
    file_of("app.css", "text/css; charset=utf-8", include_bytes!("../../../web/css/app.css")),
    file_of("icon.svg", "image/svg+xml", include_bytes!("../../../web/icon.svg")),
];

const fn script(name: &'static str, content: &'static [u8]) -> File {
    file_of(name, "text/javascript; charset=utf-8", content)
}

const fn file_of(name: &'static str, content_type: &'static str, content: &'static [u8]) -> File {
    File { name, content_type, content, etag: OnceLock::new() }
}

/// Returns whether the page has a file of that name.
pub(super) fn is_file(name: &str) -> bool {
    find_file(name).is_some()
}

/// `GET /`
pub(super) fn get_page(call: &mut Call<'_>) -> Result<Response> {
    // The page names its files relative to its own path, which has to end with a slash for that.
    match call.request.path.rsplit_once('/') {
        Some((_, last)) if !last.is_empty() => {
            Ok(Response::text(308, "The page is one slash further\n").with_header("Location", &format!("{last}/")))
        }
        _ => send(call.request, &PAGE),
    }
}

/// `GET /{file}`
pub(super) fn get_file(call: &mut Call<'_>) -> Result<Response> {
    send(call.request, find_file(call.parameter("file")).ok_or(Problem::UnknownPath)?)
}

fn find_file(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

/// Sends a file. Browsers keep it and revalidate it.
fn send(request: &Request<'_>, file: &File) -> Result<Response> {
    let etag = *file.etag.get_or_init(|| etag_of(file.content));
    let response = conditional_get(request, etag, || Response::of_program(file.content_type, file.content))?;
    Ok(response.cacheable())
}
