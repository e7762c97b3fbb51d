//! A program that stores its users in an embedded Rollbook directory: it opens the directory, fills it without HTTP,
//! and serves it to clients of Datadog's and Nuxeo's interfaces until its standard input ends.
//!
//!     cargo run --example embed -- people.db

use rollbook::{GroupFields, Rollbook, Settings, UserFields, UserSelection};
use std::net::TcpListener;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).unwrap_or_else(|| "people.db".to_owned());

    // Every setting has the default that `rollbook serve` has.
    let mut settings = Settings::default();
    settings.keep_changes = std::time::Duration::from_secs(30 * 86_400);
    let rollbook = Rollbook::open_with(&file, settings)?;

    // Only the call that creates a directory has its secrets, and the library does not print them. This program does.
    if let Some(secrets) = rollbook.first_secrets() {
        println!("password of Administrator: {}", secrets.password);
        println!("API key: {}", secrets.api_key);
        println!("application key: {}", secrets.app_key);
    }

    // Calls without HTTP. Each change is on disk when its call returns.
    let directory = rollbook.directory().by("people-import");
    if directory.find_group("engineers")?.is_none() {
        directory.create_group("engineers", &GroupFields::new().label("Engineers"))?;
    }
    if directory.find_user("ada@example.com")?.is_none() {
        let ada = UserFields::new().display_name("Ada Lovelace").email("ada@example.com").groups(["engineers"]);
        directory.create_user("ada@example.com", &ada)?;
    }

    // The program binds the address, so it decides which clients can reach the directory.
    let handle = rollbook.serve(TcpListener::bind("127.0.0.1:0")?)?;
    println!("listening on http://{}", handle.address());

    let mut line = String::new();
    while std::io::stdin().read_line(&mut line)? > 0 {
        line.clear();
    }

    let directory = handle.directory();
    for user in directory.users(&UserSelection::new(), "", 1000)? {
        println!("{} is in {}", user.name, directory.groups_of(&user.name)?.join(", "));
    }
    // Requests that have begun are answered; then every thread ends and the file is closed.
    handle.stop()?;
    println!("stopped");
    Ok(())
}
