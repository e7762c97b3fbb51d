//! The state of an account: how other systems mark it as disabled, locked or expired.
//!
//! [`TABLE`] has every attribute, column and key that says so, and how its values are read. A value that is not
//! understood counts as disabled. An account is disabled when one of its values says so, whatever the others say.
//! `docs/import.md` has the table for operators: the names, the system of each, and the values that disable.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, tz::TimeZone};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The state of an account, as a value says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// The value does not disable it.
    Enabled,
    /// It is disabled, locked, expired, or not active yet.
    Disabled,
    /// The value is not understood. The account counts as disabled.
    Unknown,
}

use AccountState::{Disabled, Enabled, Unknown};

/// How values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// Yes enables, no disables.
    Enables,
    /// Yes disables, no enables.
    Disables,
    /// Yes locks; no says nothing about other reasons.
    Locks,
    /// A word such as `active` or `suspended`.
    Status,
    /// The same, but in address books also a part of a country.
    State,
    /// A number. It disables when one of the bits of this mask is set, else it enables.
    Flags(i64),
    /// The same, but none of them says nothing about other reasons.
    Lockout(i64),
    /// Heimdal's flags: invalid or locked out disables, and so does a principal that is no client.
    HeimdalFlags,
    /// Letters in brackets; D and L disable.
    SambaFlags,
    /// When the account ends, in 100 ns since 1601; 0 and the greatest number mean never.
    FileTimeEnd,
    /// When the account was locked, in 100 ns since 1601; 0 means that it is not.
    FileTimeLock,
    /// When the account ends, in days since 1970; -1 means never.
    DayEnd,
    /// When the account ends, in seconds since 1970; 0 means never.
    SecondEnd,
    /// When the account ends.
    End,
    /// When the account begins.
    Start,
    /// When the account was locked: it still is; 0 means that it is not.
    Since,
    /// When the lock ends; the beginning of 1970 means that it does not end.
    LockedUntil,
    /// The distinguished name of a role, some of which disable.
    Role,
    /// How to authenticate, `;DisabledUser;` among it.
    Authority,
}

/// Names in lower case, letters and digits only.
const TABLE: &[(Meaning, &[&str])] = &[
    (
        Meaning::Enables,
        &[
            "enabled",
            "isenabled",
            "enable",
            "userenabled",
            "accountenabled",
            "loginenabled",
            "active",
            "isactive",
            "useractive",
            "accountactive",
            "activated",
            "isactivated",
            "accountnonlocked",
            "accountnonexpired",
            "canlogin",
            "loginallowed",
            "akactive",
            "goauthentikioldapactive",
            "orclisenabled",
            "secacctvalid",
        ],
    ),
    (
        Meaning::Disables,
        &[
            "disabled",
            "isdisabled",
            "disable",
            "userdisabled",
            "accountdisabled",
            "accountisdisabled",
            "inactive",
            "isinactive",
            "suspended",
            "issuspended",
            "suspend",
            "blocked",
            "isblocked",
            "blocksignin",
            "blocksigninyesno",
            "blocksigninyesnoaccountenabled",
            "blocksigninyesnoaccountenabledrequired",
            "signinblocked",
            "blockcredential",
            "prohibitlogin",
            "loginprohibited",
            "archived",
            "isarchived",
            "deleted",
            "isdeleted",
            "isrecycled",
            "isremoved",
            "deactivated",
            "isdeactivated",
            "banned",
            "isbanned",
            "revoked",
            "isrevoked",
            "frozen",
            "isfrozen",
            "terminated",
            "isterminated",
            "nsaccountlock",
            "logindisabled",
            "dspwpaccountdisabled",
            "msdsuseraccountdisabled",
            "univentionaccountdisabled",
        ],
    ),
    (
        Meaning::Locks,
        &[
            "locked",
            "islocked",
            "accountlocked",
            "isaccountlocked",
            "accountislocked",
            "userlocked",
            "lockedout",
            "islockedout",
            "expired",
            "isexpired",
            "accountexpired",
            "isaccountexpired",
            "lockedbyintruder",
            "ibmpwdaccountlocked",
            "pwdaccountlocked",
            "msdsuseraccountautolocked",
        ],
    ),
    (
        Meaning::Status,
        &[
            "status",
            "newstatus",
            "statusreadonly",
            "newstatusuploadonly",
            "userstatus",
            "accountstatus",
            "accountstate",
            "userstate",
            "inetuserstatus",
            "zimbraaccountstatus",
            "obuseraccountcontrol",
        ],
    ),
    (Meaning::State, &["state"]),
    (Meaning::Flags(2 | 16), &["useraccountcontrol"]),
    (Meaning::Lockout(2 | 16), &["msdsuseraccountcontrolcomputed"]),
    // KRB5_KDB_DISALLOW_ALL_TIX.
    (Meaning::Lockout(64), &["krbticketflags"]),
    (Meaning::HeimdalFlags, &["krb5kdcflags"]),
    (Meaning::SambaFlags, &["sambaacctflags", "acctflags"]),
    (Meaning::FileTimeEnd, &["accountexpires"]),
    (Meaning::FileTimeLock, &["lockouttime"]),
    (Meaning::DayEnd, &["shadowexpire"]),
    (Meaning::SecondEnd, &["sambakickofftime", "kickofftime"]),
    (
        Meaning::End,
        &[
            "pwdendtime",
            "loginexpirationtime",
            "krbprincipalexpiration",
            "krb5validend",
            "dspwpaccountexpirationtime",
            "orclactiveenddate",
            "accountexpire",
            "accountexpirationdate",
            "accountexpiration",
            "accountexpiry",
            "accountexpiresat",
            "expirationdate",
            "expires",
            "expiresat",
            "expireat",
            "expirydate",
            "expiry",
            "validuntil",
            "validto",
        ],
    ),
    (
        Meaning::Start,
        &[
            "pwdstarttime",
            "loginactivationtime",
            "krb5validstart",
            "dspwpaccountactivationtime",
            "orclactivestartdate",
            "accountvalidfrom",
            "validfrom",
        ],
    ),
    (
        Meaning::Since,
        &[
            "pwdaccountlockedtime",
            "archivedat",
            "bannedat",
            "blockedat",
            "deactivatedat",
            "deletedat",
            "deleteat",
            "disabledat",
            "lockedat",
            "removedat",
            "revokedat",
            "suspendedat",
            "terminatedat",
        ],
    ),
    (
        Meaning::LockedUntil,
        &[
            "accountunlocktime",
            "lockeduntil",
            "lockuntil",
            "lockedoutuntil",
            "lockoutend",
            "suspendeduntil",
            "suspendedtill",
            "blockeduntil",
            "banneduntil",
        ],
    ),
    (Meaning::Role, &["nsroledn", "nsrole"]),
    (Meaning::Authority, &["authauthority", "authenticationauthority"]),
];

static MEANINGS: LazyLock<HashMap<&str, Meaning>> =
    LazyLock::new(|| TABLE.iter().flat_map(|(meaning, names)| names.iter().map(|name| (*name, *meaning))).collect());

/// The state of an account by the value of an attribute, column or key; `None` when it says nothing about it. `name` is
/// in lower case and has letters and digits only. `now` is the time in seconds since 1970-01-01 UTC: what has expired
/// by then is disabled. An empty value is not understood; where empty cells are usual, they are not for this function.
pub(super) fn account_state(name: &str, value: &str, now: i64) -> Option<AccountState> {
    let meaning = *MEANINGS.get(name)?;
    let value = value.trim();
    let word = value.to_ascii_lowercase();
    Some(match meaning {
        Meaning::Enables => yes(&word, true),
        Meaning::Disables | Meaning::Locks => yes(&word, false),
        Meaning::Status => status(&word).unwrap_or(Unknown),
        // A system that means accounts has its own words in lower case; Bavaria and CA are places.
        Meaning::State => match status(&word) {
            None if value.starts_with(char::is_uppercase) => return None,
            state => state.unwrap_or(Unknown),
        },
        Meaning::Flags(mask) | Meaning::Lockout(mask) => number(&word, |flags| flags & mask != 0),
        Meaning::HeimdalFlags => {
            const CLIENT: i64 = 1 << 6;
            const INVALID: i64 = 1 << 7;
            const LOCKED_OUT: i64 = 1 << 17;
            number(&word, |flags| flags & CLIENT == 0 || flags & (INVALID | LOCKED_OUT) != 0)
        }
        Meaning::SambaFlags => samba_flags(&word),
        Meaning::FileTimeEnd => number(&word, |end| end != 0 && end != i64::MAX && file_time(end) <= now),
        Meaning::FileTimeLock => number(&word, |lock| lock != 0),
        Meaning::DayEnd => number(&word, |day| day != -1 && day <= now.div_euclid(86_400)),
        Meaning::SecondEnd => number(&word, |end| end != 0 && end <= now),
        Meaning::End if word == "never" => Enabled,
        Meaning::End => when(value, |end| end <= now),
        Meaning::Start => when(value, |start| start > now),
        Meaning::Since if word == "0" => Enabled,
        Meaning::Since if value.is_empty() => Unknown,
        Meaning::Since => Disabled,
        Meaning::LockedUntil => when(value, |end| end <= 0 || end > now),
        Meaning::Role if is_disabling_role(&word) => Disabled,
        Meaning::Authority if word.contains(";disableduser;") => Disabled,
        Meaning::Role | Meaning::Authority => return None,
    })
}

/// True if attributes, columns and keys of that name hold the state of an account.
pub(super) fn is_account_state(name: &str) -> bool {
    MEANINGS.contains_key(name)
}

/// True if a value of that name that does not disable an account marks it as enabled, as
/// `userAccountControl` does. The end of an account that is yet to come, or a lock that is off, does not: the account
/// may be disabled for another reason.
pub(super) fn says_enabled(name: &str) -> bool {
    use Meaning::{Disables, Enables, Flags, HeimdalFlags, SambaFlags, State, Status};
    let meaning = MEANINGS.get(name);
    meaning.is_some_and(|meaning| {
        matches!(meaning, Enables | Disables | Status | State | Flags(_) | HeimdalFlags | SambaFlags)
    })
}

fn disabled_if(disabled: bool) -> AccountState {
    if disabled { Disabled } else { Enabled }
}

/// Reads yes or no. `enables` is what yes does.
fn yes(word: &str, enables: bool) -> AccountState {
    match word {
        "true" | "yes" | "1" | "y" | "t" | "on" => disabled_if(!enables),
        "false" | "no" | "0" | "n" | "f" | "off" => disabled_if(enables),
        // `orclIsEnabled: DISABLED`, and lists made by hand.
        "enabled" | "active" if enables => Enabled,
        "disabled" | "inactive" | "suspended" | "locked" | "blocked" => Disabled,
        _ => Unknown,
    }
}

fn status(word: &str) -> Option<AccountState> {
    // Okta's LOCKED_OUT, "Locked out", "locked-out".
    let word: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
    Some(match word.as_str() {
        "active" | "activated" | "enabled" | "enable" | "true" | "ok" | "normal" | "confirmed" => Enabled,
        "passwordexpired" | "recovery" => Enabled,
        "staged" | "provisioned" | "suspended" | "lockedout" | "deprovisioned" => Disabled,
        "inactive" | "disabled" | "disable" | "false" | "locked" | "lockout" | "closed" | "maintenance" => Disabled,
        "pending" | "invited" | "unconfirmed" | "blocked" | "ldapblocked" | "banned" | "archived" => Disabled,
        "deleted" | "removed" | "deactivated" | "deactive" | "expired" | "terminated" | "revoked" => Disabled,
        "nopop" | "noaccess" | "frozen" | "hold" | "onhold" | "new" | "unactivated" | "unlicensed" => Disabled,
        _ => return None,
    })
}

fn number(text: &str, disables: impl FnOnce(i64) -> bool) -> AccountState {
    text.parse().map_or(Unknown, |number| disabled_if(disables(number)))
}

/// Seconds since 1970 of a number of 100 ns since 1601.
fn file_time(time: i64) -> i64 {
    const UNIX_BEGIN: i64 = 11_644_473_600;
    time.div_euclid(10_000_000) - UNIX_BEGIN
}

fn samba_flags(word: &str) -> AccountState {
    let Some(flags) = word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) else { return Unknown };
    if !flags.chars().all(|flag| "ndhtumwslxi ".contains(flag)) || flags.trim().is_empty() {
        return Unknown;
    }
    disabled_if(flags.contains(['d', 'l']))
}

/// The roles by which 389-ds disables accounts, directly or by other roles.
fn is_disabling_role(role: &str) -> bool {
    let name = role.split(',').next().unwrap_or_default();
    let name: String = name.chars().filter(|c| !c.is_whitespace()).collect();
    !name.starts_with("cn=") || matches!(name.as_str(), "cn=nsmanageddisabledrole" | "cn=nsdisabledrole")
}

// ------------------------------------------------------------------------------------------ times

/// Asks about a time. A time that can be read in two ways has to give the same answer both ways.
fn when(text: &str, disables: impl Fn(i64) -> bool) -> AccountState {
    let times = times(text);
    let answers = times.map(|time| time.map(&disables));
    match answers {
        [Some(one), Some(other)] if one != other => Unknown,
        [Some(one), _] | [None, Some(one)] => disabled_if(one),
        [None, None] => Unknown,
    }
}

/// The times that a text can mean, in seconds since 1970: one, or two where it is not clear which number is the month.
fn times(text: &str) -> [Option<i64>; 2] {
    if let Some(time) = generalized_time(text).or_else(|| standard_time(text)).or_else(|| unix_time(text)) {
        return [Some(time), None];
    }
    let date = text.split([' ', 'T']).next().unwrap_or_default();
    let parts: Vec<_> = date.split(['/', '.']).map(str::parse::<i16>).collect();
    let [Ok(one), Ok(two), Ok(year)] = parts[..] else { return [None, None] };
    let time = |month: i16, day: i16| {
        let date = Date::new(year, month.try_into().ok()?, day.try_into().ok()?).ok()?;
        utc(date.at(0, 0, 0, 0))
    };
    if year < 1000 { [None, None] } else { [time(one, two), time(two, one)] }
}

fn utc(time: DateTime) -> Option<i64> {
    Some(time.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second())
}

/// Reads `20240131120000Z`, as LDAP writes it; the zone may be missing.
fn generalized_time(text: &str) -> Option<i64> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    if !matches!(digits.len(), 8 | 10 | 12 | 14) || (digits.len() == 8 && !rest.is_empty()) {
        return None;
    }
    let part = |from: usize| digits.get(from..from + 2).map_or(Some(0), |part| part.parse::<i8>().ok());
    let seconds = part(12)?.min(59);
    let date = Date::new(digits[..4].parse().ok()?, part(4)?, part(6)?).ok()?;
    let time = DateTime::from_parts(date, jiff::civil::Time::new(part(8)?, part(10)?, seconds, 0).ok()?);
    let zone = match rest.strip_prefix(['.', ',']) {
        Some(fraction) => fraction.trim_start_matches(|c: char| c.is_ascii_digit()),
        None => rest,
    };
    Some(utc(time)? - zone_seconds(zone)?)
}

fn zone_seconds(zone: &str) -> Option<i64> {
    if matches!(zone, "" | "Z" | "z") {
        return Some(0);
    }
    let sign = if zone.starts_with('-') { -1 } else { 1 };
    let digits = zone.strip_prefix(['+', '-'])?;
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let minutes = digits.get(2..).filter(|minutes| !minutes.is_empty()).map_or(Some(0), |text| text.parse().ok());
    Some(sign * (digits[..2].parse::<i64>().ok()? * 3600 + minutes? * 60))
}

/// Reads `2024-01-31T12:00:00Z`, also without the zone, or without the time.
fn standard_time(text: &str) -> Option<i64> {
    let instant = text.parse::<Timestamp>().map(Timestamp::as_second).ok();
    instant.or_else(|| utc(text.parse::<DateTime>().ok()?))
}

/// Reads seconds or milliseconds since 1970. A small number is none of them.
fn unix_time(text: &str) -> Option<i64> {
    let number: i64 = text.parse().ok()?;
    match number {
        100_000_000..10_000_000_000 => Some(number),
        1_000_000_000_000..10_000_000_000_000 => Some(number / 1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
