//! Values of attributes in canonical form, from the many forms that clients send.

use super::path::AttributePath;
use super::problem::{Problem, Result, ScimType};
use super::schema::{Attribute, Kind};
use crate::json::{Json, Object};
use base64::alphabet;
use base64::engine::{DecodePaddingMode, Engine as _, GeneralPurpose, GeneralPurposeConfig};

/// The longest text.
const TEXT_BYTES_MAX: usize = 65_536;

/// The value of the attribute of a path in canonical form: a list if the attribute is multi-valued. `None` clears it.
///
/// # Errors
/// `invalidValue` when the value has another type, or is a list with two primary values.
pub(super) fn coerce(path: &AttributePath, value: Json) -> Result<Option<Json>> {
    if path.last().is_multi_valued {
        let elements = coerce_elements(path, value)?;
        return Ok((!elements.is_empty()).then_some(Json::Array(elements)));
    }
    coerce_one(path, value)
}

/// The elements of a multi-valued attribute. A value that is not a list is one element.
///
/// # Errors
/// As [`coerce`], and when an element lacks its `value`.
pub(super) fn coerce_elements(path: &AttributePath, value: Json) -> Result<Vec<Json>> {
    let items = match value {
        Json::Array(items) => items,
        value => vec![value],
    };
    let mut elements = Vec::with_capacity(items.len());
    for item in items {
        elements.extend(coerce_one(path, item)?);
    }
    elements.iter().try_for_each(|element| check_element(path, element))?;
    if elements.iter().filter(|element| is_primary(element)).count() > 1 {
        return Err(two_primaries(path));
    }
    Ok(elements)
}

/// One value, of a single-valued attribute or of a multi-valued one. `None` for a value that is empty.
///
/// # Errors
/// `invalidValue` when the value has another type.
pub(super) fn coerce_one(path: &AttributePath, value: Json) -> Result<Option<Json>> {
    let attribute = path.last();
    let value = match value {
        // Some clients send a single value as a list.
        Json::Array(mut items) if items.len() <= 1 => items.pop().unwrap_or(Json::Null),
        value => value,
    };
    match (attribute.kind, value) {
        (_, Json::Null) => Ok(None),
        (Kind::Complex, Json::Object(members)) => complex(path, members),
        (Kind::Complex, Json::String(text)) => reference_to(path, text),
        (Kind::Boolean, Json::Bool(truth)) => Ok(Some(Json::Bool(truth))),
        (Kind::Boolean, Json::String(text)) if text.eq_ignore_ascii_case("true") => Ok(Some(Json::Bool(true))),
        (Kind::Boolean, Json::String(text)) if text.eq_ignore_ascii_case("false") => Ok(Some(Json::Bool(false))),
        (Kind::Binary, Json::String(text)) if !is_base64(&text) => {
            Err(invalid(format!("the value of {path} has to be base64")))
        }
        (Kind::String | Kind::Reference | Kind::Binary | Kind::DateTime, Json::String(text)) => {
            if text.len() > TEXT_BYTES_MAX {
                return Err(invalid(format!("the value of {path} is longer than {TEXT_BYTES_MAX} bytes")));
            }
            Ok(Some(Json::String(text)))
        }
        _ => Err(mismatch(path)),
    }
}

/// The sub-attributes of a complex value in any spelling. Unknown and read-only ones are dropped.
fn complex(path: &AttributePath, members: Object) -> Result<Option<Json>> {
    let attribute = path.attribute;
    if path.sub.is_some() {
        return Err(mismatch(path));
    }
    let mut object = Object::new();
    for (_, sub, value) in known(members, |key| sub_attribute(attribute, key)) {
        if sub.is_read_only() {
            continue;
        }
        match coerce_one(&AttributePath { sub: Some(sub), ..*path }, value)? {
            Some(value) => drop(object.insert(sub.name.to_owned(), value)),
            None => drop(object.remove(sub.name)),
        }
    }
    Ok((!object.is_empty()).then_some(Json::Object(object)))
}

/// The members of an object that are attributes, those in the spelling of the schema after others of the same name.
pub(super) fn known(
    members: Object,
    find: impl Fn(&str) -> Option<&'static Attribute>,
) -> Vec<(String, &'static Attribute, Json)> {
    let mut known: Vec<(String, &'static Attribute, Json)> =
        members.into_iter().filter_map(|(key, value)| find(&key).map(|attribute| (key, attribute, value))).collect();
    known.sort_by_key(|(key, attribute, _)| key == attribute.name);
    known
}

/// The sub-attribute of that name. Microsoft's clients write `displayName` for the `display` of a member.
pub(super) fn sub_attribute(attribute: &'static Attribute, name: &str) -> Option<&'static Attribute> {
    attribute
        .sub_attribute(name)
        .or_else(|| if name.eq_ignore_ascii_case("displayName") { attribute.sub_attribute("display") } else { None })
}

/// A complex value of which a client has sent the `value` alone.
fn reference_to(path: &AttributePath, text: String) -> Result<Option<Json>> {
    if text.is_empty() {
        return Ok(None);
    }
    let Some(sub) = path.attribute.value_attribute() else { return Err(mismatch(path)) };
    let value = coerce_one(&AttributePath { sub: Some(sub), ..*path }, Json::String(text))?;
    Ok(value.map(|value| Json::Object([(sub.name.to_owned(), value)].into())))
}

/// Refuses a member of a group without an identifier.
///
/// # Errors
/// `invalidValue`.
pub(super) fn check_element(path: &AttributePath, element: &Json) -> Result<()> {
    if path.attribute.name == "members" && element.get("value").and_then(Json::as_str).is_none_or(str::is_empty) {
        return Err(invalid("each of the members needs a value".to_owned()));
    }
    Ok(())
}

/// True if an element is the preferred one of its list.
pub(super) fn is_primary(element: &Json) -> bool {
    element.get("primary") == Some(&Json::Bool(true))
}

pub(super) fn two_primaries(path: &AttributePath) -> Problem {
    invalid(format!("only one of the {} can be primary", path.attribute))
}

pub(super) fn invalid(detail: String) -> Problem {
    Problem::new(ScimType::InvalidValue, detail)
}

fn mismatch(path: &AttributePath) -> Problem {
    let article = match path.last().kind {
        Kind::Complex => "an object",
        Kind::Boolean => "a boolean",
        Kind::String | Kind::Reference | Kind::Binary | Kind::DateTime => "a string",
    };
    invalid(format!("the value of {path} has to be {article}"))
}

/// True for base64 (RFC 4648, 4 and 5), with or without padding.
fn is_base64(text: &str) -> bool {
    const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true);
    const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, CONFIG);
    const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, CONFIG);
    STANDARD.decode(text).is_ok() || URL_SAFE.decode(text).is_ok()
}
