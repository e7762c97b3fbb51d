//! Plain English: patterns that comments, messages, help texts, pages, documents and the names of tests must not have.

use super::tree::{SourceFile, files, root, source};
use proc_macro2::{TokenStream, TokenTree};
use quote::ToTokens as _;
use std::path::Path;

/// Words that name no component and no person.
const WORDS: [&str; 6] = ["nobody", "somebody", "whoever", "everybody", "anew", "beside"];

/// Beginnings of titles without a verb. Write `Returns whether …` or `True if …` instead.
const BEGINNINGS: [&str; 4] = ["What ", "Who ", "Whose ", "Whether "];

/// Texts that cannot change, of a vendor's contract or in files of earlier versions: the file, and a part of the text.
const CONTRACT: [(&str, &str); 2] = [
    ("files/temp_file.rs", "locks this file while it writes"),
    // SQLite keeps the comments of a table, and `rollbook check` compares them.
    ("store/sqlite/migrations.rs", "create table entry_names"),
];

/// The first forbidden word in a text.
fn word_in(text: &str) -> Option<&'static str> {
    let lower = text.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_ascii_alphanumeric());
    words.find_map(|word| WORDS.iter().copied().find(|forbidden| *forbidden == word))
}

/// The forbidden beginning of a text.
fn beginning_of(text: &str) -> Option<&'static str> {
    let text = text.trim_start();
    BEGINNINGS.iter().copied().find(|beginning| text.starts_with(beginning))
}

/// String literals and documentation, in their order. The lines of one comment are one text.
fn literals(tokens: TokenStream, found: &mut Vec<String>) {
    let mut is_document = false;
    let mut documents: Vec<String> = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                let inner = if is_document { group.stream().to_string() } else { String::new() };
                match inner.strip_prefix("doc = ") {
                    Some(line) => documents.push(unquoted(line)),
                    None => {
                        found.extend((!documents.is_empty()).then(|| std::mem::take(&mut documents).join("\n")));
                        literals(group.stream(), found);
                    }
                }
                is_document = false;
            }
            TokenTree::Punct(punct) if punct.as_char() == '#' => is_document = true,
            TokenTree::Punct(punct) if punct.as_char() == '!' && is_document => {}
            other => {
                found.extend((!documents.is_empty()).then(|| std::mem::take(&mut documents).join("\n")));
                is_document = false;
                if let TokenTree::Literal(literal) = other {
                    let text = literal.to_string();
                    if text.contains('"') {
                        found.push(unquoted(&text));
                    }
                }
            }
        }
    }
    found.extend((!documents.is_empty()).then(|| documents.join("\n")));
}

/// The text of a literal, in which escapes stay as they are.
fn unquoted(literal: &str) -> String {
    let text = literal.trim_start_matches(['r', 'b', '#', '"']).trim_end_matches(['#', '"']);
    text.trim_start().to_owned()
}

/// The comments of a file and their line numbers. The lines of one comment are one text.
fn comments(text: &str) -> Vec<(usize, String)> {
    let mut found: Vec<(usize, String)> = Vec::new();
    let mut is_continued = false;
    for (number, line) in text.lines().enumerate() {
        let Some(comment) = line.trim_start().strip_prefix("//") else {
            is_continued = false;
            continue;
        };
        let comment = comment.trim_start_matches(['/', '!']).trim();
        match found.last_mut().filter(|_| is_continued) {
            Some((_, whole)) => *whole = format!("{whole} {comment}"),
            None => found.push((number + 1, comment.to_owned())),
        }
        is_continued = true;
    }
    found
}

/// The names of the functions of a file and their line numbers.
fn function_names(text: &str) -> Vec<(usize, String)> {
    let name_in = |line: &str| {
        let (before, after) = line.split_once("fn ")?;
        let is_declaration = before.trim().is_empty() || before.trim_start().starts_with("pub");
        let name = after.split(|c: char| !c.is_alphanumeric() && c != '_').next()?;
        (is_declaration && !name.is_empty()).then(|| name.to_owned())
    };
    text.lines().enumerate().filter_map(|(number, line)| Some((number + 1, name_in(line)?))).collect()
}

/// The part of a source file that only tests have.
fn tests_of(file: &SourceFile) -> &str {
    if file.is_test() {
        return &file.text;
    }
    file.text.find("#[cfg(test)]\nmod tests {").map_or("", |start| &file.text[start..])
}

fn is_contract(name: &str, text: &str) -> bool {
    CONTRACT.iter().any(|(file, part)| *file == name && text.contains(part))
}

#[test]
fn comments_and_messages_are_in_plain_english() {
    let mut wrong = Vec::new();
    for file in &source() {
        let mut tell = |reason: &str, text: &str| {
            if !is_contract(&file.name, text) {
                let text = text.replace('\n', " ");
                wrong.push(format!("src/{}: {reason:?} in: {text}", file.name));
            }
        };
        // Ordinary comments are no tokens.
        for line in file.text.lines().map(str::trim_start) {
            let Some(comment) = line.strip_prefix("//").filter(|rest| !rest.starts_with(['/', '!'])) else { continue };
            if let Some(word) = word_in(comment) {
                tell(word, comment);
            }
        }
        let mut texts = Vec::new();
        let items = file.whole.attrs.iter().map(|attribute| attribute.to_token_stream());
        let code = if file.is_test() { &[][..] } else { &file.items };
        literals(items.chain(code.iter().map(|item| item.to_token_stream())).collect(), &mut texts);
        for text in &texts {
            if let Some(reason) = word_in(text).or_else(|| beginning_of(text)) {
                tell(reason, text);
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Literals of tests are input data, so any word may be in them.
#[test]
fn comments_and_function_names_of_tests_are_in_plain_english() {
    let top = root().join("..");
    let mut found = Vec::new();
    for folder in ["tests", "benches", "examples"] {
        files(&top.join(folder), &mut found);
    }
    found.retain(|path| path.extension().is_some_and(|end| end == "rs"));
    let mut sources: Vec<(String, String)> = Vec::new();
    for path in found {
        let name = path.strip_prefix(&top).unwrap_or(&path).display().to_string();
        sources.push((name, std::fs::read_to_string(&path).expect("a file of the tests")));
    }
    sources.extend(source().iter().map(|file| (format!("src/{}", file.name), tests_of(file).to_owned())));
    let mut wrong = Vec::new();
    for (name, text) in &sources {
        for (number, comment) in comments(text) {
            if let Some(reason) = word_in(&comment).or_else(|| beginning_of(&comment)) {
                wrong.push(format!("{name}:{number}: {reason:?} in: {comment}"));
            }
        }
        for (number, function) in function_names(text) {
            if let Some(word) = word_in(&function.replace('_', " ")) {
                wrong.push(format!("{name}:{number}: {word:?} in: fn {function}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn test_comments_and_function_names_are_found() {
    let text =
        "//! One\n//! text.\n\n/// Two.\npub fn first(fn_name: u8) {\n    // Three\n    // lines.\n}\nfn second() {}\n";
    let numbered = |rows: &[(usize, &str)]| -> Vec<(usize, String)> {
        rows.iter().map(|(number, text)| (*number, (*text).to_owned())).collect()
    };
    assert_eq!(comments(text), numbered(&[(1, "One text."), (4, "Two."), (6, "Three lines.")]));
    assert_eq!(function_names(text), numbered(&[(5, "first"), (9, "second")]));
}

#[test]
fn documents_and_pages_are_in_plain_english() {
    let top = root().join("..");
    let mut found = Vec::new();
    for path in [
        "README.md",
        "docs",
        "src/dialect/ui",
        "web",
        "CONTRIBUTING.md",
        "SECURITY.md",
        "CHANGELOG.md",
        "examples",
        "tests/FAULTS.md",
    ] {
        if top.join(path).exists() {
            files(&top.join(path), &mut found);
        }
    }
    let is_text =
        |path: &Path| path.extension().is_some_and(|end| ["md", "html", "js", "css"].iter().any(|one| end == *one));
    let mut wrong = Vec::new();
    for path in found.iter().filter(|path| is_text(path)) {
        let name = path.strip_prefix(&top).unwrap_or(path).display().to_string();
        let text = std::fs::read_to_string(path).expect("a document");
        for (number, line) in text.lines().enumerate() {
            if let Some(word) = word_in(line).filter(|_| !is_contract(&name, line)) {
                wrong.push(format!("{name}:{}: {word:?} in: {}", number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
