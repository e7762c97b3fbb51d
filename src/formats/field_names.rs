//! Names of columns and keys in CSV and JSON, including those of other programs.

use super::account_state::is_account_state;
use super::row_fields::{Field, Text};
use crate::model::TextField;

/// The fields and their names in lower-case letters and digits. If several columns of a file mean the same field, the
/// name that comes first here is used.
const FIELDS: [(Field, &[&str]); 22] = [
    (Field::Kind, &["kind"]),
    (Field::Text(Text::CommonName), &["cn", "commonname"]),
    (Field::Role, &["role", "accessrole"]),
    (Field::BaseRole, &["storedrole"]),
    (Field::Verified, &["verified", "emailverified"]),
    (Field::Text(Text::Password), &["password", "userpassword", "initialpassword"]),
    (Field::Text(Text::PasswordHash), &["passwordhash", "hash", "hashedpassword"]),
    (Field::Text(Text::ExternalId), &["externalid"]),
    (Field::Groups, &["groups", "memberof", "group"]),
    (Field::Joined, &["joined"]),
    (Field::Members, &["members", "member", "memberusers", "uniquemember", "memberuid"]),
    (Field::Subgroups, &["membergroups", "subgroupnames"]),
    (Field::Text(Text::Subgroup), &["subgroup"]),
    (Field::Text(Text::Label), &["label", "grouplabel"]),
    (Field::Text(Text::Description), &["description"]),
    (Field::Properties, &["properties"]),
    (Field::Scim, &["scim"]),
    (Field::Exported, &["exported"]),
    (Field::Credentials, &["credentials"]),
    (Field::Text(Text::Dn), &["dn", "distinguishedname"]),
    (Field::ObjectClass, &["objectclass"]),
    (Field::Deleted, &["softdeletiontimestamp", "deleteddatetime", "isdeleted", "isrecycled"]),
];

/// All fields and their names.
fn fields() -> impl Iterator<Item = (Field, &'static [&'static str])> {
    TextField::ALL.into_iter().map(|field| (Field::Text(Text::Field(field)), field.aliases())).chain(FIELDS)
}

/// Names of columns that can hold the login, the preferred one first. Without any of them the e-mail address is the
/// login.
const LOGINS: [&str; 9] =
    ["username", "login", "uid", "user", "handle", "samaccountname", "userprincipalname", "name", "id"];

/// The meaning of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    /// The login. Holds the place in [`LOGINS`].
    Login(usize),
    /// A field, and the place among its names.
    Field(Field, usize),
    /// The state of an account, or an unknown name.
    Other,
}

/// The use of a column or key in a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    /// The column repeats the login.
    Nothing,
    /// The column holds this field.
    Field(Field),
    /// This other column is used instead. A different value is lost.
    GivesWay(usize),
    /// The state of an account, or unknown.
    Other,
}

/// The use of each column of a header, or of each key of an object.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    /// The column with the login.
    pub(super) login: Option<usize>,
    pub(super) uses: Vec<Use>,
}

/// The form in which names are compared: lower-case letters and digits.
pub(super) fn plain(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for c in name.chars().filter(|c| c.is_alphanumeric()) {
        if c.is_ascii() { plain.push(c.to_ascii_lowercase()) } else { plain.extend(c.to_lowercase()) }
    }
    plain
}

/// The name of a column of a header. Some headers have a second name in brackets and a comment after it:
/// `First name [givenName] Required`. The name before the bracket is used if it is known, or else the one within.
pub(super) fn plain_column(header: &str) -> String {
    let before = |mark| header.split_once(mark).and_then(|(before, rest)| Some((before, rest.split_once(']')?.0)));
    let Some((before, within)) = before('[') else { return plain(header) };
    let (before, within) = (plain(before), plain(within));
    let is_name = !matches!(within.as_str(), "required" | "readonly" | "uploadonly");
    match within.as_str() {
        _ if is_known(&before) || !is_name || !is_known(&within) => before,
        // Templates in all languages have a column for a blocked sign-in here, which is the opposite.
        "accountenabled" => "blocksigninyesno".to_owned(),
        _ => within,
    }
}

/// True if the name of a column is known.
pub(super) fn is_known(plain: &str) -> bool {
    meaning(plain) != Meaning::Other || is_account_state(plain)
}

fn meaning(plain: &str) -> Meaning {
    if let Some(place) = LOGINS.iter().position(|login| *login == plain) {
        return Meaning::Login(place);
    }
    let place = |names: &[&str]| names.iter().position(|name| *name == plain);
    let field = fields().find_map(|(field, names)| Some(Meaning::Field(field, place(names)?)));
    field.unwrap_or(Meaning::Other)
}

impl Plan {
    /// True if a name in its compared form is one of the login.
    pub(super) fn is_login(plain: &str) -> bool {
        LOGINS.contains(&plain)
    }

    /// Decides the use of columns with these names in their compared form. `chosen` is the column that the operator has
    /// chosen for the login; other columns become the login only if `can_be_login` allows it. `exported`: the file is
    /// an export of this program, so columns that only exports have are read.
    pub(super) fn new(
        names: &[String],
        chosen: Option<usize>,
        can_be_login: impl Fn(usize) -> bool,
        exported: bool,
    ) -> Plan {
        let mut meanings: Vec<_> = names.iter().map(|name| meaning(name)).collect();
        for meaning in &mut meanings {
            if let (Meaning::Field(Field::BaseRole | Field::Joined, _), false) = (*meaning, exported) {
                *meaning = Meaning::Other;
            }
        }
        // If rows have kinds, the column `user` is the user of a membership, not the login.
        let is_kind = |meaning: &Meaning| matches!(meaning, Meaning::Field(Field::Kind, _));
        let user = LOGINS.iter().position(|login| *login == "user").map(Meaning::Login);
        let is_other_login = |meaning: &Meaning| matches!(meaning, Meaning::Login(_)) && Some(*meaning) != user;
        if meanings.iter().any(is_kind) && meanings.iter().any(is_other_login) {
            let users = meanings.iter_mut().filter(|meaning| Some(**meaning) == user);
            users.for_each(|meaning| *meaning = Meaning::Field(Field::Text(Text::User), 0));
        }
        let login = chosen.or_else(|| usual_login(&meanings, can_be_login));
        let uses = uses(&meanings, login);
        Plan { login, uses }
    }
}

fn usual_login(meanings: &[Meaning], can_be_login: impl Fn(usize) -> bool) -> Option<usize> {
    let place = |(index, meaning): (usize, &Meaning)| match meaning {
        Meaning::Login(place) => Some((0, *place, index)),
        Meaning::Field(Field::Text(Text::Field(TextField::Email)), place) => Some((1, *place, index)),
        _ => None,
    };
    let places = meanings.iter().enumerate().filter_map(place);
    // The e-mail address does not replace a login that cannot be read.
    let is_named = meanings.iter().any(|meaning| matches!(meaning, Meaning::Login(_)));
    let usable = places.filter(|(email, _, index)| can_be_login(*index) && !(is_named && *email == 1));
    usable.min().map(|(_, _, index)| index)
}

fn uses(meanings: &[Meaning], login: Option<usize>) -> Vec<Use> {
    // The preferred column of each field, with the place of its name.
    let mut best: Vec<(Field, usize, usize)> = Vec::new();
    for (index, meaning) in meanings.iter().enumerate() {
        let Some((field, place)) = field_of(*meaning) else { continue };
        if login == Some(index) && !is_more_than_login(field) {
            continue;
        }
        match best.iter_mut().find(|(known, _, _)| *known == field) {
            None => best.push((field, place, index)),
            Some(known) if place < known.1 => *known = (field, place, index),
            Some(_) => {}
        }
    }
    let use_of = |(index, meaning): (usize, &Meaning)| match (field_of(*meaning), login) {
        (Some((field, _)), Some(login)) if login == index && !is_more_than_login(field) => Use::Nothing,
        (_, Some(login)) if login != index && matches!(meaning, Meaning::Login(_)) && meanings[login] == *meaning => {
            Use::GivesWay(login)
        }
        // The members of a group may be spread over several columns.
        (Some((Field::Members, _)), _) => Use::Field(Field::Members),
        (Some((field, _)), _) => match best.iter().find(|(known, _, _)| *known == field) {
            Some((_, _, winner)) if *winner != index => Use::GivesWay(*winner),
            _ => Use::Field(field),
        },
        (None, Some(login)) if login == index => Use::Nothing,
        (None, Some(login)) if matches!(meaning, Meaning::Login(_)) => Use::GivesWay(login),
        (None, _) => Use::Other,
    };
    meanings.iter().enumerate().map(use_of).collect()
}

/// The field that a name fills. If there is another login, `name` is the display name.
fn field_of(meaning: Meaning) -> Option<(Field, usize)> {
    match meaning {
        Meaning::Field(field, place) => Some((field, place)),
        Meaning::Login(place) if LOGINS[place] == "name" => Some((Field::Text(Text::PlainName), 0)),
        Meaning::Login(_) | Meaning::Other => None,
    }
}

/// True if a field keeps its value although its column is also the login.
fn is_more_than_login(field: Field) -> bool {
    matches!(field, Field::Text(Text::Field(TextField::Email) | Text::CommonName | Text::Dn))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documentation_has_every_name_of_the_table_and_no_other() {
        // Only exports and documents of other systems have these.
        const OTHERS: [Field; 4] = [Field::BaseRole, Field::Joined, Field::Credentials, Field::Deleted];
        let text = include_str!("../../docs/import.md");
        let (_, table) = text.split_once("| column (CSV), key (JSON) |").expect("the table");
        let rows = table.lines().skip(2).take_while(|line| line.starts_with('|'));
        let cells = rows.flat_map(|row| row.split('|').skip(1).take(2));
        let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2)).map(plain);
        let mut documented: Vec<_> = names.filter(|name| !is_account_state(name)).collect();
        // Only files with kinds of rows have this column.
        documented.push("subgroup".to_owned());
        documented.sort_unstable();
        let fields = fields().filter(|(field, _)| !OTHERS.contains(field));
        let mut known: Vec<_> = fields.flat_map(|(_, names)| names.iter().copied()).chain(LOGINS).collect();
        known.sort_unstable();
        assert_eq!(documented, known);
    }

    #[test]
    fn a_name_stands_once_in_the_table() {
        let fields = fields().flat_map(|(_, names)| names.iter().copied());
        let mut names: Vec<_> = fields.chain(LOGINS).collect();
        assert!(names.iter().all(|name| *name == plain(name)));
        let count = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), count);
    }

    #[test]
    fn the_name_before_a_bracket_counts_if_it_is_known() {
        for (header, name) in [
            ("First Name [Required]", "firstname"),
            ("User name [userPrincipalName] Required", "username"),
            ("Benutzername [userPrincipalName] Erforderlich", "userprincipalname"),
            ("Status [READ ONLY]", "status"),
            ("New Status [UPLOAD ONLY]", "newstatus"),
            ("Block sign in (Yes/No) [accountEnabled] Required", "blocksigninyesno"),
            ("Anmeldung blockieren (Ja/Nein) [accountEnabled] Erforderlich", "blocksigninyesno"),
            ("Account enabled [accountEnabled]", "accountenabled"),
            ("Recovery Phone [MUST BE IN THE E.164 FORMAT]", "recoveryphone"),
            ("Name [", "name"),
            ("[displayName]", "displayname"),
            ("Pr\u{c9}nom", "pr\u{e9}nom"),
            ("  E-Mail_Address ", "emailaddress"),
        ] {
            assert_eq!(plain_column(header), name, "{header}");
        }
    }

    #[test]
    fn the_login_is_chosen_in_one_order() {
        let logins =
            ["username", "login", "uid", "user", "handle", "samaccountname", "userprincipalname", "name", "id"];
        for (place, login) in logins.iter().enumerate() {
            let mut names: Vec<_> = logins[place..].iter().map(|name| (*name).to_owned()).collect();
            names.push("mail".to_owned());
            names.reverse();
            let plan = Plan::new(&names, None, |_| true, false);
            assert_eq!(plan.login.map(|index| names[index].as_str()), Some(*login));
        }
        let names: Vec<_> = ["mail", "email"].map(str::to_owned).into();
        let plan = Plan::new(&names, None, |_| true, false);
        assert_eq!(
            plan,
            Plan {
                login: Some(1),
                uses: vec![Use::GivesWay(1), Use::Field(Field::Text(Text::Field(TextField::Email)))]
            }
        );
    }
}
