//! Conditions on users and groups, as a tree that the store translates.

use super::{Result, SearchWords, fold_name};

/// A condition on a user or a group.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Filter {
    /// All of these hold. Without any, every row matches.
    And(Vec<Filter>),
    /// One of these holds. Without any, no row matches.
    Or(Vec<Filter>),
    /// This does not hold.
    Not(Box<Filter>),
    /// A text compares like that. A row without the text does not match.
    Text(FilterField, TextMatch),
    /// Each of the words is contained in one of the texts that a search by words compares: of a user the login, the names,
    /// the e-mail address, the title, the company and the external id; of a group the name, the label, the description
    /// and the external id.
    Words(SearchWords),
    /// A flag has that value.
    Flag(Flag, bool),
    /// The user is a direct member of the group of that row id.
    MemberOf(i64),
    /// The last change was before that time, in milliseconds since 1970-01-01 UTC.
    UnchangedSince(i64),
}

/// A text of a user or a group. A row that cannot have the text does not match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FilterField {
    /// The login, or the name of the group.
    Name,
    /// A user's first name.
    FirstName,
    /// A user's last name.
    LastName,
    /// A user's display name.
    DisplayName,
    /// A user's e-mail address.
    Email,
    /// A group's label.
    Label,
}

/// A comparison with a text that is folded as names are, see [`fold_name`].
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum TextMatch {
    /// The whole text is this one.
    Equals(String),
    /// The text begins with this one.
    StartsWith(String),
    /// The text contains this one.
    Contains(String),
}

/// A property that a user has or has not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Flag {
    /// The user cannot log in.
    Disabled,
    /// The user has logged in.
    Verified,
    /// The user is an administrator, directly or through subgroups.
    Administrator,
}

/// The texts that a search by prefix compares.
const SEARCHED: [FilterField; 5] =
    [FilterField::Name, FilterField::FirstName, FilterField::LastName, FilterField::Email, FilterField::Label];

impl Filter {
    /// Every row.
    pub fn everything() -> Filter {
        Filter::And(Vec::new())
    }

    /// No row.
    pub fn nothing() -> Filter {
        Filter::Or(Vec::new())
    }

    /// Rows with a name, a label or an e-mail address that begins with the text.
    pub fn starting_with(text: &str) -> Filter {
        let text = fold_name(text);
        Filter::Or(SEARCHED.map(|field| Filter::Text(field, TextMatch::StartsWith(text.clone()))).into())
    }

    /// Rows whose texts contain all words of a query, see [`SearchWords`]. Without a word, every row matches.
    ///
    /// # Errors
    /// `Invalid` when there are too many words.
    pub fn words(query: &str) -> Result<Filter> {
        let words = SearchWords::parse(query)?;
        Ok(if words.is_empty() { Filter::everything() } else { Filter::Words(words) })
    }

    /// Users who are disabled, or who are not.
    pub fn disabled(disabled: bool) -> Filter {
        Filter::Flag(Flag::Disabled, disabled)
    }

    /// Users who have logged in, or who have not.
    pub fn verified(verified: bool) -> Filter {
        Filter::Flag(Flag::Verified, verified)
    }

    /// Administrators.
    pub fn administrators() -> Filter {
        Filter::Flag(Flag::Administrator, true)
    }

    /// The words that each row contains that matches.
    pub fn required_words(&self) -> Option<&SearchWords> {
        match self {
            Filter::Words(words) => Some(words),
            Filter::And(filters) => filters.iter().find_map(Filter::required_words),
            _ => None,
        }
    }

    /// Returns false if a change that is not a change of the user's own fields can change which users pass: one of groups,
    /// of memberships, or of the time of the last change.
    pub fn depends_on_user_alone(&self) -> bool {
        match self {
            Filter::And(filters) | Filter::Or(filters) => filters.iter().all(Filter::depends_on_user_alone),
            Filter::Not(filter) => filter.depends_on_user_alone(),
            Filter::Flag(Flag::Administrator, _) | Filter::MemberOf(_) | Filter::UnchangedSince(_) => false,
            Filter::Text(..) | Filter::Words(_) | Filter::Flag(..) => true,
        }
    }

    /// The bytes that it takes outside of itself, about.
    pub fn heap_bytes(&self) -> usize {
        match self {
            Filter::And(filters) | Filter::Or(filters) => {
                filters.iter().map(|filter| size_of::<Filter>() + filter.heap_bytes()).sum()
            }
            Filter::Not(filter) => size_of::<Filter>() + filter.heap_bytes(),
            Filter::Text(_, TextMatch::Equals(text) | TextMatch::StartsWith(text) | TextMatch::Contains(text)) => {
                text.capacity()
            }
            Filter::Words(words) => words.heap_bytes(),
            Filter::Flag(..) | Filter::MemberOf(_) | Filter::UnchangedSince(_) => 0,
        }
    }
}

/// The rows for which all of the filters hold.
impl FromIterator<Filter> for Filter {
    fn from_iter<I: IntoIterator<Item = Filter>>(filters: I) -> Filter {
        Filter::And(filters.into_iter().collect())
    }
}
