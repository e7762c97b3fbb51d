//! Running the server: logs, metrics, health, signals, sockets and files.

mod database_files;
mod file_owners;
pub mod health;
mod log_file;
pub mod logs;
pub mod metrics;
mod signals;
mod socket_activation;
mod systemd;
