//! The metrics of the server.

mod connections;
mod credentials;
pub mod database;
mod listener;
mod process;
mod requests;
mod tools;

use crate::support::client::{Answer, Connection, request, write};
use crate::support::metrics::Page;
use crate::support::server::Server;

pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

// Addresses of the metrics

/// An answer without the headers that differ for each request.
pub fn bare(answer: &Answer) -> (u16, Vec<(String, String)>, String) {
    let own = |name: &str| ["date", "x-request-id"].contains(&name.to_lowercase().as_str());
    let headers = answer.headers.iter().filter(|(name, _)| !own(name)).cloned().collect();
    (answer.status, headers, answer.text().to_owned())
}

/// A connection to a server with public metrics: its requests are counted by the next page.
pub struct Watched {
    server: Server,
    connection: Connection,
}

impl Watched {
    fn with(flags: &[&str]) -> Watched {
        let server = Server::with(&[&["--metrics-public"], flags].concat());
        let connection = Connection::open(server.address);
        Watched { server, connection }
    }

    /// Sends requests with the credentials of both dialects.
    fn ask(&mut self, method: &str, path: &str, body: &str) -> u16 {
        let length = format!("Content-Length: {}\r\n", body.len());
        write(&mut self.connection, request(&format!("{method} {path} HTTP/1.1"), &length, body));
        self.connection.answer(method == "HEAD").status
    }

    fn ask_anonymously(&mut self, method: &str, path: &str) -> u16 {
        self.connection.send(method, path, &[], None);
        self.connection.answer(method == "HEAD").status
    }

    fn text(&mut self) -> String {
        self.connection.send("GET", "/metrics", &[], None);
        self.connection.answer(false).text().to_owned()
    }

    fn page(&mut self) -> Page {
        Page::parse(&self.text())
    }
}
