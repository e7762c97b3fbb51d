//! The order of the rows makes no difference.

use super::{Case, Imported, cases, found, import};
use crate::support::rng::Random;

/// The head of a file, and its rows or entries.
fn pieces(case: &Case) -> (String, Vec<String>) {
    if case.format().starts_with("ld") {
        let (mut entries, mut entry) = (Vec::new(), String::new());
        for line in case.text.lines().chain([""]) {
            if !line.trim().is_empty() {
                entry.push_str(&format!("{line}\n"));
            } else if !entry.is_empty() {
                entries.push(std::mem::take(&mut entry) + "\n");
            }
        }
        return (String::new(), entries);
    }
    let mut rows: Vec<String> =
        case.text.lines().filter(|line| !line.trim().is_empty()).map(|line| format!("{line}\n")).collect();
    let heads = ["sep=", "version:", "#TYPE"];
    let head = match case.format() {
        "csv" => 1 + rows.iter().take_while(|row| heads.iter().any(|head| row.starts_with(head))).count(),
        _ => 0,
    };
    (rows.drain(..head).collect(), rows)
}

fn shuffle<T>(random: &mut Random, rows: &mut [T]) {
    for at in (1..rows.len()).rev() {
        rows.swap(at, random.below(at + 1));
    }
}

#[test]
fn the_order_of_the_rows_makes_no_difference() {
    let seed = Random::seed("ROLLBOOK_ORDER_SEED", 20_261_130);
    let mut random = Random::new(seed);
    for (_, case) in cases().filter(|(_, case)| case.shuffled) {
        let (head, mut rows) = pieces(case);
        shuffle(&mut random, &mut rows);
        let text = format!("{head}{}", rows.concat());
        let conflict = random.pick(&["update", "skip", "fail"]);
        // A case that has the option by itself keeps it.
        let flags: &[&str] = if case.flags.contains(&"--on-conflict") { &[] } else { &["--on-conflict", conflict] };
        let one = import(case, &case.bytes(), flags, "file");
        let other = import(case, &case.encoding.bytes(&text), flags, "file");
        let told = |import: &Imported| format!("{}{}", import.out, import.err);
        let what = format!("{} with {flags:?}, seed {seed}:\n{}\n{text}{}", case.name, told(&one), told(&other));
        assert_eq!(found(&other.folder), found(&one.folder), "{what}");
        assert_eq!(other.status, one.status, "{what}");
        assert_eq!(summary(&other.out), summary(&one.out), "{what}");
    }
}

/// The numbers of refused and missing rows in a summary.
fn summary(out: &str) -> Vec<&str> {
    out.trim()
        .split(", ")
        .filter(|part| ["refused", "missing", "lost"].iter().any(|word| part.contains(word)))
        .collect()
}
