//! Attributes and their characteristics (RFC 7643, 7).

use std::fmt;

/// An attribute, or a sub-attribute of a complex one.
#[derive(Debug)]
pub(in crate::dialect::scim) struct Attribute {
    /// The name in the spelling of the schema.
    pub(in crate::dialect::scim) name: &'static str,
    pub(in crate::dialect::scim) kind: Kind,
    pub(in crate::dialect::scim) is_multi_valued: bool,
    pub(in crate::dialect::scim) description: &'static str,
    pub(in crate::dialect::scim) is_required: bool,
    /// False: values that differ only by case are equal.
    pub(in crate::dialect::scim) is_case_exact: bool,
    pub(in crate::dialect::scim) mutability: Mutability,
    pub(in crate::dialect::scim) returned: Returned,
    pub(in crate::dialect::scim) uniqueness: Uniqueness,
    /// Values that clients should use. Other values are accepted.
    pub(in crate::dialect::scim) canonical_values: &'static [&'static str],
    pub(in crate::dialect::scim) reference_types: &'static [&'static str],
    pub(in crate::dialect::scim) sub_attributes: &'static [Attribute],
}

/// The type of a value. No attribute of these schemas is a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dialect::scim) enum Kind {
    String,
    Boolean,
    DateTime,
    Binary,
    Reference,
    Complex,
}

impl Kind {
    /// The name in a document of a schema.
    pub(in crate::dialect::scim) fn name(self) -> &'static str {
        match self {
            Kind::String => "string",
            Kind::Boolean => "boolean",
            Kind::DateTime => "dateTime",
            Kind::Binary => "binary",
            Kind::Reference => "reference",
            Kind::Complex => "complex",
        }
    }
}

/// The changes that a client may make.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dialect::scim) enum Mutability {
    ReadOnly,
    ReadWrite,
    /// A client sets it once.
    Immutable,
    /// A client never reads it.
    WriteOnly,
}

impl Mutability {
    /// The name in a document of a schema.
    pub(in crate::dialect::scim) fn name(self) -> &'static str {
        match self {
            Mutability::ReadOnly => "readOnly",
            Mutability::ReadWrite => "readWrite",
            Mutability::Immutable => "immutable",
            Mutability::WriteOnly => "writeOnly",
        }
    }
}

/// The responses that contain an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dialect::scim) enum Returned {
    /// A request cannot leave it out.
    Always,
    Default,
    Never,
}

impl Returned {
    /// The name in a document of a schema.
    pub(in crate::dialect::scim) fn name(self) -> &'static str {
        match self {
            Returned::Always => "always",
            Returned::Default => "default",
            Returned::Never => "never",
        }
    }
}

/// True if two resources cannot have the same value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::dialect::scim) enum Uniqueness {
    None,
    Server,
}

impl Uniqueness {
    /// The name in a document of a schema.
    pub(in crate::dialect::scim) fn name(self) -> &'static str {
        match self {
            Uniqueness::None => "none",
            Uniqueness::Server => "server",
        }
    }
}

/// Attributes are equal if they are the same line of a table.
impl PartialEq for Attribute {
    fn eq(&self, other: &Attribute) -> bool {
        std::ptr::eq(self, other)
    }
}

impl Eq for Attribute {}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl Attribute {
    const fn new(kind: Kind, name: &'static str, description: &'static str) -> Attribute {
        Attribute {
            name,
            kind,
            is_multi_valued: false,
            description,
            is_required: false,
            is_case_exact: false,
            mutability: Mutability::ReadWrite,
            returned: Returned::Default,
            uniqueness: Uniqueness::None,
            canonical_values: &[],
            reference_types: &[],
            sub_attributes: &[],
        }
    }

    /// A text in which case does not count.
    pub(super) const fn string(name: &'static str, description: &'static str) -> Attribute {
        Attribute::new(Kind::String, name, description)
    }

    pub(super) const fn boolean(name: &'static str, description: &'static str) -> Attribute {
        Attribute::new(Kind::Boolean, name, description)
    }

    pub(super) const fn date_time(name: &'static str, description: &'static str) -> Attribute {
        Attribute::new(Kind::DateTime, name, description)
    }

    /// Bytes in base64.
    pub(super) const fn binary(name: &'static str, description: &'static str) -> Attribute {
        Attribute::new(Kind::Binary, name, description).case_exact()
    }

    /// A URI. Case counts (RFC 7643, 2.3.7).
    pub(super) const fn reference(
        name: &'static str,
        types: &'static [&'static str],
        description: &'static str,
    ) -> Attribute {
        let mut attribute = Attribute::new(Kind::Reference, name, description).case_exact();
        attribute.reference_types = types;
        attribute
    }

    pub(super) const fn complex(
        name: &'static str,
        sub_attributes: &'static [Attribute],
        description: &'static str,
    ) -> Attribute {
        let mut attribute = Attribute::new(Kind::Complex, name, description);
        attribute.sub_attributes = sub_attributes;
        attribute
    }

    pub(super) const fn multi_valued(mut self) -> Attribute {
        self.is_multi_valued = true;
        self
    }

    pub(super) const fn required(mut self) -> Attribute {
        self.is_required = true;
        self
    }

    pub(super) const fn case_exact(mut self) -> Attribute {
        self.is_case_exact = true;
        self
    }

    pub(super) const fn any_case(mut self) -> Attribute {
        self.is_case_exact = false;
        self
    }

    pub(super) const fn mutability(mut self, mutability: Mutability) -> Attribute {
        self.mutability = mutability;
        self
    }

    pub(super) const fn read_only(self) -> Attribute {
        self.mutability(Mutability::ReadOnly)
    }

    pub(super) const fn returned(mut self, returned: Returned) -> Attribute {
        self.returned = returned;
        self
    }

    pub(super) const fn unique(mut self) -> Attribute {
        self.uniqueness = Uniqueness::Server;
        self
    }

    pub(super) const fn values(mut self, values: &'static [&'static str]) -> Attribute {
        self.canonical_values = values;
        self
    }

    /// The sub-attribute of that name, in any ASCII case.
    pub(in crate::dialect::scim) fn sub_attribute(&self, name: &str) -> Option<&'static Attribute> {
        find(self.sub_attributes, name)
    }

    /// The sub-attribute that stands for a whole value, if there is one: `value` of `emails`, of `members` or of `manager`.
    pub(in crate::dialect::scim) fn value_attribute(&self) -> Option<&'static Attribute> {
        self.sub_attribute("value")
    }

    pub(in crate::dialect::scim) fn is_read_only(&self) -> bool {
        self.mutability == Mutability::ReadOnly
    }
}

/// The attribute of that name, in any ASCII case.
pub(super) fn find(attributes: &'static [Attribute], name: &str) -> Option<&'static Attribute> {
    attributes.iter().find(|attribute| attribute.name.eq_ignore_ascii_case(name))
}
