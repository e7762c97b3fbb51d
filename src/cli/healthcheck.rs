//! The check of a running server.

#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "help texts are shown as they are, with brackets around IPv6 addresses"
)]

use super::args::{ResultArgs, ResultFormat};
use super::result::print_object;
use crate::server::{Endpoint, probe_health};
use crate::settings::seconds;
use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `healthcheck`.
#[derive(Debug, Args)]
pub(super) struct HealthcheckArgs {
    /// An address that it listens on: 127.0.0.1:8080, localhost:8080, :8080, [::1]:8080, unix:/run/rollbook.sock. Of
    /// several, each has to answer
    #[arg(long, env = "ROLLBOOK_LISTEN", value_name = "ADDRESS", value_delimiter = ',',
          default_value = "127.0.0.1:8080", value_parser = Endpoint::parse)]
    listen: Vec<Endpoint>,
    /// The certificate of a server that has one, which is asked by TLS. The file is not read
    #[arg(long, env = "ROLLBOOK_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Seconds to wait for its answer
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    timeout: Duration,
    #[command(flatten)]
    printing: ResultArgs,
}

/// Asks each address of a server whether it is ready.
pub(super) fn run(args: &HealthcheckArgs) -> anyhow::Result<()> {
    let HealthcheckArgs { listen, tls_cert, timeout, printing } = args;
    for address in listen {
        let probed = probe_health(address, tls_cert.is_some(), "/readyz", *timeout);
        if printing.format == ResultFormat::Json {
            let status = probed.as_ref().ok();
            let address = address.to_string();
            print_object(&json!({ "ready": status == Some(&200), "status": status, "address": address }))?;
        }
        match probed.with_context(|| format!("ask the server at {address} (--listen names another one)"))? {
            200 => {}
            status => bail!("the server at {address} is not ready: it answers {status}; its log says why"),
        }
    }
    Ok(())
}
