use super::*;
use crate::directory::passwords::hash_permit::TIMING_PAD_MAX;
use crate::directory::passwords::password_hash::tests::{OTHER_FORMS, PASSWORD, VALUES};

/// Python's argon2-cffi, with the parameters of this program.
const LIKE_OURS: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$k9ohroejZy1PN5E1SbHNPug6vB8eQAahb5SOAp6iGF4";

fn passwords() -> Passwords {
    Passwords::new(None, false)
}

#[test]
fn a_value_of_any_kind_lets_the_password_in_and_no_other() {
    let passwords = passwords();
    let mut permit = passwords.permit().unwrap();
    for value in VALUES.into_iter().chain([LIKE_OURS]).chain([OTHER_FORMS[13].1]) {
        assert!(is_stored_value(value), "{value}");
        assert!(passwords.verify(&mut permit, PASSWORD, Some(value)), "{value}");
        for wrong in ["correct horsf", "Correct horse", "correct hors", ""] {
            assert!(!passwords.verify(&mut permit, wrong, Some(value)), "{value}");
        }
    }
    for value in ["", "{SSHA}", PASSWORD, "$argon2id$", "{CRYPT}$1$saltstri$CVtlMpOHug1.jDUbVpFvB1", "$scrypt$x$y$z"] {
        assert!(!is_stored_value(value), "{value}");
        assert!(!passwords.verify(&mut permit, PASSWORD, Some(value)), "{value}");
        assert_eq!(passwords.rehash(&mut permit, PASSWORD, value).unwrap(), None);
    }
    assert!(!passwords.verify(&mut permit, PASSWORD, None));
}

#[test]
fn a_value_of_another_kind_is_renewed_once() {
    let passwords = passwords();
    let mut permit = passwords.permit().unwrap();
    for value in VALUES {
        let renewed = passwords.rehash(&mut permit, PASSWORD, value).unwrap().expect("another value");
        assert!(renewed.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{renewed}");
        assert!(passwords.verify(&mut permit, PASSWORD, Some(&renewed)));
        assert_eq!(passwords.rehash(&mut permit, PASSWORD, &renewed).unwrap(), None);
    }
    assert_eq!(passwords.rehash(&mut permit, PASSWORD, LIKE_OURS).unwrap(), None);
}

#[test]
fn a_client_can_bring_in_hashes_of_the_three_old_kinds_only() {
    let passwords = passwords();
    let mut permit = passwords.permit().unwrap();
    for value in VALUES.into_iter().chain([LIKE_OURS]) {
        let stored = passwords.first(value).unwrap().hash;
        let is_taken = ["{SSHA}", "{SSHA512}", "{SMD5}"].iter().any(|kind| value.starts_with(kind));
        assert_eq!(stored == value, is_taken, "{value}");
        // Everything else is a password, whatever it looks like.
        assert_eq!(passwords.verify(&mut permit, value, Some(&stored)), !is_taken, "{value}");
    }
    for value in ["{SSHA}awc/", "{SSHA}awc/Cj0kafyFd5d8fGn07xoHBJI=", "{SMD5}!"] {
        assert!(passwords.first(value).unwrap().hash.starts_with("$argon2id$"), "{value}");
    }
}

#[test]
fn a_refusal_is_held_back_by_what_the_slowest_kind_takes_longer() {
    let passwords = passwords();
    let mut permit = passwords.permit().unwrap();
    let mut timing_pad = |value: Option<&str>| {
        permit.extra = Duration::ZERO;
        passwords.verify(&mut permit, "wrong", value);
        (permit.extra, permit.timing_pad())
    };
    // The quick kinds, ours, and a missing value take the same time without a pad.
    for value in [None, Some(LIKE_OURS), Some(VALUES[0]), Some(VALUES[9])] {
        assert_eq!(timing_pad(value), (Duration::ZERO, Duration::ZERO));
    }
    let (extra, lag_of_slow) = timing_pad(Some("{CRYPT}$2b$10$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2"));
    assert!(extra > Duration::ZERO);
    assert_eq!(lag_of_slow, Duration::ZERO);
    for value in [None, Some(LIKE_OURS), Some(VALUES[0])] {
        assert_eq!(timing_pad(value), (Duration::ZERO, extra.min(TIMING_PAD_MAX)));
    }
    let (extra_of_quicker, rest) =
        timing_pad(Some("{CRYPT}$2b$04$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2"));
    assert_eq!(rest, extra.min(TIMING_PAD_MAX).saturating_sub(extra_of_quicker));
}

#[test]
fn the_slow_kinds_are_measured_before_the_first_check_and_again_when_there_are_others() {
    let passwords = passwords();
    let mut permit = passwords.permit().unwrap();
    let hashes = |values: &[&str]| Ok(values.iter().map(|value| (*value).to_owned()).collect());
    let cost = |cost: &str| format!("{{CRYPT}}$2b${cost}$CCCCCCCCCCCCCCCCCCCCC.WrAwgFxicHZ3kL7zMvXYXHKosDn8ot2");
    passwords.calibrate(&mut permit, 1, || hashes(&[&cost("04")])).unwrap();
    let first = permit.timing_pad();
    assert!(first > Duration::ZERO);
    // Nothing has changed: nothing is read.
    passwords.calibrate(&mut permit, 1, || panic!("in the same state")).unwrap();
    passwords.calibrate(&mut permit, 2, || hashes(&[&cost("04"), &cost("09")])).unwrap();
    assert!(permit.timing_pad() > first);
    // Of each computation only the dearest is measured, once.
    passwords.calibrate(&mut permit, 3, || hashes(&[&cost("05"), &cost("08"), VALUES[0], VALUES[25]])).unwrap();
    assert_eq!(locked(&passwords.measured).costs, HashMap::from([("2", 1 << 9), ("pbkdf2-sha256", 1000)]));
    // A value that cannot be checked takes no time.
    passwords.calibrate(&mut permit, 4, || hashes(&["{CRYPT}$2b$99$nothing"])).unwrap();
}

#[test]
fn memory_beyond_the_usual_is_given_back() {
    let passwords = passwords();
    let mut permit = passwords.permit().unwrap();
    assert!(passwords.verify(&mut permit, PASSWORD, Some(VALUES[23])));
    assert!(permit.memory.len() <= Params::default().block_count());
}

#[test]
fn memory_is_released_once_it_is_unused() {
    let passwords = passwords();
    let usual = Params::default().block_count();
    let hash = argon2_hash_of(&passwords);
    assert_eq!(passwords.pool.blocks(), usual);
    passwords.release_memory(Duration::from_secs(3600));
    assert_eq!(passwords.pool.blocks(), usual);
    passwords.release_memory(Duration::ZERO);
    assert_eq!(passwords.pool.blocks(), 0);
    let mut permit = passwords.permit().unwrap();
    assert!(passwords.verify(&mut permit, PASSWORD, Some(&hash)));
    // The memory of a running computation stays.
    passwords.release_memory(Duration::ZERO);
    assert_eq!(permit.memory.len(), usual);
    drop(permit);
    assert_eq!(passwords.pool.blocks(), usual);
}

#[test]
fn the_first_password_keeps_no_memory() {
    let passwords = passwords();
    passwords.first(PASSWORD).unwrap();
    assert_eq!(passwords.pool.blocks(), 0);
}

#[test]
fn values_that_take_much_memory_are_checked_one_at_a_time() {
    let passwords = passwords();
    let turn = locked(&passwords.pool.large);
    std::thread::scope(|scope| {
        let large = scope.spawn(|| {
            let mut permit = passwords.permit().unwrap();
            (passwords.verify(&mut permit, PASSWORD, Some(VALUES[23])), permit.waited)
        });
        // Others go on meanwhile.
        let computed = scope.spawn(|| argon2_hash_of(&passwords)).join().unwrap();
        assert!(computed.starts_with("$argon2id$"));
        std::thread::sleep(Duration::from_millis(100));
        assert!(!large.is_finished());
        drop(turn);
        let (right, waited) = large.join().unwrap();
        assert!(right && waited > Duration::ZERO);
    });
}

fn argon2_hash_of(passwords: &Passwords) -> String {
    HashPermit { memory: Vec::new(), kept: 0, extra: Duration::ZERO, waited: Duration::ZERO, home: &passwords.pool }
        .hash(PASSWORD)
        .unwrap()
}
