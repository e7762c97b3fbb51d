//! Authentication: turns the credentials of a request into a caller.

mod authenticator;
mod cache;
mod caller;
mod login;
mod login_throttle;
mod page_sessions;
mod refusals;
mod secrets;
mod sessions;
mod tickets;

pub use authenticator::Authenticator;
pub use sessions::{Session, SessionLimits};
