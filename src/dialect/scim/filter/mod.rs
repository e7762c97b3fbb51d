//! Filters (RFC 7644, 3.4.2.2): parsing, evaluation, and the conditions that an index can answer.

mod evaluation;
mod operand;
mod parser;
mod plan;
mod syntax;
mod token;

use super::path::AttributePath;
use super::problem::Result;
use super::schema::{Attribute, ResourceType};
use crate::json::{Json, Object};
use evaluation::{Subject, holds};
use parser::{Names, parse};
use std::fmt;
use syntax::{Node, Operand, Operator, Place, Test};

pub(super) use plan::Indexed;
pub(super) use token::quoted_length;

/// A condition on resources of one type. Its text ([`fmt::Display`]) is the same for all spellings of the condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Filter {
    resource_type: &'static ResourceType,
    node: Node,
}

impl Filter {
    /// Parses a filter.
    ///
    /// # Errors
    /// `invalidFilter` when it is malformed, longer than 8 KiB, deeper than 128 levels, names an unknown attribute or compares
    /// an attribute with a value of another type; `sensitive` when it compares the password.
    #[cfg(test)]
    pub(super) fn parse(text: &str, resource_type: &'static ResourceType) -> Result<Filter> {
        Filter::parse_across(text, resource_type, &[])
    }

    /// Parses a filter on resources of several types, for those of one of them. Attributes that only others of the types
    /// have are missing.
    ///
    /// # Errors
    /// As [`parse`](Filter::parse); an attribute is unknown if no type has it.
    pub(super) fn parse_across(
        text: &str,
        resource_type: &'static ResourceType,
        others: &[&'static ResourceType],
    ) -> Result<Filter> {
        let types: Vec<&'static ResourceType> = std::iter::once(resource_type).chain(others.iter().copied()).collect();
        Ok(Filter { resource_type, node: parse(text, Names::Resource(&types))? })
    }

    /// True if a document fulfils the condition. The document is in canonical form, with all that a response would show.
    pub(super) fn matches(&self, document: &Object) -> bool {
        holds(&self.node, Subject::Resource(document, self.resource_type))
    }

    /// Conditions that each matching resource fulfils and that an index can answer. Without any, the filter needs all rows.
    pub(super) fn indexed(&self) -> Vec<Indexed> {
        plan::indexed(&self.node)
    }

    /// True if the condition reads the attribute of that name, such as `groups` or `members`.
    pub(super) fn reads(&self, attribute: &str) -> bool {
        reads(&self.node, attribute)
    }
}

impl Filter {
    /// The values of the elements of that attribute, `members` or `groups`, that the condition can read: other elements need
    /// not be in the document. `None` if it can read all.
    pub(super) fn values_read(&self, attribute: &str) -> Option<Vec<String>> {
        let mut values = Vec::new();
        add_values_read(&self.node, attribute, &mut values).then_some(values)
    }
}

impl fmt::Display for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}

fn reads(node: &Node, attribute: &str) -> bool {
    let is_of = |path: &AttributePath| path.attribute.name == attribute;
    match node {
        Node::And(nodes) | Node::Or(nodes) => {
            for node in nodes {
                if reads(node, attribute) {
                    return true;
                }
            }
            false
        }
        Node::Not(node) => reads(node, attribute),
        Node::Present(Place::Path(path)) | Node::Test(Test { place: Place::Path(path), .. }) => is_of(path),
        Node::Element(path, _) => is_of(path),
        Node::Present(Place::Sub(_)) | Node::Test(_) => false,
    }
}

/// Adds the values of the attribute that a condition compares. False if it compares in another way.
fn add_values_read(node: &Node, attribute: &str, values: &mut Vec<String>) -> bool {
    match node {
        Node::And(nodes) | Node::Or(nodes) => {
            for node in nodes {
                if !add_values_read(node, attribute, values) {
                    return false;
                }
            }
            true
        }
        Node::Not(node) => add_values_read(node, attribute, values),
        Node::Element(path, node) if path.attribute.name == attribute => match possible_values(node) {
            Some(possible) => {
                values.extend(possible);
                true
            }
            None => false,
        },
        Node::Test(Test {
            place: Place::Path(path),
            operator: Operator::Equal | Operator::NotEqual,
            operand: Operand::Text { text, .. },
        }) if path.attribute.name == attribute && path.sub.is_some_and(|sub| sub.name == "value") => {
            values.push(text.clone());
            true
        }
        node => !reads(node, attribute),
    }
}

/// A condition on elements of a multi-valued attribute: the part in brackets of a PATCH path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ElementFilter {
    node: Node,
}

impl ElementFilter {
    /// Parses a filter on sub-attributes.
    ///
    /// # Errors
    /// `invalidFilter`, as for a [`Filter`].
    pub(super) fn parse(text: &str, attribute: &'static Attribute) -> Result<ElementFilter> {
        Ok(ElementFilter { node: parse(text, Names::Element(attribute))? })
    }

    /// True if an element fulfils the condition.
    pub(super) fn matches(&self, element: &Json) -> bool {
        holds(&self.node, Subject::Element(element))
    }

    /// The number of tests in the condition.
    pub(super) fn tests(&self) -> usize {
        tests(&self.node)
    }

    /// The values that an element has that fulfils the condition, if it is a conjunction of `eq` alone.
    pub(super) fn equalities(&self) -> Option<Vec<(&'static Attribute, Json)>> {
        let tests = match &self.node {
            Node::And(nodes) => nodes.as_slice(),
            node => std::slice::from_ref(node),
        };
        let equality = |node: &Node| match node {
            Node::Test(Test { place: Place::Sub(sub), operator: Operator::Equal, operand }) => {
                let value = match operand {
                    Operand::Text { text, .. } | Operand::Instant { text, .. } => Json::String(text.clone()),
                    Operand::Bool(truth) => Json::Bool(*truth),
                };
                Some((*sub, value))
            }
            _ => None,
        };
        tests.iter().map(equality).collect()
    }

    /// The values of the sub-attribute `value`, if the condition is a disjunction of `value eq` alone.
    pub(super) fn exact_values(&self) -> Option<Vec<String>> {
        let tests = match &self.node {
            Node::Or(nodes) => nodes.as_slice(),
            node => std::slice::from_ref(node),
        };
        tests.iter().map(|node| value_of(node).map(str::to_owned)).collect()
    }

    /// The values of the sub-attribute `value` that elements can have that fulfil the condition. `None` if each can.
    pub(super) fn possible_values(&self) -> Option<Vec<String>> {
        possible_values(&self.node)
    }
}

impl fmt::Display for ElementFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.node.fmt(f)
    }
}

fn tests(node: &Node) -> usize {
    match node {
        Node::And(nodes) | Node::Or(nodes) => nodes.iter().map(tests).sum(),
        Node::Not(node) | Node::Element(_, node) => tests(node),
        Node::Present(_) | Node::Test(_) => 1,
    }
}

/// The text of a test `value eq`.
fn value_of(node: &Node) -> Option<&str> {
    match node {
        Node::Test(Test { place: Place::Sub(sub), operator: Operator::Equal, operand: Operand::Text { text, .. } })
            if sub.name == "value" =>
        {
            Some(text)
        }
        _ => None,
    }
}

fn possible_values(node: &Node) -> Option<Vec<String>> {
    match node {
        Node::And(nodes) => nodes.iter().find_map(possible_values),
        Node::Or(nodes) => nodes.iter().map(possible_values).collect::<Option<Vec<_>>>().map(|values| values.concat()),
        node => value_of(node).map(|text| vec![text.to_owned()]),
    }
}

#[cfg(test)]
mod tests;
