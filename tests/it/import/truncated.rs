//! Exports that were truncated.

use super::{directory, found, write};
use crate::support::cli::{run, run_with_bytes, said};

fn export(format: &str) -> String {
    let folder = directory();
    let rows = "kind,name,groups\ngroup,crew,\nuser,ada,crew\nuser,bob,crew\nmember,soon,crew\n";
    assert_eq!(said(&run(&folder, &["import", &write(&folder, "rows.csv", rows)])).0, 0);
    let (status, out, err) = said(&run(&folder, &["export", "-", "--format", format]));
    assert!(status == 0 && err.starts_with("wrote ") && err.lines().count() == 1, "{err}");
    out
}

/// The text up to the line of that user, and a part of that line.
fn cut(text: &str, user: &str) -> String {
    let at = text.find(user).expect("the user");
    text[..at].to_owned()
}

#[test]
fn truncated_file_is_reported_with_the_imported_rows() {
    for format in ["jsonl", "ldif"] {
        let text = export(format);
        // The cut is at the end of a line, so that the line is complete.
        let begun = cut(&text, "bob");
        let end = if format == "jsonl" { "\n" } else { "\n\n" };
        let half = &begun[..begun.rfind(end).expect("a line") + end.len()];
        for flags in [&[][..], &["--dry-run"]] {
            for is_pipe in [false, true] {
                let folder = directory();
                let name = format!("half.{format}");
                let file = write(&folder, &name, half);
                let output = if is_pipe {
                    let words = [&["import", "-", "--format", format, "--on-conflict", "update"], flags].concat();
                    run_with_bytes(&folder, &words, half.as_bytes())
                } else {
                    run(&folder, &[&["import", &file, "--on-conflict", "update"], flags].concat())
                };
                let (status, out, err) = said(&output);
                assert_eq!(status, 1, "{out}{err}");
                assert!(err.contains(": cut off: the counts at the end of the file are missing\n"), "{err}");
                assert!(err.ends_with("rollbook: the file was cut off\n"), "{err}");
                assert!(out.contains(" created, ") && out.contains(", the file was cut off"), "{out}");
                let users = found(&folder).0;
                let is_there = |name: &str| users.iter().any(|user| user.starts_with(name));
                assert_eq!((is_there("ada"), is_there("bob")), (flags.is_empty(), false), "{users:?}");
            }
        }
    }
}

#[test]
fn missing_row_in_the_middle_is_reported() {
    let text = export("jsonl");
    let less: String = text.lines().filter(|line| !line.contains("\"bob\"")).map(|line| format!("{line}\n")).collect();
    let folder = directory();
    let (status, out, err) =
        said(&run(&folder, &["import", &write(&folder, "less.jsonl", less), "--on-conflict", "update"]));
    assert_eq!(status, 1, "{out}{err}");
    assert!(err.contains("cut off: the file has fewer rows than the counts at its end: 2 of 3 users, "), "{err}");
}

#[test]
fn whole_file_and_one_of_an_earlier_version_import_without_a_warning() {
    for format in ["jsonl", "ldif", "csv"] {
        let text = export(format);
        // The lines about the file, which earlier releases did not write.
        let is_about = |line: &str| line.starts_with("# rollbook export") || line.starts_with("# rollbook counts");
        let about = |line: &&str| !is_about(line) && !line.contains("\"program\":\"rollbook\"");
        let earlier: String = text.lines().filter(about).map(|line| format!("{line}\n")).collect();
        assert_eq!(format == "csv", earlier == text);
        for text in [text, earlier] {
            let folder = directory();
            let file = write(&folder, &format!("all.{format}"), text);
            let (status, out, err) = said(&run(&folder, &["import", &file, "--on-conflict", "update"]));
            assert_eq!((status, err.as_str()), (0, ""), "{format}: {out}");
        }
    }
}
