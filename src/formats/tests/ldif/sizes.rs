//! Long entries and damaged files.

use super::*;

/// A group with so many members, before and behind which stand some lines.
fn crowd(before: &str, members: usize, behind: &str) -> Box<dyn BufRead + Send> {
    let mut next = 0;
    let mut waiting = io::Cursor::new(before.to_owned().into_bytes());
    let behind = io::Cursor::new(behind.to_owned().into_bytes());
    let padding = "p".repeat(900);
    let members = ReadWith(move |buffer: &mut [u8]| {
        loop {
            let read = waiting.read(buffer)?;
            if read > 0 || next == members {
                return Ok(read);
            }
            waiting = io::Cursor::new(format!("member: uid=u{next},ou={padding}\n").into_bytes());
            next += 1;
        }
    });
    Box::new(BufReader::new(members.chain(behind)))
}

struct ReadWith<F>(F);

impl<F: FnMut(&mut [u8]) -> io::Result<usize>> Read for ReadWith<F> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0(buffer)
    }
}

#[test]
fn a_group_that_is_longer_than_a_row_passes_through() {
    const MEMBERS: usize = 20_000;
    let before = "dn: cn=all\nobjectClass: group\ndescription: all of them\n";
    let behind = "info: lost\nbroken\nmember;range=0-1: uid=last\n\ndn: uid=bob\nobjectClass: person\n";
    let mut rows =
        open_rows(Format::Ldif, crowd(before, MEMBERS, behind), &ReadOptions::default()).unwrap().map(Result::unwrap);
    let first = rows.next().unwrap();
    let Ok(Some(Record::Group(group))) = &first.record else { panic!("{first:?}") };
    assert_eq!((first.line, group.name.as_str(), group.description.as_deref()), (1, "all", Some("all of them")));
    // It came before the end of its entry was read.
    assert!(first.bytes < 20 << 20, "{}", first.bytes);
    for n in 0..MEMBERS {
        let row = rows.next().unwrap();
        let Ok(Some(Record::Member(member))) = &row.record else { panic!("{row:?}") };
        let Target::Entry { name, .. } = &member.user else { panic!("{member:?}") };
        assert_eq!((row.line, name.as_deref()), (n as u64 + 4, Some(format!("u{n}").as_str())));
    }
    let rest: Vec<_> = rows.collect();
    assert_eq!(people(&rest), ["bob"]);
    assert_eq!(rest.len(), 4);
    assert!(rest.is_sorted_by_key(|row| row.line));
    let told_of = ["a line is not an attribute, and is left out", "the attribute info is left out", INCOMPLETE];
    assert_eq!(told(&rest), told_of);

    // It is not clear yet what it is.
    let before = "dn: cn=all\ndescription: all of them\n";
    let behind = "objectClass: group\n\ndn: uid=bob\nobjectClass: person\n";
    let rows =
        open_rows(Format::Ldif, crowd(before, MEMBERS, behind), &ReadOptions::default()).unwrap().map(Result::unwrap);
    let rows: Vec<_> = rows.collect();
    assert_eq!(people(&rows), ["refused: the entry is longer than 16 MiB", "bob"]);

    // It is no group of people.
    let before = "dn: cn=all\nobjectClass: groupOfNames\nobjectClass: ipahostgroup\n";
    let rows =
        open_rows(Format::Ldif, crowd(before, MEMBERS, "\n"), &ReadOptions::default()).unwrap().map(Result::unwrap);
    let rows: Vec<_> = rows.collect();
    assert_eq!((rows.len(), told(&rows).len(), people(&rows).len()), (1, 1, 0));
}

#[test]
fn entries_of_hostile_sizes_are_read_in_linear_time() {
    let many = |line: &dyn Fn(usize) -> String| (0..100_000).map(line).collect::<String>();
    let too_long = "refused: the entry is longer than 16 MiB";
    for (lines, expected) in [
        (many(&|n| format!("objectClass: c{n}\n")), "ada"),
        (many(&|n| format!("mail: {n}\n")), "ada"),
        (many(&|n| format!("uid: {n}\n")), "ada"),
        (many(&|n| format!("x{n}: 1\n")), "ada"),
        (many(&|n| format!("nsAccountLock: {n}\n")), "ada (disabled)"),
        (many(&|n| format!("odd {n}\nodd\n")), too_long),
        (many(&|n| format!("mobile: {n}{}\n", "x".repeat(150))), too_long),
        (many(&|n| format!("memberOf;range={n}-{n}: cn=g,dc={}\n", "x".repeat(50))), too_long),
    ] {
        let rows = rows(Format::Ldif, person("ada", &lines));
        assert_eq!(people(&rows), [expected], "{}", &lines[..20]);
    }
}

#[test]
fn damaged_files_are_read_to_their_end() {
    let text = "version: 1\n# exported by rollbook\n\ndn: uid=ada,ou=people,dc=x\nobjectClass: inetOrgPerson\n\
        # rollbook: {\"role\":\"admin\",\"properties\":{}}\nuid: ada\nsn;lang-ja:: 5bCP\nuserAccountControl: 512\n\
        memberOf;range=0-0: cn=a,dc=x\npwdEndTime: 20240701020000.5+0230\naccountExpirationDate: 31/7/2024\n\n\
        dn: cn=a\\2cb,ou=groups,dc=x\nobjectClass: groupOfNames\ncn: a,b\n# rollbook: {\"joined\":1,\"parent\":\"A\"}\n\
        member;range=0-1: uid=ada,ou=people,dc=x\nuniqueMember: uid=a,dc=x#'01'B\nmemberUid: ada\n\
        search: 2\nresult: 0\n";
    let mut random = Random::new(Random::seed("ROLLBOOK_EXCHANGE_SEED", 20_261_201));
    for marked in [text.to_owned(), text.replace("# exported", "# read")] {
        for _ in 0..1500 {
            let mut bytes = marked.clone().into_bytes();
            for _ in 0..=random.below(4) {
                let at = random.below(bytes.len());
                match random.below(3) {
                    0 => drop(bytes.remove(at)),
                    1 => bytes.insert(at, *random.one_of(b"\n\r :;=<,+\\\"#\t-0\xff\xc3").unwrap()),
                    _ => bytes[at] = random.below(256) as u8,
                }
            }
            let rows: Vec<_> = open_rows(Format::Ldif, input(&bytes), &ReadOptions::default()).unwrap().collect();
            // Another version at the beginning ends the reading.
            let lines: Vec<_> = rows.iter().map_while(|row| row.as_ref().ok()).map(|row| row.line).collect();
            assert!(lines.is_sorted() && (lines.len() == rows.len() || lines.is_empty()), "{}", bytes.escape_ascii());
        }
    }
}
