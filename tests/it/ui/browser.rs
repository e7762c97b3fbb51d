//! The page in Debian's Chromium, without a screen, driven by `tests/clients/browser.js`.

use crate::support::browser::visit_the_page;
use crate::support::server::Server;
/// Users in addition to those of the script: enough for lists of several pages.
const USERS: usize = 200;
/// Those of the page's promise, unless `ROLLBOOK_BROWSER_USERS` says how many.
const MANY_USERS: usize = 20_000;

#[test]
fn the_page_works_with_few_users() {
    use_the_page("people", USERS);
}

#[test]
fn the_page_works_with_many_users() {
    let users = std::env::var("ROLLBOOK_BROWSER_USERS");
    use_the_page("many", users.map_or(MANY_USERS, |users| users.parse().expect("a number of users")));
}

/// Runs a part of the script with so many users.
fn use_the_page(part: &str, users: usize) {
    visit_the_page(part, users, &[], Server::with);
}
