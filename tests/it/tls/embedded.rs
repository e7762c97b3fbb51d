//! The library with a certificate of its own.

use super::{Client, Pair, ask, has_openssl};
use crate::support::folder::Folder;
use crate::support::wait::eventually;
use rollbook::{ErrorKind, Rollbook, Settings};

const ANY_PORT: ([u8; 4], u16) = ([127, 0, 0, 1], 0);

fn settings(pair: &Pair) -> Settings {
    let mut settings = Settings::default();
    (settings.tls_cert, settings.tls_key) = (Some(pair.chain.clone()), Some(pair.key.clone()));
    settings
}

#[test]
fn a_program_serves_https_and_shows_a_certificate_that_was_renewed() {
    if !has_openssl() {
        return;
    }
    let folder = Folder::new();
    let (first, second) = (Pair::make(folder.path(), "first"), Pair::make(folder.path(), "second"));
    let (before, after) = (Client::trusting(&first), Client::trusting(&second));
    let handle = Rollbook::open_with(folder.db(), settings(&first)).unwrap().serve(ANY_PORT).unwrap();
    let mut open = before.connect(handle.address());
    assert_eq!(ask(&mut open, "/readyz"), 200);
    assert!(after.try_connect(handle.address()).is_err());
    second.replace(&first);
    let mut renewed = eventually("the new certificate".to_owned(), || after.try_connect(handle.address()).ok());
    assert_eq!(ask(&mut renewed, "/readyz"), 200);
    assert_eq!(ask(&mut open, "/readyz"), 200, "an open connection stays open");
    handle.stop().unwrap();
    assert!(Rollbook::open(folder.db()).is_ok());
}

#[test]
fn a_certificate_that_cannot_be_used_is_refused_before_a_file_is_made() {
    if !has_openssl() {
        return;
    }
    let folder = Folder::new();
    let (first, second) = (Pair::make(folder.path(), "first"), Pair::make(folder.path(), "second"));
    let (mut alone, mut mixed, mut gone) = (settings(&first), settings(&first), settings(&first));
    alone.tls_key = None;
    mixed.tls_key = Some(second.key.clone());
    gone.tls_cert = Some(folder.path().join("nothing"));
    for (settings, text) in [
        (alone, "tls_cert and tls_key belong together; set both or neither"),
        (mixed, "does not belong to the first certificate in tls_cert "),
        (gone, "tls_cert: read "),
    ] {
        let error = Rollbook::open_with(folder.db(), settings).err().expect(text);
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
        assert!(error.to_string().contains(text), "{error} has {text}");
        assert!(!folder.db().exists());
    }
}
