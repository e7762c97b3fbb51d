//! The tree of a filter, and its text.

use crate::dialect::scim::instant::Instant;
use crate::dialect::scim::path::AttributePath;
use crate::dialect::scim::schema::Attribute;
use crate::json;
use crate::model::{fold_name, fold_text};
use std::fmt;

/// A condition on a resource or on an element of a multi-valued attribute.
///
/// Lists have at least two items and no item of their own kind, and the depth is that of the parentheses in the text, so
/// that recursion over a tree is bounded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Node {
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    Present(Place),
    Test(Test),
    /// One element of the attribute fulfils the condition: `emails[type eq "work"]`.
    Element(AttributePath, Box<Node>),
}

/// The place of the values that a test reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// In a resource.
    Path(AttributePath),
    /// In an element of a multi-valued attribute.
    Sub(&'static Attribute),
}

impl Place {
    pub(super) fn attribute(&self) -> &'static Attribute {
        match self {
            Place::Path(path) => path.last(),
            Place::Sub(sub) => sub,
        }
    }
}

/// A comparison of values with an operand. [`Operator::NotEqual`] holds if no value is equal; each other one if one value
/// fulfils it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Test {
    pub(super) place: Place,
    pub(super) operator: Operator,
    pub(super) operand: Operand,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    Contains,
    StartsWith,
    EndsWith,
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Operator {
    const ALL: [(Operator, &'static str); 9] = [
        (Operator::Equal, "eq"),
        (Operator::NotEqual, "ne"),
        (Operator::Contains, "co"),
        (Operator::StartsWith, "sw"),
        (Operator::EndsWith, "ew"),
        (Operator::Greater, "gt"),
        (Operator::GreaterOrEqual, "ge"),
        (Operator::Less, "lt"),
        (Operator::LessOrEqual, "le"),
    ];

    /// The operator of that name, in any ASCII case.
    pub(super) fn of(name: &str) -> Option<Operator> {
        Operator::ALL.iter().find(|(_, known)| known.eq_ignore_ascii_case(name)).map(|(operator, _)| *operator)
    }

    /// True for those that compare the order.
    pub(super) fn is_ordering(self) -> bool {
        matches!(self, Operator::Greater | Operator::GreaterOrEqual | Operator::Less | Operator::LessOrEqual)
    }

    /// True for those that compare a part of a text.
    pub(super) fn is_of_parts(self) -> bool {
        matches!(self, Operator::Contains | Operator::StartsWith | Operator::EndsWith)
    }
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = Operator::ALL.iter().find(|(operator, _)| operator == self).map_or("", |(_, name)| name);
        f.write_str(name)
    }
}

/// The value that a test compares with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Operand {
    Text {
        text: String,
        /// The form in which it is compared, see [`comparable`].
        folded: String,
    },
    Bool(bool),
    Instant {
        text: String,
        instant: Instant,
    },
}

impl Operand {
    /// A text that is compared with values of that attribute.
    pub(super) fn text(text: String, attribute: &Attribute, operator: Operator) -> Operand {
        let folded = comparable(&text, attribute, operator);
        Operand::Text { text, folded }
    }
}

/// The form in which a text is compared.
///
/// Where case does not count, whole texts are compared by the key under which the directory finds logins and names of
/// groups, so that `userName eq` finds the same user as an index. A part of a text keeps its surrounding spaces.
pub(super) fn comparable(text: &str, attribute: &Attribute, operator: Operator) -> String {
    if attribute.is_case_exact {
        text.to_owned()
    } else if operator.is_of_parts() {
        fold_text(text)
    } else {
        fold_name(text)
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Path(path) => path.fmt(f),
            Place::Sub(sub) => sub.fmt(f),
        }
    }
}

impl fmt::Display for Operand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operand::Text { text, .. } | Operand::Instant { text, .. } => f.write_str(&json::to_string(text)),
            Operand::Bool(truth) => truth.fmt(f),
        }
    }
}

impl fmt::Display for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_node(self, f)
    }
}

/// One frame of the stack for each level: a format string would need several.
fn write_node(node: &Node, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let (nodes, word) = match node {
        Node::And(nodes) => (nodes, " and "),
        Node::Or(nodes) => (nodes, " or "),
        Node::Not(node) => {
            f.write_str("not (")?;
            write_node(node, f)?;
            return f.write_str(")");
        }
        Node::Element(path, node) => {
            write_leaf(f, format_args!("{path}["))?;
            write_node(node, f)?;
            return f.write_str("]");
        }
        Node::Present(place) => return write_leaf(f, format_args!("{place} pr")),
        Node::Test(Test { place, operator, operand }) => {
            return write_leaf(f, format_args!("{place} {operator} {operand}"));
        }
    };
    for (index, node) in nodes.iter().enumerate() {
        if index > 0 {
            f.write_str(word)?;
        }
        // A disjunction is in a conjunction only in parentheses.
        let (open, close) = if matches!(node, Node::Or(_)) { ("(", ")") } else { ("", "") };
        f.write_str(open)?;
        write_node(node, f)?;
        f.write_str(close)?;
    }
    Ok(())
}

fn write_leaf(f: &mut fmt::Formatter<'_>, text: fmt::Arguments<'_>) -> fmt::Result {
    f.write_fmt(text)
}
