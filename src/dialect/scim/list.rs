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
use matches::Matches;
use parameters::Parameters;
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
    let count = query.count.unwrap_or(ENTRIES_MAX).min(ENTRIES_MAX);
    // Only cursors need it.
    let digest = query.cursor.as_ref().map(|_| query_digest(&query.digested())).unwrap_or_default();
    let start = match &query.cursor {
        None => None,
        Some(text) if text.is_empty() => Some(None),
        Some(text) => Some(Some(opened(text, &digest, query.count)?)),
    };
    let mut first = None;
    let page = if query.is_plain() {
        match start {
            None => plain_page(directory, types, query.offset(), count)?,
            Some(position) => plain_page_after(directory, types, position, count)?,
        }
    } else {
        let offset = match start {
            None => query.offset(),
            Some(None) => 0,
            Some(Some(Position::Offset(offset))) => offset,
            Some(Some(Position::Key(..))) => {
                return Err(Problem::new(ScimType::InvalidCursor, "the cursor is not one of this list").into());
            }
        };
        let found = Matches { directory, locations: Locations::of(call, auth::NAME), query: &query }
            .collect(call.context.scim.filter_rows_max)?;
        first = found.first;
        page_of(found.entries, offset, count)
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

/// The position in a cursor of the client.
fn opened(text: &str, digest: &str, count: Option<u64>) -> Result<Position> {
    let cursor = Cursor::open(text, digest)?;
    if count.is_some_and(|count| count.min(ENTRIES_MAX) != cursor.count) {
        let detail = format!("the count has to stay the same while a cursor is used: {}", cursor.count);
        return Err(Problem::new(ScimType::InvalidCount, detail).into());
    }
    Ok(cursor.position)
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
        Some(Position::Offset(_)) => {
            return Err(Problem::new(ScimType::InvalidCursor, "the cursor is not one of this list").into());
        }
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

/// A page of collected entries.
fn page_of(found: Vec<Entry>, offset: u64, count: u64) -> Page {
    let total = found.len() as u64;
    let index = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let entries: Vec<Entry> = found.into_iter().skip(index(offset)).take(index(count)).collect();
    let end = offset.saturating_add(entries.len() as u64);
    let next = (count > 0 && end < total).then_some(Position::Offset(end));
    Page { entries, total, next }
}
