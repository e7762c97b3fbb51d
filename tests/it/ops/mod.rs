//! Running the server: logs, metrics, health, signals, sockets and files.

mod database_files;
mod file_owners;
mod health;
mod log_file;
mod logs;
pub mod metrics;
mod signals;
mod socket_activation;
mod systemd;
