//! The certificate of a server: loaded at the start, and reloaded when its files change.

use super::x509;
use crate::background::Background;
use crate::metrics::{Exposition, Label};
use crate::sync::locked;
use anyhow::{Context as _, bail};
use jiff::Timestamp;
use rustix::fs::OFlags;
use rustls::crypto::ring::{Ticketer, default_provider};
use rustls::pki_types::pem::{PemObject as _, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs1KeyDer, PrivatePkcs8KeyDer, PrivateSec1KeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::version::{TLS12, TLS13};
use rustls::{InconsistentKeys, ServerConfig};
use std::fmt::{Display, Formatter};
use std::fs::OpenOptions;
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// How often the files are checked for changes.
const CHECK_INTERVAL: Duration = Duration::from_secs(2);
/// Interval between attempts to load unchanged files after an error, which may have been temporary.
const RETRY_INTERVAL: Duration = Duration::from_secs(10);
/// How often the log warns of a certificate that expires soon.
const WARNING_INTERVAL: Duration = Duration::from_secs(24 * 3600);
/// How long before its expiry the warnings begin.
const WARNING_PERIOD: Duration = Duration::from_secs(14 * 24 * 3600);
/// Longest file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// The protocols that TLS negotiates (ALPN, RFC 7301). A client that offers only others gets an alert.
const PROTOCOLS: [&[u8]; 2] = [b"http/1.1", b"http/1.0"];

/// A PEM file with a certificate chain or a key.
#[derive(Debug, Clone)]
pub struct PemFile {
    /// The name of the setting, for messages: `--tls-cert`.
    pub setting: String,
    /// Its path.
    pub path: PathBuf,
}

impl Display for PemFile {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.setting, self.path.display())
    }
}

/// A certificate with its key, loaded from files.
pub struct Certificate {
    files: CertificateFiles,
    current: Mutex<CertificateState>,
    replaced: AtomicU64,
    failed: AtomicU64,
}

/// Watches the files of a certificate, until this is dropped.
pub struct CertificateWatcher {
    _thread: Background,
}

/// The files of the certificate chain and of the key.
struct CertificateFiles {
    chain: PemFile,
    key: PemFile,
}

/// The certificate in use, and the state of its files.
struct CertificateState {
    pair: LoadedCertificate,
    /// The stamps of the files when they were loaded.
    loaded_stamps: [Option<FileStamp>; 2],
    /// The stamps of the files at the last check.
    checked_stamps: [Option<FileStamp>; 2],
    /// Time and error of the last attempt to load the files, if it failed.
    failed: Option<(Instant, String)>,
    /// Time of the last warning about the expiry.
    warned_at: Instant,
}

/// A certificate that is ready for connections.
struct LoadedCertificate {
    config: Arc<ServerConfig>,
    chain: Vec<CertificateDer<'static>>,
    validity: x509::Validity,
}

/// Metadata that changes when a file is changed or replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileStamp {
    device_and_inode: (u64, u64),
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileStamp {
    fn of(file: &PemFile) -> Option<FileStamp> {
        let found = file.path.metadata().ok()?;
        Some(FileStamp {
            device_and_inode: (found.dev(), found.ino()),
            bytes: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

impl Certificate {
    /// Loads a certificate chain in PEM, with the server's own certificate first, and its private key.
    ///
    /// # Errors
    /// When a file cannot be read or used, and when the key does not belong to the certificate.
    pub fn load(chain: PemFile, key: PemFile) -> anyhow::Result<Certificate> {
        let files = CertificateFiles { chain, key };
        let stamps = files.stamps();
        let pair = files.load()?;
        pair.warn();
        let current = Mutex::new(CertificateState {
            pair,
            loaded_stamps: stamps,
            checked_stamps: stamps,
            failed: None,
            warned_at: Instant::now(),
        });
        let (replaced, failed) = Default::default();
        Ok(Certificate { files, current, replaced, failed })
    }

    /// The configuration for the next connection.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&locked(&self.current).pair.config)
    }

    /// Checks the files every two seconds, in a thread of its own. New connections use a renewed certificate.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn watch(self: &Arc<Certificate>) -> anyhow::Result<CertificateWatcher> {
        let certificate = Arc::clone(self);
        let check_files = move |ended: &Receiver<()>| {
            while ended.recv_timeout(CHECK_INTERVAL) == Err(RecvTimeoutError::Timeout) {
                certificate.check_files();
            }
        };
        let thread =
            Background::start("certificate", check_files).context("start the thread that watches the certificate")?;
        Ok(CertificateWatcher { _thread: thread })
    }

    fn check_files(&self) {
        let stamps = self.files.stamps();
        let mut current = locked(&self.current);
        // Two files never change at the same moment, so they are loaded when they have not changed since the last
        // check.
        let is_due = current.failed.as_ref().is_some_and(|(when, _)| when.elapsed() >= RETRY_INTERVAL);
        let has_changed = is_due || stamps != current.loaded_stamps && stamps == current.checked_stamps;
        current.checked_stamps = stamps;
        if current.warned_at.elapsed() >= WARNING_INTERVAL {
            current.warned_at = Instant::now();
            current.pair.warn();
        }
        drop(current);
        if has_changed {
            self.reload();
        }
    }

    /// Loads the files again. If they cannot be used, the old certificate stays in use, and the error is logged.
    pub fn reload(&self) {
        let stamps = self.files.stamps();
        let pair = self.files.load();
        let mut current = locked(&self.current);
        current.loaded_stamps = stamps;
        match pair {
            Err(error) => {
                let reason = format!("{error:#}");
                if current.failed.as_ref().is_none_or(|(_, before)| *before != reason) {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    let until = current.pair.validity.not_after;
                    log::error!(
                        "cannot load the new certificate: {reason}; the old one, valid until {until}, stays in use"
                    );
                }
                current.failed = Some((Instant::now(), reason));
                return;
            }
            // The same chain may come with another key.
            Ok(pair) if pair.chain == current.pair.chain => {
                log::info!("the certificate has not changed, and is valid until {}", pair.validity.not_after);
                pair.warn();
                current.pair = pair;
            }
            Ok(pair) => {
                self.replaced.fetch_add(1, Ordering::Relaxed);
                log::info!("the certificate was renewed, and is valid until {}", pair.validity.not_after);
                pair.warn();
                current.pair = pair;
                current.warned_at = Instant::now();
            }
        }
        current.failed = None;
    }

    /// The end of its validity.
    pub fn not_after(&self) -> Timestamp {
        locked(&self.current).pair.validity.not_after
    }

    /// Adds the samples of the certificate: its expiry and its reloads.
    pub fn collect_metrics(&self, exposition: &mut Exposition) {
        let end = self.not_after().as_second() as f64;
        let help = "Expiry of the certificate in use, in seconds since 1970.";
        exposition.gauge("rollbook_tls_certificate_expiry_timestamp_seconds", help, &[], end);
        let help = "Reloads of the certificate after its files changed, by result.";
        for (result, count) in [("renewed", &self.replaced), ("failed", &self.failed)] {
            let count = count.load(Ordering::Relaxed) as f64;
            exposition.counter("rollbook_tls_certificate_reloads_total", help, &[("result", result)], count);
        }
    }
}

impl CertificateFiles {
    fn stamps(&self) -> [Option<FileStamp>; 2] {
        [FileStamp::of(&self.chain), FileStamp::of(&self.key)]
    }

    fn load(&self) -> anyhow::Result<LoadedCertificate> {
        let (chain, key) = (self.read_chain()?, self.read_key()?);
        let Some(validity) = chain.first().and_then(|certificate| x509::validity(certificate)) else {
            bail!("{}: the first certificate in it cannot be read", self.chain);
        };
        let config = ServerConfig::builder_with_provider(default_provider().into())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .context("set up TLS")?
            .with_no_client_auth()
            .with_single_cert(chain.clone(), key);
        let mut config = config.map_err(|error| self.explain(error))?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        // Sessions are resumed by tickets that the client keeps, so that clients take no memory of the server. The
        // ticket keys are replaced with each certificate, and twice in twelve hours.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Ticketer::new().context("make a key for tickets")?;
        Ok(LoadedCertificate { config: Arc::new(config), chain, validity })
    }

    /// The certificates of the chain.
    fn read_chain(&self) -> anyhow::Result<Vec<CertificateDer<'static>>> {
        let file = &self.chain;
        let bytes = read(file)?;
        let sections = sections(file, &bytes)?;
        let has_key = sections.iter().any(|(kind, _)| is_key(*kind)) || is_encrypted(&bytes);
        let ours = sections.into_iter().filter(|(kind, _)| *kind == SectionKind::Certificate);
        let chain: Vec<_> = ours.map(|(_, der)| CertificateDer::from(der)).collect();
        match (chain.is_empty(), has_key) {
            (true, true) => bail!("{file} has a key in it, and no certificate: {}", self.wrong_way()),
            (true, false) => bail!("{file} has no certificate in it (no line -----BEGIN CERTIFICATE-----)"),
            (false, _) => Ok(chain),
        }
    }

    /// The first private key in the file.
    fn read_key(&self) -> anyhow::Result<PrivateKeyDer<'static>> {
        let file = &self.key;
        let bytes = read(file)?;
        if file.path.metadata().is_ok_and(|found| found.mode() & 0o006 != 0) {
            let path = file.path.display();
            log::warn!("{file} can be read or written by every user of this machine: run chmod o-rw {path}");
        }
        if is_encrypted(&bytes) {
            bail!(
                "{file} is encrypted, and a server cannot ask for the password: \
                 `openssl pkey -in {} -out FILE` writes an unencrypted file",
                file.path.display()
            );
        }
        let mut has_certificate = false;
        for (kind, der) in sections(file, &bytes)? {
            has_certificate |= kind == SectionKind::Certificate;
            return Ok(match kind {
                SectionKind::PrivateKey => PrivatePkcs8KeyDer::from(der).into(),
                SectionKind::RsaPrivateKey => PrivatePkcs1KeyDer::from(der).into(),
                SectionKind::EcPrivateKey => PrivateSec1KeyDer::from(der).into(),
                _ => continue,
            });
        }
        if has_certificate {
            bail!("{file} has a certificate in it, and no key: {}", self.wrong_way());
        }
        bail!("{file} has no key in it (no line -----BEGIN PRIVATE KEY-----)");
    }

    fn wrong_way(&self) -> String {
        format!("are {} and {} the wrong way round?", self.chain.setting, self.key.setting)
    }

    /// The error for a certificate and a key that are readable but do not belong together.
    fn explain(&self, error: rustls::Error) -> anyhow::Error {
        let CertificateFiles { chain, key } = self;
        match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => anyhow::anyhow!(
                "the key in {key} does not belong to the first certificate in {chain}, which has to be that of the server"
            ),
            rustls::Error::InvalidCertificate(error) => {
                anyhow::anyhow!("{chain}: the first certificate in it cannot be used: {error:?}")
            }
            // All other errors are about the key, and their texts are for programmers.
            _ => anyhow::anyhow!(
                "{key}: the key in it cannot be used: RSA of 2048 to 4096 bits, ECDSA with P-256 or P-384, and Ed25519 can"
            ),
        }
    }
}

impl LoadedCertificate {
    /// Warns if clients reject the certificate, or soon will.
    fn warn(&self) {
        if let Some(warning) = warning(self.validity, Timestamp::now()) {
            log::warn!("{warning}");
        }
    }
}

fn warning(x509::Validity { not_before, not_after }: x509::Validity, now: Timestamp) -> Option<String> {
    let left = not_after.duration_since(now);
    if now < not_before {
        Some(format!("the certificate is not valid before {not_before}: clients reject it"))
    } else if left.is_negative() {
        Some(format!("the certificate expired at {not_after}: clients reject it"))
    } else if left.unsigned_abs() <= WARNING_PERIOD {
        let days = left.as_secs() / (24 * 3600);
        let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        Some(format!("the certificate expires in {days}, at {not_after}: renew it"))
    } else {
        None
    }
}

fn is_key(kind: SectionKind) -> bool {
    matches!(kind, SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey)
}

/// True if a key is encrypted, in PKCS #8 or in the older format of OpenSSL.
fn is_encrypted(bytes: &[u8]) -> bool {
    let marks: [&[u8]; 2] = [b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED"];
    marks.iter().any(|mark| bytes.windows(mark.len()).any(|part| part == *mark))
}

fn read(file: &PemFile) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("{}: read {}", file.setting, file.path.display());
    if !file.path.metadata().with_context(cannot)?.is_file() {
        bail!("{file} is not a regular file");
    }
    let mut bytes = Vec::new();
    // Do not block on a pipe that has replaced the file since the check.
    let non_blocking = OFlags::NONBLOCK.bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(non_blocking).open(&file.path).with_context(cannot)?;
    opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(cannot)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        bail!("{file} is longer than {} MiB", FILE_BYTES_MAX >> 20);
    }
    if bytes.is_empty() {
        bail!("{file} is empty");
    }
    Ok(bytes)
}

/// The sections of a PEM file.
fn sections(file: &PemFile, bytes: &[u8]) -> anyhow::Result<Vec<(SectionKind, Vec<u8>)>> {
    // The tag of a sequence, with which every DER file begins.
    if bytes[0] == 0x30 {
        bail!(
            "{file} is in DER or PKCS #12, and must be in PEM: \
             convert it with `openssl x509 -inform der`, `openssl pkey -inform der` or `openssl pkcs12 -nodes`"
        );
    }
    let sections: Result<Vec<_>, _> = <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes).collect();
    sections.map_err(|_| anyhow::anyhow!("{file} is not a valid PEM file"))
}

/// Result of a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HandshakeResult {
    Done,
    Failed,
    Late,
}

/// Counters of handshakes by result.
#[derive(Default)]
pub(super) struct HandshakeCounters([AtomicU64; 3]);

impl HandshakeCounters {
    pub(super) fn count(&self, result: HandshakeResult) {
        self.0[result as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn collect_metrics(&self, exposition: &mut Exposition, listener: Label<'_>) {
        let help = "TLS handshakes by result: done, failed, or late (timeout).";
        for (end, name) in
            [(HandshakeResult::Done, "done"), (HandshakeResult::Failed, "failed"), (HandshakeResult::Late, "late")]
        {
            let count = self.0[end as usize].load(Ordering::Relaxed) as f64;
            exposition.counter("rollbook_tls_handshakes_total", help, &[listener, ("result", name)], count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_expires_soon_gets_a_warning() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let validity = x509::Validity { not_before: at("2026-01-01T00:00:00Z"), not_after: at("2026-04-01T00:00:00Z") };
        for (now, expected) in [
            (
                "2025-12-31T23:59:59Z",
                Some("the certificate is not valid before 2026-01-01T00:00:00Z: clients reject it"),
            ),
            ("2026-01-01T00:00:00Z", None),
            ("2026-03-17T23:59:59Z", None),
            ("2026-03-18T00:00:00Z", Some("the certificate expires in 14 days, at 2026-04-01T00:00:00Z: renew it")),
            ("2026-03-30T12:00:00Z", Some("the certificate expires in 1 day, at 2026-04-01T00:00:00Z: renew it")),
            ("2026-03-31T23:59:59Z", Some("the certificate expires in 0 days, at 2026-04-01T00:00:00Z: renew it")),
            ("2026-04-01T00:00:01Z", Some("the certificate expired at 2026-04-01T00:00:00Z: clients reject it")),
        ] {
            assert_eq!(warning(validity, at(now)).as_deref(), expected, "{now}");
        }
    }
}
