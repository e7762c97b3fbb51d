//! Entity tags of users and groups, and conditional requests, in both dialects.

mod cached_answers;
mod conditional_reads;
mod conditional_writes;
mod races;
mod tags;

use crate::support::client::{Answer, Connection, basic};
use crate::support::nuxeo::{create_group, create_user, refusal};
use crate::support::server::{ADMIN_PASSWORD, API_KEY, APP_KEY, Server};
use serde_json::{Value, json};

pub const DATADOG: &str = "/api/v1/user";

pub const USER: &str = "/nuxeo/api/v1/user";

pub const GROUP: &str = "/nuxeo/api/v1/group";

/// Asks on that connection, with the administrator's credentials for both dialects. The path is whole.
pub fn ask_on(
    connection: &mut Connection,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> Answer {
    let authorization = basic("Administrator", ADMIN_PASSWORD);
    let mut sent =
        vec![("DD-API-KEY", API_KEY), ("DD-APPLICATION-KEY", APP_KEY), ("Authorization", authorization.as_str())];
    sent.extend(headers);
    connection.send(method, path, &sent, body.map(str::as_bytes));
    connection.answer(method == "HEAD")
}

pub fn ask(server: &Server, method: &str, path: &str, headers: &[(&str, &str)], body: Option<&str>) -> Answer {
    ask_on(&mut Connection::open(server.address), method, path, headers, body)
}

pub fn get(server: &Server, path: &str, headers: &[(&str, &str)]) -> Answer {
    ask(server, "GET", path, headers, None)
}

/// Calls without conditions that succeed.
pub fn call(server: &Server, method: &str, path: &str, body: &Value) -> Answer {
    let text = body.to_string();
    let answer = ask(server, method, path, &[], (!body.is_null()).then_some(text.as_str()));
    assert!(answer.status < 300, "{method} {path} {body}: {} {}", answer.status, answer.text());
    answer
}

/// The one tag of an answer, which has the form that all have.
pub fn tag_of(answer: &Answer) -> String {
    let tags: Vec<&str> =
        answer.headers.iter().filter(|(name, _)| name == "ETag").map(|(_, value)| value.as_str()).collect();
    let [tag] = tags.as_slice() else { panic!("one tag: {tags:?} in {answer:?}") };
    let opaque = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"')).expect("a strong tag in quotes");
    let (state, variant) = opaque.split_once('-').unwrap_or((opaque, "1"));
    let digits = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    assert!(state.len() == 16 && digits(state), "{tag}");
    assert!(variant.len() == 1 && digits(variant) && variant != "0", "{tag}");
    (*tag).to_owned()
}

/// The tag of what is at that path.
pub fn tag(server: &Server, path: &str) -> String {
    let answer = get(server, path, &[]);
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    tag_of(&answer)
}

/// The part of a tag that stands for the version.
pub fn state_of(tag: &str) -> &str {
    &tag[1..17]
}

pub fn group_body(mut body: Value) -> Value {
    body["entity-type"] = json!("group");
    body
}

pub fn properties(properties: Value) -> Value {
    json!({"entity-type": "user", "properties": properties})
}

/// The answer to a failed condition at that path.
pub fn not_met(path: &str) -> (u16, Value) {
    if path.starts_with("/nuxeo") {
        (412, refusal(412, "Precondition Failed"))
    } else {
        (412, json!({"errors": ["Precondition failed"]}))
    }
}

/// The user `ada`, in the group `team`, which is below `all`; and the user `ada@example.com`, in no group.
pub fn directory() -> Server {
    let server = Server::start();
    create_group(&server, json!({"id": "all", "grouplabel": "All of us"}));
    create_group(&server, json!({"id": "team", "parentGroups": ["all"]}));
    create_user(&server, json!({"username": "ada", "password": "secret", "groups": ["team"]}));
    create_user(&server, json!({"username": "ada@example.com"}));
    server
}

/// Results of a field with a list of tags: if it matches the current tag, for `If-Match` and for `If-None-Match`.
#[derive(Clone, Copy)]
pub enum Names {
    Both,
    Neither,
    /// Only reads compare weak tags.
    OnlyWeakly,
    Broken,
}

/// Every form of a field; `@` stands for the tag that is there, without its quotes, and a line break for another field
/// of the same name.
pub const FORMS: &[(&str, Names)] = &[
    (r#""@""#, Names::Both),
    ("*", Names::Both),
    (" \t\"@\"\t ", Names::Both),
    (r#""other", "@""#, Names::Both),
    (r#""@","other""#, Names::Both),
    ("\"other\"\t ,\t \"@\"", Names::Both),
    (r#",, ,"@" , ,"#, Names::Both),
    ("\"other\"\n\"@\"", Names::Both),
    ("\"@\"\n\"other\"", Names::Both),
    ("\n\"@\"", Names::Both),
    ("*\n*", Names::Both),
    (r#"W/"other","@""#, Names::Both),
    // A comma inside quotes is part of the tag.
    (r#""a,b", "@""#, Names::Both),
    (r#""", "@""#, Names::Both),
    (r#""!#$%&'()*+,-./:;<=>?[\]^_`{|}~", "@""#, Names::Both),
    (r#"W/"@""#, Names::OnlyWeakly),
    (r#"W/"@", "other""#, Names::OnlyWeakly),
    (r#""other", W/"@""#, Names::OnlyWeakly),
    (r#""other""#, Names::Neither),
    (r#""""#, Names::Neither),
    ("", Names::Neither),
    (",", Names::Neither),
    (r#""other,@""#, Names::Neither),
    (r#""@ ""#, Names::Broken),
    (r#""@x""#, Names::Neither),
    (r#""@-0""#, Names::Neither),
    (r#""@-""#, Names::Neither),
    (r#""@-10""#, Names::Neither),
    (r#""x@""#, Names::Neither),
    (r#""0@""#, Names::Neither),
    ("@", Names::Broken),
    ("'@'", Names::Broken),
    (r#""@"#, Names::Broken),
    (r#"@""#, Names::Broken),
    (r#""@" "other""#, Names::Broken),
    (r#""@";"other""#, Names::Broken),
    (r#""@", other"#, Names::Broken),
    (r#""other", @"#, Names::Broken),
    (r#"w/"@""#, Names::Broken),
    (r#"W/ "@""#, Names::Broken),
    ("W/@", Names::Broken),
    ("W/*", Names::Broken),
    (r#""*""#, Names::Neither),
    (r#"*, "@""#, Names::Broken),
    (r#""@", *"#, Names::Broken),
    ("*\n\"@\"", Names::Broken),
    ("**", Names::Broken),
    ("* *", Names::Broken),
    ("\"a\tb\", \"@\"", Names::Broken),
    ("\"@\"\nother", Names::Broken),
];

/// The lines of a head with that field in that form.
pub fn lines(name: &str, form: &str, tag: &str) -> String {
    let form = form.replacen('@', tag.trim_matches('"'), 1);
    form.split('\n').map(|line| format!("{name}: {line}\r\n")).collect()
}

/// Asserts that the field was refused, in the document that belongs to the path.
pub fn assert_unclear(answer: &Answer, path: &str, name: &str, what: &str) {
    let message = format!("{name} is neither * nor a list of tags in quotes");
    let document =
        if path.starts_with("/nuxeo") { refusal(400, &message) } else { json!({"errors": [message.as_str()]}) };
    assert_eq!(answer.parts(), (400, document), "{what}");
}
