//! Attempts to gain rights or to harm the server.

mod confusable_names;
mod fuzz;
mod hostile_clients;
mod json_input;
mod login_throttling;
mod password_changes;
mod permission_matrix;
mod privilege_escalation;
mod protected_users;
mod reserved_properties;
mod revoked_rights;
