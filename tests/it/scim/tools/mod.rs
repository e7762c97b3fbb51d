//! Real tools: two that check a server, a server to compare with, a command line, and an identity provider.

mod canaille;
mod command_line;
mod sanity;
mod second_opinion;
mod tester;

/// The environment with scim2-cli, scim2-tester and scim2-server.
const SCIM2: &str = "scim2-cli-0.6.0";
