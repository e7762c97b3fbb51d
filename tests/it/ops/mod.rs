//! Running the server: logs, metrics, health, signals, sockets and files.

mod database_files;
mod file_owners;
mod health;
mod journal;
mod json_log;
mod log_file;
pub mod metrics;
mod request_ids;
mod request_log;
mod signals;
mod socket_activation;
mod systemd;
