//! The parameters of a list, from a query or from the body of a search request.

use crate::dialect::scim::filter::Filter;
use crate::dialect::scim::problem::{Problem, Result, ScimType, shown};
use crate::dialect::scim::projection::Projection;
use crate::dialect::scim::schema::ResourceType;
use crate::dialect::scim::sort::Sort;
use crate::http;
use crate::json::{Json, Object};

/// The parameters as they were sent.
#[derive(Default)]
pub(super) struct Parameters {
    attributes: Option<Json>,
    excluded: Option<Json>,
    filter: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
    start_index: Option<i64>,
    count: Option<i64>,
    cursor: Option<String>,
}

/// A query on resources of some types.
pub(super) struct Query {
    pub(super) types: Vec<&'static ResourceType>,
    /// One for each type; `None` without a filter.
    pub(super) filters: Option<Vec<Filter>>,
    /// One for each type, `None` for a type that has no such attribute; `None` in the order of names.
    pub(super) sorts: Option<Vec<Option<Sort>>>,
    is_descending: bool,
    pub(super) projections: Vec<Projection>,
    pub(super) count: Option<u64>,
    pub(super) cursor: Option<String>,
    start_index: Option<i64>,
    sort_text: String,
}

impl Parameters {
    /// Reads the parameters of a query. Their names are found in any case.
    pub(super) fn of_query(query: &http::Query<'_>) -> Result<Parameters> {
        let text = |name: &str| query.get_in_any_case(name).map(str::to_owned);
        let json = |name: &str| query.get_in_any_case(name).map(|text| Json::String(text.to_owned()));
        Ok(Parameters {
            attributes: json("attributes"),
            excluded: json("excludedAttributes"),
            filter: text("filter"),
            sort_by: text("sortBy"),
            sort_order: text("sortOrder"),
            start_index: number("startIndex", json("startIndex").as_ref())?,
            count: number("count", json("count").as_ref())?,
            cursor: text("cursor"),
        })
    }

    /// Reads the body of a search request (RFC 7644, 3.4.3).
    pub(super) fn of_body(body: Json) -> Result<Parameters> {
        let Json::Object(members) = body else {
            return Err(Problem::new(ScimType::InvalidSyntax, "the body has to be a JSON object"));
        };
        let text = |name: &str| match member(&members, name) {
            None | Some(Json::Null) => Ok(None),
            Some(Json::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Problem::new(ScimType::InvalidValue, format!("{name} has to be a text"))),
        };
        Ok(Parameters {
            attributes: member(&members, "attributes").cloned(),
            excluded: member(&members, "excludedAttributes").cloned(),
            filter: text("filter")?,
            sort_by: text("sortBy")?,
            sort_order: text("sortOrder")?,
            start_index: number("startIndex", member(&members, "startIndex"))?,
            count: number("count", member(&members, "count"))?,
            cursor: text("cursor")?,
        })
    }

    /// The query on resources of these types.
    pub(super) fn query(&self, types: &[&'static ResourceType]) -> Result<Query> {
        if self.cursor.is_some() && self.start_index.is_some() {
            return Err(Problem::new(ScimType::InvalidValue, "cursor and startIndex exclude each other"));
        }
        let filters = self.filter.as_deref().map(|filter| {
            let of_type = |resource_type: &&'static ResourceType| {
                let others: Vec<&'static ResourceType> =
                    types.iter().copied().filter(|other| other != resource_type).collect();
                Filter::parse_across(filter, resource_type, &others)
            };
            types.iter().map(of_type).collect::<Result<Vec<Filter>>>()
        });
        let sort_by = self.sort_by.as_deref().map(str::trim).filter(|name| !name.is_empty());
        let sorts = sort_by.map(|by| self.sorts(by, types)).transpose()?;
        let is_descending = sorts.iter().flatten().flatten().any(|sort| sort.is_descending);
        let projection = |resource_type: &&'static ResourceType| {
            Projection::of_body(self.attributes.as_ref(), self.excluded.as_ref(), resource_type)
        };
        Ok(Query {
            types: types.to_vec(),
            filters: filters.transpose()?,
            sorts,
            is_descending,
            projections: types.iter().map(projection).collect::<Result<_>>()?,
            count: self.count.map(|count| u64::try_from(count).unwrap_or(0)),
            cursor: self.cursor.clone(),
            start_index: self.start_index,
            sort_text: sort_by.unwrap_or_default().to_owned(),
        })
    }

    fn sorts(&self, by: &str, types: &[&'static ResourceType]) -> Result<Vec<Option<Sort>>> {
        let parsed: Vec<Result<Sort>> =
            types.iter().map(|resource_type| Sort::parse(by, self.sort_order.as_deref(), resource_type)).collect();
        if parsed.iter().all(Result::is_err)
            && let Some(Err(problem)) = parsed.first()
        {
            return Err(problem.clone());
        }
        Ok(parsed.into_iter().map(Result::ok).collect())
    }
}

impl Query {
    /// Entries before the page.
    pub(super) fn offset(&self) -> u64 {
        self.start_index.map_or(0, |index| u64::try_from(index.max(1) - 1).unwrap_or(0))
    }

    /// True without a filter and an order of its own.
    pub(super) fn is_plain(&self) -> bool {
        self.filters.is_none() && self.sorts.is_none()
    }

    /// A text that is the same for queries with the same list.
    pub(super) fn digested(&self) -> String {
        let types: Vec<&str> = self.types.iter().map(|resource_type| resource_type.name).collect();
        let filter = self.filters.as_ref().and_then(|filters| filters.first()).map(Filter::to_string);
        format!("{types:?} {filter:?} {:?} {}", self.sort_text.to_ascii_lowercase(), self.is_descending)
    }
}

/// A member of that name, in any case.
fn member<'m>(members: &'m Object, name: &str) -> Option<&'m Json> {
    members.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
}

/// An integer, also as a text.
fn number(name: &str, value: Option<&Json>) -> Result<Option<i64>> {
    let text = match value {
        None | Some(Json::Null) => return Ok(None),
        Some(Json::Number(number)) => number.to_string(),
        Some(Json::String(text)) => text.trim().to_owned(),
        Some(other) => other.to_string(),
    };
    let digits = text.strip_prefix('-').unwrap_or(&text);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(Problem::new(ScimType::InvalidValue, format!("{name} is not an integer: {}", shown(&text))));
    }
    // Larger numbers mean the same as the largest.
    Ok(Some(text.parse().unwrap_or(if text.starts_with('-') { i64::MIN } else { i64::MAX })))
}
