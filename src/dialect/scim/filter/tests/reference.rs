//! A second, simple implementation of filters: a tree of random conditions, their text, and their meaning.

use crate::dialect::scim::instant::Instant;
use crate::dialect::scim::samples::text;
use crate::json::{self, Json, Object};
use crate::model::{fold_name, fold_text};
use crate::random::Random;

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

/// A condition. Names are in the spelling of the schema.
pub(super) enum Sample {
    And(Vec<Sample>),
    Or(Vec<Sample>),
    Not(Box<Sample>),
    Present(Field),
    Test(Field, &'static str, Value),
    Element(&'static str, Box<Sample>),
    /// `emails[…].value eq "x"`
    Trailing(&'static str, Box<Sample>, Box<Sample>),
}

/// A field: its keys in a document, its type, and true if case counts.
#[derive(Clone, Copy)]
pub(super) struct Field(&'static [&'static str], Kind, bool);

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Text,
    Bool,
    Time,
}

pub(super) enum Value {
    Text(String),
    Bool(bool),
    Null,
}

const FIELDS: [Field; 14] = [
    Field(&["id"], Kind::Text, true),
    Field(&["externalId"], Kind::Text, true),
    Field(&["userName"], Kind::Text, false),
    Field(&["displayName"], Kind::Text, false),
    Field(&["title"], Kind::Text, false),
    Field(&["active"], Kind::Bool, false),
    Field(&["name", "givenName"], Kind::Text, false),
    Field(&["name", "familyName"], Kind::Text, false),
    Field(&["emails", "value"], Kind::Text, false),
    Field(&["emails", "primary"], Kind::Bool, false),
    Field(&["groups", "value"], Kind::Text, true),
    Field(&["meta", "lastModified"], Kind::Time, false),
    Field(&[ENTERPRISE, "organization"], Kind::Text, false),
    Field(&[ENTERPRISE, "manager", "value"], Kind::Text, true),
];
const ELEMENT_FIELDS: [Field; 3] =
    [Field(&["value"], Kind::Text, false), Field(&["type"], Kind::Text, false), Field(&["primary"], Kind::Bool, false)];
const OPERATORS: [&str; 9] = ["eq", "eq", "ne", "co", "sw", "ew", "gt", "ge", "le"];
const TIMES: [&str; 4] =
    ["2020-01-01T00:00:00Z", "2020-01-01T01:00:00.000+01:00", "2020-01-01T00:00:00.00001Z", "2019-12-31T23:59:59.999Z"];

impl Sample {
    /// A random condition on a user.
    pub(super) fn new(random: &mut Random, depth: usize) -> Sample {
        Sample::of(random, depth, &FIELDS, true)
    }

    fn of(random: &mut Random, depth: usize, fields: &[Field], is_whole: bool) -> Sample {
        let nested = |random: &mut Random| Sample::of(random, depth - 1, fields, is_whole);
        let element = |random: &mut Random| Box::new(Sample::of(random, depth - 1, &ELEMENT_FIELDS, false));
        match random.below(if depth == 0 { 4 } else { 10 }) {
            0 => Sample::Present(random.pick(fields)),
            1..=3 => Sample::test(random, random_field(fields)),
            4 | 5 => Sample::And((0..=1 + random.below(2)).map(|_| nested(random)).collect()),
            6 | 7 => Sample::Or((0..=1 + random.below(2)).map(|_| nested(random)).collect()),
            8 if is_whole && random.one_in(2) => {
                let filter = element(random);
                Sample::Trailing("emails", filter, Box::new(Sample::test(random, random_field(&ELEMENT_FIELDS))))
            }
            8 if is_whole => Sample::Element("emails", element(random)),
            _ => Sample::Not(Box::new(nested(random))),
        }
    }

    fn test(random: &mut Random, field: impl Fn(&mut Random) -> Field) -> Sample {
        let field = field(random);
        let equality = if random.one_in(3) { "ne" } else { "eq" };
        if random.one_in(12) {
            return Sample::Test(field, equality, Value::Null);
        }
        match field.1 {
            Kind::Bool => Sample::Test(field, equality, Value::Bool(random.one_in(2))),
            Kind::Text => Sample::Test(field, random.pick(&OPERATORS), Value::Text(text(random))),
            Kind::Time => {
                let operator = random.pick(&["eq", "ne", "gt", "ge", "lt", "le"]);
                Sample::Test(field, operator, Value::Text(random.pick(&TIMES).to_owned()))
            }
        }
    }

    /// A text of the condition, with random spaces, case and parentheses.
    pub(super) fn text(&self, random: &mut Random) -> String {
        let text = match self {
            Sample::And(samples) => {
                let part = |sample: &Sample, random: &mut Random| match sample {
                    Sample::Or(_) => format!("({})", sample.text(random)),
                    sample => sample.text(random),
                };
                let parts: Vec<String> = samples.iter().map(|sample| part(sample, random)).collect();
                parts.join(&format!(" {} ", any_case("and", random)))
            }
            Sample::Or(samples) => {
                let parts: Vec<String> = samples.iter().map(|sample| sample.text(random)).collect();
                parts.join(&format!(" {}  ", any_case("or", random)))
            }
            Sample::Not(sample) => format!("{}({})", random.pick(&["not", "NOT "]), sample.text(random)),
            Sample::Present(field) => format!("{} {}", field.text(random), any_case("pr", random)),
            Sample::Test(field, operator, value) => {
                format!("{} {} {}", field.text(random), any_case(operator, random), value.text(random))
            }
            Sample::Element(name, sample) => format!("{}[{}]", any_case(name, random), sample.text(random)),
            Sample::Trailing(name, filter, test) => {
                return format!("{name}[{}].{}", filter.text(random), test.plain_text(random));
            }
        };
        if random.one_in(8) { format!("( {text} )") } else { text }
    }

    /// The text of a test without parentheses.
    fn plain_text(&self, random: &mut Random) -> String {
        loop {
            let text = self.text(random);
            if !text.starts_with('(') {
                return text;
            }
        }
    }

    /// True if the condition holds.
    pub(super) fn holds(&self, document: &Json) -> bool {
        match self {
            Sample::And(samples) => samples.iter().all(|sample| sample.holds(document)),
            Sample::Or(samples) => samples.iter().any(|sample| sample.holds(document)),
            Sample::Not(sample) => !sample.holds(document),
            Sample::Present(field) => field.is_present(document),
            Sample::Test(field, "eq", Value::Null) => !field.is_present(document),
            Sample::Test(field, _, Value::Null) => field.is_present(document),
            Sample::Test(field, "ne", value) => {
                !field.values(document).iter().any(|found| field.is(found, "eq", value))
            }
            Sample::Test(field, operator, value) => {
                field.values(document).iter().any(|found| field.is(found, operator, value))
            }
            Sample::Element(name, sample) => elements(document, name).iter().any(|element| sample.holds(element)),
            Sample::Trailing(name, filter, test) => {
                let any = |positive: &Sample| {
                    elements(document, name).iter().any(|element| filter.holds(element) && positive.holds(element))
                };
                match &**test {
                    Sample::Test(field, "ne", Value::Text(text)) => {
                        !any(&Sample::Test(*field, "eq", Value::Text(text.clone())))
                    }
                    Sample::Test(field, "ne", Value::Bool(truth)) => {
                        !any(&Sample::Test(*field, "eq", Value::Bool(*truth)))
                    }
                    Sample::Test(field, "eq", Value::Null) => !any(&Sample::Present(*field)),
                    test => any(test),
                }
            }
        }
    }
}

fn random_field(fields: &[Field]) -> impl Fn(&mut Random) -> Field {
    |random: &mut Random| random.pick(fields)
}

fn elements<'d>(document: &'d Json, name: &str) -> &'d [Json] {
    document.get(name).and_then(Json::as_array).unwrap_or_default()
}

fn any_case(name: &str, random: &mut Random) -> String {
    match random.below(4) {
        0 => name.to_uppercase(),
        1 => name.to_lowercase(),
        _ => name.to_owned(),
    }
}

impl Field {
    fn text(&self, random: &mut Random) -> String {
        let names = self.0.join(".").replace("2.0:User.", "2.0:User:");
        any_case(&names, random)
    }

    /// The values in a document.
    fn values<'d>(&self, document: &'d Json) -> Vec<&'d Json> {
        let mut values = vec![document];
        for key in self.0 {
            let inner = values.into_iter().filter_map(|value| value.get(key));
            values = inner.flat_map(|value| value.as_array().unwrap_or(std::slice::from_ref(value))).collect();
        }
        values
    }

    fn is_present(&self, document: &Json) -> bool {
        self.values(document).into_iter().any(|value| value.as_str() != Some(""))
    }

    fn is(&self, found: &Json, operator: &str, value: &Value) -> bool {
        match (found, value) {
            (Json::Bool(found), Value::Bool(value)) => found == value,
            (Json::String(found), Value::Text(value)) if self.1 == Kind::Time => {
                compared(&Instant::parse(found), operator, &Instant::parse(value))
            }
            (Json::String(found), Value::Text(value)) => {
                let fold = |text: &str| match operator {
                    _ if self.2 => text.to_owned(),
                    "co" | "sw" | "ew" => fold_text(text),
                    _ => fold_name(text),
                };
                let (found, value) = (fold(found), fold(value));
                match operator {
                    "co" => found.contains(&value),
                    "sw" => found.starts_with(&value),
                    "ew" => found.ends_with(&value),
                    operator => compared(&found, operator, &value),
                }
            }
            _ => false,
        }
    }
}

fn compared<T: Ord>(found: &T, operator: &str, value: &T) -> bool {
    match operator {
        "eq" => found == value,
        "gt" => found > value,
        "ge" => found >= value,
        "lt" => found < value,
        _ => found <= value,
    }
}

impl Value {
    fn text(&self, random: &mut Random) -> String {
        match self {
            Value::Text(text) => {
                let is_word = text.starts_with(char::is_alphabetic) && text.chars().all(char::is_alphanumeric);
                if is_word && random.one_in(3) { text.clone() } else { json::to_string(text) }
            }
            Value::Bool(truth) => {
                let text = any_case(&truth.to_string(), random);
                if random.one_in(3) { format!("\"{text}\"") } else { text }
            }
            Value::Null => "null".to_owned(),
        }
    }
}

/// A random document of a user.
pub(super) fn document(random: &mut Random) -> Object {
    let mut document = Object::new();
    let mut set = |random: &mut Random, name: &str| {
        if !random.one_in(3) {
            document.insert(name.to_owned(), Json::String(text(random)));
        }
    };
    ["id", "externalId", "userName", "displayName", "title"].iter().for_each(|name| set(random, name));
    if !random.one_in(4) {
        document.insert("active".to_owned(), Json::Bool(random.one_in(2)));
    }
    let emails: Vec<Json> = (0..random.below(3)).map(|_| object(random, &["value", "type"], true)).collect();
    let groups: Vec<Json> = (0..random.below(3)).map(|_| object(random, &["value"], false)).collect();
    for (name, list) in [("emails", emails), ("groups", groups)] {
        let list: Vec<Json> = list.into_iter().filter(|element| *element != Json::Object(Object::new())).collect();
        if !list.is_empty() {
            document.insert(name.to_owned(), Json::Array(list));
        }
    }
    let meta = Object::from([("lastModified".to_owned(), Json::String(random.pick(&TIMES).to_owned()))]);
    document.insert("meta".to_owned(), Json::Object(meta));
    let mut extension = object(random, &["organization"], false);
    if let (Json::Object(members), true) = (&mut extension, random.one_in(2)) {
        members.insert("manager".to_owned(), object(random, &["value"], false));
    }
    document.insert("name".to_owned(), object(random, &["givenName", "familyName"], false));
    document.insert(ENTERPRISE.to_owned(), extension);
    document
}

fn object(random: &mut Random, names: &[&str], has_primary: bool) -> Json {
    let mut members = Object::new();
    for name in names {
        if !random.one_in(3) {
            members.insert((*name).to_owned(), Json::String(text(random)));
        }
    }
    if has_primary && random.one_in(2) {
        members.insert("primary".to_owned(), Json::Bool(random.one_in(2)));
    }
    Json::Object(members)
}
