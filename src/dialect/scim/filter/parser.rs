//! The parser of filters. It has a stack of its own, so that its depth is bounded by [`DEPTH_MAX`] alone.

use super::operand::{Literal, comparison, invalid};
use super::syntax::{Node, Operator, Place, Test};
use super::token::{Token, TokenKind, tokens};
use crate::dialect::scim::path::{AttributePath, resolve_attribute};
use crate::dialect::scim::problem::{Problem, Result, ScimType, shown};
use crate::dialect::scim::schema::{Attribute, Kind, ResourceType, Returned};
use std::iter::Peekable;
use std::vec::IntoIter;

/// The longest filter.
const FILTER_BYTES_MAX: usize = 8 * 1024;
/// The deepest nesting of parentheses and brackets.
pub(super) const DEPTH_MAX: usize = 128;

/// The names that a filter can use.
#[derive(Clone, Copy)]
pub(super) enum Names<'n> {
    /// Attributes of the first of these resource types that has the attribute.
    Resource(&'n [&'static ResourceType]),
    /// Sub-attributes of an attribute.
    Element(&'static Attribute),
}

/// Parses a filter.
///
/// # Errors
/// `invalidFilter`, and `sensitive` when the filter compares a password.
pub(super) fn parse(text: &str, names: Names<'_>) -> Result<Node> {
    if text.len() > FILTER_BYTES_MAX {
        return Err(invalid(format!("the filter is longer than {FILTER_BYTES_MAX} bytes")));
    }
    let tokens = tokens(text)?.into_iter().peekable();
    let mut parser =
        Parser { tokens, length: text.len(), names, element: None, open: vec![Open::new(Enclosure::Whole)] };
    loop {
        parser.operand()?;
        if let Some(node) = parser.after_operand()? {
            return Ok(node);
        }
    }
}

struct Parser<'t, 'n> {
    tokens: Peekable<IntoIter<Token<'t>>>,
    length: usize,
    names: Names<'n>,
    /// The attribute whose brackets are open.
    element: Option<&'static Attribute>,
    /// The whole filter, and the parentheses and brackets that are open.
    open: Vec<Open>,
}

/// An incomplete list of conditions.
struct Open {
    kind: Enclosure,
    /// The complete alternatives.
    or: Vec<Node>,
    /// The conditions of the last alternative.
    and: Vec<Node>,
}

enum Enclosure {
    Whole,
    Parentheses { is_negated: bool },
    Brackets(AttributePath),
}

impl Open {
    fn new(kind: Enclosure) -> Open {
        Open { kind, or: Vec::new(), and: Vec::new() }
    }

    fn end_alternative(&mut self) {
        let and = std::mem::take(&mut self.and);
        self.or.push(all_of(and));
    }

    fn into_node(mut self) -> Node {
        self.end_alternative();
        one_of(self.or)
    }
}

/// The conjunction of conditions, without conjunctions in it.
fn all_of(nodes: Vec<Node>) -> Node {
    let mut all = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node {
            Node::And(inner) => all.extend(inner),
            node => all.push(node),
        }
    }
    if all.len() == 1 { all.remove(0) } else { Node::And(all) }
}

/// The disjunction of conditions, without disjunctions in it.
fn one_of(nodes: Vec<Node>) -> Node {
    let mut all = Vec::with_capacity(nodes.len());
    for node in nodes {
        match node {
            Node::Or(inner) => all.extend(inner),
            node => all.push(node),
        }
    }
    if all.len() == 1 { all.remove(0) } else { Node::Or(all) }
}

impl<'t> Parser<'t, '_> {
    /// Reads up to the end of one condition without parentheses or brackets, which stay open.
    fn operand(&mut self) -> Result<()> {
        loop {
            let Some(token) = self.tokens.next() else { return Err(self.unexpected_end("a condition")) };
            match token.kind {
                TokenKind::Open => self.push(Enclosure::Parentheses { is_negated: false })?,
                TokenKind::Word(word) if word.eq_ignore_ascii_case("not") && self.next_is_open() => {
                    self.tokens.next();
                    self.push(Enclosure::Parentheses { is_negated: true })?;
                }
                TokenKind::Word(word) => {
                    let place = self.place(word)?;
                    if matches!(self.tokens.peek(), Some(Token { kind: TokenKind::OpenBracket, .. })) {
                        self.tokens.next();
                        self.open_brackets(place)?;
                    } else {
                        let node = self.test(place)?;
                        return self.add(node);
                    }
                }
                kind => return Err(unexpected(&Token { at: token.at, kind }, "a condition")),
            }
        }
    }

    /// Reads `and`, `or` and closing parentheses and brackets. Returns the tree at the end of the filter.
    fn after_operand(&mut self) -> Result<Option<Node>> {
        loop {
            let Some(token) = self.tokens.next() else {
                return match self.open.pop() {
                    Some(whole) if self.open.is_empty() => Ok(Some(whole.into_node())),
                    _ => Err(self.unexpected_end("a closing parenthesis or bracket")),
                };
            };
            match token.kind {
                TokenKind::Word(word) if word.eq_ignore_ascii_case("and") => return Ok(None),
                TokenKind::Word(word) if word.eq_ignore_ascii_case("or") => {
                    self.open.last_mut().map(Open::end_alternative);
                    return Ok(None);
                }
                TokenKind::Close | TokenKind::CloseBracket => self.close(&token)?,
                kind => return Err(unexpected(&Token { at: token.at, kind }, "and, or, or the end")),
            }
        }
    }

    /// Closes the innermost parentheses or brackets.
    fn close(&mut self, token: &Token<'_>) -> Result<()> {
        let is_bracket = matches!(token.kind, TokenKind::CloseBracket);
        let innermost = match self.open.last().map(|open| &open.kind) {
            Some(Enclosure::Parentheses { .. }) if !is_bracket => self.open.pop(),
            Some(Enclosure::Brackets(_)) if is_bracket => self.open.pop(),
            _ => None,
        };
        let Some(open) = innermost else { return Err(unexpected(token, "and, or, or the end")) };
        let node = match open.kind {
            Enclosure::Parentheses { is_negated: true } => Node::Not(Box::new(open.into_node())),
            Enclosure::Brackets(path) => {
                self.element = None;
                self.after_brackets(path, open.into_node())?
            }
            Enclosure::Parentheses { is_negated: false } | Enclosure::Whole => open.into_node(),
        };
        self.add(node)
    }

    /// Reads the sub-attribute after brackets, which Microsoft's clients write: `emails[type eq "work"].value eq "x"` is
    /// `emails[type eq "work" and value eq "x"]`.
    fn after_brackets(&mut self, path: AttributePath, filter: Node) -> Result<Node> {
        let name = match self.tokens.peek() {
            Some(Token { kind: TokenKind::Word(word), .. }) => word.strip_prefix('.'),
            _ => None,
        };
        let Some(name) = name else { return Ok(Node::Element(path, Box::new(filter))) };
        self.tokens.next();
        let sub = sub_attribute(path.attribute, name)?;
        let element = |test| Node::Element(path, Box::new(all_of(vec![filter, test])));
        // A negation is one of the whole: no such element has the value.
        Ok(match self.test(Place::Sub(sub))? {
            Node::Test(Test { place, operator: Operator::NotEqual, operand }) => {
                let equal = Node::Test(Test { place, operator: Operator::Equal, operand });
                Node::Not(Box::new(element(equal)))
            }
            Node::Not(present) => Node::Not(Box::new(element(*present))),
            test => element(test),
        })
    }

    /// Reads an operator and its value.
    fn test(&mut self, place: Place) -> Result<Node> {
        let Some(token) = self.tokens.next() else { return Err(self.unexpected_end("an operator")) };
        let TokenKind::Word(word) = token.kind else { return Err(unexpected(&token, "an operator")) };
        if word.eq_ignore_ascii_case("pr") {
            return Ok(Node::Present(place));
        }
        let Some(operator) = Operator::of(word) else { return Err(unexpected(&token, "an operator")) };
        let Some(token) = self.tokens.next() else { return Err(self.unexpected_end("a value")) };
        let literal = match token.kind {
            TokenKind::Text(text) => Literal::Quoted(text),
            TokenKind::Word(word) => Literal::Word(word),
            kind => return Err(unexpected(&Token { at: token.at, kind }, "a value")),
        };
        let is_null = matches!(literal, Literal::Word(word) if word.eq_ignore_ascii_case("null"));
        let place = if is_null { place } else { value_of(place) };
        comparison(place, operator, literal)
    }

    /// The values that a path in the filter names.
    fn place(&self, word: &str) -> Result<Place> {
        let place = match (self.element, self.names) {
            (Some(attribute), _) | (None, Names::Element(attribute)) => Place::Sub(sub_attribute(attribute, word)?),
            (None, Names::Resource(types)) => Place::Path(resolve_in(word, types)?),
        };
        if place.attribute().returned == Returned::Never {
            let detail = format!("a filter cannot compare {place}");
            return Err(Problem::new(ScimType::Sensitive, detail));
        }
        Ok(place)
    }

    fn open_brackets(&mut self, place: Place) -> Result<()> {
        match place {
            Place::Path(path) if path.last().kind == Kind::Complex => {
                self.push(Enclosure::Brackets(path))?;
                self.element = Some(path.attribute);
                Ok(())
            }
            place => Err(invalid(format!("{place} has no sub-attributes that a filter in brackets could compare"))),
        }
    }

    fn push(&mut self, kind: Enclosure) -> Result<()> {
        if self.open.len() > DEPTH_MAX {
            return Err(invalid(format!("the filter nests deeper than {DEPTH_MAX} levels")));
        }
        self.open.push(Open::new(kind));
        Ok(())
    }

    /// Adds a complete condition to the innermost list.
    fn add(&mut self, node: Node) -> Result<()> {
        match self.open.last_mut() {
            Some(open) => {
                open.and.push(node);
                Ok(())
            }
            None => Err(self.unexpected_end("a condition")),
        }
    }

    fn next_is_open(&mut self) -> bool {
        matches!(self.tokens.peek(), Some(Token { kind: TokenKind::Open, .. }))
    }

    fn unexpected_end(&self, expected: &str) -> Problem {
        if self.length == 0 {
            return invalid("the filter is empty".to_owned());
        }
        invalid(format!("the filter ends where {expected} is expected"))
    }
}

/// Resolves a path by the first resource type that knows it. Attributes of an extension are found without the URN too, as
/// in Entra's `manager eq "id"`.
fn resolve_in(word: &str, types: &[&'static ResourceType]) -> Result<AttributePath> {
    let mut fault = None;
    for resource_type in types {
        match resolve_attribute(word, resource_type) {
            Ok(path) => return Ok(path),
            Err(other) => fault = fault.or(Some(other)),
        }
    }
    for resource_type in types {
        for extension in resource_type.extensions {
            if let Ok(path) = resolve_attribute(&format!("{}:{word}", extension.urn), resource_type) {
                return Ok(path);
            }
        }
    }
    Err(invalid(fault.map_or_else(|| format!("{} is unknown", shown(word)), |fault| fault.detail())))
}

fn sub_attribute(attribute: &'static Attribute, name: &str) -> Result<&'static Attribute> {
    attribute
        .sub_attribute(name)
        .ok_or_else(|| invalid(format!("the attribute {attribute} has no sub-attribute {}", shown(name))))
}

/// The place of the values that a comparison with a complex attribute reads: `emails co "x"`, `members eq "id"` and
/// `manager eq "id"` compare the `value`.
fn value_of(place: Place) -> Place {
    match place {
        Place::Path(path) => Place::Path(AttributePath { sub: path.sub.or(path.attribute.value_attribute()), ..path }),
        Place::Sub(sub) => Place::Sub(sub),
    }
}

fn unexpected(token: &Token<'_>, expected: &str) -> Problem {
    let found = match &token.kind {
        TokenKind::Open => "(".to_owned(),
        TokenKind::Close => ")".to_owned(),
        TokenKind::OpenBracket => "[".to_owned(),
        TokenKind::CloseBracket => "]".to_owned(),
        TokenKind::Text(text) => format!("\"{}\"", shown(text)),
        TokenKind::Word(word) => shown(word).to_string(),
    };
    let position = token.at + 1;
    invalid(format!("{found} is at position {position} of the filter where {expected} is expected"))
}
