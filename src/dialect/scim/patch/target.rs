//! Paths of PATCH operations: `members`, `emails[type eq "work"].value`, `urn:…:User:manager` (RFC 7644, 3.5.2).

use crate::dialect::scim::filter::{ElementFilter, quoted_length};
use crate::dialect::scim::path::{AttributePath, Named, PathFault, resolve};
use crate::dialect::scim::problem::{Problem, shown};
use crate::dialect::scim::schema::{Attribute, ResourceType, Schema};

/// The longest path.
const PATH_BYTES_MAX: usize = 8 * 1024;

/// The target of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Target {
    Attribute(AttributePath),
    /// Elements of a multi-valued attribute, or a sub-attribute of them.
    Elements(AttributePath, ElementFilter, Option<&'static Attribute>),
    Extension(&'static Schema),
    /// All attributes of the core schema.
    Core,
}

/// The reason why a path has no target.
pub(super) enum TargetFault {
    Path(PathFault),
    Filter(Problem),
}

impl From<PathFault> for TargetFault {
    fn from(fault: PathFault) -> TargetFault {
        TargetFault::Path(fault)
    }
}

impl From<TargetFault> for Problem {
    fn from(fault: TargetFault) -> Problem {
        match fault {
            TargetFault::Path(fault) => fault.into(),
            TargetFault::Filter(problem) => problem,
        }
    }
}

impl Target {
    /// Finds the target of a path.
    pub(super) fn parse(text: &str, resource_type: &'static ResourceType) -> Result<Target, TargetFault> {
        if text.len() > PATH_BYTES_MAX {
            return Err(malformed(text, "it is too long").into());
        }
        let Some(bracket) = text.find('[') else {
            return Ok(match resolve(text, resource_type)? {
                Named::Attribute(path) => Target::Attribute(path),
                Named::Extension(schema) => Target::Extension(schema),
                Named::Core => Target::Core,
            });
        };
        let Named::Attribute(path) = resolve(&text[..bracket], resource_type)? else {
            return Err(malformed(text, "a schema has no elements").into());
        };
        if path.sub.is_some() || !path.attribute.is_multi_valued || path.attribute.sub_attributes.is_empty() {
            return Err(malformed(text, "the attribute before the bracket is not multi-valued").into());
        }
        let inside = &text[bracket + 1..];
        let Some(end) = closing_bracket(inside) else {
            return Err(malformed(text, "the bracket is not closed").into());
        };
        let sub = match &inside[end + 1..] {
            "" => None,
            rest => Some(sub_attribute(text, path.attribute, rest)?),
        };
        let filter = ElementFilter::parse(&inside[..end], path.attribute).map_err(TargetFault::Filter)?;
        Ok(Target::Elements(path, filter, sub))
    }

    /// True if clients cannot change the target.
    pub(super) fn is_read_only(&self) -> bool {
        match self {
            Target::Attribute(path) => path.attribute.is_read_only() || path.last().is_read_only(),
            Target::Elements(path, _, sub) => {
                path.attribute.is_read_only() || sub.is_some_and(|sub| sub.is_read_only())
            }
            Target::Extension(_) | Target::Core => false,
        }
    }
}

/// The position of the bracket that closes a filter, outside of quotes.
fn closing_bracket(text: &str) -> Option<usize> {
    let mut at = 0;
    loop {
        at += text[at..].find(['"', ']'])?;
        if text[at..].starts_with(']') {
            return Some(at);
        }
        at += quoted_length(&text[at..])?;
    }
}

/// The sub-attribute that follows a closing bracket.
fn sub_attribute(path: &str, attribute: &'static Attribute, rest: &str) -> Result<&'static Attribute, PathFault> {
    let Some(name) = rest.strip_prefix('.') else {
        return Err(malformed(path, "a closing bracket is followed by a dot and a sub-attribute only"));
    };
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'$'));
    if !is_name {
        return Err(malformed(path, "the sub-attribute after the bracket is no name"));
    }
    attribute
        .sub_attribute(name)
        .ok_or_else(|| PathFault::Unknown(format!("the attribute {attribute} has no sub-attribute {}", shown(name))))
}

fn malformed(path: &str, reason: &str) -> PathFault {
    PathFault::Malformed(format!("the path {} is malformed: {reason}", shown(path)))
}
