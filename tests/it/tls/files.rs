//! The files of a certificate at the start: those that cannot be used, and those that are worth a warning.

use super::{Client, Pair, ask, has_openssl, openssl, start_with};
use crate::support::cli::{rollbook, said};
use crate::support::folder::{Folder, path_text};
use crate::support::server::{Server, serve};
use std::fs::{Permissions, set_permissions, write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::Arc;

/// The status and the last line of a server that does not start.
fn refused(folder: &Folder, chain: &Path, key: &Path) -> (i32, String) {
    let mut command = serve(folder, &["--tls-cert", path_text(chain), "--tls-key", path_text(key)]);
    let (status, out, err) = said(&command.output().expect("the command ends"));
    assert_eq!(out, "");
    assert!(!folder.db().exists(), "a database was made: {err}");
    (status, err.lines().last().unwrap_or_default().to_owned())
}

#[test]
fn unusable_certificate_files_are_refused_with_a_reason() {
    if !has_openssl() {
        return;
    }
    let folder = Folder::new();
    let at = |name: &str| folder.path().join(name);
    let (good, other) = (Pair::make(folder.path(), "good"), Pair::make(folder.path(), "other"));
    let make = |words: &str| openssl(folder.path(), words);
    make("x509 -in good.pem -outform der -out der.pem");
    make("pkey -in good.key -outform der -out der.key");
    make("pkcs12 -export -in good.pem -inkey good.key -passout pass:secret -out both.p12");
    make("pkey -in good.key -aes256 -passout pass:secret -out encrypted.key");
    make("ec -in good.key -aes256 -passout pass:secret -out of-old.key");
    make("pkey -in good.key -pubout -out public.key");
    make("ecparam -genkey -name secp256k1 -noout -out koblitz.key");
    make("req -x509 -key koblitz.key -out koblitz.pem -subj /CN=localhost -days 1");
    make("genrsa -out small.key 1024");
    make("req -x509 -key small.key -out small.pem -subj /CN=localhost -days 1");
    let good_text = std::fs::read_to_string(&good.chain).expect("text");
    let body = good_text.lines().nth(2).expect("a line");
    write(at("empty"), "").unwrap();
    write(at("text"), "this is not PEM\n").unwrap();
    write(at("cut.pem"), &good_text[..good_text.len() / 2]).unwrap();
    write(at("odd.pem"), good_text.replacen(body, "%%%", 1)).unwrap();
    // PEM as it should be, around what is no certificate.
    write(at("hollow.pem"), "-----BEGIN CERTIFICATE-----\nMAMCAQU=\n-----END CERTIFICATE-----\n").unwrap();
    write(at("hollow.key"), "-----BEGIN PRIVATE KEY-----\nMAMCAQU=\n-----END PRIVATE KEY-----\n").unwrap();
    write(at("long"), vec![b'x'; (1 << 20) + 1]).unwrap();
    write(at("reversed.pem"), std::fs::read_to_string(&other.chain).unwrap() + &good_text).unwrap();
    let pipe = at("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().expect("mkfifo runs").success());
    let wrong_way = "are --tls-cert and --tls-key the wrong way round?";
    let kinds = "RSA of 2048 to 4096 bits, ECDSA with P-256 or P-384, and Ed25519 can";
    let cases: [(&Path, &Path, &[&str]); 25] = [
        (&at("nowhere.pem"), &good.key, &["--tls-cert: read ", "nowhere.pem: No such file"]),
        (&good.chain, &at("nowhere.key"), &["--tls-key: read ", "nowhere.key: No such file"]),
        (folder.path(), &good.key, &["--tls-cert ", " is not a regular file"]),
        (&good.chain, &pipe, &["--tls-key ", "pipe is not a regular file"]),
        (&at("empty"), &good.key, &["--tls-cert ", "empty is empty"]),
        (&good.chain, &at("empty"), &["--tls-key ", "empty is empty"]),
        (&at("text"), &good.key, &["--tls-cert ", "text has no certificate in it"]),
        (&good.chain, &at("text"), &["--tls-key ", "text has no key in it"]),
        (&at("long"), &good.key, &["--tls-cert ", "long is longer than 1 MiB"]),
        (Path::new("/dev/zero"), &good.key, &["--tls-cert /dev/zero is not a regular file"]),
        (&at("der.pem"), &good.key, &["--tls-cert ", "der.pem is in DER or PKCS #12", "openssl x509 -inform der"]),
        (&good.chain, &at("der.key"), &["--tls-key ", "der.key is in DER or PKCS #12", "openssl pkey -inform der"]),
        (&at("both.p12"), &at("both.p12"), &["--tls-cert ", "both.p12 is in DER or PKCS #12", "openssl pkcs12 -nodes"]),
        (&good.key, &good.chain, &["--tls-cert ", "good.key has a key in it, and no certificate", wrong_way]),
        (&good.chain, &good.chain, &["--tls-key ", "good.pem has a certificate in it, and no key", wrong_way]),
        (&good.chain, &at("encrypted.key"), &["--tls-key ", "encrypted.key is encrypted", "`openssl pkey -in "]),
        (&good.chain, &at("of-old.key"), &["--tls-key ", "of-old.key is encrypted", "`openssl pkey -in "]),
        (&at("encrypted.key"), &good.chain, &["--tls-cert ", "encrypted.key has a key in it", wrong_way]),
        (&good.chain, &at("public.key"), &["--tls-key ", "public.key has no key in it"]),
        (&good.chain, &other.key, &["the key in --tls-key ", "other.key does not belong to the first certificate in"]),
        (&at("reversed.pem"), &good.key, &["does not belong to the first certificate in --tls-cert ", "reversed.pem"]),
        (&at("cut.pem"), &good.key, &["--tls-cert ", "cut.pem is not a valid PEM file"]),
        (&at("odd.pem"), &good.key, &["--tls-cert ", "odd.pem is not a valid PEM file"]),
        (&at("hollow.pem"), &good.key, &["--tls-cert ", "hollow.pem: the first certificate in it cannot be read"]),
        (&good.chain, &at("hollow.key"), &["--tls-key ", "hollow.key: the key in it cannot be used", kinds]),
    ];
    for (chain, key, expected) in cases {
        let (status, line) = refused(&folder, chain, key);
        assert_eq!(status, 1, "{line}");
        for part in expected {
            assert!(line.contains(part), "no {part:?} in {line}");
        }
        assert!(!line.contains("BEGIN EC PRIVATE") && !line.contains("secret"), "{line}");
    }
    for name in ["koblitz", "small"] {
        let (status, line) = refused(&folder, &at(&format!("{name}.pem")), &at(&format!("{name}.key")));
        assert!(status == 1 && line.contains(kinds), "{line}");
    }
}

#[test]
fn a_refusal_names_the_variable_that_the_file_came_from() {
    let folder = Folder::new();
    let mut command = serve(&folder, &[]);
    command.env("ROLLBOOK_TLS_CERT", "/nowhere.pem").env("ROLLBOOK_TLS_KEY", "/nowhere.key");
    let (status, _, err) = said(&command.output().expect("the command ends"));
    assert!(status == 1 && err.contains("ROLLBOOK_TLS_CERT: read /nowhere.pem: No such file"), "{err}");
}

#[test]
fn one_file_without_the_other_is_wrong_usage() {
    let folder = Folder::new();
    for (flag, other) in [("--tls-cert", "--tls-key"), ("--tls-key", "--tls-cert")] {
        let (status, _, err) = said(&serve(&folder, &[flag, "server.pem"]).output().expect("the command ends"));
        assert!(status == 2 && err.contains(other), "{err}");
        let variable = flag.replace("--", "ROLLBOOK_").replace('-', "_").to_uppercase();
        let mut command = rollbook();
        command.args(["serve", "--listen", "127.0.0.1:0", "--db"]).arg(folder.db()).env(variable, "server.pem");
        let (status, _, err) = said(&command.output().expect("the command ends"));
        assert!(status == 2 && err.contains(other), "{err}");
    }
    assert!(!folder.db().exists());
}

#[test]
fn other_forms_of_good_files_are_understood() {
    if !has_openssl() {
        return;
    }
    let folder = Arc::new(Folder::new());
    let pair = Pair::make(folder.path(), "good");
    let at = |name: &str| folder.path().join(name);
    let make = |words: &str| openssl(folder.path(), words);
    make("ec -in good.key -out of-old.key");
    let (chain, key) = (std::fs::read_to_string(&pair.chain).unwrap(), std::fs::read_to_string(&pair.key).unwrap());
    let parameters = make("ecparam -name prime256v1");
    write(at("parameters.key"), parameters + &std::fs::read_to_string(at("of-old.key")).unwrap()).unwrap();
    write(at("all.pem"), format!("{chain}{key}")).unwrap();
    write(at("windows.pem"), format!("subject=CN = localhost\r\n\r\n{}", chain.replace('\n', "\r\n"))).unwrap();
    let other = Pair::make(folder.path(), "other");
    write(at("chain.pem"), chain.clone() + &std::fs::read_to_string(&other.chain).unwrap()).unwrap();
    std::os::unix::fs::symlink("all.pem", at("link.pem")).unwrap();
    for (chain, key) in [
        ("good.pem", "of-old.key"),
        ("good.pem", "parameters.key"),
        ("all.pem", "all.pem"),
        ("windows.pem", "good.key"),
        ("chain.pem", "link.pem"),
    ] {
        let flags = ["--tls-cert", path_text(&at(chain)), "--tls-key", path_text(&at(key))].map(str::to_owned);
        let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
        let server = Server::by(serve(&folder, &flags), Arc::clone(&folder));
        assert_eq!(ask(&mut Client::trusting(&pair).connect(server.address), "/healthz"), 200, "{chain} {key}");
        assert!(server.stop().success());
    }
}

#[test]
fn readable_key_and_expiring_certificate_cause_warnings() {
    let loose = |folder: &Path| {
        let pair = Pair::make_of(folder, "server", "ec -pkeyopt ec_paramgen_curve:P-256", 13);
        set_permissions(&pair.key, Permissions::from_mode(0o644)).unwrap();
        pair
    };
    let Some((server, pair)) = start_with(&[], loose) else { return };
    let log = server.log();
    for expected in [
        format!(
            "WARN ] --tls-key {0} can be read or written by every user of this machine: run chmod o-rw {0}",
            path_text(&pair.key)
        ),
        "WARN ] the certificate expires in 12 days, at ".to_owned(),
    ] {
        assert!(log.contains(&expected), "no {expected:?} in {log}");
    }
    assert!(!log.contains("not encrypted"), "{log}");
    let sound = |folder: &Path| {
        let pair = Pair::make_of(folder, "server", "ec -pkeyopt ec_paramgen_curve:P-256", 30);
        set_permissions(&pair.key, Permissions::from_mode(0o640)).unwrap();
        pair
    };
    let Some((server, _)) = start_with(&[], sound) else { return };
    assert!(!server.log().contains("WARN "), "{}", server.log());
}
