//! Parsing of PATCH bodies.

use super::operation::{Change, ElementsChange, Verb};
use super::target::{Target, TargetFault};
use crate::dialect::scim::coercion::{coerce, coerce_elements, coerce_one, invalid, known, sub_attribute};
use crate::dialect::scim::path::AttributePath;
use crate::dialect::scim::problem::{Problem, Result, ScimType, shown};
use crate::dialect::scim::schema::{Attribute, Kind, Mutability, ResourceType, Schema};
use crate::json::{Json, Object};

/// The operations that one request can have.
const OPERATIONS_MAX: usize = 10_000;

/// Parses the body of a PATCH.
pub(super) fn parse(body: Json, resource_type: &'static ResourceType) -> Result<Vec<Change>> {
    let Json::Object(mut body) = body else { return Err(syntax("the body has to be a JSON object")) };
    let Some(Json::Array(operations)) = take(&mut body, "Operations") else {
        return Err(syntax("the body needs a list of Operations"));
    };
    if operations.is_empty() {
        return Err(syntax("the list of Operations is empty"));
    }
    if operations.len() > OPERATIONS_MAX {
        let detail = format!("the request has more than {OPERATIONS_MAX} operations");
        return Err(Problem::of_status(413, detail));
    }
    let mut reader = Reader { resource_type, changes: Vec::with_capacity(operations.len()) };
    for operation in operations {
        reader.operation(operation)?;
    }
    Ok(reader.changes)
}

/// Takes the member of that name, in any ASCII case, out of an object.
fn take(members: &mut Object, name: &str) -> Option<Json> {
    let key = members.keys().filter(|key| key.eq_ignore_ascii_case(name)).max_by_key(|key| *key == name)?.clone();
    members.remove(&key)
}

struct Reader {
    resource_type: &'static ResourceType,
    changes: Vec<Change>,
}

impl Reader {
    fn operation(&mut self, operation: Json) -> Result<()> {
        let Json::Object(mut operation) = operation else {
            return Err(syntax("each of the Operations has to be an object"));
        };
        let verb = match take(&mut operation, "op") {
            Some(Json::String(name)) => Verb::of(&name)
                .ok_or_else(|| syntax(&format!("the op {} is not one of add, replace and remove", shown(&name))))?,
            _ => return Err(syntax("each of the Operations needs an op")),
        };
        let path = match take(&mut operation, "path") {
            None | Some(Json::Null) => None,
            Some(Json::String(path)) => Some(path.trim().to_owned()).filter(|path| !path.is_empty()),
            Some(_) => return Err(Problem::new(ScimType::InvalidPath, "a path has to be a string")),
        };
        let value = take(&mut operation, "value");
        if value.is_none() && verb != Verb::Remove {
            return Err(invalid("the operations add and replace need a value".to_owned()));
        }
        let target = match path {
            Some(path) => Target::parse(&path, self.resource_type)?,
            None if verb == Verb::Remove => {
                return Err(Problem::new(ScimType::NoTarget, "the operation remove needs a path"));
            }
            None => Target::Core,
        };
        if target.is_read_only() {
            return self.read_only(verb, target, value);
        }
        self.change(verb, target, value)
    }

    /// A read-only attribute may be sent with the value that it has.
    fn read_only(&mut self, verb: Verb, target: Target, value: Option<Json>) -> Result<()> {
        match (target, value) {
            // It follows from the attributes that a resource has.
            (Target::Attribute(path), Some(_)) if path.attribute.name == "schemas" && verb != Verb::Remove => Ok(()),
            (Target::Attribute(path), Some(value)) if verb != Verb::Remove => {
                self.changes.push(Change::Expect(path, value));
                Ok(())
            }
            (Target::Attribute(path) | Target::Elements(path, ..), _) => Err(read_only(&path)),
            (Target::Extension(_) | Target::Core, _) => Ok(()),
        }
    }

    fn change(&mut self, verb: Verb, target: Target, value: Option<Json>) -> Result<()> {
        match target {
            Target::Core => match value {
                _ if verb == Verb::Remove => Err(Problem::new(
                    ScimType::Mutability,
                    "the core schema has required attributes and cannot be removed",
                )),
                Some(Json::Object(members)) => self.members(verb, None, members, false),
                _ => Err(invalid(
                    "an operation without the path of an attribute needs an object as its value".to_owned(),
                )),
            },
            Target::Extension(schema) => self.extension(verb, schema, value),
            Target::Attribute(path) if path.attribute.is_multi_valued => self.list(verb, path, value),
            Target::Attribute(path) => self.single(verb, path, value),
            Target::Elements(path, filter, sub) => {
                let (value, sub) = (value.unwrap_or(Json::Null), sub);
                let element = AttributePath { sub, ..path };
                let value = if verb == Verb::Remove { None } else { coerce_one(&element, value)? };
                self.elements(ElementsChange { verb, path, filter: Some(filter), sub, value })
            }
        }
    }

    /// One operation for each member of an object. Unknown and read-only attributes are ignored, and so are schemas in the
    /// object of a schema.
    fn members(
        &mut self,
        verb: Verb,
        schema: Option<&'static Schema>,
        members: Object,
        is_of_schema: bool,
    ) -> Result<()> {
        for (key, value) in members {
            let path = match schema {
                Some(schema) => format!("{}:{key}", schema.urn),
                None => key,
            };
            let target = match Target::parse(path.trim(), self.resource_type) {
                Ok(target) => target,
                Err(TargetFault::Path(_)) => continue,
                Err(TargetFault::Filter(problem)) => return Err(problem),
            };
            match (target, value) {
                (target, _) if target.is_read_only() => {}
                (Target::Extension(_) | Target::Core, _) if is_of_schema => {}
                (Target::Core, Json::Null) => {}
                (Target::Core, Json::Object(inner)) => self.members(verb, None, inner, true)?,
                // A key that has no target yet is added (RFC 7644, 3.5.2.3).
                (target @ Target::Elements(_, _, Some(_)), value) => self.change(Verb::Add, target, Some(value))?,
                (target, value) => self.change(verb, target, Some(value))?,
            }
        }
        Ok(())
    }

    fn extension(&mut self, verb: Verb, schema: &'static Schema, value: Option<Json>) -> Result<()> {
        match value {
            _ if verb == Verb::Remove => self.changes.push(Change::ClearExtension(schema)),
            Some(Json::Object(members)) => return self.members(verb, Some(schema), members, true),
            None | Some(Json::Null) if verb == Verb::Replace => self.changes.push(Change::ClearExtension(schema)),
            None | Some(Json::Null) => {}
            Some(_) => return Err(invalid(format!("the value of {} has to be an object", schema.urn))),
        }
        Ok(())
    }

    /// A multi-valued attribute.
    fn list(&mut self, verb: Verb, path: AttributePath, value: Option<Json>) -> Result<()> {
        if let Some(sub) = path.sub {
            let value = if verb == Verb::Remove { None } else { coerce_one(&path, value.unwrap_or(Json::Null))? };
            let path = AttributePath { sub: None, ..path };
            return self.elements(ElementsChange { verb, path, filter: None, sub: Some(sub), value });
        }
        let change = match (verb, value.unwrap_or(Json::Null)) {
            (Verb::Add, value) => Change::Add(path, coerce_elements(&path, value)?),
            (Verb::Replace, value) => Change::Replace(path, coerce_elements(&path, value)?),
            (Verb::Remove, Json::Null) => Change::Remove(path, None),
            // Microsoft's clients list the elements to remove.
            (Verb::Remove, value) => Change::Remove(path, Some(coerce_elements(&path, value)?)),
        };
        self.changes.push(change);
        Ok(())
    }

    /// A single-valued attribute.
    fn single(&mut self, verb: Verb, path: AttributePath, value: Option<Json>) -> Result<()> {
        let attribute = path.attribute;
        if verb == Verb::Remove {
            if attribute.is_required {
                let detail = format!("the attribute {attribute} is required and cannot be removed");
                return Err(Problem::new(ScimType::Mutability, detail));
            }
            self.changes.push(Change::Set(path, None));
            return Ok(());
        }
        let value = match value.unwrap_or(Json::Null) {
            Json::Array(mut items) if items.len() == 1 => items.remove(0),
            value => value,
        };
        match value {
            // Sub-attributes that are not mentioned stay. A new `value` makes another value of the whole.
            Json::Object(members)
                if attribute.kind == Kind::Complex && path.sub.is_none() && !has_value(attribute, &members) =>
            {
                self.sub_attributes(path, members)
            }
            value => {
                let value = coerce(&path, value)?;
                let is_blank = value.as_ref().and_then(Json::as_str).is_none_or(|text| text.trim().is_empty());
                if attribute.is_required && is_blank {
                    return Err(invalid(format!("the attribute {attribute} is required")));
                }
                self.changes.push(Change::Set(path, value));
                Ok(())
            }
        }
    }

    fn sub_attributes(&mut self, path: AttributePath, members: Object) -> Result<()> {
        for (_, sub, value) in known(members, |key| sub_attribute(path.attribute, key)) {
            if !sub.is_read_only() {
                let path = AttributePath { sub: Some(sub), ..path };
                let value = coerce(&path, value)?;
                self.changes.push(Change::Set(path, value));
            }
        }
        Ok(())
    }

    fn elements(&mut self, change: ElementsChange) -> Result<()> {
        let is_fixed = change.sub.is_some_and(|sub| sub.mutability == Mutability::Immutable);
        if is_fixed && change.value.is_none() {
            let path = AttributePath { sub: change.sub, ..change.path };
            return Err(Problem::new(ScimType::Mutability, format!("{path} cannot be removed from an element")));
        }
        self.changes.push(Change::Elements(change));
        Ok(())
    }
}

fn has_value(attribute: &Attribute, members: &Object) -> bool {
    attribute.value_attribute().is_some() && members.keys().any(|key| key.eq_ignore_ascii_case("value"))
}

pub(super) fn read_only(path: &AttributePath) -> Problem {
    Problem::new(ScimType::Mutability, format!("the attribute {path} is read-only"))
}

fn syntax(detail: &str) -> Problem {
    Problem::new(ScimType::InvalidSyntax, detail)
}
