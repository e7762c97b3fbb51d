//! The conditions of a filter that an index can answer.

use super::syntax::{Node, Operand, Operator, Place, Test};
use crate::dialect::scim::path::AttributePath;

/// A condition that each resource fulfils that the filter matches. Texts are as the filter writes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::dialect::scim) enum Indexed {
    Id(String),
    UserName(String),
    ExternalId(String),
    /// One of the e-mail addresses is this one, in any case.
    Email(String),
    DisplayName(String),
    /// The resource with this id is in the group.
    Member(String),
    /// The user is in the group with this id, directly or not.
    Group(String),
    GivenName(String),
    FamilyName(String),
    Active(bool),
    /// The last change was not before this time, in milliseconds since 1970-01-01 UTC.
    LastModifiedFrom(i64),
    /// Each of these is contained in one of the texts that a search by words reads, e-mail addresses excluded: `userName`,
    /// `displayName`, `name.givenName`, `name.familyName`, `title`, `organization`, `externalId`.
    Words(Vec<String>),
    /// One of the e-mail addresses contains each of these, not only the one that other dialects show.
    EmailWords(Vec<String>),
    /// One of these conjunctions holds. None of them is empty.
    AnyOf(Vec<Vec<Indexed>>),
}

/// The conditions of a node. Without any, the filter needs all rows.
pub(super) fn indexed(node: &Node) -> Vec<Indexed> {
    match node {
        Node::And(nodes) => {
            let mut conditions = Vec::new();
            for node in nodes {
                conditions.append(&mut indexed(node));
            }
            conjunction(conditions)
        }
        Node::Or(nodes) => {
            let mut branches = Vec::with_capacity(nodes.len());
            for node in nodes {
                branches.push(indexed(node));
            }
            any_of(branches)
        }
        Node::Not(_) | Node::Present(_) => Vec::new(),
        Node::Test(test) => of_test(test),
        Node::Element(path, node) => of_element(path, node),
    }
}

/// A branch without a condition needs all rows.
fn any_of(branches: Vec<Vec<Indexed>>) -> Vec<Indexed> {
    if branches.iter().any(Vec::is_empty) { Vec::new() } else { vec![Indexed::AnyOf(branches)] }
}

/// Joins the words of several conditions into one.
fn conjunction(conditions: Vec<Indexed>) -> Vec<Indexed> {
    let (mut words, mut email_words, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for condition in conditions {
        match condition {
            Indexed::Words(texts) => words.extend(texts),
            // Two conditions can hold for two addresses.
            Indexed::EmailWords(texts) => email_words.push(Indexed::EmailWords(texts)),
            other => others.push(other),
        }
    }
    others.append(&mut email_words);
    if !words.is_empty() {
        others.push(Indexed::Words(words));
    }
    others
}

fn of_test(test: &Test) -> Vec<Indexed> {
    match test.place {
        Place::Path(path) => of_path(&path, test.operator, &test.operand),
        // Only in brackets.
        Place::Sub(_) => Vec::new(),
    }
}

/// The conditions of `emails[…]`, `members[…]` and `groups[…]`, as if a path had a filter of its own.
fn of_element(path: &AttributePath, node: &Node) -> Vec<Indexed> {
    match node {
        Node::And(nodes) => {
            let mut conditions = Vec::new();
            for node in nodes {
                conditions.append(&mut of_element(path, node));
            }
            conditions
        }
        Node::Or(nodes) => {
            let mut branches = Vec::with_capacity(nodes.len());
            for node in nodes {
                branches.push(of_element(path, node));
            }
            any_of(branches)
        }
        Node::Test(Test { place: Place::Sub(sub), operator, operand }) => {
            of_path(&AttributePath { sub: Some(sub), ..*path }, *operator, operand)
        }
        Node::Not(_) | Node::Present(_) | Node::Test(_) | Node::Element(..) => Vec::new(),
    }
}

fn of_path(path: &AttributePath, operator: Operator, operand: &Operand) -> Vec<Indexed> {
    let name = (path.attribute.name, path.sub.map(|sub| sub.name));
    match operand {
        Operand::Bool(truth) if name == ("active", None) && operator == Operator::Equal => {
            vec![Indexed::Active(*truth)]
        }
        Operand::Instant { instant, .. } if name == ("meta", Some("lastModified")) => match operator {
            Operator::Equal | Operator::Greater | Operator::GreaterOrEqual => {
                vec![Indexed::LastModifiedFrom(instant.milliseconds())]
            }
            _ => Vec::new(),
        },
        Operand::Text { text, .. } => {
            let mut conditions = Vec::new();
            if operator == Operator::Equal {
                conditions.extend(equal(name, text.clone()));
            }
            if operator == Operator::Equal || operator.is_of_parts() {
                conditions.extend(contains(name, text));
            }
            conditions
        }
        Operand::Bool(_) | Operand::Instant { .. } => Vec::new(),
    }
}

fn equal(name: (&str, Option<&str>), text: String) -> Option<Indexed> {
    Some(match name {
        ("id", None) => Indexed::Id(text),
        ("userName", None) => Indexed::UserName(text),
        ("externalId", None) => Indexed::ExternalId(text),
        ("displayName", None) => Indexed::DisplayName(text),
        ("emails", Some("value")) => Indexed::Email(text),
        ("members", Some("value")) => Indexed::Member(text),
        ("groups", Some("value")) => Indexed::Group(text),
        ("name", Some("givenName")) => Indexed::GivenName(text),
        ("name", Some("familyName")) => Indexed::FamilyName(text),
        _ => return None,
    })
}

fn contains(name: (&str, Option<&str>), text: &str) -> Option<Indexed> {
    if text.trim().is_empty() {
        return None;
    }
    match name {
        ("emails", Some("value")) => Some(Indexed::EmailWords(vec![text.to_owned()])),
        ("userName" | "displayName" | "title" | "organization" | "externalId", None)
        | ("name", Some("givenName" | "familyName")) => Some(Indexed::Words(vec![text.to_owned()])),
        _ => None,
    }
}
