//! Lists of users as plain SQL with the indexes of the tables.

use super::{Plain, User, user};
use rusqlite::{Result, named_params};

/// Entries of a page.
const PAGE_ENTRIES: usize = 50;

/// The condition of a search by prefix.
macro_rules! has_prefix {
    () => {
        "(username_key >= :from and username_key < :to or first_key >= :from and first_key < :to
          or last_key >= :from and last_key < :to or email_key >= :from and email_key < :to)"
    };
}

/// The condition of a search for a text anywhere.
macro_rules! contains_text {
    () => {
        "(username like :text or first_name like :text or last_name like :text or display_name like :text
          or email like :text)"
    };
}

impl Plain<'_> {
    /// The document at a path: a page of Nuxeo's search, a page of the admin page's search, or a user.
    pub fn read(&self, path: &str) -> Result<Option<Vec<u8>>> {
        let (list, query) = path.split_once('?').unwrap_or((path, ""));
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(found, _)| *found == name).map_or("", |(_, value)| value)
        };
        let page = match list {
            "/nuxeo/api/v1/user/search" => {
                let offset = value("currentPageIndex").parse().unwrap_or(0) * PAGE_ENTRIES as i64;
                self.prefix_page(value("q"), offset)?
            }
            "/ui/api/users" => self.text_page(value("text"))?,
            _ => return self.look_up(path),
        };
        Ok(Some(page))
    }

    fn prefix_page(&self, prefix: &str, offset: i64) -> Result<Vec<u8>> {
        self.run("begin deferred")?;
        let (count, users) = if prefix == "*" {
            let mut count = self.0.prepare_cached("select value from counters where name = 'users'")?;
            let sql = concat!("select ", columns!(), " from users order by username_key limit 50 offset ?1");
            let mut select = self.0.prepare_cached(sql)?;
            let users: Vec<User> = select.query_map([offset], user)?.collect::<Result<_>>()?;
            (count.query_row([], |row| row.get::<_, i64>(0))?, users)
        } else {
            let (from, to) = (prefix, format!("{prefix}\u{10ffff}"));
            let mut count = self.0.prepare_cached(concat!("select count(*) from users where ", has_prefix!()))?;
            let sql = concat!(
                "select ",
                columns!(),
                " from users where ",
                has_prefix!(),
                " order by username_key limit 50 offset :offset"
            );
            let mut select = self.0.prepare_cached(sql)?;
            let rows = select.query_map(named_params! {":from": from, ":to": to, ":offset": offset}, user)?;
            let users = rows.collect::<Result<Vec<User>>>()?;
            (count.query_row(named_params! {":from": from, ":to": to}, |row| row.get::<_, i64>(0))?, users)
        };
        let page = self.page(count, &users)?;
        self.run("commit")?;
        Ok(page)
    }

    fn text_page(&self, text: &str) -> Result<Vec<u8>> {
        self.run("begin deferred")?;
        let sql =
            concat!("select ", columns!(), " from users where ", contains_text!(), " order by username_key limit 50");
        let mut select = self.0.prepare_cached(sql)?;
        let rows = select.query_map(named_params! {":text": format!("%{text}%")}, user)?;
        let users = rows.collect::<Result<Vec<User>>>()?;
        let page = self.page(users.len() as i64, &users)?;
        self.run("commit")?;
        Ok(page)
    }

    fn page(&self, count: i64, users: &[User]) -> Result<Vec<u8>> {
        let mut out =
            format!(r#"{{"entity-type":"users","resultsCount":{count},"currentPageSize":{},"entries":["#, users.len())
                .into_bytes();
        for (index, user) in users.iter().enumerate() {
            if index > 0 {
                out.push(b',');
            }
            out.extend(self.nuxeo(user)?);
        }
        out.extend_from_slice(b"]}");
        Ok(out)
    }
}
