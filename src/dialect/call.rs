//! One request on its way through a dialect.

use super::context::Context;
use super::route::{PathParameters, RouteMatch, RouteTable};
use crate::directory::Directory;
use crate::http::{Refusal, Request, RequestLogFields};
use crate::model::Caller;
use std::borrow::Cow;

/// A request, its context, its path, and fields for the log. Handlers get it together with the directory of the caller.
pub(super) struct Call<'c> {
    pub(super) context: &'c Context,
    pub(super) request: &'c Request<'c>,
    /// The path after the prefix of the dialect, split and then decoded, so that `%2F` stays inside a segment.
    pub(super) segments: &'c [Cow<'c, str>],
    pub(super) log: RequestLogFields,
    parameters: PathParameters<'c>,
}

impl<'c> Call<'c> {
    pub(super) fn new(context: &'c Context, request: &'c Request<'c>, segments: &'c [Cow<'c, str>]) -> Call<'c> {
        Call { context, request, segments, log: RequestLogFields::default(), parameters: PathParameters::default() }
    }

    /// The row of the table for this request; `None` for an unknown path. The call takes the label and the parameters of
    /// the row.
    pub(super) fn match_route<H>(&mut self, table: &RouteTable<H>) -> Option<RouteMatch<H>> {
        let (found, parameters) = table.find(&self.request.method, self.segments)?;
        self.log.route = found.path;
        self.parameters = parameters;
        Some(found)
    }

    /// A parameter of the path.
    pub(super) fn parameter(&self, name: &str) -> &str {
        self.parameters.get(name)
    }

    /// Opens the directory for an authenticated caller and reads the body of the request.
    ///
    /// # Errors
    /// When the body cannot be read to its end.
    pub(super) fn open_directory(&mut self, caller: Caller, dialect: &'static str) -> Result<Directory, Refusal> {
        self.log.caller = Some(caller.name.clone());
        self.request.admit(&caller.name)?;
        Ok(self.context.authenticator.directory(caller, dialect))
    }
}
