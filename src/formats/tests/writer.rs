//! Written files, and that they can be read back.

use super::*;

fn written(format: Format, records: &[Record]) -> (String, Vec<Vec<String>>) {
    let mut writer = Writer::new(format, Vec::new(), "dc=example,dc=org").expect("a writer");
    let losses = records.iter().map(|record| writer.write(record).expect("a record")).collect();
    (String::from_utf8(writer.finish().expect("the end")).expect("text"), losses)
}

#[test]
fn a_file_of_nothing_is_complete_all_the_same() {
    assert_eq!(
        written(Format::Csv, &[]).0,
        "kind,name,first_name,last_name,display_name,email,company,title,role,disabled,verified,password,external_id,\
         groups,label,description,properties,stored_role,joined,phone\n"
    );
    assert_eq!(
        written(Format::JsonLines, &[]).0,
        "{\"kind\":\"export\",\"program\":\"rollbook\",\"ends_with\":\"counts\"}\n\
         {\"kind\":\"counts\",\"program\":\"rollbook\",\"users\":0,\"groups\":0,\"memberships\":0}\n"
    );
    assert_eq!(
        written(Format::Ldif, &[]).0,
        "version: 1\n# exported by rollbook\n# rollbook export: this file ends with a comment of counts\n\n\
         # rollbook counts: {\"users\":0,\"groups\":0,\"memberships\":0}\n"
    );
    for format in [Format::Csv, Format::JsonLines, Format::Ldif] {
        assert_eq!(rows(format, written(format, &[]).0), []);
    }
}

/// Two users and two groups, as an LDIF has them.
const LDIF: &str = "version: 1\n\
         # exported by rollbook\n\
         # rollbook export: this file ends with a comment of counts\n\
         \n\
         dn: uid=a\\,da,ou=people,dc=example,dc=org\n\
         objectClass: inetOrgPerson\n\
         # rollbook: {\"disabled\":false,\"external_id\":\"7\",\"groups\":[],\"properties\":{\"n\n\
         \x20\":1},\"role\":\"read\",\"verified\":true}\n\
         uid: a,da\n\
         cn:: QWRhICBMw7Z2ZQ==\n\
         sn:: IEzDtnZl\n\
         givenName: Ada\n\
         mail: a@x.io\n\
         o:: bG9uZyBsb25nIGxvbmcgbG9uZyBsb25nIGxvbmcgbG9uZyBsb25nIGxvbmcgbG9uZyBsb25n\n\
         \x20IGxvbmcgbG9uZyBsb25nIGxvbmcgbG9uZyBsb25nIGxvbmcgbG9uZyBsb25nIGxvbmcgbG9uZyB\n\
         \x20sb25nIGxvbmcgbG9uZyBsb25nIGxvbmcgbG9uZyBsb25nIGxvbmcg\n\
         title:: Oi0p\n\
         userPassword: {ARGON2}$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA\n\
         mobile: 1\n\
         mobile: 2\n\
         \n\
         dn: uid=bob,ou=people,dc=example,dc=org\n\
         objectClass: inetOrgPerson\n\
         # rollbook: {\"email\":\"\",\"last_name\":\"-\"}\n\
         uid: bob\n\
         cn: Bob\n\
         sn: -\n\
         displayName: Bob\n\
         \n\
         dn: cn=staff,ou=groups,dc=example,dc=org\n\
         objectClass: groupOfNames\n\
         # rollbook: {\"label\":\"Staff\"}\n\
         cn: staff\n\
         description:: dHdvCmxpbmVz\n\
         member:\n\
         \n\
         dn: cn=all,ou=groups,dc=example,dc=org\n\
         objectClass: groupOfNames\n\
         cn: all\n\
         member: uid=a\\,da,ou=people,dc=example,dc=org\n\
         member: cn=staff,ou=groups,dc=example,dc=org\n\
         \n\
         # rollbook counts: {\"users\":2,\"groups\":2,\"memberships\":2}\n";

#[test]
fn an_ldif_is_written_as_directories_read_it() {
    let mut ada = UserRecord {
        texts: fields([
            (FirstName, "Ada"),
            (LastName, " L\u{f6}ve"),
            (Email, "a@x.io"),
            (Company, &"long ".repeat(30)),
            (Title, ":-)"),
        ]),
        role: Some(Role::Read),
        disabled: Some(false),
        verified: Some(true),
        external_id: some("7"),
        groups: Some(Vec::new()),
        password: some("$argon2id$v=19$m=8,t=1,p=1$c29tZXNhbHQ$aGFzaA"),
        ..user("a,da")
    };
    ada.properties.insert("mobile".to_owned(), json!(["1", "2"]).into());
    ada.properties.insert("n".to_owned(), json!(1).into());
    let bob = UserRecord { texts: fields([(DisplayName, "Bob"), (LastName, "-"), (Email, "")]), ..user("bob") };
    let empty = GroupRecord {
        name: "staff".to_owned(),
        label: some("Staff"),
        description: some("two\nlines"),
        groups: Some(texts(&["x"])),
        ..GroupRecord::default()
    };
    let full = GroupRecord { name: "all".to_owned(), ..GroupRecord::default() };
    let records = [
        Record::User(ada),
        Record::User(bob),
        Record::Group(empty),
        Record::Group(full),
        member("all", "a,da"),
        subgroup("all", "staff"),
    ];
    let (text, losses) = written(Format::Ldif, &records);
    assert_eq!(text, LDIF);
    assert_eq!(losses, [vec![], vec![], vec!["LDIF has no place for groups of a group"], vec![], vec![], vec![],]);
    assert!(text.lines().all(|line| line.len() <= 76));
}

#[test]
fn an_empty_text_and_none_are_the_same_in_a_csv() {
    let ada = UserRecord { texts: fields([(FirstName, "")]), password: some(""), ..user("=ada") };
    let (text, losses) = written(Format::Csv, &[Record::User(ada.clone())]);
    assert_eq!(text.lines().nth(1), Some("user,=ada,,,,,,,,,,,,,,,,,,"));
    assert_eq!(losses, [Vec::<String>::new()]);
    let (text, losses) = written(Format::JsonLines, &[Record::User(ada.clone())]);
    assert_eq!(losses, [Vec::<String>::new()]);
    assert_eq!(said(&rows(Format::JsonLines, text)), [(2, Ok(Record::User(ada)))]);
}

#[test]
fn a_writer_refuses_what_would_be_no_file() {
    let refusal = Writer::new(Format::Ldif, Vec::new(), "example.org").err().expect("a refusal");
    assert_eq!(refusal.to_string(), "not a distinguished name: \"example.org\"");
    let mut writer = Writer::new(Format::Ldif, Vec::new(), "").unwrap();
    for (record, why) in [
        (member("staff", "ada"), "a member of \"staff\" does not follow the group"),
        (subgroup("staff", "ada"), "a group that contains \"ada\" does not follow it"),
    ] {
        assert_eq!(writer.write(&record).expect_err("a refusal").to_string(), why);
    }
    writer.write(&Record::User(user("ada"))).unwrap();
    let text = String::from_utf8(writer.finish().unwrap()).unwrap();
    assert!(text.contains("\ndn: uid=ada,ou=people\n"), "{text}");

    struct Full;
    impl io::Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is full"))
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }
    for format in [Format::Csv, Format::JsonLines, Format::Ldif] {
        let problem = Writer::new(format, Full, "").unwrap().write(&Record::User(user("ada"))).expect_err("a refusal");
        assert_eq!(format!("{problem:#}"), "write: the disk is full");
    }
}

// ------------------------------------------------------------------------------------------ there and back

/// Texts that files have trouble with.
const ODD: [&str; 24] = [
    "plain",
    "two words",
    "a,b",
    "semi;colon",
    "[list]",
    "[",
    "\"quoted\"",
    "o'clock \"",
    "#hash",
    "+plus",
    "=1+1",
    "-",
    "@at",
    "back\\slash\\2c",
    "\u{fc}ml\u{e4}ut \u{df}",
    "\u{1f600} emoji",
    "\u{65e5}\u{672c}\u{8a9e}",
    "e\u{301}",
    "null",
    "true",
    "<less>",
    ":colon",
    "a=b, c=d",
    "cn=x,ou=groups",
];

/// Characters that a text may also contain.
const BREAKS: [&str; 10] = ["", "", "", "\n", "\r\n", "\t", " ", "\r", "\u{1}", "\n\n#"];

struct Chance(Random);

impl Chance {
    /// A name: no control characters and no spaces around, as names are.
    fn name(&mut self) -> String {
        let (first, second) = (self.0.pick(&ODD), self.0.pick(&ODD));
        format!("{first}{second}{}", self.0.below(1000))
    }

    fn text(&mut self) -> Option<String> {
        match self.0.below(4) {
            0 => None,
            1 => Some(format!("{}{}{}", self.0.pick(&BREAKS), self.0.pick(&ODD), self.0.pick(&BREAKS))),
            2 => Some(format!("{} {}", self.0.pick(&ODD), self.0.pick(&ODD).repeat(40))),
            _ => Some(self.0.pick(&ODD).to_owned()),
        }
    }

    fn switch(&mut self) -> Option<bool> {
        self.0.pick(&[None, Some(true), Some(false)])
    }

    fn names(&mut self) -> Option<Vec<String>> {
        let count = self.0.below(4);
        if self.0.one_in(2) { None } else { Some((0..count).map(|_| self.name()).collect()) }
    }

    fn properties(&mut self) -> BTreeMap<String, JsonText> {
        let values = ["1.50", "12345678901234567890123", "null", "\"\"", "[1,{\"a\":[]}]", "\"\\u0000\""];
        (0..self.0.below(3)).map(|_| (self.name(), JsonText::stored(self.0.pick(&values)))).collect()
    }

    fn user(&mut self) -> UserRecord {
        UserRecord {
            name: self.name(),
            texts: TextField::ALL.map(|field| (field, self.text())).into_iter().collect(),
            role: self.0.pick(&[None, Some(Role::Admin), Some(Role::Standard), Some(Role::Read)]),
            disabled: self.switch(),
            verified: self.switch(),
            password: self.text(),
            external_id: self.text(),
            groups: self.names(),
            properties: self.properties(),
            // As in every file that the writer makes; JSON lines say it by record.
            exported: true,
            ..Default::default()
        }
    }

    fn group(&mut self) -> GroupRecord {
        GroupRecord {
            name: self.name(),
            label: self.text(),
            description: self.text(),
            external_id: self.text(),
            groups: self.names(),
            properties: self.properties(),
            // As in every file that the writer makes; JSON lines say it by record.
            exported: true,
            ..Default::default()
        }
    }
}

fn chance() -> Chance {
    let seed = Random::seed("ROLLBOOK_EXCHANGE_SEED", 20_261_201);
    println!("ROLLBOOK_EXCHANGE_SEED={seed}");
    Chance(Random::new(seed))
}

fn read_back(format: Format, records: &[Record]) -> Vec<Record> {
    let (text, losses) = written(format, records);
    assert!(losses.iter().all(Vec::is_empty), "{losses:?}");
    let rows = rows(format, &text);
    let record = |row: &Row| {
        assert_eq!(row.remarks, []);
        let record = row.record.clone().unwrap_or_else(|why| panic!("{why} in line {} of\n{text}", row.line));
        unsaid(record.expect("a record"))
    };
    rows.iter().map(record).collect()
}

#[test]
fn what_is_written_reads_back() {
    let mut chance = chance();
    let records: Vec<_> = (0..3000)
        .map(|_| match chance.0.below(4) {
            0 => Record::Group(chance.group()),
            1 => member(&chance.name(), &chance.name()),
            2 => subgroup(&chance.name(), &chance.name()),
            _ => Record::User(chance.user()),
        })
        .collect();
    for format in [Format::Csv, Format::JsonLines] {
        for (read, written) in read_back(format, &records).iter().zip(&records) {
            assert_eq!(read, written, "{format:?}");
        }
    }
}

#[test]
fn an_ldif_reads_back_what_it_can_hold() {
    let mut chance = chance();
    let mut records = Vec::new();
    let mut names = Vec::new();
    for _ in 0..2000 {
        let mut user = UserRecord {
            role: None,
            disabled: None,
            verified: None,
            external_id: None,
            groups: None,
            properties: BTreeMap::new(),
            ..chance.user()
        };
        // A value that stands for none.
        user.texts[LastName].take_if(|name| name == "-");
        if chance.0.one_in(3) {
            user.properties.insert("mobile".to_owned(), json!([chance.name(), " "]).into());
            user.properties.insert("description".to_owned(), json!(chance.name()).into());
        }
        names.push(user.name.clone());
        records.push(Record::User(user));
    }
    let mut groups: Vec<_> = (0..300).map(|n| format!("{}-{n}", chance.name())).collect();
    groups.sort();
    groups.dedup();
    for name in groups.clone() {
        let description = chance.text();
        let external_id = chance.text();
        let group =
            GroupRecord { name: name.clone(), description, external_id, exported: true, ..GroupRecord::default() };
        records.push(Record::Group(group));
        for _ in 0..chance.0.below(4) {
            records.push(match chance.0.below(3) {
                0 => subgroup(&name, chance.0.one_of(&groups).unwrap()),
                _ => member(&name, chance.0.one_of(&names).unwrap()),
            });
        }
    }
    let read: Vec<Record> = read_back(Format::Ldif, &records).into_iter().map(unplaced).collect();
    for (read, written) in read.iter().zip(&records) {
        assert_eq!(read, written);
    }
}

// ------------------------------------------------------------------------------------------ the end of the file

/// Remarks at the end of a text.
fn told_at_end(format: Format, text: &str) -> Option<String> {
    let rows = rows(format, text);
    let cut: Vec<&Remark> =
        rows.iter().flat_map(|row| &row.remarks).filter(|remark| remark.kind == RemarkKind::CutOff).collect();
    assert!(cut.len() <= 1, "{cut:?}");
    cut.first().map(|remark| remark.text.clone())
}

#[test]
fn a_file_that_was_cut_off_anywhere_is_known() {
    let group = |name: &str| Record::Group(GroupRecord { name: name.to_owned(), ..GroupRecord::default() });
    let records = [Record::User(user("ada")), Record::User(user("bob")), group("all"), member("all", "ada")];
    let lost = Some("the counts at the end of the file are missing".to_owned());
    for format in [Format::JsonLines, Format::Ldif] {
        let text = written(format, &records).0;
        assert_eq!(told_at_end(format, &text), None);
        // Behind the beginning, which announces the end.
        let begun = text.find("counts").expect("an announcement") + 10;
        let whole = text.trim_end().len();
        for end in begun..text.len() {
            let expected = if end < whole { &lost } else { &None };
            assert_eq!(told_at_end(format, &text[..end]), *expected, "{}", &text[..end]);
        }
        // A file of an earlier version has neither, and of a file without its beginning the rows are too few.
        let bare = match format {
            Format::JsonLines => text.lines().skip(1).take(records.len()).map(|line| format!("{line}\n")).collect(),
            _ => text
                .lines()
                .filter(|line| !line.starts_with("# rollbook "))
                .map(|line| format!("{line}\n"))
                .collect::<String>(),
        };
        assert_eq!(told_at_end(format, &bare), None);
        let ada = text.find("\"ada").or(text.find("dn: uid=ada")).expect("a user");
        let bob = text.find("\"bob").or(text.find("dn: uid=bob")).expect("a user");
        let start = |at: usize| if format == Format::Ldif { at } else { text[..at].rfind('\n').expect("a line") + 1 };
        let less = format!("{}{}", &text[..start(ada)], &text[start(bob)..]);
        let few = "the file has fewer rows than the counts at its end: 1 of 2 users, 1 of 1 groups, 1 of 1 memberships";
        assert_eq!(told_at_end(format, &less).as_deref(), Some(few));
        // Joined, in any order of rows, and with more.
        assert_eq!(told_at_end(format, &format!("{text}\n{text}")), None);
        assert_eq!(told_at_end(format, &format!("{text}\n{}", &text[..whole - 5])), lost);
        if format == Format::JsonLines {
            let mut lines: Vec<&str> = text.lines().collect();
            lines.sort_unstable();
            assert_eq!(told_at_end(format, &lines.join("\n")), None);
            assert_eq!(told_at_end(format, &format!("{text}{{\"name\":\"more\"}}\n")), None);
            assert_eq!(told_at_end(format, &format!("[{}]", lines.join(","))), None);
        }
    }
    let csv = written(Format::Csv, &records).0;
    let rows = csv.trim_end().rfind('\n').expect("rows");
    assert_eq!(told_at_end(Format::Csv, &csv[..rows]), None);
}

/// Reads a text to its end. Returns the number of complete records, and true if something is reported.
fn read_to_end(format: Format, text: &str) -> (usize, bool) {
    let Ok(rows) = open_rows(format, input(text.as_bytes()), &ReadOptions::default()) else { return (0, true) };
    let mut found = (0, false);
    for row in rows {
        match row {
            Ok(row) => {
                found.0 += usize::from(matches!(row.record, Ok(Some(_))));
                found.1 |= row.record.is_err() || !row.remarks.is_empty();
            }
            Err(_) => found.1 = true,
        }
    }
    found
}

#[test]
fn each_cut_of_an_export_is_reported_or_loses_nothing() {
    let group = |name: &str| Record::Group(GroupRecord { name: name.to_owned(), ..GroupRecord::default() });
    let mut ada = user("ada");
    ada.texts = fields([(FirstName, "Löwe, \"x\"")]);
    ada.properties.insert("k".to_owned(), json!("v").into());
    let records =
        [Record::User(ada), Record::User(user("bob")), group("all"), member("all", "ada"), member("all", "bob")];
    for format in [Format::JsonLines, Format::Ldif, Format::Csv] {
        let text = written(format, &records).0;
        let whole = read_to_end(format, &text);
        assert!(whole.0 >= records.len() && !whole.1, "{format:?}: {whole:?}");
        // Nothing, and the line that each LDIF begins with, are files of other programs too.
        let begin = if format == Format::Ldif { "version: 1\n".len() + 1 } else { 1 };
        for end in (begin..text.len()).filter(|end| text.is_char_boundary(*end)) {
            let cut = &text[..end];
            let (found, is_reported) = read_to_end(format, cut);
            // A CSV has no end, so a cut between two rows shows nothing.
            let is_between_rows = format == Format::Csv && (cut.ends_with('\n') || text[end..].starts_with('\n'));
            assert!(is_reported || found == whole.0 || is_between_rows, "{format:?}: {cut}");
        }
    }
}

#[test]
fn lines_that_only_look_like_the_ends_of_a_file_are_records() {
    for text in [
        "{\"kind\":\"export\",\"program\":\"other\",\"ends_with\":\"counts\"}",
        "{\"kind\":\"export\",\"program\":\"rollbook\",\"ends_with\":\"sums\"}",
        "{\"kind\":\"counts\",\"program\":\"rollbook\",\"users\":-1,\"groups\":0,\"memberships\":0}",
        "{\"kind\":\"counts\",\"program\":\"rollbook\",\"users\":1,\"groups\":0}",
    ] {
        let rows = rows(Format::JsonLines, text);
        let [(1, Err(why))] = &said(&rows)[..] else { panic!("{text}: {rows:?}") };
        assert!(why.starts_with("kind is not user"), "{why}");
    }
    // Only behind the beginning of an export of ours.
    let entry = "dn: uid=ada,dc=x\nobjectClass: inetOrgPerson\nuid: ada\ncn: ada\nsn: ada\n";
    let text = format!("version: 1\n# rollbook export: this file ends with a comment of counts\n\n{entry}");
    assert_eq!(told_at_end(Format::Ldif, &text), None);
    assert_eq!(
        told_at_end(Format::Ldif, &format!("version: 1\n\n{entry}\n# rollbook counts: {{\"users\":5}}\n")),
        None
    );
}
