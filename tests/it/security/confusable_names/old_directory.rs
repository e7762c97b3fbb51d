//! A directory of an earlier version with names that the current rules would refuse.

use crate::support::database::{Database, execute};
use crate::support::folder::Folder;
use std::path::Path;
use std::sync::Arc;

/// Hashes of `correct horse battery` and of `new words`.
const HASHES: [&str; 2] = [
    "$argon2id$v=19$m=19456,t=2,p=1$diMC11uY5OhKTO2cE3Anag$DWDj/BdtAS42Iemn4RAuT0eRwHYZJykFB6b7/OwGzTc",
    "$argon2id$v=19$m=19456,t=2,p=1$k0h68qu+wOsxgaYKRs3jrw$3BG/MhXV9u2dD4Xud7/qHMcUh95AWRvIdHuakOdsnSo",
];

/// Users of a directory of version 2 in the order of their creation: login, key, index of the password.
pub const OLD_USERS: [(&str, &str, usize); 9] = [
    // These look like Ada@example.com, who is in the file already, or like each other.
    ("A\u{200b}da@example.com", "a\u{200b}da@example.com", 1),
    ("\u{a7ce}Eve@example.com", "\u{a7ce}eve@example.com", 0),
    ("\u{a7cf}eve@example.com", "\u{a7cf}eve@example.com", 1),
    // These two look like each other.
    ("bob\u{2060}@example.com", "bob\u{2060}@example.com", 0),
    ("b\u{ad}ob@example.com", "b\u{ad}ob@example.com", 1),
    // These look like no other user.
    ("\u{645}\u{6cc}\u{200c}\u{62e}", "\u{645}\u{6cc}\u{200c}\u{62e}", 0),
    ("tur\u{202e}n", "tur\u{202e}n", 0),
    ("sys\u{200b}tem", "sys\u{200b}tem", 1),
    ("\u{200b}", "\u{200b}", 1),
];

const OLD_GROUPS: [(&str, &str); 3] = [
    ("engi\u{200b}nes", "engi\u{200b}nes"),
    ("administr\u{200d}ators", "administr\u{200d}ators"),
    ("\u{430}dministrators", "\u{430}dministrators"),
];

/// A directory of version 2 with names that later versions take for one name.
pub fn old_directory() -> Arc<Folder> {
    let folder = Arc::new(Folder::new());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/versions/2.sql");
    execute(&folder.db(), &std::fs::read_to_string(file).expect("the version"));
    let connection = Database::open(folder.db()).expect("a database");
    connection
        .execute(
            "update users set password_hash = ?1, first_name = 'F\u{ad}o', first_key = 'f\u{ad}o' where id = 2",
            [HASHES[0]],
        )
        .unwrap();
    for (id, (name, key, password)) in (10_i64..).zip(OLD_USERS) {
        let sql = "insert into users (id, uuid, username, username_key, password_hash, created_at, updated_at)
             values (?1, ?2, ?3, ?4, ?5, 1, 1)";
        connection.execute(sql, (id, format!("user-{id}"), name, key, HASHES[password])).unwrap();
    }
    for (id, (name, key)) in (10_i64..).zip(OLD_GROUPS) {
        let sql = "insert into groups (id, uuid, name, name_key, created_at, updated_at) values (?1, ?2, ?3, ?4, 1, 1)";
        connection.execute(sql, (id, format!("group-{id}"), name, key)).unwrap();
    }
    execute(
        &folder.db(),
        "insert into memberships values (10, 10, 101, null), (11, 10, 102, 'a\u{200b}DA@example.com'), (4, 14, 103, null);
         insert into dangling_members values ('user', 'ad\u{200c}a@example.com', 4, 'Ad\u{200c}a@example.com', 104),
             ('user', 'k\u{200b}im', 4, 'k\u{200b}im', 105), ('user', 'k\u{200c}im', 4, 'k\u{200c}im', 106),
             ('parent', 'administrato\u{200b}rs', 4, 'administrato\u{200b}rs', 107);
         update counters set value = 107 where name = 'seq';",
    );
    folder
}
