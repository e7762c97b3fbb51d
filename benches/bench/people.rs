//! The users and groups of a bench directory, which are the same in every run.

pub const FIRST_NAMES: [&str; 40] = [
    "aaron",
    "ada",
    "alan",
    "alice",
    "amir",
    "ana",
    "andrea",
    "anna",
    "anton",
    "barbara",
    "chen",
    "clara",
    "daniel",
    "edsger",
    "elena",
    "emma",
    "fatima",
    "felix",
    "frances",
    "grace",
    "hana",
    "ivan",
    "jean",
    "john",
    "katherine",
    "ken",
    "leslie",
    "lin",
    "margaret",
    "maria",
    "niklaus",
    "noor",
    "olga",
    "omar",
    "paula",
    "radia",
    "sophie",
    "tim",
    "wei",
    "yuki",
];
const LAST_NAMES: [&str; 40] = [
    "abe", "allen", "ansari", "baker", "berg", "costa", "cruz", "dahl", "diaz", "evans", "fischer", "garcia", "haddad",
    "hopper", "ito", "jansen", "jones", "kaya", "kim", "kovacs", "lamarr", "lee", "lopez", "martin", "meyer", "moreau",
    "nguyen", "novak", "okafor", "park", "patel", "ricci", "rossi", "sato", "silva", "smith", "tran", "weber",
    "yilmaz", "zhang",
];
/// A prefix that many names have.
pub const BROAD_PREFIX: &str = "an";
/// The group that every tenth user is in.
pub const LARGE_GROUP: &str = "everybody";
/// The group with 2,000 users in every directory of 10,000 or more.
pub const MIDDLE_GROUP: &str = "two-thousand";
const MIDDLE_GROUP_USERS: u64 = 2_000;

/// True if the user is in the group of 2,000, in a directory of so many users.
pub fn is_in_middle_group(user: u64, users: u64) -> bool {
    let step = (users / MIDDLE_GROUP_USERS).max(2);
    user.is_multiple_of(step) && user / step < MIDDLE_GROUP_USERS
}

/// Size of a directory.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Size {
    /// Users, not counting the administrator.
    pub users: u64,
    /// Each user is a member of 0 to this many groups, half of it on average.
    pub groups_each: u64,
}

/// The counts of users and groups that requests choose from.
#[derive(Clone, Copy)]
pub struct Population {
    /// Users, not counting the administrator.
    pub users: u64,
    /// Groups, not counting the built-in ones and the large one.
    pub groups: u64,
}

/// The login of a user.
pub fn user_name(index: u64) -> String {
    let (first, last) = names_of(index);
    format!("{first}.{last}.{index}@example.com")
}

/// The name of a group.
pub fn group_name(index: u64) -> String {
    format!("group-{index:05}")
}

/// First and last name of a user.
pub fn names_of(index: u64) -> (&'static str, &'static str) {
    let pick = |names: &[&'static str; 40], salt| names[(random(index, salt) % 40) as usize];
    (pick(&FIRST_NAMES, 1), pick(&LAST_NAMES, 2))
}

/// A pseudo-random number, always the same for the same arguments (the finaliser of SplitMix64).
pub fn random(a: u64, b: u64) -> u64 {
    let mut x = a.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(b).wrapping_add(0x2545_f491_4f6c_dd1d);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}
