//! The order of lists (RFC 7644, 3.4.2.3).

use super::coercion::is_primary;
use super::instant::Instant;
use super::path::{AttributePath, resolve_attribute};
use super::problem::{Problem, Result, ScimType, shown};
use super::schema::{Attribute, Kind, ResourceType, Returned};
use crate::json::{Json, Object};
use crate::model::fold_name;
use std::cmp::Ordering;

/// Bytes of a text that a key keeps. Longer texts that begin with the same are in the order of a list's tie-break.
const KEY_BYTES_MAX: usize = 256;

/// An order of resources.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Sort {
    pub(super) path: AttributePath,
    pub(super) is_descending: bool,
}

/// The value by which a resource is sorted. A missing value comes after all others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum SortKey {
    Bool(bool),
    Instant(Instant),
    Text(String),
    Missing,
}

impl Sort {
    /// Reads the parameters `sortBy` and `sortOrder`.
    ///
    /// # Errors
    /// `invalidPath` for an unknown attribute, and for a complex one without a `value`; `invalidValue` for another order than
    /// `ascending` and `descending`.
    pub(super) fn parse(by: &str, order: Option<&str>, resource_type: &'static ResourceType) -> Result<Sort> {
        let mut path = resolve_attribute(by.trim(), resource_type)?;
        if path.last().kind == Kind::Complex {
            path.sub = path.attribute.value_attribute();
        }
        let has_order = path.last().kind != Kind::Complex
            && path.attribute.returned != Returned::Never
            && path.attribute.name != "schemas";
        if !has_order {
            let detail = format!("resources cannot be sorted by {}", path.attribute);
            return Err(Problem::new(ScimType::InvalidPath, detail));
        }
        let is_descending = match order.map(str::trim) {
            None | Some("") => false,
            Some(order) if order.eq_ignore_ascii_case("ascending") => false,
            Some(order) if order.eq_ignore_ascii_case("descending") => true,
            Some(order) => {
                let detail = format!("the sortOrder {} is not ascending or descending", shown(order));
                return Err(Problem::new(ScimType::InvalidValue, detail));
            }
        };
        Ok(Sort { path, is_descending })
    }

    /// The key of a document in canonical form: that of the primary element of a list, else of the first.
    pub(super) fn key(&self, document: &Object) -> SortKey {
        let attribute = match self.path.extension {
            Some(extension) => document.get(extension.urn).and_then(|object| object.get(self.path.attribute.name)),
            None => document.get(self.path.attribute.name),
        };
        let whole = match attribute {
            Some(Json::Array(items)) => items.iter().find(|item| is_primary(item)).or(items.first()),
            other => other,
        };
        let value = match self.path.sub {
            Some(sub) => whole.and_then(|whole| whole.get(sub.name)),
            None => whole,
        };
        value.map_or(SortKey::Missing, |value| SortKey::of(value, self.path.last()))
    }

    /// Compares two keys in this order. Missing values are last when it ascends, and first when it descends.
    pub(super) fn compare(&self, one: &SortKey, other: &SortKey) -> Ordering {
        if self.is_descending { other.cmp(one) } else { one.cmp(other) }
    }
}

impl SortKey {
    /// The key of a value of that attribute.
    pub(super) fn of(value: &Json, attribute: &Attribute) -> SortKey {
        match value {
            Json::Bool(truth) => SortKey::Bool(*truth),
            Json::String(text) if attribute.kind == Kind::DateTime => {
                Instant::parse(text).map_or(SortKey::Missing, SortKey::Instant)
            }
            Json::String(text) => SortKey::of_text(text, attribute),
            _ => SortKey::Missing,
        }
    }

    /// The key of a text of that attribute.
    pub(super) fn of_text(text: &str, attribute: &Attribute) -> SortKey {
        let mut text = if attribute.is_case_exact { text.to_owned() } else { fold_name(text) };
        if text.len() > KEY_BYTES_MAX {
            text.truncate(text.floor_char_boundary(KEY_BYTES_MAX));
        }
        SortKey::Text(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::scim::schema::USER;

    fn document(text: &str) -> Object {
        match Json::parse(text.as_bytes()) {
            Ok(Json::Object(document)) => document,
            _ => panic!("{text} is an object"),
        }
    }

    fn sorted(by: &str, order: &str, documents: &[&str]) -> Vec<usize> {
        let sort = Sort::parse(by, Some(order), &USER).unwrap();
        let keys: Vec<SortKey> = documents.iter().map(|text| sort.key(&document(text))).collect();
        let mut order: Vec<usize> = (0..keys.len()).collect();
        order.sort_by(|one, other| sort.compare(&keys[*one], &keys[*other]));
        order
    }

    #[test]
    fn texts_are_sorted_by_their_case_rule_and_missing_values_last() {
        let names = [
            r#"{"displayName":"b"}"#,
            r#"{"displayName":"C"}"#,
            "{}",
            r#"{"displayName":"ä"}"#,
            r#"{"displayName":"A"}"#,
        ];
        assert_eq!(sorted("DISPLAYNAME", "ascending", &names), [4, 0, 1, 3, 2]);
        assert_eq!(sorted("displayName", "Descending", &names), [2, 3, 1, 0, 4]);
        let ids = [r#"{"externalId":"b"}"#, r#"{"externalId":"C"}"#, r#"{"externalId":"A"}"#];
        assert_eq!(sorted("externalId", "", &ids), [2, 1, 0]);
    }

    #[test]
    fn the_primary_element_or_the_first_decides() {
        let emails = [
            r#"{"emails":[{"value":"a"},{"value":"z","primary":true}]}"#,
            r#"{"emails":[{"value":"m"},{"value":"b"}]}"#,
            r#"{"emails":[{"type":"work"}]}"#,
        ];
        assert_eq!(sorted("emails", "ascending", &emails), [1, 0, 2]);
        assert_eq!(sorted("emails.value", "ascending", &emails), [1, 0, 2]);
        assert_eq!(sorted("emails.type", "ascending", &emails), [2, 0, 1]);
    }

    #[test]
    fn times_booleans_and_extensions_have_an_order() {
        let times = [
            r#"{"meta":{"created":"2020-01-01T00:00:00.000Z"}}"#,
            r#"{"meta":{"created":"2019-01-01T00:00:00.000Z"}}"#,
        ];
        assert_eq!(sorted("meta.created", "ascending", &times), [1, 0]);
        assert_eq!(sorted("active", "ascending", &[r#"{"active":true}"#, r#"{"active":false}"#]), [1, 0]);
        let urn = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
        let numbers = [
            format!("{{\"{urn}\":{{\"employeeNumber\":\"2\"}}}}"),
            format!("{{\"{urn}\":{{\"employeeNumber\":\"1\"}}}}"),
        ];
        let numbers: Vec<&str> = numbers.iter().map(String::as_str).collect();
        assert_eq!(sorted(&format!("{urn}:employeeNumber"), "ascending", &numbers), [1, 0]);
    }

    #[test]
    fn a_key_is_small() {
        let sort = Sort::parse("title", None, &USER).unwrap();
        let text = format!("{{\"title\":\"a{}\"}}", "ä".repeat(10_000));
        assert!(matches!(sort.key(&document(&text)), SortKey::Text(text) if text.len() == 255));
    }

    #[test]
    fn other_attributes_and_orders_are_refused() {
        for by in ["", "x", "name", "meta", "addresses", "password", "schemas", "a.b.c", "emails.x", "urn:x:userName"] {
            let problem = Sort::parse(by, None, &USER).unwrap_err();
            assert_eq!(problem.scim_type, Some(ScimType::InvalidPath), "{by}");
        }
        let problem = Sort::parse("userName", Some("up"), &USER).unwrap_err();
        assert_eq!(problem.scim_type, Some(ScimType::InvalidValue));
    }
}
