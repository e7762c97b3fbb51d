//! The state of an account: how other systems mark it as disabled, locked or expired.
//!
//! [`TABLE`] lists the attributes, columns and keys for this state, and how their values are read. A value that cannot
//! be interpreted disables the account. One value that disables an account is enough, even if others enable it.
//! `docs/import.md` has the table for operators: the names, the system of each, and the values that disable.

use jiff::civil::{Date, DateTime};
use jiff::{Timestamp, tz::TimeZone};
use std::collections::HashMap;
use std::sync::LazyLock;

/// The effect of a value on the state of an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountState {
    /// The value does not disable it.
    Enabled,
    /// The account is disabled, locked, expired, or not active yet.
    Disabled,
    /// The value cannot be interpreted. The account becomes disabled.
    Unknown,
}

use AccountState::{Disabled, Enabled, Unknown};

/// How values are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// A yes enables the account, a no disables it.
    Enables,
    /// A yes disables the account, a no enables it.
    Disables,
    /// A yes disables the account. A no does not enable it, because it may be disabled for another reason.
    Locks,
    /// A word such as `active` or `suspended`.
    Status,
    /// The same, but address books use the same name for a part of a country.
    State,
    /// A number. It disables the account if one of the bits of this mask is set; otherwise it enables it.
    Flags(i64),
    /// The same, but a number without these bits does not enable the account.
    Lockout(i64),
    /// Heimdal's flags. `invalid` and `locked-out` disable the account, and so does a missing `client`.
    HeimdalFlags,
    /// Letters in brackets; D and L disable the account.
    SambaFlags,
    /// The time at which the account expires, in 100 ns since 1601; 0 and the greatest number mean never.
    FileTimeEnd,
    /// The time at which the account was locked, in 100 ns since 1601; 0 means not locked.
    FileTimeLock,
    /// The time at which the account expires, in days since 1970; -1 means never.
    DayEnd,
    /// The time at which the account expires, in seconds since 1970; 0 means never.
    SecondEnd,
    /// The time at which the account expires.
    End,
    /// The time at which the account becomes active.
    Start,
    /// The time at which the account was locked. Any time means that it is still locked; 0 means not locked.
    Since,
    /// The time at which the lock ends; the beginning of 1970 means never.
    LockedUntil,
    /// The distinguished name of a role; some roles disable the account.
    Role,
    /// A list of authentication methods; `;DisabledUser;` in it disables the account.
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

/// The effect of the value of an attribute, column or key; `None` if it has none. `name` consists of lower-case letters
/// and digits. `now` is the present time in seconds since 1970-01-01 UTC: accounts that have expired by then are
/// disabled. An empty value disables the account, so callers pass no empty cells of a table.
pub(super) fn account_state(name: &str, value: &str, now: i64) -> Option<AccountState> {
    let meaning = *MEANINGS.get(name)?;
    let value = value.trim();
    let word = value.to_ascii_lowercase();
    Some(match meaning {
        Meaning::Enables => yes(&word, true),
        Meaning::Disables | Meaning::Locks => yes(&word, false),
        Meaning::Status => status(&word).unwrap_or(Unknown),
        // Systems write the state of an account in lower case. `Bavaria` and `CA` are places.
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

/// True if attributes, columns and keys with this name hold the state of an account.
pub(super) fn is_account_state(name: &str) -> bool {
    MEANINGS.contains_key(name)
}

/// True if a value with this name either disables or enables an account, like `userAccountControl`. False for an expiry
/// date or a lock: an account that is not expired and not locked may be disabled for another reason.
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

/// Parses yes or no. `enables`: true if a yes enables the account.
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

/// Tests a time. If a text can be read as two times, the test must give the same result for both.
fn when(text: &str, disables: impl Fn(i64) -> bool) -> AccountState {
    let times = times(text);
    let answers = times.map(|time| time.map(&disables));
    match answers {
        [Some(one), Some(other)] if one != other => Unknown,
        [Some(one), _] | [None, Some(one)] => disabled_if(one),
        [None, None] => Unknown,
    }
}

/// The possible times of a text, in seconds since 1970: two if either number can be the month.
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

/// Parses `20240131120000Z`, the form of LDAP. The zone is optional.
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

/// Parses `2024-01-31T12:00:00Z`. The zone and the time of day are optional.
fn standard_time(text: &str) -> Option<i64> {
    let instant = text.parse::<Timestamp>().map(Timestamp::as_second).ok();
    instant.or_else(|| utc(text.parse::<DateTime>().ok()?))
}

/// Parses seconds or milliseconds since 1970. A small number is neither.
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
