//! Tables of other systems, and of spreadsheets.

mod rows;
mod sources;

use crate::import::Case;

pub(super) const TABLES: [&[Case]; 2] = [sources::CASES, rows::CASES];
