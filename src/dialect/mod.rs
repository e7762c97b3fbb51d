//! The wires: which dialect answers which path. A dialect is one folder here, two lines in this file, and a flag for
//! its prefix in the settings.

mod admin_socket;
mod datadog;
mod health;
mod nuxeo;
mod openapi;
mod preconditions;
mod response_cache;
mod rollbook;
mod ui;

pub(crate) use admin_socket::{PATH as LOCAL_PATH, PROGRESS_PATH};

use crate::directory::Authenticator;
use crate::http::{
    Inbound, InvalidPercentEncoding, ListenerKind, Method, Refusal, Refused, Request, Response, decode_segment,
    decode_segments,
};
use crate::json::{self, Json, Object};
use crate::metrics::{Collector, Exposition};
use anyhow::bail;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use serde_json::json;
use std::borrow::Cow;
use std::sync::OnceLock;

/// Longest body at which nobody looks how much memory its values take, and the most memory for values that is not set
/// aside, in bytes.
const SMALL_BODY_BYTES: usize = 4096;
const SMALL_VALUES_BYTES: usize = 16 * 1024;

/// A dialect: its name, where it is mounted unless told otherwise, and what it does.
#[derive(Clone, Copy)]
pub struct Dialect {
    /// The name on the command line and in the log.
    pub name: &'static str,
    /// The prefix of its paths unless another one is set.
    pub prefix: &'static str,
    /// Answers a request; the segments are those after the prefix.
    handle: fn(&Context, &Request<'_>, &[Cow<'_, str>]) -> Response,
    /// The document of a refusal that came from outside the dialect.
    refuse: fn(status: u16, message: &str) -> Response,
    /// Where in these segments a secret begins, which the log must not hold.
    secret_from: fn(&[Cow<'_, str>]) -> Option<usize>,
    /// What it adds to the description of everything.
    part: openapi::Part,
}

/// Every dialect there is.
pub const DIALECTS: [Dialect; 4] = [
    Dialect {
        name: datadog::NAME,
        prefix: "",
        handle: datadog::handle,
        refuse: datadog::refuse,
        secret_from: |_| None,
        part: datadog::PART,
    },
    Dialect {
        name: nuxeo::NAME,
        prefix: "/nuxeo",
        handle: nuxeo::handle,
        refuse: nuxeo::refuse,
        secret_from: nuxeo::secret_from,
        part: nuxeo::PART,
    },
    Dialect {
        name: rollbook::NAME,
        prefix: "/rollbook",
        handle: rollbook::handle,
        refuse: rollbook::refuse,
        secret_from: |_| None,
        part: rollbook::PART,
    },
    Dialect {
        name: ui::NAME,
        prefix: "/ui",
        handle: ui::handle,
        refuse: ui::refuse,
        secret_from: |_| None,
        part: ui::PART,
    },
];

/// A path, with names in place of what differs between requests, and the methods that it has. `HEAD` comes with `GET`.
#[derive(Debug, PartialEq)]
pub(crate) struct Route {
    pub(crate) path: &'static str,
    pub(crate) methods: &'static [Method],
}

impl Route {
    const fn new(path: &'static str, methods: &'static [Method]) -> Route {
        Route { path, methods }
    }

    /// Whether the path has the request's method.
    fn allows(&self, request: &Request<'_>) -> bool {
        self.methods.contains(&request.method) || (request.is_get() && self.methods.contains(&Method::Get))
    }
}

/// What every dialect works with.
pub struct Context {
    /// The door to the directory.
    pub access: Authenticator,
    /// Pages that were answered, see there.
    pub(crate) pages: response_cache::Kept,
    /// Whether the one documented 5xx for a client's mistake becomes a 4xx.
    pub strict_errors: bool,
    /// What there is to tell those who watch the server.
    pub metrics: Metrics,
    /// Commands that wait for changes.
    followers: admin_socket::Followers,
    /// The dialects that are served, by name, and the path below which each is; empty for the root.
    places: Vec<(&'static str, String)>,
}

/// What there is to tell those who watch the server.
pub struct Metrics {
    /// Those who add to the page.
    pub sources: Vec<Collector>,
    /// Whether everybody may see it at the address for clients.
    pub public: bool,
}

impl Context {
    /// What every dialect works with.
    pub fn new(access: Authenticator, strict_errors: bool, metrics: Metrics) -> Context {
        let (pages, followers) = (response_cache::Kept::default(), admin_socket::Followers::default());
        Context { access, pages, strict_errors, metrics, followers, places: Vec::new() }
    }

    /// The path below which that dialect is; `None` when it is not served.
    fn place_of(&self, dialect: &str) -> Option<&str> {
        self.places.iter().find(|(name, _)| *name == dialect).map(|(_, path)| path.as_str())
    }

    /// Adds what there is to tell to the page.
    fn collect_metrics(&self, exposition: &mut Exposition) {
        self.metrics.sources.iter().for_each(|collect| collect(exposition));
        self.access.collect_metrics(exposition);
        self.pages.collect_metrics(exposition);
    }
}

/// The dialects that are served, and where.
pub struct Dialects {
    context: Context,
    /// The longest prefix first.
    mounts: Vec<Mount>,
    /// What is served here, put together when somebody asks for it first.
    description: OnceLock<openapi::Document>,
}

struct Mount {
    prefix: Vec<String>,
    dialect: Dialect,
}

impl Mount {
    /// The prefix as a path; empty for the root.
    fn path(&self) -> String {
        self.prefix.iter().flat_map(|segment| ["/", segment]).collect()
    }

    /// The segments after the prefix, decoded.
    fn decode<'s>(&self, segments: &[&'s str]) -> Result<Vec<Cow<'s, str>>, InvalidPercentEncoding> {
        decode_segments(&segments[self.prefix.len()..])
    }

    /// Adds what the log says of an answer: the dialect, and a path without the secret that this one may hold.
    fn trace(
        &self,
        raw: &[&str],
        decoded: &Result<Vec<Cow<'_, str>>, InvalidPercentEncoding>,
        response: &mut Response,
    ) {
        response.trace.dialect = self.dialect.name;
        let secret = match decoded {
            Ok(segments) => (self.dialect.secret_from)(segments),
            Err(InvalidPercentEncoding) => {
                // Segment by segment: one that is broken hides none of the others.
                let segments = raw[self.prefix.len()..].iter();
                let segments: Vec<Cow<'_, str>> =
                    segments.map(|segment| decode_segment(segment).unwrap_or(Cow::Borrowed(segment))).collect();
                (self.dialect.secret_from)(&segments)
            }
        };
        if let Some(secret) = secret {
            let shown = &raw[..self.prefix.len() + secret];
            response.trace.path = Some(format!("/{}/-", shown.join("/").escape_debug()));
        }
    }
}

impl Dialects {
    /// Serves these dialects under these prefixes.
    ///
    /// # Errors
    /// When two have the same prefix, and when a prefix is no path.
    pub fn mount(mut context: Context, dialects: &[(Dialect, String)]) -> anyhow::Result<Dialects> {
        let mounts = Dialects::plan(dialects)?;
        context.places = mounts.iter().map(|mount| (mount.dialect.name, mount.path())).collect();
        Ok(Dialects { context, mounts, description: OnceLock::new() })
    }

    /// Whether these dialects can be served under these prefixes.
    ///
    /// # Errors
    /// Those of [`Dialects::mount`].
    pub fn check(dialects: &[(Dialect, String)]) -> anyhow::Result<()> {
        Dialects::plan(dialects).map(drop)
    }

    fn plan(dialects: &[(Dialect, String)]) -> anyhow::Result<Vec<Mount>> {
        let mut mounts: Vec<Mount> = Vec::new();
        for (dialect, prefix) in dialects {
            if let Err(why) = check_prefix(prefix) {
                bail!("the prefix of {} {why}: {prefix}", dialect.name);
            }
            let segments: Vec<String> = segments(prefix).map(str::to_owned).collect();
            if let Some(other) = mounts.iter().find(|mount| mount.prefix == segments) {
                bail!("{} and {} have the same prefix: /{}", other.dialect.name, dialect.name, segments.join("/"));
            }
            mounts.push(Mount { prefix: segments, dialect: *dialect });
        }
        mounts.sort_by_key(|mount| std::cmp::Reverse(mount.prefix.len()));
        Ok(mounts)
    }

    /// Answers whatever the server has.
    pub fn answer(&self, incoming: Inbound<'_>) -> Response {
        match incoming {
            Inbound::Request(request) => self.handle(request),
            Inbound::Refused(refused) => self.refuse(refused),
        }
    }

    fn handle(&self, request: &Request<'_>) -> Response {
        let segments: Vec<&str> = segments(request.path).collect();
        match request.door {
            ListenerKind::Public => self.handle_public(request, &segments),
            ListenerKind::Metrics => {
                health::handle(&self.context, request, &segments).unwrap_or_else(|| health::refuse(404, "Not found"))
            }
            ListenerKind::Local => of_command(admin_socket::handle(&self.context, request)),
        }
    }

    fn handle_public(&self, request: &Request<'_>, segments: &[&str]) -> Response {
        if let Some(response) = health::handle(&self.context, request, segments) {
            return response;
        }
        if let Some(response) = openapi::handle(request, segments, || self.description()) {
            return response;
        }
        if let Some(response) = self.lead_to_page(request, segments) {
            return response;
        }
        let Some(mount) = self.mount_of(segments) else { return not_found() };
        let (dialect, decoded) = (mount.dialect, mount.decode(segments));
        let mut response = match &decoded {
            Ok(segments) => (dialect.handle)(&self.context, request, segments),
            Err(InvalidPercentEncoding) => (dialect.refuse)(400, "The path is not percent-encoded UTF-8"),
        };
        mount.trace(segments, &decoded, &mut response);
        response
    }

    /// The way to the page, for a browser that asks for a place where it finds nothing else: the root, and where other
    /// servers of Nuxeo's kind have their pages. Clients and scripts are never redirected.
    fn lead_to_page(&self, request: &Request<'_>, segments: &[&str]) -> Option<Response> {
        let place = self.context.place_of(ui::NAME)?;
        let is_at = |path: &str| self::segments(path).eq(segments.iter().copied());
        let leads = is_at("") || self.context.place_of(nuxeo::NAME).is_some_and(is_at);
        if !leads || is_at(place) || !request.is_get() || !request.takes("text/html") {
            return None;
        }
        let page = format!("{place}/");
        let mut response = Response::text(303, format!("The page is at {page}\n")).with_header("Location", &page);
        response.trace.dialect = ui::NAME;
        Some(response)
    }

    fn refuse(&self, refused: &Refused<'_>) -> Response {
        match refused.door {
            ListenerKind::Public => self.refuse_public(refused),
            ListenerKind::Metrics => health::refuse(refused.status, refused.message),
            ListenerKind::Local => of_command(admin_socket::refuse(refused)),
        }
    }

    fn refuse_public(&self, refused: &Refused<'_>) -> Response {
        let segments: Vec<&str> = segments(refused.path.unwrap_or_default()).collect();
        if health::knows(&self.context, refused.door, &segments) || openapi::knows(&segments) {
            return health::refuse(refused.status, refused.message);
        }
        let mount = refused.path.and_then(|_| self.mount_of(&segments));
        let Some(mount) = mount else { return datadog::refuse(refused.status, refused.message) };
        let mut response = (mount.dialect.refuse)(refused.status, refused.message);
        mount.trace(&segments, &mount.decode(&segments), &mut response);
        response
    }

    fn description(&self) -> &openapi::Document {
        self.description.get_or_init(|| {
            let mut description = openapi::Description::new();
            for mount in self.mounts.iter().rev() {
                // What is below a longer prefix belongs to another dialect, whatever this one has there.
                let is_served = |path: &str| {
                    let segments: Vec<&str> = segments(path).collect();
                    self.mount_of(&segments).is_some_and(|found| std::ptr::eq(found, mount))
                };
                description.add(&mount.path(), &mount.dialect.part, is_served);
            }
            let is_served = |path: &str| {
                let segments: Vec<&str> = segments(path).collect();
                health::knows(&self.context, ListenerKind::Public, &segments)
            };
            description.add("", &health::PART, is_served);
            description.add("", &openapi::PART, |_| true);
            openapi::Document::of(&description)
        })
    }

    fn mount_of(&self, segments: &[&str]) -> Option<&Mount> {
        self.mounts.iter().find(|mount| {
            segments.len() >= mount.prefix.len() && mount.prefix.iter().zip(segments).all(|(a, b)| a == b)
        })
    }
}

/// Whether a dialect can be mounted under that prefix.
///
/// # Errors
/// Why not, in words that follow its name.
pub fn check_prefix(prefix: &str) -> Result<(), &'static str> {
    if !prefix.is_empty() && !prefix.starts_with('/') {
        return Err("does not begin with a slash");
    }
    if prefix.contains(['?', '#', '%']) || prefix.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("is not a plain path");
    }
    Ok(())
}

/// Whether two prefixes are the same path.
pub fn is_same_prefix(one: &str, other: &str) -> bool {
    segments(one).eq(segments(other))
}

/// The segments of a path; empty ones, which doubled and trailing slashes make, do not count.
fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter(|segment| !segment.is_empty())
}

/// What the log says of orders.
fn of_command(mut response: Response) -> Response {
    response.trace.dialect = "command";
    response
}

/// The answer for a path that belongs to no dialect.
fn not_found() -> Response {
    Response::json(404, &json!({ "errors": ["Not found"] }))
}

/// A body as a JSON object, whatever type it was declared to have. `None` for no body at all.
///
/// # Errors
/// Where the text stops being JSON, or that it is another kind of value; that there is no memory for the values.
fn decode(request: &Request<'_>) -> Result<Option<Object>, BadBody> {
    let body = request.body();
    let values = if body.len() > SMALL_BODY_BYTES { json::memory_of(body) } else { 0 };
    if values > SMALL_VALUES_BYTES {
        request.reserve(values).map_err(BadBody::Refused)?;
    }
    // Some editors and shells put a byte order mark before UTF-8 text.
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.trim_ascii().is_empty() {
        return Ok(None);
    }
    match Json::parse(body) {
        Ok(Json::Object(object)) => Ok(Some(object)),
        Ok(_) => Err(BadBody::NoObject),
        Err(error) => Err(BadBody::NoJson(error.to_string())),
    }
}

/// User and password of Basic credentials (RFC 7617): UTF-8, split at the first colon.
fn basic(credentials: &str) -> Option<(String, String)> {
    let text = String::from_utf8(BASE64_STANDARD.decode(credentials).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Why a body is not a JSON object.
enum BadBody {
    NoJson(String),
    NoObject,
    /// There is no memory for it.
    Refused(Refusal),
}

/// The answer to a request that is refused at the level of HTTP, in the document of a dialect.
fn refused(refuse: fn(u16, &str) -> Response, Refusal(status, message): Refusal) -> Response {
    let response = refuse(status, message);
    if status == 503 { response.with_header("Retry-After", "1") } else { response }
}

/// The value of an `Allow` header.
fn allowed(methods: &[Method]) -> String {
    let mut names: Vec<&str> = Vec::with_capacity(methods.len() + 1);
    for method in methods {
        names.push(method.as_str());
        if *method == Method::Get {
            names.push("HEAD");
        }
    }
    names.join(", ")
}
