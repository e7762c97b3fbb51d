//! Commands and their expected output, on the file and through a server.

use super::cli::{run_with_input, said};
use super::folder::Folder;
use super::server::Server;
use std::sync::Arc;

/// The output of a command, with times and identifiers replaced.
pub fn steady(text: &str) -> String {
    let mut steady = String::new();
    for word in text.split_inclusive([' ', '\n', '"', ',']) {
        let bare = word.trim_end_matches([' ', '\n', '"', ',']);
        let time = bare.len() == 24 && bare.ends_with('Z') && bare.as_bytes()[10] == b'T';
        let uuid = bare.len() == 36 && bare.matches('-').count() == 4;
        steady.push_str(if time {
            "TIME"
        } else if uuid {
            "UUID"
        } else {
            bare
        });
        steady.push_str(&word[bare.len()..]);
    }
    steady
}

/// Runs commands on a new directory without a server and on another one through a server. Compares each with its row:
/// the words, the input, the status, standard output, and standard error.
pub fn both_ways(session: &[(&str, &str, i32, &str, &str)]) {
    for served in [false, true] {
        let folder = Arc::new(Folder::new());
        let server = Server::over(Arc::clone(&folder), &[]);
        let server = if served {
            Some(server)
        } else {
            server.stop();
            None
        };
        for (words, input, status, out, err) in session {
            let words = words_of(words);
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let (code, stdout, stderr) = said(&run_with_input(&folder, &words, input));
            let context = format!("{words:?}, served: {served}\n{stdout}{stderr}");
            assert_eq!((code, steady(&stdout).as_str(), stderr.as_str()), (*status, *out, *err), "{context}");
        }
        drop(server);
    }
}

/// Splits a line at spaces; an underscore in a word stands for a space, and `''` for an empty word.
fn words_of(line: &str) -> Vec<String> {
    line.split(' ')
        .map(|word| if word == "''" { String::new() } else { word.replace("''", "").replace('~', " ") })
        .collect()
}
