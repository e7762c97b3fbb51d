//! The files of the page, which are part of the program.

use super::error::Result;
use crate::dialect::preconditions;
use crate::http::{Etag, Request, Response};
use std::sync::OnceLock;

/// A file of the page.
pub(super) struct File {
    name: &'static str,
    content_type: &'static str,
    content: &'static [u8],
    /// Found when somebody asks for the file first.
    tag: OnceLock<Etag>,
}

static PAGE: File = file_of("index.html", "text/html; charset=utf-8", include_bytes!("../../../web/index.html"));

/// What the page loads.
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
    File { name, content_type, content, tag: OnceLock::new() }
}

/// `GET /`
pub(super) fn page(request: &Request<'_>) -> Result<Response> {
    // What the page loads is named relative to where it is, which is nowhere without the slash.
    match request.path.rsplit_once('/') {
        Some((_, last)) if !last.is_empty() => {
            Ok(Response::text(308, "The page is one slash further\n").with_header("Location", &format!("{last}/")))
        }
        _ => file(request, &PAGE),
    }
}

/// The file of that name.
pub(super) fn find(name: &str) -> Option<&'static File> {
    FILES.iter().find(|file| file.name == name)
}

/// `GET /{file}`: browsers keep it and ask whether it is still the same.
pub(super) fn file(request: &Request<'_>, file: &File) -> Result<Response> {
    let tag = *file.tag.get_or_init(|| preconditions::tag_of(file.content));
    let response = preconditions::look(request, tag, || Response::of_program(file.content_type, file.content))?;
    Ok(response.to_be_kept())
}
