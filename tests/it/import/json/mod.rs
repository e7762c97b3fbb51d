//! JSON of other systems.

mod rows;
mod sources;

use crate::import::Case;

pub(super) const DOCUMENTS: [&[Case]; 2] = [sources::CASES, rows::CASES];
