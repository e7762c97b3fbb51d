//! Black-box tests: the built program over real sockets, on real SQLite files.

mod architecture;
mod cli;
mod clients;
mod cross_dialect;
mod datadog;
mod embed;
mod etags;
mod faults;
mod http;
mod import;
mod load;
mod nuxeo;
mod openapi;
mod ops;
mod rollbook;
mod scim;
mod security;
mod support;
mod tls;
mod ui;
