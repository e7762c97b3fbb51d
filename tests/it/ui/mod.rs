//! The admin page and the interface behind it.

mod browser;
mod session;
