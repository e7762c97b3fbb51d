//! Every status and text of a refusal.

use crate::dialect::{BadBody, Context, refused};
use crate::directory::MembershipView;
use crate::http::{InvalidPercentEncoding, Method, Refusal, Response};
use crate::model::{DeniedAction, EntityKind, Error};

pub(super) type Result<T> = std::result::Result<T, Problem>;

/// Why a request is not answered with what it asked for.
pub(super) enum Problem {
    Directory(Error),
    /// An error on a membership, where what is missed has other words on each side.
    Membership(MembershipView, Error),
    Unauthenticated {
        /// Whether to ask for Basic credentials.
        challenge: bool,
    },
    /// A page of another origin asks for a change, with nothing but a cookie.
    ForeignPage,
    UnknownPath,
    UnknownMethod(&'static [Method]),
    /// The `id` in the body of an update belongs to no user.
    UnknownId(String),
    Body(BadBody),
    /// The body's `entity-type` is not the expected one.
    EntityType {
        expected: &'static str,
        found: Option<String>,
    },
    /// A property of a shape that it cannot have.
    Property(String),
    /// A mistake of the client in its own words.
    Invalid(String),
    /// Something without an own text that is not there.
    Missing(&'static str),
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        Problem::Directory(error)
    }
}

impl From<BadBody> for Problem {
    fn from(body: BadBody) -> Problem {
        Problem::Body(body)
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Problem {
        Problem::Body(BadBody::Refused(refusal))
    }
}

impl From<InvalidPercentEncoding> for Problem {
    fn from(_: InvalidPercentEncoding) -> Problem {
        Problem::Invalid("The query is not percent-encoded UTF-8".to_owned())
    }
}

/// The answer to a problem. The texts that clients compare are the reference server's.
pub(super) fn answer(problem: Problem, context: &Context) -> Response {
    match problem {
        Problem::Directory(error) => answer_error(error),
        Problem::Membership(MembershipView::User, Error::NotFound(EntityKind::Group, _)) => {
            refuse(404, "Group not found")
        }
        Problem::Membership(MembershipView::Group, Error::NotFound(EntityKind::User, _)) => {
            refuse(404, "User not found")
        }
        Problem::Membership(_, error) => answer_error(error),
        Problem::Unauthenticated { challenge } => {
            let response = refuse(401, "Authentication is required");
            if challenge {
                response.with_header("WWW-Authenticate", "Basic realm=\"Nuxeo Automation\"")
            } else {
                response
            }
        }
        Problem::ForeignPage => refuse(403, "A page of another origin cannot change anything with a cookie"),
        Problem::UnknownPath => refuse(404, "There is nothing at this path"),
        Problem::UnknownMethod(methods) => {
            refuse(405, "The path does not have this method").with_header("Allow", &crate::dialect::allowed(methods))
        }
        // The documented status, though it is the client's mistake: clients that repeat a 500 are told to
        // wait no longer than a second.
        Problem::UnknownId(id) if !context.strict_errors => {
            refuse(500, &format!("user does not exist: {id}")).with_header("Retry-After", "1")
        }
        Problem::UnknownId(id) => refuse(404, &format!("user does not exist: {id}")),
        Problem::Body(BadBody::NoJson(place)) => refuse(400, &format!("The body is not valid JSON: {place}")),
        Problem::Body(BadBody::NoObject) => refuse(400, "The body is not a JSON object"),
        Problem::Body(BadBody::Refused(refusal)) => refused(refuse, refusal),
        Problem::EntityType { expected, found: None } => {
            refuse(400, &format!("Json object entity-type is missing. Expected is {expected}"))
        }
        Problem::EntityType { expected, found: Some(found) } => {
            refuse(400, &format!("Json object entity-type is wrong. Expected is {expected} but was {found}"))
        }
        Problem::Property(name) => refuse(400, &format!("Unable to deserialize property: {name}")),
        Problem::Invalid(why) => refuse(400, &why),
        Problem::Missing(what) => refuse(404, what),
    }
}

fn answer_error(error: Error) -> Response {
    match error {
        Error::Unauthenticated => refuse(401, "Authentication is required"),
        Error::WrongPassword => Response::empty(401),
        Error::TooManyAttempts => refuse(429, "Too Many Requests").with_header("Retry-After", "1"),
        Error::Forbidden(DeniedAction::Create) => refuse(403, "Cannot create artifact"),
        // The same text for users and for groups, as in the reference.
        Error::Forbidden(DeniedAction::Edit) => refuse(403, "User is not allowed to edit users"),
        Error::Forbidden(DeniedAction::Membership) => refuse(403, "Cannot edit user"),
        Error::Forbidden(DeniedAction::Operation) => refuse(403, "Not allowed"),
        Error::NotFound(EntityKind::User, _) => refuse(404, "user does not exist"),
        Error::NotFound(EntityKind::Group, _) => refuse(404, "group does not exist"),
        Error::UnknownGroups(_) => refuse(403, &error.to_string()),
        Error::Exists(EntityKind::User, _) => refuse(409, "User already exists"),
        Error::Exists(EntityKind::Group, _) => refuse(409, "Group already exists"),
        error @ (Error::LastAdministrator
        | Error::Protected(_)
        | Error::InheritedAdministrator(_)
        | Error::AlreadyDisabled) => refuse(409, &error.to_string()),
        Error::CursorExpired(why) => refuse(410, &why),
        Error::PreconditionFailed => refuse(412, "Precondition Failed"),
        error @ Error::TooManyNames(_) => refuse(413, &error.to_string()),
        Error::Invalid(why) => refuse(400, &why),
        Error::Unavailable(why) => {
            log::warn!("answered as unavailable: {why}");
            refuse(503, "Service Unavailable").with_header("Retry-After", "1")
        }
        Error::Internal(cause) => {
            log::error!("{cause:#}");
            refuse(500, "Internal Server Error")
        }
    }
}

/// The document of a refusal.
pub(crate) fn refuse(status: u16, message: &str) -> Response {
    #[derive(serde::Serialize)]
    struct Document<'m> {
        #[serde(rename = "entity-type")]
        entity_type: &'static str,
        status: u16,
        message: &'m str,
    }
    Response::json(status, &Document { entity_type: "exception", status, message })
}
