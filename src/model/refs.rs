//! How requests name users and groups.

use std::borrow::Cow;
use std::fmt;

/// A user, by the login in any spelling or by the uuid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserRef<'r> {
    /// The login.
    Name(Cow<'r, str>),
    /// The uuid.
    Uuid(Cow<'r, str>),
}

/// A group, by the name in any spelling or by the uuid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupRef<'r> {
    /// The name.
    Name(Cow<'r, str>),
    /// The uuid.
    Uuid(Cow<'r, str>),
}

macro_rules! reference {
    ($reference:ident) => {
        impl<'r> $reference<'r> {
            /// The one with that uuid.
            pub fn uuid(uuid: &'r str) -> $reference<'r> {
                $reference::Uuid(uuid.into())
            }

            /// The same reference with a text of its own.
            pub fn into_owned(self) -> $reference<'static> {
                match self {
                    $reference::Name(name) => $reference::Name(name.into_owned().into()),
                    $reference::Uuid(uuid) => $reference::Uuid(uuid.into_owned().into()),
                }
            }
        }

        impl<'r> From<&'r str> for $reference<'r> {
            fn from(name: &'r str) -> $reference<'r> {
                $reference::Name(name.into())
            }
        }

        impl<'r> From<&'r String> for $reference<'r> {
            fn from(name: &'r String) -> $reference<'r> {
                $reference::Name(name.into())
            }
        }

        impl fmt::Display for $reference<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let ($reference::Name(text) | $reference::Uuid(text)) = self;
                f.write_str(text.trim())
            }
        }
    };
}

reference!(UserRef);
reference!(GroupRef);
