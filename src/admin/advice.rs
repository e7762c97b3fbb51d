//! The way out of a refusal: the name that is nearest to a misspelt one, or the command that helps. Only operators read
//! it. Answers over HTTP never suggest names.

use super::request::{AdminRequest, Membership};
use crate::directory::{Directory, PASSWORD_REFUSED};
use crate::model::{EntityKind, Error, Filter, fold_name};
use std::fmt;

/// Names that are compared at most, from the beginning of the list and from those that begin like the misspelt one.
const NAMES_MAX: u64 = 2000;
/// Letters at the beginning of a name that a misspelling seldom touches.
const BEGINNING: usize = 2;

/// An order that was not carried out, and what to do about it.
#[derive(Debug)]
pub struct Refusal {
    /// Why not.
    pub error: Error,
    /// The option, command or name that may be meant.
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
    /// Adds the advice that belongs to an error of the directory; `hint` is that of the order.
    pub(super) fn new(directory: &Directory, error: Error, hint: Option<&str>) -> Refusal {
        let advice = match &error {
            Error::NotFound(kind, name) => Some(match nearest(directory, *kind, name) {
                Some(near) => format!("is it {near}?"),
                None => format!("rollbook {} list shows all", kind.noun()),
            }),
            Error::UnknownGroups(names) => {
                Some(match names.first().and_then(|name| nearest(directory, EntityKind::Group, name)) {
                    Some(near) => format!("is it {near}?"),
                    None => "rollbook group add makes one, rollbook group list shows all".to_owned(),
                })
            }
            Error::Exists(kind, _) => Some(format!("rollbook {} set changes it", kind.noun())),
            Error::LastAdministrator => {
                Some("make another administrator first: rollbook user set NAME --role admin".to_owned())
            }
            Error::InheritedAdministrator(_) => Some("rollbook group remove-member".to_owned()),
            Error::Invalid(why) if why == PASSWORD_REFUSED => {
                Some("--password-pattern says which passwords are taken, here or in the server".to_owned())
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

/// The name that looks most like this one, among some of the directory.
fn nearest(directory: &Directory, kind: EntityKind, name: &str) -> Option<String> {
    let wanted = fold_name(name);
    let letters = wanted.chars().count();
    let far = match letters {
        0..=5 => 1,
        6..=8 => 2,
        _ => 3,
    };
    let mut names = names_after(directory, kind, "");
    // In a large directory the beginning of the list may be far away.
    if names.len() as u64 >= NAMES_MAX {
        let beginnings = [BEGINNING, letters / 2, letters.saturating_sub(1)];
        let beginnings = beginnings.map(|letters| wanted.chars().take(letters).collect::<String>());
        names.extend(beginnings.iter().flat_map(|beginning| names_after(directory, kind, beginning)));
    }
    let distance = |name: &String| {
        let other = fold_name(name);
        // Most names are told apart by their length.
        let is_near = other.chars().count().abs_diff(letters) <= far;
        is_near.then(|| strsim::osa_distance(&wanted, &other)).filter(|distance| *distance <= far)
    };
    let near = names.into_iter().filter_map(|name| Some((distance(&name)?, name)));
    near.min().map(|(_, name)| name)
}

/// Some names in their order. An error here is no reason to hide the one that the advice is for.
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
