//! Rows that are too long, and inputs that break off.

use super::*;

/// `before`, so many times `x`, `after`.
fn long(before: &str, length: usize, after: &str) -> Box<dyn BufRead + Send> {
    let middle = io::repeat(b'x').take(length as u64);
    let after = io::Cursor::new(after.to_owned().into_bytes());
    Box::new(BufReader::new(io::Cursor::new(before.to_owned().into_bytes()).chain(middle).chain(after)))
}

fn user_name(row: &Row) -> &str {
    match &row.record {
        Ok(Some(Record::User(user))) => &user.name,
        record => panic!("no user: {record:?}"),
    }
}

#[test]
fn a_value_that_is_too_long_costs_nothing_but_itself() {
    for (name, told) in [
        ("jpegPhoto:: ", "the attribute jpegPhoto is left out"),
        ("mail: ", "the value of mail is longer than 16 MiB, and is left out"),
        ("", "a line is not an attribute, and is left out"),
    ] {
        let before = format!("dn: uid=ada\nobjectClass: person\n{name}");
        let input = long(&before, 2 * ROW_BYTES_MAX, "\n x\nuid: ada\n");
        let rows: Vec<_> =
            open_rows(Format::Ldif, input, &ReadOptions::default()).unwrap().map(Result::unwrap).collect();
        assert_eq!((rows.len(), user_name(&rows[0])), (1, "ada"));
        assert_eq!(remarks(&rows[0]), [told]);
    }
}

#[test]
fn a_row_that_is_too_long_is_refused_and_the_next_one_is_read() {
    let length = 3 * ROW_BYTES_MAX;
    for (format, before, after, why) in [
        (Format::Csv, "name,title\nada,\"", "\"\nbob,\n", "the row is longer than 16 MiB"),
        (Format::Csv, "name,title\n", "\nbob,\n", "the row is longer than 16 MiB"),
        (
            Format::JsonLines,
            "\n{\"name\":\"ada\",\"title\":\"",
            "\"}\n{\"name\":\"bob\"}",
            "the object is longer than 16 MiB",
        ),
        (
            Format::Ldif,
            "\ndn: uid=ada,ou=",
            "\nobjectClass: person\nuid: ada\n\ndn: uid=bob\nobjectClass: person\nuid: bob\n",
            "the dn is longer than 16 MiB",
        ),
    ] {
        let rows: Vec<_> = open_rows(format, long(before, length, after), &ReadOptions::default()).unwrap().collect();
        let rows: Vec<_> = rows.into_iter().map(Result::unwrap).collect();
        assert_eq!(rows.len(), 2, "{format:?}");
        assert_eq!(rows[0].record, Err(why.to_owned()));
        assert_eq!(rows[0].line, 2);
        assert_eq!(user_name(&rows[1]), "bob");
    }
    let cells = format!("name,title\nada{}\nbob,\n", ",".repeat(70_000));
    let rows = rows(Format::Csv, cells);
    assert_eq!(said(&rows), [(2, Err("the row has more than 65536 cells")), (3, Ok(Record::User(user("bob"))))]);
}

/// Ends with an error instead of an end.
struct Broken;

impl Read for Broken {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        Err(io::Error::other("the disk is gone"))
    }
}

#[test]
fn an_input_that_breaks_off_ends_the_reading_with_the_reason() {
    for (format, text) in [
        (Format::Csv, "name\nada\nbob"),
        (Format::JsonLines, "{\"name\":\"ada\"}\n{\"name\""),
        (Format::Ldif, "dn: uid=ada\nobjectClass: person\n\ndn: uid=b"),
    ] {
        let input = Box::new(BufReader::new(io::Cursor::new(text).chain(Broken)));
        let rows: Vec<_> = open_rows(format, input, &ReadOptions::default()).unwrap().collect();
        assert_eq!(rows.len(), 2, "{format:?} {rows:?}");
        assert_eq!(user_name(rows[0].as_ref().unwrap()), "ada");
        let problem = format!("{:#}", rows[1].as_ref().unwrap_err());
        assert!(problem.starts_with("read line ") && problem.ends_with("the disk is gone"), "{problem}");
    }
    let broken =
        open_rows(Format::Csv, Box::new(BufReader::new(Broken)), &ReadOptions::default()).err().expect("a refusal");
    assert_eq!(format!("{broken:#}"), "read the beginning of the file: the disk is gone");
}

#[test]
fn a_line_that_is_cut_off_loses_nothing_but_itself() {
    let line =
        "{\"name\":\"x\",\"groups\":[\"a\",\"b\"],\"properties\":{\"a\":[{\"b\":[1,[]]},{}]},\"title\":\"{\\\"[\"}";
    for (before, between, after) in [("", "", ""), ("[\n", ",", "\n]"), ("{\"users\":[\n", ",", "\n]}")] {
        for cut in 1..line.len() {
            let text = format!(
                "{before}{{\"name\":\"a\"}}{between}\n{}\n{{\"name\":\"b\"}}{between}\n{{\"name\":\"c\"}}{after}",
                &line[..cut]
            );
            let rows = rows(Format::JsonLines, &text);
            let users: Vec<_> = rows.iter().filter_map(|row| row.record.clone().ok().flatten()).collect();
            // Within an array, an object with a comma behind it can be a part of the one that was cut off.
            let is_open = !between.is_empty() && line[..cut].ends_with(['[', ':', ',']);
            if !is_open {
                assert_eq!(users, ["a", "b", "c"].map(|name| Record::User(user(name))), "{text}");
            }
            assert!(rows.iter().any(|row| row.record.is_err()), "{text}");
        }
    }
}

#[test]
fn damaged_files_are_read_to_their_end() {
    let texts = [
        (Format::Csv, "name,groups,disabled\nada,\"a;b\",no\nbob,,\n\"c\"\"y\",x,yes\n"),
        (Format::Csv, "DN,objectClass,memberOf,sAMAccountName\n\"CN=a,DC=x\",user,\"CN=b\\;c,DC=x;CN=d,DC=x\",a\n"),
        (
            Format::JsonLines,
            "{\"name\":\"a\",\"groups\":[\"b\"]}\n[{\"name\":\"c\"},\n{\"name\":\"d\"}]\n\
             {\"users\":[{\"x\":1}],\"y\":{}}",
        ),
        (Format::JsonLines, "{\n \"entity-type\":\"user\",\n \"id\":\"a\",\n \"properties\":{\"groups\":[\"b\"]}\n}\n"),
    ];
    let bytes = b"{}[]\",:;\\\n\r\0\xef\xff a1";
    let mut random = Random::new(Random::seed("ROLLBOOK_EXCHANGE_SEED", 20_261_202));
    for _ in 0..3000 {
        let (format, text) = random.pick(&texts);
        let mut text = text.as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(text.len());
            match random.below(3) {
                0 => text.truncate(at.max(1)),
                1 => text[at] = random.pick(bytes),
                _ => text.insert(at, random.pick(bytes)),
            }
        }
        if let Ok(rows) = open_rows(format, input(&text), &ReadOptions::default()) {
            let rows: Vec<_> = rows.map(|row| row.expect("a row")).collect();
            assert!(rows.len() <= text.len());
            assert!(rows.is_sorted_by_key(|row| row.bytes), "{}", String::from_utf8_lossy(&text));
        }
    }
}
