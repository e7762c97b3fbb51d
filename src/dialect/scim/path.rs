//! Paths of attributes: `name.givenName`, `urn:…:User:userName` (RFC 7644, figure 1).

use super::problem::{Problem, ScimType, shown};
use super::schema::{Attribute, ResourceType, Schema};
use std::fmt;

/// An attribute of a resource, or one of its sub-attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct AttributePath {
    /// The extension that has the attribute. `None` for the core schema and for attributes that all resources have.
    pub(super) extension: Option<&'static Schema>,
    pub(super) attribute: &'static Attribute,
    pub(super) sub: Option<&'static Attribute>,
}

impl AttributePath {
    /// The sub-attribute, or the attribute if the path ends with it.
    pub(super) fn last(&self) -> &'static Attribute {
        self.sub.unwrap_or(self.attribute)
    }
}

/// The shortest path that is understood: an extension's attribute has the URN.
impl fmt::Display for AttributePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(extension) = self.extension {
            write!(f, "{}:", extension.urn)?;
        }
        f.write_str(self.attribute.name)?;
        self.sub.map_or(Ok(()), |sub| write!(f, ".{}", sub.name))
    }
}

/// The thing that a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Attribute(AttributePath),
    /// The URN of an extension: all its attributes.
    Extension(&'static Schema),
    /// The URN of the core schema.
    Core,
}

/// The reason why a path names nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum PathFault {
    /// The text is no path.
    Malformed(String),
    /// No schema has such an attribute.
    Unknown(String),
}

impl PathFault {
    /// The sentence for the client.
    pub(super) fn detail(self) -> String {
        match self {
            PathFault::Malformed(detail) | PathFault::Unknown(detail) => detail,
        }
    }
}

impl From<PathFault> for Problem {
    fn from(fault: PathFault) -> Problem {
        Problem::new(ScimType::InvalidPath, fault.detail())
    }
}

/// Finds the thing that a path names. Names and URNs are found in any ASCII case. The URN ends with a colon or, as Microsoft
/// writes it, with a dot.
///
/// # Errors
/// When the path is malformed or names nothing of the resource type.
pub(super) fn resolve(text: &str, resource_type: &'static ResourceType) -> Result<Named, PathFault> {
    let schemas = std::iter::once(&resource_type.schema).chain(resource_type.extensions);
    let Some((schema, rest)) = schemas.copied().find_map(|schema| Some((schema, after_urn(text, schema.urn)?))) else {
        if text.contains(':') {
            check_characters(text)?;
            return Err(PathFault::Unknown(format!(
                "the path {} names no schema of {}",
                shown(text),
                resource_type.name
            )));
        }
        return attribute(text, text, None, resource_type).map(Named::Attribute);
    };
    let extension = (schema != resource_type.schema).then_some(schema);
    match (rest, extension) {
        ("", None) => Ok(Named::Core),
        ("", Some(extension)) => Ok(Named::Extension(extension)),
        (rest, extension) => attribute(text, &rest[1..], extension, resource_type).map(Named::Attribute),
    }
}

/// Finds the attribute that a path names.
///
/// # Errors
/// When the path is malformed, names nothing of the resource type, or is the URN of a schema.
pub(super) fn resolve_attribute(text: &str, resource_type: &'static ResourceType) -> Result<AttributePath, PathFault> {
    match resolve(text, resource_type)? {
        Named::Attribute(path) => Ok(path),
        Named::Extension(_) | Named::Core => {
            Err(PathFault::Unknown(format!("the path {} names a schema and no attribute", shown(text))))
        }
    }
}

/// The rest of a path that begins with that URN: empty, or with its separator.
fn after_urn<'t>(text: &'t str, urn: &str) -> Option<&'t str> {
    let (start, rest) = text.split_at_checked(urn.len())?;
    (start.eq_ignore_ascii_case(urn) && (rest.is_empty() || rest.starts_with([':', '.']))).then_some(rest)
}

/// Resolves the part of the path `whole` after the URN.
fn attribute(
    whole: &str,
    names: &str,
    extension: Option<&'static Schema>,
    resource_type: &'static ResourceType,
) -> Result<AttributePath, PathFault> {
    let (name, sub_name) = match names.split_once('.') {
        Some((name, sub_name)) => (name, Some(sub_name)),
        None => (names, None),
    };
    for part in std::iter::once(name).chain(sub_name) {
        check_name(whole, part)?;
    }
    let attribute = match extension {
        Some(schema) => schema.attribute(name),
        None => resource_type.attribute(name),
    };
    let Some(attribute) = attribute else {
        let schema = extension.map_or(resource_type.name, |schema| schema.name);
        return Err(PathFault::Unknown(format!("{schema} has no attribute {}", shown(name))));
    };
    let sub = match sub_name {
        None => None,
        Some(sub_name) => Some(attribute.sub_attribute(sub_name).ok_or_else(|| {
            PathFault::Unknown(format!("the attribute {} has no sub-attribute {}", attribute.name, shown(sub_name)))
        })?),
    };
    Ok(AttributePath { extension, attribute, sub })
}

/// Refuses a part of a path that is no name: a letter or `$`, then letters, digits, `-` and `_`.
fn check_name(path: &str, name: &str) -> Result<(), PathFault> {
    let mut bytes = name.bytes();
    let is_name = match bytes.next() {
        Some(first) => {
            (first.is_ascii_alphabetic() || first == b'$')
                && bytes.all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
        }
        None => false,
    };
    if is_name {
        return Ok(());
    }
    let reason = match name {
        "" => "a name is empty".to_owned(),
        name if name.contains('.') => "it has more than two names".to_owned(),
        name => format!("{} is no name of an attribute", shown(name)),
    };
    Err(PathFault::Malformed(format!("the path {} is malformed: {reason}", shown(path))))
}

/// Refuses characters that no URN and no name has.
fn check_characters(path: &str) -> Result<(), PathFault> {
    match path.chars().find(|c| !c.is_ascii_graphic() || "\"[]()<>\\^`{|}".contains(*c)) {
        Some(c) => Err(PathFault::Malformed(format!(
            "the path {} is malformed: it contains the character U+{:04X}",
            shown(path),
            u32::from(c)
        ))),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
