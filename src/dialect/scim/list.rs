//! Lists and searches (RFC 7644, 3.4.2; RFC 9865): filters, order, and both ways of paging.

mod entry;
mod matches;
mod parameters;
mod text;

use super::auth;
use super::cursor::{Cursor, Position, query_digest};
use super::failure::Result;
use super::location::Locations;
use super::problem::{Problem, ScimType};
use super::request::body;
use super::schema::{GROUP, ResourceType, USER};
use crate::dialect::call::Call;
use crate::directory::Directory;
use crate::http::Response;
use crate::model::{Filter, Window};
use entry::Entry;
use matches::{Found, Matches};
use parameters::{Parameters, Query};
use text::ListText;

/// Entries of a page, unless the request has a smaller number.
pub(super) const ENTRIES_MAX: u64 = 1000;
/// The schema of a list.
pub(super) const LIST_SCHEMA: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/// The types of resources of a list over all of them, in their order.
const ALL: [&ResourceType; 2] = [&USER, &GROUP];

/// `GET /Users`
pub(super) fn users(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    respond(call, directory, &[&USER], &Parameters::of_query(&call.request.parameters()?)?)
}

/// `GET /Groups`
pub(super) fn groups(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    respond(call, directory, &[&GROUP], &Parameters::of_query(&call.request.parameters()?)?)
}

/// `GET /`: users, and then groups.
pub(super) fn all(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    respond(call, directory, &ALL, &Parameters::of_query(&call.request.parameters()?)?)
}

/// `POST /Users/.search`
pub(super) fn search_users(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    respond(call, directory, &[&USER], &Parameters::of_body(body(call.request)?)?)
}

/// `POST /Groups/.search`
pub(super) fn search_groups(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    respond(call, directory, &[&GROUP], &Parameters::of_body(body(call.request)?)?)
}

/// `POST /.search`
pub(super) fn search_all(call: &mut Call<'_>, directory: &Directory) -> Result<Response> {
    respond(call, directory, &ALL, &Parameters::of_body(body(call.request)?)?)
}

/// A page of a list.
struct Page {
    entries: Vec<Entry>,
    /// Number of entries of the whole list.
    total: u64,
    next: Option<Position>,
}

fn respond(
    call: &Call<'_>,
    directory: &Directory,
    types: &[&'static ResourceType],
    parameters: &Parameters,
) -> Result<Response> {
    let query = parameters.query(types)?;
    // Only cursors need it.
    let digest = query.cursor.as_ref().map(|_| query_digest(&query.digested())).unwrap_or_default();
    let cursor = match query.cursor.as_deref() {
        None | Some("") => None,
        Some(text) => Some(opened(text, &digest, query.count)?),
    };
    let known_count = cursor.as_ref().map(|cursor| cursor.count);
    let count = query.count.or(known_count).unwrap_or(ENTRIES_MAX).min(ENTRIES_MAX);
    let position = cursor.map(|cursor| cursor.position);
    let mut first = None;
    let page = match (query.is_plain(), query.cursor.is_some()) {
        (true, false) => plain_page(directory, types, query.offset(), count)?,
        (true, true) => plain_page_after(directory, types, position, count)?,
        (false, _) => {
            let matches = Matches { directory, locations: Locations::of(call, auth::NAME), query: &query };
            let collected = matches.collect(call.context.scim.filter_rows_max)?;
            first = collected.first;
            page_of(collected.found, &query, position, count)?
        }
    };
    let next = page.next.filter(|_| query.cursor.is_some());
    let next = next.and_then(|position| Cursor { query: digest, count, position }.seal());
    let mut start = format!(
        "{{\"schemas\":[\"{LIST_SCHEMA}\"],\"totalResults\":{},\"itemsPerPage\":{}",
        page.total,
        page.entries.len()
    );
    match (&query.cursor, next) {
        (None, _) => start.push_str(&format!(",\"startIndex\":{}", query.offset() + 1)),
        (Some(_), Some(next)) => start.push_str(&format!(",\"nextCursor\":\"{next}\"")),
        (Some(_), None) => {}
    }
    start.push_str(",\"Resources\":[");
    ListText::new(directory, Locations::of(call, auth::NAME), query.types, query.projections, page.entries)
        .with_user(first)
        .respond(start)
}

/// A cursor of the client.
fn opened(text: &str, digest: &str, count: Option<u64>) -> Result<Cursor> {
    let cursor = Cursor::open(text, digest)?;
    if count.is_some_and(|count| count.min(ENTRIES_MAX) != cursor.count) {
        let detail = format!("the count has to stay the same while a cursor is used: {}", cursor.count);
        return Err(Problem::new(ScimType::InvalidCount, detail).into());
    }
    Ok(cursor)
}

/// A page of a list without a filter in the order of names.
fn plain_page(directory: &Directory, types: &[&'static ResourceType], offset: u64, count: u64) -> Result<Page> {
    let (mut entries, mut total) = (Vec::new(), 0);
    for (index, resource_type) in types.iter().enumerate() {
        let window = Window { offset: offset.saturating_sub(total), limit: count.saturating_sub(entries.len() as u64) };
        let found = window_of(directory, resource_type, window)?;
        entries.extend(found.entries.into_iter().map(|id| (index, id)));
        total += found.total;
    }
    Ok(Page { entries, total, next: None })
}

fn window_of(
    directory: &Directory,
    resource_type: &ResourceType,
    window: Window,
) -> crate::model::Result<crate::model::Page<i64>> {
    if *resource_type == USER {
        directory.scim_user_page(Filter::everything(), window)
    } else {
        directory.scim_group_page(window)
    }
}

/// The page after a position.
fn plain_page_after(
    directory: &Directory,
    types: &[&'static ResourceType],
    position: Option<Position>,
    count: u64,
) -> Result<Page> {
    let (first, mut after) = match position {
        None => (0, String::new()),
        Some(Position::Key(index, key)) => (index, key),
        Some(Position::Offset(_)) => return Err(foreign_cursor().into()),
    };
    let (mut entries, mut next, mut total) = (Vec::new(), None, 0);
    for (index, resource_type) in types.iter().enumerate() {
        total += window_of(directory, resource_type, Window { offset: 0, limit: 0 })?.total;
        if index < first || next.is_some() {
            continue;
        }
        let left = count.saturating_sub(entries.len() as u64);
        // One more tells whether there is a next page.
        let mut found = keys_after(directory, resource_type, &after, left.saturating_add(1))?;
        if found.len() as u64 > left {
            found.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            let last = found.last().map_or_else(|| after.clone(), |(_, key)| key.clone());
            next = Some(Position::Key(index, last));
        }
        entries.extend(found.into_iter().map(|(id, _)| (index, id)));
        after.clear();
    }
    Ok(Page { entries, total, next: next.filter(|_| count > 0) })
}

/// Row ids and keys of the resources after that key.
fn keys_after(
    directory: &Directory,
    resource_type: &ResourceType,
    after: &str,
    limit: u64,
) -> crate::model::Result<Vec<(i64, String)>> {
    Ok(if *resource_type == USER {
        directory.scim_user_keys_after(after, limit)?
    } else {
        directory.scim_group_keys_after(after, limit)?
    })
}

/// A page of collected entries. In the order of names, the next page begins after a name: resources that are created or
/// deleted meanwhile move nothing from one page to another.
fn page_of(found: Vec<Found>, query: &Query, position: Option<Position>, count: u64) -> Result<Page> {
    let index = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let is_sorted = query.sorts.is_some();
    let start = match position {
        None => index(query.offset()),
        Some(Position::Offset(offset)) if is_sorted => index(offset),
        Some(Position::Key(resource_type, name)) if !is_sorted => {
            found.partition_point(|found| (found.entry.0, found.name.as_str()) <= (resource_type, name.as_str()))
        }
        Some(_) => return Err(foreign_cursor().into()),
    };
    let total = found.len() as u64;
    let page: Vec<Found> = found.into_iter().skip(start).take(index(count)).collect();
    let end = (start as u64).saturating_add(page.len() as u64);
    let next = page.last().filter(|_| end < total).map(|last| match is_sorted {
        true => Position::Offset(end),
        false => Position::Key(last.entry.0, last.name.clone()),
    });
    Ok(Page { entries: page.into_iter().map(|found| found.entry).collect(), total, next })
}

fn foreign_cursor() -> Problem {
    Problem::new(ScimType::InvalidCursor, "the cursor is not one of this list")
}
