//! Dumps of LDAP directories.

mod active_directory;
mod dumps;
mod entries;
mod groups;
mod mapped_groups;
mod products;

use crate::import::Case;

pub(super) const LDIF: [&[Case]; 6] =
    [dumps::CASES, groups::CASES, active_directory::CASES, products::CASES, entries::CASES, mapped_groups::CASES];
