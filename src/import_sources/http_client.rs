//! HTTP client for one server. It repeats failed requests, and describes errors in one sentence.

use super::source::{DatadogKeys, NuxeoLogin, Source};
use crate::json::memory_of;
use anyhow::{Context as _, anyhow, bail};
use base64::prelude::{BASE64_STANDARD, Engine as _};
use std::io::{self, ErrorKind, Read};
use std::time::{Duration, SystemTime};
use ureq::Agent;
use ureq::http::header::{HeaderName, HeaderValue};
use ureq::http::uri::Scheme;
use ureq::http::{Response, Uri};
use ureq::tls::{Certificate, PemItem, RootCerts, TlsConfig, parse_pem};

/// Maximum number of attempts of a request.
const TRIES: u32 = 5;
/// Maximum number of redirects of a request.
const REDIRECTS_MAX: usize = 5;
/// Maximum number of requests of one search. Some servers return few entries at a time, so it is high.
const SEARCH_MAX: usize = 50_000;
/// Longest pause that a server may ask for.
const WAIT_SECONDS_MAX: u64 = 120;
/// Maximum length of a response that is read as a whole, in bytes.
const ANSWER_BYTES_MAX: u64 = 64 << 20;
/// Maximum memory of such a response when it is decoded, in bytes.
const ANSWER_MEMORY_MAX: usize = 512 << 20;

/// Credentials for the server.
pub(super) enum Credential {
    Datadog(DatadogKeys),
    Nuxeo(NuxeoLogin),
}

impl Credential {
    /// The kind of the credentials, without secrets.
    fn described(&self) -> String {
        match self {
            Credential::Datadog(_) => "the API key or the application key".to_owned(),
            Credential::Nuxeo(NuxeoLogin::Basic { user, .. }) => format!("the password of the user {user:?}"),
            Credential::Nuxeo(NuxeoLogin::Token(_)) => "the token".to_owned(),
        }
    }

    fn headers(&self) -> anyhow::Result<Vec<(HeaderName, HeaderValue)>> {
        let secret = |what: &str, text: &str| {
            if text.is_empty() {
                bail!("{what} is empty");
            }
            let Ok(mut value) = HeaderValue::from_str(text) else {
                bail!("{what} contains a character that no header can have");
            };
            value.set_sensitive(true);
            Ok(value)
        };
        Ok(match self {
            Credential::Datadog(keys) => vec![
                (HeaderName::from_static("dd-api-key"), secret("the API key", &keys.api_key)?),
                (HeaderName::from_static("dd-application-key"), secret("the application key", &keys.app_key)?),
            ],
            Credential::Nuxeo(NuxeoLogin::Basic { user, password }) => {
                if user.is_empty() || user.contains(':') {
                    bail!("no user can log in by the name {user:?}");
                }
                if password.is_empty() {
                    bail!("the password is empty");
                }
                let basic = format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}")));
                vec![(HeaderName::from_static("authorization"), secret("the password", &basic)?)]
            }
            Credential::Nuxeo(NuxeoLogin::Token(token)) => {
                vec![(HeaderName::from_static("x-authentication-token"), secret("the token", token)?)]
            }
        })
    }
}

/// Sends requests to one server.
pub(super) struct Client {
    agent: Agent,
    /// Base URL without a slash at its end.
    base: String,
    credential: Credential,
    headers: Vec<(HeaderName, HeaderValue)>,
    timeout: Duration,
    /// Length of a second of a pause. Tests shorten it, so that they do not wait.
    pub(super) second: Duration,
    /// Maximum number of requests of one search.
    pub(super) search_max: usize,
}

/// Reason for which a request failed.
enum Failure {
    /// A later attempt may succeed; after this number of seconds, if the server has sent one.
    Transient(Option<u64>, anyhow::Error),
    /// The server refuses this request, but may accept others.
    Refused(anyhow::Error),
    Permanent(anyhow::Error),
}

impl Client {
    pub(super) fn new(source: &Source, credential: Credential) -> anyhow::Result<Client> {
        let base = checked_base(&source.from)?;
        let headers = credential.headers()?;
        let authorities = source.ca.as_deref().map(|file| {
            let pem = std::fs::read(file).with_context(|| format!("read {}", file.display()))?;
            certificates(&pem).with_context(|| format!("read {}", file.display()))
        });
        let tls = TlsConfig::builder();
        let tls = match authorities.transpose()? {
            Some(certificates) => tls.root_certs(RootCerts::new_with_certs(&certificates)),
            None => tls,
        };
        let timeout = Some(source.timeout);
        let agent = Agent::config_builder()
            .tls_config(tls.build())
            .user_agent(concat!("rollbook/", env!("CARGO_PKG_VERSION")))
            .accept("application/json")
            // This client describes refusals itself, and must not send the credentials to the target of a redirect.
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .timeout_resolve(timeout)
            .timeout_connect(timeout)
            .timeout_recv_response(timeout)
            .timeout_per_read(timeout)
            .timeout_per_write(timeout)
            .build()
            .new_agent();
        let (timeout, second) = (source.timeout, Duration::from_secs(1));
        Ok(Client { agent, base, credential, headers, timeout, second, search_max: SEARCH_MAX })
    }

    /// Sends a `GET` for a path below the base URL. Returns the response as a stream.
    pub(super) fn stream(&self, path: &str) -> anyhow::Result<impl Read + Send + use<>> {
        self.with_retries(|| Ok(self.answer(path)?.into_body().into_reader()))
    }

    /// The same, but `None` if the server refuses this request and may accept others.
    pub(super) fn stream_found(&self, path: &str) -> anyhow::Result<Option<impl Read + Send + use<>>> {
        self.with_retries(|| found(self.answer(path).map(|answer| answer.into_body().into_reader())))
    }

    /// Sends a `GET` for a path below the base URL. Returns the whole body.
    pub(super) fn read(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        self.with_retries(|| self.read_once(path))
    }

    /// The same, but `None` if the server refuses this request and may accept others.
    pub(super) fn read_found(&self, path: &str) -> anyhow::Result<Option<Vec<u8>>> {
        self.with_retries(|| found(self.read_once(path)))
    }

    fn read_once(&self, path: &str) -> Result<Vec<u8>, Failure> {
        let mut bytes = Vec::new();
        let body = self.answer(path)?.into_body().into_reader();
        let read = body.take(ANSWER_BYTES_MAX + 1).read_to_end(&mut bytes);
        read.map_err(|error| self.failure(error.into()))?;
        if bytes.len() as u64 > ANSWER_BYTES_MAX || memory_of(&bytes) > ANSWER_MEMORY_MAX {
            let why = anyhow!("{} answers more than {} MiB at once", self.base, ANSWER_BYTES_MAX >> 20);
            return Err(Failure::Permanent(why));
        }
        Ok(bytes)
    }

    /// Error for an unexpected response.
    pub(super) fn unexpected_response(&self, what: &str) -> anyhow::Error {
        anyhow!("{} answers {what}: is this the base URL?", self.base)
    }

    /// Error for a search that does not end.
    pub(super) fn endless(&self, what: &str) -> anyhow::Error {
        anyhow!("{} does not show all {what} within {} requests", self.base, self.search_max)
    }

    /// Error for a body that cannot be read to its end.
    pub(super) fn interrupted(&self, error: io::Error) -> anyhow::Error {
        match self.failure(error.into()) {
            Failure::Transient(_, why) | Failure::Refused(why) | Failure::Permanent(why) => why,
        }
    }

    fn with_retries<T>(&self, ask: impl Fn() -> Result<T, Failure>) -> anyhow::Result<T> {
        let mut tried = 0;
        loop {
            tried += 1;
            match ask() {
                Ok(answer) => return Ok(answer),
                Err(Failure::Refused(why) | Failure::Permanent(why)) => return Err(why),
                Err(Failure::Transient(asked, why)) => {
                    if let Some(seconds) = asked.filter(|seconds| *seconds > WAIT_SECONDS_MAX) {
                        return Err(why.context(format!("{} asks to wait {seconds} seconds", self.base)));
                    }
                    if tried == TRIES {
                        return Err(why.context(format!("tried {TRIES} times")));
                    }
                    // Pauses of one, two, four and eight seconds.
                    let seconds = asked.unwrap_or(1 << (tried - 1));
                    std::thread::sleep(self.second.saturating_mul(u32::try_from(seconds).unwrap_or(u32::MAX)));
                }
            }
        }
    }

    fn answer(&self, path: &str) -> Result<Response<ureq::Body>, Failure> {
        let mut url = format!("{}{path}", self.base);
        for _ in 0..=REDIRECTS_MAX {
            let response = self.get(&url).map_err(|error| self.failure(error))?;
            match response.status().as_u16() {
                200..=299 => return Ok(response),
                301 | 302 | 303 | 307 | 308 => url = self.redirect(&url, &response).map_err(Failure::Permanent)?,
                status => return Err(self.refusal(status, path, &response)),
            }
        }
        Err(Failure::Permanent(anyhow!("{} redirects too often", self.base)))
    }

    fn get(&self, url: &str) -> Result<Response<ureq::Body>, ureq::Error> {
        let request =
            self.headers.iter().fold(self.agent.get(url), |request, (name, value)| request.header(name, value));
        request.call()
    }

    /// The target of a redirect. It must be on the same host, and must not leave TLS.
    fn redirect<T>(&self, url: &str, response: &Response<T>) -> anyhow::Result<String> {
        let location = response.headers().get("location").and_then(|location| location.to_str().ok());
        let Some(location) = location else { bail!("{} redirects without a location", self.base) };
        let from: Uri = url.parse().context("a URL that was asked already")?;
        let scheme = from.scheme_str().unwrap_or_default();
        let authority = from.authority().map_or("", |authority| authority.as_str());
        let to = if location.starts_with("//") {
            format!("{scheme}:{location}")
        } else if location.starts_with('/') {
            format!("{scheme}://{authority}{location}")
        } else {
            location.to_owned()
        };
        let Ok(target) = to.parse::<Uri>() else { bail!("{} redirects to an invalid address", self.base) };
        let port = |uri: &Uri| uri.port_u16().unwrap_or(if uri.scheme() == Some(&Scheme::HTTPS) { 443 } else { 80 });
        let host = |uri: &Uri| uri.host().map(str::to_ascii_lowercase);
        let same_host = host(&from).is_some() && host(&from) == host(&target);
        let same = from.scheme() == target.scheme() && port(&from) == port(&target);
        let into_tls = from.scheme() == Some(&Scheme::HTTP) && target.scheme() == Some(&Scheme::HTTPS);
        if !same_host || !(same || into_tls) {
            let elsewhere = target.host().map_or_else(|| "another place".to_owned(), |host| format!("{host:?}"));
            bail!("{} redirects to {elsewhere}, where the credentials do not belong", self.base);
        }
        Ok(to)
    }

    /// The failure for a status other than success.
    fn refusal<T>(&self, status: u16, path: &str, response: &Response<T>) -> Failure {
        let path = path.split('?').next().unwrap_or_default();
        match status {
            401 => Failure::Permanent(self.unauthorized(status)),
            403 => Failure::Refused(self.unauthorized(status)),
            404 => Failure::Refused(self.unexpected_response(&format!("404 to {path}"))),
            429 | 502 | 503 | 504 => {
                Failure::Transient(wait(response), anyhow!("{} answers {status} to {path}", self.base))
            }
            _ => Failure::Refused(anyhow!("{} answers {status} to {path}", self.base)),
        }
    }

    fn unauthorized(&self, status: u16) -> anyhow::Error {
        let credential = match (&self.credential, status) {
            // The API key can be validated without the application key.
            (Credential::Datadog(_), _) => match self.get(&format!("{}/api/v1/validate", self.base)) {
                Ok(response) if response.status() == 200 => {
                    "the application key, or its owner is not an administrator".to_owned()
                }
                Ok(response) if response.status() == 403 => "the API key".to_owned(),
                _ => self.credential.described(),
            },
            (credential, 403) => return anyhow!("{} forbids it: {} is not enough", self.base, credential.described()),
            (credential, _) => credential.described(),
        };
        anyhow!("{} answers {status}: it does not take {credential}", self.base)
    }

    /// The failure for an error of the HTTP library, whose own text is often not helpful.
    fn failure(&self, error: ureq::Error) -> Failure {
        let base = &self.base;
        match error {
            ureq::Error::HostNotFound => Failure::Permanent(anyhow!("cannot resolve the host of {base}")),
            ureq::Error::Timeout(_) => {
                let seconds = self.timeout.as_secs_f64();
                Failure::Permanent(anyhow!("{base} has been silent for {seconds} seconds"))
            }
            ureq::Error::Rustls(error) => Failure::Permanent(self.untrusted(&error.to_string())),
            ureq::Error::Tls(why) => Failure::Permanent(self.untrusted(why)),
            ureq::Error::Io(error) => match error.kind() {
                ErrorKind::ConnectionRefused => {
                    Failure::Permanent(anyhow!("{base} refuses the connection: does the server run there?"))
                }
                ErrorKind::InvalidData if base.starts_with("https:") => {
                    Failure::Permanent(self.untrusted(&error.to_string()))
                }
                ErrorKind::ConnectionReset
                | ErrorKind::ConnectionAborted
                | ErrorKind::BrokenPipe
                | ErrorKind::UnexpectedEof => {
                    Failure::Transient(None, anyhow!("{base} closes the connection too early"))
                }
                // The standard library has no error kind for a host name that cannot be resolved.
                _ if error.to_string().starts_with("failed to lookup address") => {
                    Failure::Permanent(anyhow!("cannot resolve the host of {base}"))
                }
                kind => Failure::Permanent(anyhow!("the request to {base} failed: {kind}")),
            },
            ureq::Error::Protocol(_) | ureq::Error::LargeResponseHeader(..) => {
                Failure::Permanent(self.unexpected_response("without HTTP"))
            }
            ureq::Error::InvalidProxyUrl | ureq::Error::ConnectProxyFailed(_) => {
                Failure::Permanent(anyhow!("the proxy does not connect to {base}"))
            }
            _ => Failure::Permanent(anyhow!("the request to {base} failed")),
        }
    }

    fn untrusted(&self, why: &str) -> anyhow::Error {
        anyhow!("no trusted connection to {}: {why}", self.base)
    }
}

/// Turns a refusal into `None`.
fn found<T>(answer: Result<T, Failure>) -> Result<Option<T>, Failure> {
    match answer {
        Ok(answer) => Ok(Some(answer)),
        Err(Failure::Refused(_)) => Ok(None),
        Err(failure) => Err(failure),
    }
}

/// Seconds after which the server accepts the next request. Datadog has a header of its own for it.
fn wait<T>(response: &Response<T>) -> Option<u64> {
    let header = |name| response.headers().get(name)?.to_str().ok();
    if let Some(text) = header("retry-after") {
        let until = || httpdate::parse_http_date(text).ok()?.duration_since(SystemTime::now()).ok();
        return text.trim().parse().ok().or_else(|| until().map(|until| until.as_secs() + 1));
    }
    header("x-ratelimit-reset")?.trim().parse().ok()
}

/// A base URL without a slash at its end.
fn checked_base(from: &str) -> anyhow::Result<String> {
    let base = from.trim().trim_end_matches('/');
    // The message does not show the text, because it may contain a password.
    let Ok(uri) = base.parse::<Uri>() else { bail!("the base URL is not a URL") };
    let Some(authority) = uri.authority().filter(|_| uri.scheme().is_some()) else {
        bail!("the base URL has to begin with https:// or http://");
    };
    if uri.scheme() != Some(&Scheme::HTTPS) && uri.scheme() != Some(&Scheme::HTTP) {
        bail!("the base URL has to begin with https:// or http://");
    }
    if authority.as_str().contains('@') {
        bail!("the base URL must not contain a user name or a password");
    }
    if base.contains(['?', '#']) {
        bail!("the base URL must not contain a query");
    }
    Ok(base.to_owned())
}

fn certificates(pem: &[u8]) -> anyhow::Result<Vec<Certificate<'static>>> {
    let mut certificates = Vec::new();
    for item in parse_pem(pem) {
        match item {
            Ok(PemItem::Certificate(certificate)) => certificates.push(certificate),
            Ok(_) => {}
            Err(_) => bail!("the file is not PEM"),
        }
    }
    if certificates.is_empty() {
        bail!("the file contains no certificate");
    }
    Ok(certificates)
}
