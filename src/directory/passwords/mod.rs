//! How passwords are stored and checked.

mod fault;
mod hash_permit;
mod hasher;
mod password_hash;
mod password_shape;
mod pbkdf2;

pub(super) use hash_permit::HashPermit;
pub use hasher::{PASSWORD_REFUSED, Passwords};
pub(super) use hasher::{PasswordInput, is_stored_value};
pub use password_hash::{ImportedPassword, classify_password};
