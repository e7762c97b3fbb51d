//! The command `healthcheck`.

#![allow(
    rustdoc::broken_intra_doc_links,
    reason = "help texts are shown as they are, with brackets around IPv6 addresses"
)]

use super::args::{ResultArgs, ResultFormat};
use super::result::print_object;
use crate::server::{Endpoint, ProbeTrust, probe_health};
use crate::settings::seconds;
use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

/// Arguments of `healthcheck`.
#[derive(Debug, Args)]
pub(super) struct HealthcheckArgs {
    /// Address of the server: 127.0.0.1:8080, localhost:8080, :8080, [::1]:8080 or unix:/run/rollbook.sock. Of several,
    /// each has to respond
    #[arg(long, env = "ROLLBOOK_LISTEN", value_name = "ADDRESS", value_delimiter = ',',
          default_value = "127.0.0.1:8080", value_parser = Endpoint::parse)]
    listen: Vec<Endpoint>,
    /// The certificate setting of the server. If it is set, the check uses TLS. A server on another machine has to show
    /// this certificate, or one that it has signed; on this machine, each certificate is accepted and the file is not
    /// read
    #[arg(long, env = "ROLLBOOK_TLS_CERT", value_name = "FILE")]
    tls_cert: Option<PathBuf>,
    /// Accept each certificate of a server on another machine
    #[arg(long)]
    insecure: bool,
    /// Seconds to wait for the response
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    timeout: Duration,
    #[command(flatten)]
    printing: ResultArgs,
}

/// Sends `GET /readyz` to each address of the server.
pub(super) fn run(args: &HealthcheckArgs) -> anyhow::Result<()> {
    let HealthcheckArgs { listen, tls_cert, insecure, timeout, printing } = args;
    let trust = ProbeTrust { certificate: tls_cert.as_deref(), insecure: *insecure };
    for address in listen {
        let probed = probe_health(address, trust, "/readyz", *timeout);
        if printing.format == ResultFormat::Json {
            let status = probed.as_ref().ok();
            let address = address.to_string();
            print_object(&json!({ "ready": status == Some(&200), "status": status, "address": address }))?;
        }
        match probed.with_context(|| {
            format!(
                "connect to the server at {address} (use --listen for another \
        address)"
            )
        })? {
            200 => {}
            status => bail!("the server at {address} is not ready (status {status}); see its log"),
        }
    }
    Ok(())
}
