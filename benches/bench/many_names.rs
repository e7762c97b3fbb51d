//! Requests with many names, and bare transactions that write the same rows.

use crate::load::fetch;
use crate::people::random;
use crate::plain::Plain;
use crate::process::{Folder, Process};
use crate::report::thousands;
use crate::requests::{Credentials, json_request};
use serde_json::{Value, json};

/// The group that the requests change.
const GROUP: &str = "many";

/// A kind of request with many names.
pub struct ManyNames {
    pub description: String,
    kind: Kind,
    names: usize,
    /// Rows that each request changes, not counting the audit log.
    pub rows: usize,
}

enum Kind {
    /// A list of pending names, reversed.
    Reverse,
    /// Groups that become members of the last group of a chain of this length.
    Chain(usize),
    /// Users to create.
    Invite,
}

impl ManyNames {
    /// All kinds, smaller if `quick`.
    pub fn all(quick: bool) -> [ManyNames; 3] {
        let scaled = |full: usize| if quick { full / 50 } else { full };
        let (names, groups, chain, users) = (scaled(95_000), scaled(1_000), scaled(1_500), scaled(30_000));
        [
            ManyNames {
                description: format!("a list of {} pending names reversed", thousands(names as f64)),
                kind: Kind::Reverse,
                names,
                rows: names,
            },
            ManyNames {
                description: format!(
                    "{} groups put under a chain of {}",
                    thousands(groups as f64),
                    thousands(chain as f64)
                ),
                kind: Kind::Chain(chain),
                names: groups,
                rows: 2 * groups,
            },
            ManyNames {
                description: format!("an invitation of {}", thousands(users as f64)),
                kind: Kind::Invite,
                names: users,
                rows: users,
            },
        ]
    }

    /// Creates the groups that the requests need.
    pub fn prepare(&self, folder: Folder) -> Folder {
        let process = Process::rollbook(folder);
        let make = |body: Value| {
            let request = json_request("POST", "/nuxeo/api/v1/group", &Credentials::Basic, &body);
            fetch(process.address, &request, 201).expect("the group is created");
        };
        let group =
            |name: &str, parents: &[String]| json!({"entity-type": "group", "id": name, "parentGroups": parents});
        match self.kind {
            Kind::Reverse => make(json!({"entity-type": "group", "id": GROUP, "memberUsers": self.list(0)})),
            Kind::Chain(length) => {
                self.list(0).iter().for_each(|name| make(group(name, &[])));
                make(group("chain-0", &[]));
                (1..length).for_each(|at| make(group(&format!("chain-{at}"), &[format!("chain-{}", at - 1)])));
                make(group(GROUP, &[format!("chain-{}", length - 1)]));
            }
            Kind::Invite => {}
        }
        process.stop()
    }

    /// The names of a round.
    fn list(&self, round: usize) -> Vec<String> {
        let mut names: Vec<String> = match self.kind {
            Kind::Reverse => (0..self.names).map(|at| format!("n{at:05}")).collect(),
            Kind::Chain(_) => (0..self.names).map(|at| format!("below-{at}")).collect(),
            // Scattered over the index, as real names are.
            Kind::Invite => {
                let scattered = |at: usize| random(at as u64, round as u64) % 1_000_000;
                (0..self.names).map(|at| format!("{}.{at}.{round}@example.com", scattered(at))).collect()
            }
        };
        if matches!(self.kind, Kind::Reverse) && round % 2 == 1 {
            names.reverse();
        }
        names
    }

    /// The request of a round.
    pub fn request(&self, round: usize) -> Vec<u8> {
        match self.kind {
            Kind::Reverse => put("memberUsers", self.list(round + 1)),
            Kind::Chain(_) => put("memberGroups", self.list(round)),
            Kind::Invite => {
                json_request("POST", "/api/v1/invite_users", &Credentials::Keys, &json!({"emails": self.list(round)}))
            }
        }
    }

    /// Writes the same rows with prepared statements in one transaction.
    pub fn write_bare(&self, plain: &Plain<'_>, round: usize) -> rusqlite::Result<()> {
        match self.kind {
            Kind::Reverse => plain.arrange(GROUP, &self.list(round + 1)),
            Kind::Chain(_) => plain.add_groups(GROUP, &self.list(round)),
            Kind::Invite => plain.create_all(&self.list(round)),
        }
    }

    /// The request that undoes the change, if the next round needs that.
    pub fn undo(&self) -> Option<Vec<u8>> {
        matches!(self.kind, Kind::Chain(_)).then(|| put("memberGroups", Vec::new()))
    }

    /// Undoes the change of the bare transaction, if the next round needs that.
    pub fn undo_bare(&self, plain: &Plain<'_>) -> rusqlite::Result<()> {
        if matches!(self.kind, Kind::Chain(_)) { plain.remove_groups(GROUP) } else { Ok(()) }
    }
}

fn put(list: &str, names: Vec<String>) -> Vec<u8> {
    let body = json!({"entity-type": "group", list: names});
    json_request("PUT", &format!("/nuxeo/api/v1/group/{GROUP}"), &Credentials::Basic, &body)
}
