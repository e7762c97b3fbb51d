//! Translates filters to conditions in SQL.

use super::hierarchy::administrator_groups;
use crate::model::{Filter, FilterField, Flag, TextMatch};
use rusqlite::ToSql;
use rusqlite::types::Value;

/// The texts of a user that a search by words compares.
pub(in crate::store) const SEARCHED_USER_TEXTS: &str =
    "username, first_name, last_name, display_name, email, title, company, users.external_id";

/// The table that a filter is about.
#[derive(Clone, Copy)]
pub(in crate::store) enum FilteredTable {
    Users,
    Groups,
}

impl FilteredTable {
    /// The folded text of a row; `None` where rows of the table have no such text.
    fn text(self, field: FilterField) -> Option<&'static str> {
        match (self, field) {
            (FilteredTable::Users, FilterField::Name) => Some("username_key"),
            (FilteredTable::Users, FilterField::FirstName) => Some("first_key"),
            (FilteredTable::Users, FilterField::LastName) => Some("last_key"),
            (FilteredTable::Users, FilterField::DisplayName) => Some("folded(display_name)"),
            (FilteredTable::Users, FilterField::Email) => Some("email_key"),
            (FilteredTable::Groups, FilterField::Name) => Some("name_key"),
            (FilteredTable::Groups, FilterField::Label) => Some("label_key"),
            (FilteredTable::Users, FilterField::Label) | (FilteredTable::Groups, _) => None,
        }
    }

    /// The texts that a search by words compares.
    fn searched_texts(self) -> &'static str {
        match self {
            FilteredTable::Users => SEARCHED_USER_TEXTS,
            FilteredTable::Groups => "name, label, description, groups.external_id",
        }
    }

    /// The rows that keep an older key, by the key of their names.
    fn withheld(self) -> &'static str {
        match self {
            FilteredTable::Users => "users.id in (select user_id from withheld_user_keys where ",
            FilteredTable::Groups => "groups.id in (select group_id from withheld_group_keys where ",
        }
    }
}

/// A condition in SQL with its parameters, `:f0`, `:f1` and so on.
pub(in crate::store) struct FilterSql {
    pub(in crate::store) condition: String,
    /// The condition names `administrator_groups`.
    needs_administrators: bool,
    parameters: Vec<(String, Value)>,
}

/// True if the user of the row is in one of `administrator_groups`.
macro_rules! is_administrator {
    () => {
        "exists (select 1 from memberships join administrator_groups on group_id = administrator_groups.id
                 where user_id = users.id)"
    };
}
pub(in crate::store) use is_administrator;

impl FilterSql {
    pub(in crate::store) fn of(table: FilteredTable, filter: &Filter) -> FilterSql {
        let mut sql = FilterSql { condition: String::new(), needs_administrators: false, parameters: Vec::new() };
        sql.condition = match filter {
            // Without parentheses, as the planner of SQLite sees them.
            Filter::And(filters) if !filters.is_empty() => sql.all(table, filters),
            filter => sql.translate(table, filter),
        };
        sql
    }

    /// The text before the statement: the definition of `administrator_groups` if the condition needs it.
    pub(in crate::store) fn with_clause(&self) -> &'static str {
        if self.needs_administrators { administrator_groups!() } else { "" }
    }

    /// The parameters of the condition, and those of the query around it.
    pub(in crate::store) fn parameters<'p>(
        &'p self,
        others: &[(&'p str, &'p dyn ToSql)],
    ) -> Vec<(&'p str, &'p dyn ToSql)> {
        let own = self.parameters.iter().map(|(name, value)| (name.as_str(), value as &dyn ToSql));
        others.iter().copied().chain(own).collect()
    }

    fn all(&mut self, table: FilteredTable, filters: &[Filter]) -> String {
        filters.iter().map(|filter| self.translate(table, filter)).collect::<Vec<_>>().join(" and ")
    }

    fn translate(&mut self, table: FilteredTable, filter: &Filter) -> String {
        match filter {
            Filter::And(filters) if filters.is_empty() => "1".to_owned(),
            Filter::And(filters) => format!("({})", self.all(table, filters)),
            Filter::Or(filters) => self.any(table, filters),
            // A comparison with a missing text is null.
            Filter::Not(filter) => format!("({}) is not true", self.translate(table, filter)),
            Filter::Text(field, comparison) => {
                let (text, withheld) = self.compare(table, *field, comparison);
                let parts: Vec<String> = text.into_iter().chain(withheld).collect();
                if parts.is_empty() { "0".to_owned() } else { format!("({})", parts.join(" or ")) }
            }
            Filter::Words(words) => {
                format!("contains_words({}, {})", self.text(&words.joined()), table.searched_texts())
            }
            Filter::Flag(Flag::Disabled, value) => format!("disabled = {}", i32::from(*value)),
            Filter::Flag(Flag::Verified, value) => format!("verified = {}", i32::from(*value)),
            Filter::Flag(Flag::Administrator, value) => {
                self.needs_administrators = true;
                let not = if *value { "" } else { "not " };
                format!("{not}{}", is_administrator!())
            }
            Filter::MemberOf(group_id) => {
                let group = self.parameter(Value::Integer(*group_id));
                format!("exists (select 1 from memberships where group_id = {group} and user_id = users.id)")
            }
            Filter::UnchangedSince(time) => format!("updated_at < {}", self.parameter(Value::Integer(*time))),
        }
    }

    /// One of the filters holds. The look-up of older keys comes last, once for all texts that are compared alike.
    fn any(&mut self, table: FilteredTable, filters: &[Filter]) -> String {
        let (mut parts, mut last) = (Vec::new(), Vec::new());
        for filter in filters {
            match filter {
                Filter::Text(field, comparison) => {
                    let (text, withheld) = self.compare(table, *field, comparison);
                    parts.extend(text);
                    last.extend(withheld);
                }
                filter => parts.push(self.translate(table, filter)),
            }
        }
        parts.append(&mut last);
        if parts.is_empty() { "0".to_owned() } else { format!("({})", parts.join(" or ")) }
    }

    /// The comparison of a text of the row, and of the key that is withheld from the row.
    fn compare(
        &mut self,
        table: FilteredTable,
        field: FilterField,
        comparison: &TextMatch,
    ) -> (Option<String>, Option<String>) {
        let Some(text) = table.text(field) else { return (None, None) };
        let compared = self.compared(text, comparison);
        let withheld = (field == FilterField::Name).then(|| {
            let key = self.compared("key", comparison);
            format!("{}{key})", table.withheld())
        });
        (Some(compared), withheld)
    }

    fn compared(&mut self, text: &str, comparison: &TextMatch) -> String {
        match comparison {
            TextMatch::Equals(value) => format!("{text} = {}", self.text(value)),
            TextMatch::Contains(value) => format!("instr({text}, {})", self.text(value)),
            TextMatch::StartsWith(value) => {
                // No character sorts after this one, and no key contains it: it is no character of any script.
                let (from, to) = (self.text(value), self.text(&format!("{value}\u{10FFFF}")));
                format!("{text} >= {from} and {text} < {to}")
            }
        }
    }

    fn text(&mut self, text: &str) -> String {
        self.parameter(Value::Text(text.to_owned()))
    }

    /// The name of the parameter with that value.
    fn parameter(&mut self, value: Value) -> String {
        if let Some((name, _)) = self.parameters.iter().find(|(_, present)| *present == value) {
            return name.clone();
        }
        let name = format!(":f{}", self.parameters.len());
        self.parameters.push((name.clone(), value));
        name
    }
}

#[cfg(test)]
mod tests;
