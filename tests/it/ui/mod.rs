//! The admin page and the interface behind it.

pub mod browser;
pub mod session;
