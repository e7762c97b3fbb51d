//! Readers return the values of a file, and written files can be read back.

mod csv;
mod json;
mod ldif;
mod limits;
mod writer;

use super::TextField::{self, Company, DisplayName, Email, FirstName, LastName, Title};
use super::row::ROW_BYTES_MAX;
use super::*;
use crate::json::JsonText;
use crate::random::Random;
use serde_json::json;
use std::collections::BTreeMap;
use std::io::{self, BufReader, Read};
use std::path::Path;

fn input(text: &[u8]) -> Box<dyn BufRead + Send> {
    // Pieces of an odd size, so that everything is cut somewhere.
    Box::new(BufReader::with_capacity(7, io::Cursor::new(text.to_vec())))
}

fn rows(format: Format, text: impl AsRef<[u8]>) -> Vec<Row> {
    let options = ReadOptions::default();
    open_rows(format, input(text.as_ref()), &options).expect("a reader").map(|row| row.expect("a row")).collect()
}

fn user(name: &str) -> UserRecord {
    UserRecord { name: name.to_owned(), ..UserRecord::default() }
}

fn fields<const N: usize>(fields: [(TextField, &str); N]) -> UserTexts {
    fields.into_iter().map(|(field, text)| (field, some(text))).collect()
}

fn remarks(row: &Row) -> Vec<&str> {
    row.remarks.iter().map(|remark| remark.text.as_str()).collect()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

fn member(group: &str, user: &str) -> Record {
    Record::Member(MemberRecord { group: group.into(), user: user.into(), ..Default::default() })
}

/// The same without what of the input says a membership.
fn unsaid(record: Record) -> Record {
    match record {
        Record::Member(member) => Record::Member(MemberRecord { said_by: SaidBy::Row, ..member }),
        Record::Subgroup(member) => Record::Subgroup(SubgroupRecord { said_by: SaidBy::Row, ..member }),
        other => other,
    }
}

/// The same without the place of a user in the order of all memberships.
fn unplaced(record: Record) -> Record {
    match record {
        Record::Member(member) => Record::Member(MemberRecord { joined: None, ..member }),
        other => other,
    }
}

fn subgroup(group: &str, subgroup: &str) -> Record {
    Record::Subgroup(SubgroupRecord { group: group.into(), subgroup: subgroup.into(), ..Default::default() })
}

fn some(text: &str) -> Option<String> {
    Some(text.to_owned())
}

/// Line and record, or reason, of each row.
fn said(rows: &[Row]) -> Vec<(u64, Result<Record, &str>)> {
    rows.iter()
        .map(|row| {
            let record = row.record.clone().map(|record| unsaid(record.expect("a record")));
            (row.line, record.map_err(|_| row.record.as_ref().unwrap_err().as_str()))
        })
        .collect()
}

/// The only row's user, which loses nothing.
fn only_user(format: Format, text: &str) -> UserRecord {
    let mut rows = rows(format, text);
    assert_eq!(rows.len(), 1, "{rows:?}");
    let row = rows.pop().unwrap();
    assert_eq!(row.remarks, [], "{text}");
    match row.record {
        Ok(Some(Record::User(user))) => user,
        other => panic!("no user: {other:?}"),
    }
}

/// Why the only row is refused.
fn refusal(format: Format, text: impl AsRef<[u8]>) -> String {
    let mut rows = rows(format, text);
    assert_eq!(rows.len(), 1, "{rows:?}");
    rows.pop().unwrap().record.expect_err("a refusal")
}

// ------------------------------------------------------------------------------------------ formats

#[test]
fn a_format_is_known_by_its_name_and_by_the_end_of_a_file() {
    for (path, format) in [
        ("a.csv", Some(Format::Csv)),
        ("b/c.JSONL", Some(Format::JsonLines)),
        ("d.ndjson", Some(Format::JsonLines)),
        ("d.json", Some(Format::JsonLines)),
        ("e.x.ldif", Some(Format::Ldif)),
        ("e.ldf", Some(Format::Ldif)),
        ("f.txt", None),
        ("csv", None),
    ] {
        assert_eq!(Format::of_path(Path::new(path)), format, "{path}");
    }
    assert_eq!("CSV".parse(), Ok(Format::Csv));
    assert_eq!("jsonl".parse(), Ok(Format::JsonLines));
    assert_eq!("ldif".parse(), Ok(Format::Ldif));
    assert_eq!("xml".parse::<Format>(), Err("the formats are csv, jsonl and ldif, not xml".to_owned()));
}

#[test]
fn a_record_is_a_tagged_object() {
    let mut ada = user("ada");
    ada.disabled = Some(false);
    ada.texts[FirstName] = some("");
    ada.properties.insert("n".to_owned(), JsonText::stored("1.000000000000000000001e400"));
    ada.properties.insert("$serde_json::private::Number".to_owned(), JsonText::stored("\"7\""));
    let texts = [
        r#"{"kind":"user","name":"ada","first_name":"","disabled":false,"properties":{"$serde_json::private::Number":"7","n":1.000000000000000000001e400}}"#,
        r#"{"kind":"subgroup","group":"a","subgroup":"b"}"#,
    ];
    for (record, text) in [Record::User(ada), subgroup("a", "b")].into_iter().zip(texts) {
        let mut writer = Writer::new(Format::JsonLines, Vec::new(), "dc=x").unwrap();
        writer.write(&record).unwrap();
        let written = String::from_utf8(writer.finish().unwrap()).unwrap();
        assert_eq!(written.lines().nth(1), Some(text), "{written}");
        assert_eq!(rows(Format::JsonLines, text)[0].record, Ok(Some(record.clone())));
        // As commands send it to a server.
        assert_eq!(crate::json::decode::<Record>(&crate::json::to_vec(&record)).unwrap(), record);
    }
}
