//! The evaluation of a filter on a document.

use super::syntax::{Node, Operand, Operator, Place, Test, comparable};
use crate::dialect::scim::instant::Instant;
use crate::dialect::scim::path::AttributePath;
use crate::dialect::scim::schema::{Attribute, ResourceType};
use crate::json::{Json, Object};
use std::cmp::Ordering;

/// The thing that a condition is evaluated on.
#[derive(Clone, Copy)]
pub(super) enum Subject<'d> {
    /// A document in canonical form.
    Resource(&'d Object, &'static ResourceType),
    /// An element of a multi-valued attribute.
    Element(&'d Json),
}

/// True if the condition holds. The recursion is as deep as the tree, which the parser bounds, with one frame of the stack
/// for each level.
pub(super) fn holds(node: &Node, subject: Subject<'_>) -> bool {
    match node {
        Node::And(nodes) => {
            for node in nodes {
                if !holds(node, subject) {
                    return false;
                }
            }
            true
        }
        Node::Or(nodes) => {
            for node in nodes {
                if holds(node, subject) {
                    return true;
                }
            }
            false
        }
        Node::Not(node) => !holds(node, subject),
        Node::Element(path, node) => {
            for element in elements_of(subject, path) {
                if holds(node, Subject::Element(element)) {
                    return true;
                }
            }
            false
        }
        Node::Present(place) => any_value(place, subject, &mut is_present),
        Node::Test(test) => test_holds(test, subject),
    }
}

fn test_holds(test: &Test, subject: Subject<'_>) -> bool {
    let Test { place, operator, operand } = test;
    let attribute = place.attribute();
    match operator {
        Operator::NotEqual => {
            !any_value(place, subject, &mut |value| fulfils(value, attribute, Operator::Equal, operand))
        }
        operator => any_value(place, subject, &mut |value| fulfils(value, attribute, *operator, operand)),
    }
}

fn elements_of<'d>(subject: Subject<'d>, path: &AttributePath) -> &'d [Json] {
    match subject {
        Subject::Resource(document, _) => elements(document, path),
        // A filter in brackets names no other attribute.
        Subject::Element(_) => &[],
    }
}

/// True if the test is true of one of the values at the place.
fn any_value(place: &Place, subject: Subject<'_>, test: &mut dyn FnMut(&Json) -> bool) -> bool {
    match (place, subject) {
        (Place::Sub(sub), Subject::Element(element)) => element.get(sub.name).is_some_and(test),
        (Place::Path(path), Subject::Resource(document, resource_type)) => {
            if path.attribute.name == "schemas" {
                return schemas(document, resource_type).any(|urn| test(&Json::String(urn.to_owned())));
            }
            match path.sub {
                None => elements(document, path).iter().any(test),
                Some(sub) => elements(document, path).iter().filter_map(|element| element.get(sub.name)).any(test),
            }
        }
        (Place::Sub(_), Subject::Resource(..)) | (Place::Path(_), Subject::Element(_)) => false,
    }
}

/// The values of the attribute of a path: the elements of a multi-valued one, the value of another.
fn elements<'d>(document: &'d Object, path: &AttributePath) -> &'d [Json] {
    let value = match path.extension {
        None => document.get(path.attribute.name),
        Some(extension) => document.get(extension.urn).and_then(|object| object.get(path.attribute.name)),
    };
    match value {
        None => &[],
        Some(Json::Array(items)) => items,
        Some(value) => std::slice::from_ref(value),
    }
}

/// The schemas of a document, which has no such key.
fn schemas(document: &Object, resource_type: &'static ResourceType) -> impl Iterator<Item = &'static str> {
    let extensions = resource_type.extensions.iter().map(|extension| extension.urn);
    std::iter::once(resource_type.schema.urn).chain(extensions.filter(|urn| document.contains_key(*urn)))
}

/// True if a value counts as one (RFC 7644, table 3): not null, no empty text, and not empty inside.
fn is_present(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(_) | Json::Number(_) => true,
        Json::String(text) => !text.is_empty(),
        Json::Array(items) => !items.is_empty(),
        Json::Object(members) => !members.is_empty(),
    }
}

fn fulfils(value: &Json, attribute: &Attribute, operator: Operator, operand: &Operand) -> bool {
    match (operand, value) {
        (Operand::Bool(truth), Json::Bool(value)) => operator == Operator::Equal && truth == value,
        (Operand::Instant { instant, .. }, Json::String(value)) => {
            Instant::parse(value).is_some_and(|value| is_ordered(value.cmp(instant), operator))
        }
        (Operand::Text { folded, .. }, Json::String(value)) => {
            if attribute.is_case_exact {
                return text_fulfils(value, operator, folded);
            }
            if operator == Operator::Equal && value.is_ascii() && folded.is_ascii() {
                return value.trim().eq_ignore_ascii_case(folded);
            }
            text_fulfils(&comparable(value, attribute, operator), operator, folded)
        }
        _ => false,
    }
}

fn text_fulfils(value: &str, operator: Operator, operand: &str) -> bool {
    match operator {
        Operator::Contains => value.contains(operand),
        Operator::StartsWith => value.starts_with(operand),
        Operator::EndsWith => value.ends_with(operand),
        operator => is_ordered(value.cmp(operand), operator),
    }
}

fn is_ordered(order: Ordering, operator: Operator) -> bool {
    match operator {
        Operator::Equal => order.is_eq(),
        Operator::Greater => order.is_gt(),
        Operator::GreaterOrEqual => order.is_ge(),
        Operator::Less => order.is_lt(),
        Operator::LessOrEqual => order.is_le(),
        // The parser makes no such test of a time, and `holds` and `text_fulfils` handle the others.
        Operator::NotEqual | Operator::Contains | Operator::StartsWith | Operator::EndsWith => false,
    }
}
