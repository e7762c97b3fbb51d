//! The statuses and texts of errors.

use crate::dialect::context::Context;
use crate::dialect::plain::{self, log_cause};
use crate::dialect::problem::CommonProblem;
use crate::dialect::request_body::InvalidBody;
use crate::directory::MembershipView;
use crate::http::Response;
use crate::model::{DeniedAction, EntityKind, Error};

pub(super) type Result<T> = std::result::Result<T, Problem>;

/// The reason for an error response.
pub(super) enum Problem {
    Common(CommonProblem),
    /// An error of a membership. Its text depends on the resource in the path.
    Membership(MembershipView, Error),
    Unauthenticated {
        /// Asks for Basic credentials.
        challenge: bool,
    },
    /// A page of another origin calls for a change and has nothing but a cookie.
    ForeignOrigin,
    UnknownPath,
    /// The `id` in the body of an update belongs to no user.
    UnknownId(String),
    Body(InvalidBody),
    /// The body's `entity-type` is not the expected one.
    EntityType {
        expected: &'static str,
        found: Option<String>,
    },
    /// A property has a JSON type that it cannot have.
    Property(String),
    /// An error of the client. Holds the whole text.
    Invalid(String),
    /// A resource without a text in the contract is missing. Holds the whole text.
    Missing(&'static str),
}

impl<P: Into<CommonProblem>> From<P> for Problem {
    fn from(problem: P) -> Problem {
        Problem::Common(problem.into())
    }
}

impl From<InvalidBody> for Problem {
    fn from(body: InvalidBody) -> Problem {
        Problem::Body(body)
    }
}

impl Problem {
    /// The error response. The texts that clients compare are the reference server's.
    pub(super) fn into_response(self, context: &Context) -> Response {
        match self {
            Problem::Common(problem) => common_response(problem),
            Problem::Membership(MembershipView::User, Error::NotFound(EntityKind::Group, _)) => {
                error_document(404, "Group not found")
            }
            Problem::Membership(MembershipView::Group, Error::NotFound(EntityKind::User, _)) => {
                error_document(404, "User not found")
            }
            Problem::Membership(_, error) => error_response(&error),
            Problem::Unauthenticated { challenge } => {
                let response = error_document(401, "Authentication is required");
                if challenge {
                    response.with_header("WWW-Authenticate", "Basic realm=\"Nuxeo Automation\"")
                } else {
                    response
                }
            }
            Problem::ForeignOrigin => {
                error_document(403, "A page of another origin cannot change anything with a cookie")
            }
            Problem::UnknownPath => error_document(404, "There is nothing at this path"),
            // The documented status, though it is the client's mistake: clients that repeat a 500 are told to
            // wait no longer than a second.
            Problem::UnknownId(id) if !context.strict_errors => {
                error_document(500, &format!("user does not exist: {id}")).with_header("Retry-After", "1")
            }
            Problem::UnknownId(id) => error_document(404, &format!("user does not exist: {id}")),
            Problem::Body(InvalidBody::NotJson(place)) => {
                error_document(400, &format!("The body is not valid JSON: {place}"))
            }
            Problem::Body(InvalidBody::NotAnObject) => error_document(400, "The body is not a JSON object"),
            Problem::Body(InvalidBody::Refused(refusal)) => plain::refusal(error_document, refusal),
            Problem::EntityType { expected, found: None } => {
                error_document(400, &format!("Json object entity-type is missing. Expected is {expected}"))
            }
            Problem::EntityType { expected, found: Some(found) } => error_document(
                400,
                &format!("Json object entity-type is wrong. Expected is {expected} but was {found}"),
            ),
            Problem::Property(name) => error_document(400, &format!("Unable to deserialize property: {name}")),
            Problem::Invalid(why) => error_document(400, &why),
            Problem::Missing(what) => error_document(404, what),
        }
    }
}

fn common_response(problem: CommonProblem) -> Response {
    match problem {
        CommonProblem::Directory(error) => error_response(&error),
        CommonProblem::UnknownMethod(unknown) => {
            plain::method_not_allowed(error_document(405, "The path does not have this method"), &unknown)
        }
        CommonProblem::InvalidQuery => error_document(400, "The query is not percent-encoded UTF-8"),
        CommonProblem::Refused(refusal) => plain::refusal(error_document, refusal),
    }
}

fn error_response(error: &Error) -> Response {
    match error {
        Error::Unauthenticated => error_document(401, "Authentication is required"),
        Error::WrongPassword => Response::empty(401),
        Error::TooManyAttempts => error_document(429, "Too Many Requests").with_header("Retry-After", "1"),
        Error::Forbidden(DeniedAction::Create) => error_document(403, "Cannot create artifact"),
        // The same text for users and for groups, as in the reference.
        Error::Forbidden(DeniedAction::Edit) => error_document(403, "User is not allowed to edit users"),
        Error::Forbidden(DeniedAction::Membership) => error_document(403, "Cannot edit user"),
        Error::Forbidden(DeniedAction::Operation) => error_document(403, "Not allowed"),
        Error::NotFound(EntityKind::User, _) => error_document(404, "user does not exist"),
        Error::NotFound(EntityKind::Group, _) => error_document(404, "group does not exist"),
        Error::UnknownGroups(_) => error_document(403, &error.to_string()),
        Error::Exists(EntityKind::User, _) => error_document(409, "User already exists"),
        Error::Exists(EntityKind::Group, _) => error_document(409, "Group already exists"),
        Error::LastAdministrator | Error::Protected(_) | Error::InheritedAdministrator(_) | Error::AlreadyDisabled => {
            error_document(409, &error.to_string())
        }
        Error::CursorExpired(why) => error_document(410, why),
        Error::PreconditionFailed => error_document(412, "Precondition Failed"),
        Error::TooManyNames(_) => error_document(413, &error.to_string()),
        Error::UsernameRequired => error_document(400, "User MUST have a name"),
        Error::PasswordRequired => error_document(400, "User MUST have a password"),
        Error::OtherUser { .. } => error_document(400, &error.to_string()),
        Error::Invalid(why) => error_document(400, why),
        Error::Unavailable(_) => {
            log_cause(error);
            error_document(503, "Service Unavailable").with_header("Retry-After", "1")
        }
        Error::Internal(_) => {
            log_cause(error);
            error_document(500, "Internal Server Error")
        }
    }
}

/// The document of an error.
pub(super) fn error_document(status: u16, message: &str) -> Response {
    #[derive(serde::Serialize)]
    struct Document<'m> {
        #[serde(rename = "entity-type")]
        entity_type: &'static str,
        status: u16,
        message: &'m str,
    }
    Response::json(status, &Document { entity_type: "exception", status, message })
}
