//! States of accounts by the names and values of many systems.

use super::*;

/// 2024-07-01.
const NOW: i64 = 1_719_792_000;

fn state(name: &str, value: &str) -> Option<AccountState> {
    account_state(name, value, NOW)
}

#[test]
fn the_documentation_has_every_name_of_the_table_and_no_other() {
    let text = include_str!("../../../docs/import.md");
    let (_, table) = text.split_once("| name | source | the account is disabled").expect("the table");
    let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(1));
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let plain = |name: &str| -> String {
        let letters = name.chars().filter(char::is_ascii_alphanumeric);
        letters.map(|letter| letter.to_ascii_lowercase()).collect()
    };
    let mut documented: Vec<String> = names.map(plain).collect();
    documented.sort_unstable();
    documented.dedup();
    let mut known: Vec<&str> = TABLE.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    known.sort_unstable();
    assert_eq!(documented, known);
}

/// A name, and its values: those that enable an account, those that disable it, and those that are not understood.
type Row = (&'static str, &'static [&'static str], &'static [&'static str], &'static [&'static str]);

const PAST: &str = "133640000000000000";
const FUTURE: &str = "143643520000000000";

const VALUES: &[Row] = &[
    ("useraccountcontrol", &["512", " 66048 ", "544"], &["514", "528", "66050"], &["", "x", "0x2"]),
    ("msdsuseraccountcontrolcomputed", &["0", "8388608"], &["16", "2"], &["?"]),
    ("msdsuseraccountdisabled", &["FALSE"], &["TRUE"], &["?"]),
    ("msdsuseraccountautolocked", &["FALSE"], &["TRUE"], &["?"]),
    ("lockouttime", &["0"], &[PAST, FUTURE], &["", "never"]),
    ("accountexpires", &["0", "9223372036854775807", FUTURE], &[PAST, "1"], &["", "never"]),
    ("nsaccountlock", &["false", " FALSE "], &["true", " TRUE ", "TRUE"], &["", "maybe"]),
    ("accountunlocktime", &["20240630235959Z"], &["19700101000000Z", "20240702000000Z"], &["soon"]),
    ("pwdaccountlockedtime", &[], &["000001010000Z", "20230101000000Z", "?"], &[""]),
    ("pwdstarttime", &["20240101000000Z"], &["20250101000000Z"], &["", "?"]),
    ("pwdendtime", &["20250101000000Z"], &["20240101000000Z", "20240701000000Z"], &["", "?"]),
    ("ibmpwdaccountlocked", &["false"], &["true"], &["?"]),
    ("dspwpaccountdisabled", &["false"], &["true"], &["?"]),
    ("dspwpaccountexpirationtime", &["20250101000000.123Z"], &["20240101000000.123Z"], &["?"]),
    ("dspwpaccountactivationtime", &["20240101000000.123Z"], &["20250101000000.123Z"], &["?"]),
    ("sambaacctflags", &["[U          ]", "[UX]"], &["[UD         ]", "[LU]"], &["U", "[]", "[UQ]", ""]),
    ("acctflags", &["[U]"], &["[DU]"], &["D"]),
    ("sambakickofftime", &["0", "2147483647"], &["1", "1719792000"], &["", "?"]),
    ("shadowexpire", &["-1", "99999", "19906"], &["1", "0", "19905"], &["", "?"]),
    ("logindisabled", &["FALSE"], &["TRUE"], &["?"]),
    ("lockedbyintruder", &["FALSE"], &["TRUE"], &["?"]),
    ("loginexpirationtime", &["20991231235959Z"], &["19991231235959Z"], &["?"]),
    ("loginactivationtime", &["19991231235959Z"], &["20991231235959Z"], &["?"]),
    ("zimbraaccountstatus", &["active"], &["locked", "closed", "maintenance", "lockout", "pending"], &["?", ""]),
    ("accountstatus", &["active"], &["disabled", "noaccess", "nopop", "deleted"], &["?"]),
    ("inetuserstatus", &["active", "Active"], &["inactive", "deleted"], &["?"]),
    ("krbprincipalexpiration", &["20991231235959Z"], &["20200101000000Z"], &["?"]),
    ("krbticketflags", &["128", "0"], &["64", "192"], &["?"]),
    ("krb5kdcflags", &["126"], &["254", "131198", "0"], &["?"]),
    ("krb5validend", &["20991231235959Z"], &["20200101000000Z"], &["?"]),
    ("krb5validstart", &["20200101000000Z"], &["20991231235959Z"], &["?"]),
    ("akactive", &["true"], &["false"], &["?"]),
    ("goauthentikioldapactive", &["true"], &["false"], &["?"]),
    ("orclisenabled", &["ENABLED", "TRUE"], &["DISABLED", "FALSE"], &["?"]),
    ("orclactiveenddate", &["20991231235959Z"], &["20200101000000Z"], &["?"]),
    ("obuseraccountcontrol", &["ACTIVATED"], &["DEACTIVATED"], &["?"]),
    ("secacctvalid", &["TRUE"], &["FALSE"], &["?"]),
    ("accountexpire", &["2099-12-31T23:59:59+00:00"], &["2020-01-01T00:00:00Z"], &["?"]),
    ("accountvalidfrom", &["2020-01-01T00:00:00Z"], &["2099-12-31T23:59:59+00:00"], &["?"]),
    ("status", &["ACTIVE", "PASSWORD_EXPIRED", "RECOVERY", "Active"], &["STAGED", "PROVISIONED"], &["", "7"]),
    ("status", &[], &["SUSPENDED", "LOCKED_OUT", "DEPROVISIONED", "Locked out", "Archived"], &["Member"]),
    ("statusreadonly", &["Active"], &["Suspended"], &["?"]),
    ("newstatusuploadonly", &["Active"], &["Suspended", "Archived"], &["?"]),
    ("state", &["active"], &["blocked", "ldap_blocked", "deactivated", "SUSPENDED"], &["odd", ""]),
    ("accountenabled", &["True", "true"], &["False"], &["?", ""]),
    ("blocksigninyesno", &["No"], &["Yes"], &["?"]),
    ("blocksigninyesnoaccountenabledrequired", &["No"], &["Yes"], &["?"]),
    ("blockcredential", &["False"], &["True"], &["?"]),
    ("accountnonlocked", &["true"], &["false"], &["?"]),
    ("deleteat", &["0"], &["1719792000000", "2020-01-01"], &[""]),
    ("suspendeduntil", &["2020-01-01"], &["2099-01-01"], &["?"]),
    ("accountexpirationdate", &["12/31/2099 1:00:00 AM", "31.12.2099", "never"], &["1/2/2020"], &["?", "0"]),
    // The 7th of June or the 6th of July.
    ("accountexpirationdate", &["31/7/2024"], &["6/30/2024"], &["6/7/2024", "13/13/2024", "1/1/24"]),
    ("expiresat", &["4102444800", "4102444800000"], &["1577836800", "1577836800000"], &["12", "-1"]),
];

#[test]
fn every_name_reads_its_values() {
    for (name, enabled, disabled, unknown) in VALUES {
        for (values, expected) in [(enabled, Enabled), (disabled, Disabled), (unknown, Unknown)] {
            for value in *values {
                assert_eq!(state(name, value), Some(expected), "{name}: {value}");
            }
        }
    }
}

#[test]
fn yes_and_no_are_read_for_all_names_that_take_them() {
    for (meaning, names) in TABLE {
        let enables = match meaning {
            Meaning::Enables => true,
            Meaning::Disables | Meaning::Locks => false,
            _ => continue,
        };
        for name in *names {
            for (yes, no) in [("true", "false"), ("Yes", "No"), ("1", "0"), (" y ", "n"), ("on", "OFF"), ("t", "F")] {
                let (on, off) = if enables { (Enabled, Disabled) } else { (Disabled, Enabled) };
                assert_eq!((state(name, yes), state(name, no)), (Some(on), Some(off)), "{name}");
            }
            for odd in ["", "2", "vero", "null"] {
                assert_eq!(state(name, odd), Some(Unknown), "{name}: {odd}");
            }
        }
    }
}

#[test]
fn only_the_roles_that_disable_say_something() {
    for name in ["nsroledn", "nsrole"] {
        assert_eq!(state(name, "cn=nsManagedDisabledRole,dc=x"), Some(Disabled));
        assert_eq!(state(name, "CN = nsDisabledRole , dc=x"), Some(Disabled));
        assert_eq!(state(name, "nothing"), Some(Disabled));
        assert_eq!(state(name, "cn=managers,dc=x"), None);
    }
    assert_eq!(state("authenticationauthority", ";DisabledUser;;ShadowHash;"), Some(Disabled));
    assert_eq!(state("authenticationauthority", ";ShadowHash;"), None);
}

#[test]
fn a_state_can_be_a_place() {
    assert_eq!(state("state", "CA"), None);
    assert_eq!(state("state", "Nordrhein-Westfalen"), None);
    for name in ["shoesize", "st", "mail", "employeestatus", ""] {
        assert_eq!(state(name, "false"), None, "{name}");
    }
}

#[test]
fn only_a_switch_says_that_an_account_is_enabled() {
    for name in ["useraccountcontrol", "nsaccountlock", "enabled", "status", "sambaacctflags", "krb5kdcflags"] {
        assert!(says_enabled(name), "{name}");
    }
    for name in ["lockouttime", "shadowexpire", "krbprincipalexpiration", "locked", "krbticketflags", "mail"] {
        assert!(!says_enabled(name), "{name}");
    }
    assert!(is_account_state("lockouttime") && !is_account_state("mail"));
}

#[test]
fn a_name_stands_once_in_the_table() {
    let names: Vec<_> = TABLE.iter().flat_map(|(_, names)| names.iter()).collect();
    assert_eq!(MEANINGS.len(), names.len());
    for name in names {
        assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit()), "{name}");
    }
}

#[test]
fn times_are_read_as_other_systems_write_them() {
    for text in [
        "20240701000000Z",
        "202407010000Z",
        "2024070100Z",
        "20240701",
        "20240701020000+0200",
        "20240630193000-0430",
        "20240701020000.5+02",
        "20240701000000",
        "2024-07-01T00:00:00Z",
        "2024-07-01T02:00:00+02:00",
        "2024-07-01 00:00:00",
        "2024-07-01",
        "1719792000",
        "1719792000000",
    ] {
        assert_eq!(times(text), [Some(NOW), None], "{text}");
    }
    for text in ["", "2024", "202407", "20241301000000Z", "20240701000000X", "20240701000000+1", "99", "a/b/c", "-"] {
        assert_eq!(times(text), [None, None], "{text}");
    }
}
