//! Options of a request: parts to fetch, enrichers, a search. Each can come in the query or in a header, in several
//! spellings.

use super::error::{Problem, Result};
use crate::directory::{ListSelection, SearchQuery};
use crate::http::Request;
use std::borrow::Cow;

/// The values of an option for an entity. `fetch` for `group` is `fetch-group` or `fetch.group`, with or without `X-NX`
/// before it, in any case, in the query and in headers, repeated or separated by commas.
fn values(request: &Request<'_>, option: &str, entity: &str) -> Result<Vec<String>> {
    let named = |name: &str| {
        let bare = name.get(..4).filter(|start| start.eq_ignore_ascii_case("X-NX")).map_or(name, |_| &name[4..]);
        let rest = bare.get(..option.len()).filter(|start| start.eq_ignore_ascii_case(option));
        let rest = rest.and_then(|_| bare[option.len()..].strip_prefix(['-', '.']));
        rest.is_some_and(|rest| rest.eq_ignore_ascii_case(entity))
    };
    let mut texts: Vec<Cow<'_, str>> = Vec::new();
    for header in request.headers.iter().filter(|header| named(header.name)) {
        texts.extend(std::str::from_utf8(header.value).ok().map(Cow::Borrowed));
    }
    if !request.query.is_empty() {
        texts.extend(request.parameters()?.into_values(named));
    }
    Ok(texts.iter().flat_map(|text| text.split(',')).map(|value| value.trim().to_owned()).collect())
}

/// A text of all that an answer depends on besides the state of the directory.
pub(super) fn cache_key(request: &Request<'_>, hides_administrators: bool) -> Result<String> {
    let (lists, profile) = (lists(request)?, wants_profile(request)?);
    let flags = [lists.member_users, lists.member_groups, lists.parent_groups, profile, hides_administrators];
    let [users, groups, parents, profile, hides] = flags.map(u8::from);
    Ok(format!("{users}{groups}{parents}{profile}{hides} {}?{}", request.path, request.query))
}

/// The lists of a group that the client wants.
pub(super) fn lists(request: &Request<'_>) -> Result<ListSelection> {
    let mut lists = ListSelection::default();
    for value in values(request, "fetch", "group")? {
        match value.as_str() {
            "memberUsers" => lists.member_users = true,
            "memberGroups" => lists.member_groups = true,
            "parentGroups" => lists.parent_groups = true,
            _ => {}
        }
    }
    Ok(lists)
}

/// Returns whether users come with their profile.
pub(super) fn wants_profile(request: &Request<'_>) -> Result<bool> {
    Ok(values(request, "enrichers", "user")?.iter().any(|value| value == "userprofile"))
}

/// The first parameter of that name, in any case.
pub(super) fn parameter<'r>(request: &Request<'r>, wanted: &str) -> Result<Option<Cow<'r, str>>> {
    if request.query.is_empty() {
        return Ok(None);
    }
    Ok(request.parameters()?.into_values(|name| name.eq_ignore_ascii_case(wanted)).next())
}

/// The search of a request: `*` finds everything, an empty text nothing, and any other text the names that begin with it.
pub(super) fn query(request: &Request<'_>) -> Result<SearchQuery> {
    let text = parameter(request, "q")?.unwrap_or_default();
    Ok(match text.trim() {
        "" => SearchQuery::Nothing,
        "*" => SearchQuery::Everything,
        prefix => SearchQuery::Prefix(prefix.to_owned()),
    })
}

/// The prefix of the names in a list of members; empty for all names.
pub(super) fn prefix(request: &Request<'_>) -> Result<String> {
    let text = parameter(request, "q")?.unwrap_or_default();
    Ok(if text.trim() == "*" { String::new() } else { text.trim().to_owned() })
}

/// A number in the query.
pub(super) fn number(request: &Request<'_>, name: &str) -> Result<Option<i64>> {
    match parameter(request, name)?.as_deref().map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| Problem::Invalid(format!("{name} is not a number: {text}"))),
    }
}
