//! The requests of a soak: four of five read, and the writes leave the number of users about the same.

use crate::load::RequestFactory;
use crate::people::{FIRST_NAMES, Population, random};
use crate::requests::{self, Credentials};
use std::sync::Arc;

/// Users that each connection has created and not yet deleted.
const KEPT_USERS: u64 = 1;

/// A kind of request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Datadog,
    Nuxeo,
    Page,
    Words,
    Create,
    Change,
    Membership,
    Delete,
}

/// All kinds, reads first.
pub const KINDS: [Kind; 8] =
    [Kind::Datadog, Kind::Nuxeo, Kind::Page, Kind::Words, Kind::Create, Kind::Change, Kind::Membership, Kind::Delete];

impl Kind {
    pub fn name(self) -> &'static str {
        match self {
            Kind::Datadog => "Datadog look-up",
            Kind::Nuxeo => "Nuxeo look-up",
            Kind::Page => "page",
            Kind::Words => "search by words",
            Kind::Create => "create",
            Kind::Change => "change",
            Kind::Membership => "membership",
            Kind::Delete => "delete",
        }
    }

    pub fn is_read(self) -> bool {
        matches!(self, Kind::Datadog | Kind::Nuxeo | Kind::Page | Kind::Words)
    }
}

/// A write: its kind and the number of the request that its factory is asked for. Factories that create and delete do
/// so with even and odd numbers.
fn write_of(number: u64) -> (Kind, u64) {
    let round = number / 5;
    match number % 5 {
        0 => (Kind::Create, 2 * round),
        1 => (Kind::Change, 2 * round),
        2 => (Kind::Membership, 2 * round),
        3 if round >= KEPT_USERS => (Kind::Delete, 2 * (round - KEPT_USERS) + 1),
        3 => (Kind::Change, 2 * round + 1),
        _ => (Kind::Membership, 2 * round + 1),
    }
}

/// The kind of a request, and the number that its factory is asked for.
fn request_of(connection: u64, number: u64) -> (Kind, u64) {
    // Not all connections write at once. Each begins with a whole round of writes, or deletes would lack a create.
    let shifted = number + connection % 5;
    if shifted % 5 == 4 {
        return write_of(shifted / 5);
    }
    let kind = match random(connection, number) >> 32 & 7 {
        0..=2 => Kind::Datadog,
        3..=5 => Kind::Nuxeo,
        6 => Kind::Page,
        _ => Kind::Words,
    };
    (kind, number)
}

/// The kind of the request with that number on that connection.
pub fn kind_of(connection: u64, number: u64) -> Kind {
    request_of(connection, number).0
}

/// The requests of each kind.
pub struct Mix {
    look_ups: [RequestFactory; 2],
    pages: Vec<RequestFactory>,
    words: RequestFactory,
    create: RequestFactory,
    change: RequestFactory,
    membership: RequestFactory,
}

impl Mix {
    /// The lists are paths before the number of a page, and the number of pages.
    pub fn new(population: Population, lists: &[(String, u64)], session: &Credentials) -> Mix {
        let rare = (0..100).map(|number| format!("ada {}", number * (population.users / 100)));
        let queries = FIRST_NAMES.map(str::to_owned).into_iter().chain(rare).collect();
        Mix {
            look_ups: [requests::datadog_user(population), requests::nuxeo_user(population, Credentials::Basic)],
            pages: lists.iter().map(|(path, pages)| requests::pages(path, *pages)).collect(),
            words: requests::words(queries, population, session),
            create: requests::listed_user(),
            change: requests::display_name(population),
            membership: requests::membership(population),
        }
    }

    /// The requests of all kinds in turns.
    pub fn requests(self) -> RequestFactory {
        Arc::new(move |connection, number, out| {
            let (kind, number) = request_of(connection, number);
            let factory = match kind {
                Kind::Datadog => &self.look_ups[0],
                Kind::Nuxeo => &self.look_ups[1],
                Kind::Page => &self.pages[(random(number, connection) % self.pages.len() as u64) as usize],
                Kind::Words => &self.words,
                Kind::Create | Kind::Delete => &self.create,
                Kind::Change => &self.change,
                Kind::Membership => &self.membership,
            };
            factory(connection, number, out)
        })
    }
}
