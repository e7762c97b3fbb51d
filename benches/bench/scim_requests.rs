//! The requests of SCIM, and those of the other dialects that they are compared with.

use crate::data::{large_group_uuid, user_uuid};
use crate::load::RequestFactory;
use crate::people::{LARGE_GROUP, Population, random, user_name};
use crate::requests::{Credentials, begin, factory_number, write_json};
use std::sync::Arc;

/// Attributes that a new user gets.
#[derive(Clone, Copy)]
pub enum NewUser {
    /// Those that Datadog's create of the bench sends too.
    Short,
    /// Those that identity providers send.
    Usual,
}

/// `GET` by id of random users.
pub fn user(population: Population) -> RequestFactory {
    let (users, headers) = (population.users, Credentials::Bearer.headers());
    Arc::new(move |connection, number, out| {
        let uuid = user_uuid(random(connection, number) % users);
        begin(out, "GET", &format!("/scim/v2/Users/{uuid}"), &headers);
        out.extend_from_slice(b"\r\n");
        200
    })
}

/// Filters by the login of random users.
pub fn filter_by_name(population: Population) -> RequestFactory {
    let (users, headers) = (population.users, Credentials::Bearer.headers());
    Arc::new(move |connection, number, out| {
        let name = user_name(random(connection, number) % users);
        begin(out, "GET", &format!("/scim/v2/Users?filter=userName%20eq%20%22{name}%22"), &headers);
        out.extend_from_slice(b"\r\n");
        200
    })
}

/// `POST` of users, with a new name each time. No two factories give the same names.
pub fn create(attributes: NewUser) -> RequestFactory {
    let (headers, factory) = (Credentials::Bearer.headers(), factory_number());
    Arc::new(move |connection, number, out| {
        let scatter = random(connection, number) % 100_000;
        let name = format!("new.{scatter}.{factory}.{connection}.{number}@example.com");
        let further = match attributes {
            NewUser::Short => r#""displayName":"New User""#.to_owned(),
            NewUser::Usual => format!(
                r#""displayName":"New User","name":{{"givenName":"New","familyName":"User"}},"active":true,
                "externalId":"{factory}-{connection}-{number}","locale":"en-US",
                "emails":[{{"value":"{name}","type":"work","primary":true}}]"#
            ),
        };
        let body =
            format!(r#"{{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"{name}",{further}}}"#);
        write_json(out, ("POST", "/scim/v2/Users"), &headers, &body);
        201
    })
}

/// `PATCH` of the large group that adds a random user who is not in it, followed by one that removes the same user.
pub fn large_group_member(population: Population) -> RequestFactory {
    let (users, headers) = (population.users, Credentials::Bearer.headers());
    let path = format!("/scim/v2/Groups/{}", large_group_uuid(population));
    Arc::new(move |connection, number, out| {
        let (uuid, op) =
            (user_uuid(outsider(connection, number, users)), if number % 2 == 0 { "add" } else { "remove" });
        let body = format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{{"op":"{op}","path":"members","value":[{{"value":"{uuid}"}}]}}]}}"#
        );
        write_json(out, ("PATCH", &path), &headers, &body);
        204
    })
}

/// Nuxeo's `POST user/{user}/group/{group}` for the same users and group, followed by `DELETE`.
pub fn nuxeo_large_group_member(population: Population, credentials: &Credentials) -> RequestFactory {
    let (users, headers) = (population.users, credentials.headers());
    Arc::new(move |connection, number, out| {
        let user = user_name(outsider(connection, number, users));
        let (method, status) = if number % 2 == 0 { ("POST", 201) } else { ("DELETE", 200) };
        begin(out, method, &format!("/nuxeo/api/v1/user/{user}/group/{LARGE_GROUP}"), &headers);
        out.extend_from_slice(if method == "POST" { b"Content-Length: 0\r\n\r\n" } else { b"\r\n" });
        status
    })
}

/// The index of a user who is not in the large group, of which every tenth user is a member.
fn outsider(connection: u64, number: u64, users: u64) -> u64 {
    let user = random(connection, number / 2) % users;
    if user.is_multiple_of(10) { user + 1 } else { user }
}
