//! Advice in error messages: the name that is most similar to a misspelt one, or a command that helps. Only operators
//! get it. The HTTP APIs never suggest names.

use super::request::{AdminRequest, Membership};
use crate::directory::{Directory, PASSWORD_REFUSED};
use crate::model::{EntityKind, Error, Filter, fold_name};
use std::fmt;

/// Maximum number of names that are read from one place of the list and compared.
const NAMES_MAX: u64 = 2000;
/// Characters at the beginning of a name that are seldom misspelt.
const BEGINNING: usize = 2;

/// The error of a request, with advice for the operator.
#[derive(Debug)]
pub struct Refusal {
    /// The error.
    pub error: Error,
    /// An option, a command or a name that may solve the problem.
    pub advice: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.advice {
            None => self.error.fmt(f),
            Some(advice) => write!(f, "{} ({advice})", self.error),
        }
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    /// Adds advice to an error of the directory. `hint` is the advice for invalid values of the request.
    pub(super) fn new(directory: &Directory, error: Error, hint: Option<&str>) -> Refusal {
        let advice = match &error {
            Error::NotFound(kind, name) => Some(match nearest(directory, *kind, name) {
                Some(near) => format!("is it {near}?"),
                None => format!("rollbook {} list shows all", kind.noun()),
            }),
            Error::UnknownGroups(names) => {
                Some(match names.first().and_then(|name| nearest(directory, EntityKind::Group, name)) {
                    Some(near) => format!("is it {near}?"),
                    None => "rollbook group add creates one, rollbook group list shows all".to_owned(),
                })
            }
            Error::Exists(kind, _) => Some(format!("rollbook {} set changes it", kind.noun())),
            Error::LastAdministrator => {
                Some("make another administrator first: rollbook user set NAME --role admin".to_owned())
            }
            Error::InheritedAdministrator(_) => Some("rollbook group remove-member".to_owned()),
            Error::Invalid(why) if why == PASSWORD_REFUSED => {
                Some("--password-pattern of the command or of the server sets the allowed passwords".to_owned())
            }
            Error::Invalid(_) => hint.map(str::to_owned),
            _ => None,
        };
        Refusal { error, advice }
    }
}

/// Advice for a request whose values are invalid.
pub(super) fn hint(request: &AdminRequest) -> Option<&'static str> {
    match request {
        AdminRequest::AddMember(Membership { subgroup: true, .. }) => {
            Some("rollbook group show lists the groups in a group and above it")
        }
        AdminRequest::RevokeKey { .. } => Some("rollbook key list shows all"),
        _ => None,
    }
}

/// The name in the directory that is most similar to this one, if any is similar.
fn nearest(directory: &Directory, kind: EntityKind, name: &str) -> Option<String> {
    let wanted = fold_name(name);
    let letters = wanted.chars().count();
    let far = match letters {
        0..=5 => 1,
        6..=8 => 2,
        _ => 3,
    };
    let mut names = names_after(directory, kind, "");
    // In a large directory, also compare names from other places of the list.
    if names.len() as u64 >= NAMES_MAX {
        let beginnings = [BEGINNING, letters / 2, letters.saturating_sub(1)];
        let beginnings = beginnings.map(|letters| wanted.chars().take(letters).collect::<String>());
        names.extend(beginnings.iter().flat_map(|beginning| names_after(directory, kind, beginning)));
    }
    let distance = |name: &String| {
        let other = fold_name(name);
        // The lengths alone rule out most names.
        let is_near = other.chars().count().abs_diff(letters) <= far;
        is_near.then(|| strsim::osa_distance(&wanted, &other)).filter(|distance| *distance <= far)
    };
    let near = names.into_iter().filter_map(|name| Some((distance(&name)?, name)));
    near.min().map(|(_, name)| name)
}

/// Names after this one, in order. Returns none on an error, because the operator must see the original error.
fn names_after(directory: &Directory, kind: EntityKind, after: &str) -> Vec<String> {
    match kind {
        EntityKind::User => {
            let accounts = directory.users_after(Filter::everything(), None, after, NAMES_MAX);
            accounts.unwrap_or_default().into_iter().map(|account| account.user.username).collect()
        }
        EntityKind::Group => {
            let groups = directory.groups_after(None, after, NAMES_MAX);
            groups.unwrap_or_default().into_iter().map(|(group, _, _)| group.name).collect()
        }
    }
}
