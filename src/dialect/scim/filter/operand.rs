//! The values that tests compare with, by the types of attributes.

use super::syntax::{Node, Operand, Operator, Place, Test};
use crate::dialect::scim::instant::Instant;
use crate::dialect::scim::problem::{Problem, Result, ScimType, shown};
use crate::dialect::scim::schema::{Attribute, Kind};
use crate::json::Json;

/// A value as a filter writes it.
pub(super) enum Literal<'t> {
    Quoted(String),
    /// A JSON literal, or a text whose quotes the client has left out.
    Word(&'t str),
}

impl Literal<'_> {
    fn as_str(&self) -> &str {
        match self {
            Literal::Quoted(text) => text,
            Literal::Word(word) => word,
        }
    }

    fn is_null(&self) -> bool {
        matches!(self, Literal::Word(word) if word.eq_ignore_ascii_case("null"))
    }

    /// True for a boolean or a number of JSON.
    fn is_other_json(&self) -> bool {
        matches!(self, Literal::Word(word)
            if matches!(Json::parse(word.as_bytes()), Ok(Json::Bool(_) | Json::Number(_))))
    }
}

/// The node of a comparison. `eq null` is true for a missing value.
///
/// # Errors
/// `invalidFilter` when values of the attribute cannot be compared so.
pub(super) fn comparison(place: Place, operator: Operator, literal: Literal<'_>) -> Result<Node> {
    if literal.is_null() {
        return match operator {
            Operator::Equal => Ok(Node::Not(Box::new(Node::Present(place)))),
            Operator::NotEqual => Ok(Node::Present(place)),
            _ => Err(invalid(format!("{place} cannot be compared with null by {operator}"))),
        };
    }
    let operand = operand(place.attribute(), operator, literal)?;
    Ok(Node::Test(Test { place, operator, operand }))
}

fn operand(attribute: &'static Attribute, operator: Operator, literal: Literal<'_>) -> Result<Operand> {
    let has_no_order = matches!(attribute.kind, Kind::Boolean | Kind::Binary) && operator.is_ordering();
    let has_no_parts = attribute.kind == Kind::Boolean && operator.is_of_parts();
    if has_no_order || has_no_parts {
        let kind = attribute.kind.name();
        return Err(invalid(format!("the operator {operator} cannot compare {attribute}, which is a {kind}")));
    }
    let mismatch = |literal: &Literal<'_>| {
        let (value, kind) = (shown(literal.as_str()), attribute.kind.name());
        invalid(format!("{attribute} is a {kind} and cannot be compared with {value}"))
    };
    match attribute.kind {
        Kind::Complex => Err(invalid(format!("{attribute} is complex: the filter has to name a sub-attribute"))),
        Kind::Boolean => boolean(literal.as_str()).map(Operand::Bool).ok_or_else(|| mismatch(&literal)),
        Kind::DateTime if !operator.is_of_parts() => match Instant::parse(literal.as_str()) {
            Some(instant) => Ok(Operand::Instant { text: literal.as_str().to_owned(), instant }),
            None => Err(mismatch(&literal)),
        },
        Kind::String | Kind::Reference | Kind::Binary | Kind::DateTime => {
            if literal.is_other_json() {
                return Err(mismatch(&literal));
            }
            if matches!(literal, Literal::Word(word) if word.starts_with('\'')) {
                return Err(invalid(format!("the value {} needs double quotes", shown(literal.as_str()))));
            }
            Ok(Operand::text(literal.as_str().to_owned(), attribute, operator))
        }
    }
}

/// A boolean, which some clients write in quotes and in another case.
fn boolean(text: &str) -> Option<bool> {
    match text {
        text if text.eq_ignore_ascii_case("true") => Some(true),
        text if text.eq_ignore_ascii_case("false") => Some(false),
        _ => None,
    }
}

pub(super) fn invalid(detail: String) -> Problem {
    Problem::new(ScimType::InvalidFilter, detail)
}
