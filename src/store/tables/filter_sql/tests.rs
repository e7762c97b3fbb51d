use super::{FilterSql, FilteredTable};
use crate::model::{Filter, FilterField, TextMatch};
use crate::store::sql_functions::define_functions;
use rusqlite::Connection;

fn database() -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    define_functions(&connection).unwrap();
    connection.execute_batch(include_str!("../../../../schema.sql")).unwrap();
    connection
}

fn plan(connection: &Connection, sql: &str) -> Vec<String> {
    let mut statement = connection.prepare(&format!("explain query plan {sql}")).unwrap();
    // The parameters stay null.
    let mut rows = statement.raw_query();
    let mut lines = Vec::new();
    while let Some(row) = rows.next().unwrap() {
        lines.push(row.get(3).unwrap());
    }
    lines
}

#[test]
fn a_search_by_prefix_uses_the_indexes_of_all_texts() {
    let connection = database();
    for (table, name, order, indexes) in [
        (FilteredTable::Users, "users", "username_key", &["username_key", "first_key", "last_key", "email_key"][..]),
        (FilteredTable::Groups, "groups", "name_key", &["name_key", "label_key"]),
    ] {
        let filter = FilterSql::of(table, &Filter::starting_with("Ada"));
        let sql = format!("select id from {name} where {} order by {order}", filter.condition);
        let plan = plan(&connection, &sql).join("\n");
        assert!(plan.contains("MULTI-INDEX OR") && !plan.contains(&format!("SCAN {name}")), "{plan}");
        for index in indexes {
            assert!(plan.contains(&format!("{index}>? AND {index}<?")), "{index}: {plan}");
        }
    }
}

#[test]
fn a_list_is_read_in_the_order_of_its_index() {
    let connection = database();
    let filters = [
        Filter::everything(),
        Filter::disabled(true),
        [Filter::words("ada").unwrap(), Filter::MemberOf(1), Filter::UnchangedSince(7)].into_iter().collect(),
    ];
    for filter in filters {
        let filter = FilterSql::of(FilteredTable::Users, &filter);
        let sql =
            format!("select id from users where username_key > :after and {} order by username_key", filter.condition);
        let plan = plan(&connection, &sql);
        assert!(plan[0].contains("username_key>?"), "{plan:?}");
        assert!(!plan.iter().any(|line| line.contains("TEMP B-TREE")), "{plan:?}");
    }
}

#[test]
fn a_tree_finds_the_rows_for_which_it_holds() {
    let connection = database();
    for (name, first, disabled) in [("ada", Some("ada"), false), ("bob", None, false), ("eve", Some("bo"), true)] {
        connection
            .execute(
                "insert into users (uuid, username, username_key, first_key, disabled, created_at, updated_at)
                 values (?1, ?1, ?1, ?2, ?3, 0, 0)",
                rusqlite::params![name, first, disabled],
            )
            .unwrap();
    }
    let text = |field, text: TextMatch| Filter::Text(field, text);
    let first = |value: &str| text(FilterField::FirstName, TextMatch::Equals(value.to_owned()));
    for (filter, expected) in [
        (Filter::everything(), "ada bob eve"),
        (Filter::nothing(), ""),
        (Filter::starting_with("BO"), "bob eve"),
        (Filter::words("A").unwrap(), "ada"),
        (Filter::words("O, b").unwrap(), "bob"),
        (Filter::words(" ,").unwrap(), "ada bob eve"),
        (Filter::Not(Box::new(Filter::words("b").unwrap())), "ada eve"),
        (text(FilterField::Name, TextMatch::Contains("d".to_owned())), "ada"),
        (first("ada"), "ada"),
        (Filter::Not(Box::new(first("ada"))), "bob eve"),
        (Filter::Not(Box::new(Filter::nothing())), "ada bob eve"),
        ([Filter::starting_with("bo"), Filter::disabled(false)].into_iter().collect(), "bob"),
        (Filter::Or(vec![first("bo"), Filter::And(vec![Filter::disabled(false), first("ada")])]), "ada eve"),
        (text(FilterField::Label, TextMatch::Contains(String::new())), ""),
        (Filter::UnchangedSince(0), ""),
        (Filter::UnchangedSince(1), "ada bob eve"),
        (Filter::MemberOf(1), ""),
    ] {
        let sql = FilterSql::of(FilteredTable::Users, &filter);
        let query = format!("select username from users where {} order by username_key", sql.condition);
        let mut statement = connection.prepare(&query).unwrap();
        let rows = statement.query_map(sql.parameters(&[]).as_slice(), |row| row.get(0)).unwrap();
        let found: Vec<String> = rows.collect::<Result<_, _>>().unwrap();
        assert_eq!(found.join(" "), expected, "{query}");
    }
}
