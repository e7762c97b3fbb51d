//! The certificate that a server shows: read at the start, and again when its files change.

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

/// How often the files are looked at.
const LOOK_PAUSE: Duration = Duration::from_secs(2);
/// When files that could not be used are tried again though they have not changed: what failed may have been the system.
const RETRY_PAUSE: Duration = Duration::from_secs(10);
/// How often it is told that the certificate ends soon.
const TELL_PAUSE: Duration = Duration::from_secs(24 * 3600);
/// How long before its end that begins.
const SOON: Duration = Duration::from_secs(14 * 24 * 3600);
/// Longest file, in bytes.
const FILE_BYTES_MAX: u64 = 1 << 20;
/// The protocols inside of TLS (RFC 7301). A client that names others only is refused by an alert.
const PROTOCOLS: [&[u8]; 2] = [b"http/1.1", b"http/1.0"];

/// A file of a certificate.
#[derive(Debug, Clone)]
pub struct PemFile {
    /// The name of the setting, for messages: `--tls-cert`.
    pub setting: String,
    /// Where it is.
    pub path: PathBuf,
}

impl Display for PemFile {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.setting, self.path.display())
    }
}

/// A certificate with its key, as the files have it.
pub struct Certificate {
    files: Files,
    current: Mutex<Current>,
    replaced: AtomicU64,
    failed: AtomicU64,
}

/// Looks at the files of a certificate, until it is dropped.
pub struct Watch {
    _thread: Background,
}

/// The chain of certificates, and the key.
struct Files {
    chain: PemFile,
    key: PemFile,
}

/// The pair that is in use, and what is known of the files.
struct Current {
    pair: Pair,
    /// The files as they were when they were read.
    read: [Option<Stamp>; 2],
    /// The files as they were at the last look.
    seen: [Option<Stamp>; 2],
    /// The last attempt to read them, and why it failed, unless it did not.
    failed: Option<(Instant, String)>,
    /// When it was told that the certificate ends soon.
    told: Instant,
}

/// A certificate that can be shown.
struct Pair {
    config: Arc<ServerConfig>,
    chain: Vec<CertificateDer<'static>>,
    validity: x509::Validity,
}

/// What tells a file from what stood there before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    file: (u64, u64),
    bytes: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl Stamp {
    fn of(file: &PemFile) -> Option<Stamp> {
        let found = file.path.metadata().ok()?;
        Some(Stamp {
            file: (found.dev(), found.ino()),
            bytes: found.len(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
        })
    }
}

impl Certificate {
    /// Reads a chain of certificates, the server's own first, and its key, both in PEM.
    ///
    /// # Errors
    /// When a file cannot be read or used, and when the key is that of another certificate.
    pub fn load(chain: PemFile, key: PemFile) -> anyhow::Result<Certificate> {
        let files = Files { chain, key };
        let read = files.stamps();
        let pair = files.load()?;
        pair.warn();
        let current = Mutex::new(Current { pair, read, seen: read, failed: None, told: Instant::now() });
        let (replaced, failed) = Default::default();
        Ok(Certificate { files, current, replaced, failed })
    }

    /// For the next connection.
    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&locked(&self.current).pair.config)
    }

    /// Looks at the files every two seconds, in a thread of its own. A renewed certificate is for connections from then
    /// on.
    ///
    /// # Errors
    /// When there is no thread for it.
    pub fn watch(self: &Arc<Certificate>) -> anyhow::Result<Watch> {
        let certificate = Arc::clone(self);
        let look = move |ended: &Receiver<()>| {
            while ended.recv_timeout(LOOK_PAUSE) == Err(RecvTimeoutError::Timeout) {
                certificate.look();
            }
        };
        let thread =
            Background::start("certificate", look).context("start the thread that looks at the certificate")?;
        Ok(Watch { _thread: thread })
    }

    fn look(&self) {
        let stamps = self.files.stamps();
        let mut current = locked(&self.current);
        // Two files do not change at once: they are read when they stay as they are for a while.
        let is_due = current.failed.as_ref().is_some_and(|(when, _)| when.elapsed() >= RETRY_PAUSE);
        let has_changed = is_due || stamps != current.read && stamps == current.seen;
        current.seen = stamps;
        if current.told.elapsed() >= TELL_PAUSE {
            current.told = Instant::now();
            current.pair.warn();
        }
        drop(current);
        if has_changed {
            self.reload();
        }
    }

    /// Reads the files again. Where they cannot be used, the certificate stays as it was, and the log tells why.
    pub fn reload(&self) {
        let read = self.files.stamps();
        let pair = self.files.load();
        let mut current = locked(&self.current);
        current.read = read;
        match pair {
            Err(error) => {
                let why = format!("{error:#}");
                if current.failed.as_ref().is_none_or(|(_, before)| *before != why) {
                    self.failed.fetch_add(1, Ordering::Relaxed);
                    let until = current.pair.validity.not_after;
                    log::error!("the certificate was not renewed: {why}; the one before, valid until {until}, stays");
                }
                current.failed = Some((Instant::now(), why));
                return;
            }
            // The key may be another one.
            Ok(pair) if pair.chain == current.pair.chain => {
                log::info!("the certificate is the same as before, valid until {}", pair.validity.not_after);
                pair.warn();
                current.pair = pair;
            }
            Ok(pair) => {
                self.replaced.fetch_add(1, Ordering::Relaxed);
                log::info!("the certificate was renewed, and is valid until {}", pair.validity.not_after);
                pair.warn();
                current.pair = pair;
                current.told = Instant::now();
            }
        }
        current.failed = None;
    }

    /// When it ends.
    pub fn not_after(&self) -> Timestamp {
        locked(&self.current).pair.validity.not_after
    }

    /// Adds its end to the page, and how often the files were read again.
    pub fn collect_metrics(&self, exposition: &mut Exposition) {
        let end = self.not_after().as_second() as f64;
        let help = "When the certificate that is shown ends, since 1970.";
        exposition.gauge("rollbook_tls_certificate_expiry_timestamp_seconds", help, &[], end);
        let help =
            "Changes of the certificate's files while the server ran: those that were taken, and those that failed.";
        for (result, count) in [("renewed", &self.replaced), ("failed", &self.failed)] {
            let count = count.load(Ordering::Relaxed) as f64;
            exposition.counter("rollbook_tls_certificate_reloads_total", help, &[("result", result)], count);
        }
    }
}

impl Files {
    fn stamps(&self) -> [Option<Stamp>; 2] {
        [Stamp::of(&self.chain), Stamp::of(&self.key)]
    }

    fn load(&self) -> anyhow::Result<Pair> {
        let (chain, key) = (self.read_chain()?, self.read_key()?);
        let Some(validity) = chain.first().and_then(|certificate| x509::validity(certificate)) else {
            bail!("{}: the first certificate in it cannot be read", self.chain);
        };
        let config = ServerConfig::builder_with_provider(default_provider().into())
            .with_protocol_versions(&[&TLS13, &TLS12])
            .context("set up TLS")?
            .with_no_client_auth()
            .with_single_cert(chain.clone(), key);
        let mut config = config.map_err(|error| self.refusal(error))?;
        config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
        // A session goes on by what the client keeps of it, so that no client takes memory here. The keys for that are
        // made again with each certificate, and twice in twelve hours.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.ticketer = Ticketer::new().context("make a key for tickets")?;
        Ok(Pair { config: Arc::new(config), chain, validity })
    }

    /// The certificates.
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

    /// The first key.
    fn read_key(&self) -> anyhow::Result<PrivateKeyDer<'static>> {
        let file = &self.key;
        let bytes = read(file)?;
        if file.path.metadata().is_ok_and(|found| found.mode() & 0o006 != 0) {
            let path = file.path.display();
            log::warn!("{file} can be read or written by every user of this machine: chmod o-rw {path}");
        }
        if is_encrypted(&bytes) {
            bail!(
                "{file} is encrypted, and a server that starts by itself cannot ask for the password: \
                 `openssl pkey -in {} -out FILE` makes a file that is not",
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

    /// Why a certificate and a key, each of which could be read, cannot be used.
    fn refusal(&self, error: rustls::Error) -> anyhow::Error {
        let Files { chain, key } = self;
        match error {
            rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => anyhow::anyhow!(
                "the key in {key} does not belong to the first certificate in {chain}, which has to be that of the server"
            ),
            rustls::Error::InvalidCertificate(error) => {
                anyhow::anyhow!("{chain}: the first certificate in it cannot be used: {error:?}")
            }
            // All that is left is about the key, and its text is for programmers.
            _ => anyhow::anyhow!(
                "{key}: the key in it cannot be used: RSA of 2048 to 4096 bits, ECDSA with P-256 or P-384, and Ed25519 can"
            ),
        }
    }
}

impl Pair {
    /// Warns of a certificate that clients refuse, or will soon.
    fn warn(&self) {
        if let Some(warning) = warning(self.validity, Timestamp::now()) {
            log::warn!("{warning}");
        }
    }
}

fn warning(x509::Validity { not_before, not_after }: x509::Validity, now: Timestamp) -> Option<String> {
    let left = not_after.duration_since(now);
    if now < not_before {
        Some(format!("the certificate is not valid before {not_before}: clients refuse it"))
    } else if left.is_negative() {
        Some(format!("the certificate has ended at {not_after}: clients refuse it"))
    } else if left.unsigned_abs() <= SOON {
        let days = left.as_secs() / (24 * 3600);
        let days = if days == 1 { "1 day".to_owned() } else { format!("{days} days") };
        Some(format!("the certificate ends in {days}, at {not_after}: renew it"))
    } else {
        None
    }
}

fn is_key(kind: SectionKind) -> bool {
    matches!(kind, SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey)
}

/// Whether a key wants a password, in the form of today or that of old.
fn is_encrypted(bytes: &[u8]) -> bool {
    let marks: [&[u8]; 2] = [b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED"];
    marks.iter().any(|mark| bytes.windows(mark.len()).any(|part| part == *mark))
}

fn read(file: &PemFile) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("{}: read {}", file.setting, file.path.display());
    if !file.path.metadata().with_context(cannot)?.is_file() {
        bail!("{file} is no regular file");
    }
    let mut bytes = Vec::new();
    // A pipe that has taken the place of the file since then would be waited for.
    let no_wait = OFlags::NONBLOCK.bits().cast_signed();
    let opened = OpenOptions::new().read(true).custom_flags(no_wait).open(&file.path).with_context(cannot)?;
    opened.take(FILE_BYTES_MAX + 1).read_to_end(&mut bytes).with_context(cannot)?;
    if bytes.len() as u64 > FILE_BYTES_MAX {
        bail!("{file} is longer than {} MiB", FILE_BYTES_MAX >> 20);
    }
    if bytes.is_empty() {
        bail!("{file} is empty");
    }
    Ok(bytes)
}

/// The parts of a file in PEM.
fn sections(file: &PemFile, bytes: &[u8]) -> anyhow::Result<Vec<(SectionKind, Vec<u8>)>> {
    // A sequence: the beginning of all that is written in DER.
    if bytes[0] == 0x30 {
        bail!(
            "{file} is in DER or PKCS #12, and has to be in PEM: \
             `openssl x509 -inform der`, `openssl pkey -inform der` or `openssl pkcs12 -nodes` makes that of it"
        );
    }
    let sections: Result<Vec<_>, _> = <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes).collect();
    sections.map_err(|_| anyhow::anyhow!("{file} is no PEM file, or broken"))
}

/// The end of a handshake.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Handshake {
    Done,
    Failed,
    Late,
}

/// Counts handshakes.
#[derive(Default)]
pub(super) struct Handshakes([AtomicU64; 3]);

impl Handshakes {
    pub(super) fn count(&self, end: Handshake) {
        self.0[end as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn collect_metrics(&self, exposition: &mut Exposition, listener: Label<'_>) {
        let help = "TLS handshakes: done, failed, or not done in time.";
        for (end, name) in [(Handshake::Done, "done"), (Handshake::Failed, "failed"), (Handshake::Late, "late")] {
            let count = self.0[end as usize].load(Ordering::Relaxed) as f64;
            exposition.counter("rollbook_tls_handshakes_total", help, &[listener, ("result", name)], count);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_ends_soon_is_worth_a_warning() {
        let at = |text: &str| text.parse::<Timestamp>().expect("a time");
        let validity = x509::Validity { not_before: at("2026-01-01T00:00:00Z"), not_after: at("2026-04-01T00:00:00Z") };
        for (now, expected) in [
            (
                "2025-12-31T23:59:59Z",
                Some("the certificate is not valid before 2026-01-01T00:00:00Z: clients refuse it"),
            ),
            ("2026-01-01T00:00:00Z", None),
            ("2026-03-17T23:59:59Z", None),
            ("2026-03-18T00:00:00Z", Some("the certificate ends in 14 days, at 2026-04-01T00:00:00Z: renew it")),
            ("2026-03-30T12:00:00Z", Some("the certificate ends in 1 day, at 2026-04-01T00:00:00Z: renew it")),
            ("2026-03-31T23:59:59Z", Some("the certificate ends in 0 days, at 2026-04-01T00:00:00Z: renew it")),
            ("2026-04-01T00:00:01Z", Some("the certificate has ended at 2026-04-01T00:00:00Z: clients refuse it")),
        ] {
            assert_eq!(warning(validity, at(now)).as_deref(), expected, "{now}");
        }
    }
}
