//! `docs/settings.md` lists every setting.

use super::settings::settings;
use std::collections::BTreeSet;
use std::path::Path;

// The page

/// The cells of each row of the page's tables.
pub fn rows(page: &str) -> Vec<Vec<&str>> {
    let is_row = |line: &&str| line.starts_with("| `");
    page.lines().filter(is_row).map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect()).collect()
}

/// Words of a text that begin with that and go on with these letters.
fn names<'t>(text: &'t str, prefix: &str, is_part: fn(char) -> bool) -> BTreeSet<&'t str> {
    let starts = text.match_indices(prefix).map(|(at, _)| at).filter(|at| !text[..*at].ends_with(['-', '_']));
    let name = |at: usize| {
        let rest = &text[at + prefix.len()..];
        &text[at..at + prefix.len() + rest.find(|c| !is_part(c)).unwrap_or(rest.len())]
    };
    starts.map(name).filter(|name| name.len() > prefix.len()).collect()
}

#[test]
fn the_page_of_settings_has_each_setting_and_no_other() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/settings.md");
    let page = std::fs::read_to_string(path).expect("the page");
    let all = settings(&[], &[]);
    let rows = rows(&page);
    let mut flags = BTreeSet::new();
    for setting in &all {
        let name = setting["setting"].as_str().expect("a name");
        assert!(page.contains(&format!("`{name}`")), "docs/settings.md has no {name}");
        if !name.starts_with("--") {
            continue;
        }
        let default = match setting["default"].as_str() {
            Some("false") => "off".to_owned(),
            Some(default) => format!("`{default}`"),
            None => "none".to_owned(),
        };
        let variable = setting["variable"].as_str().map_or("none".to_owned(), |name| format!("`{name}`"));
        let flag = format!("`{name}`");
        let of_flag: Vec<_> = rows.iter().filter(|row| row[0] == flag).collect();
        assert_eq!(of_flag.len(), 1, "rows of {name} in docs/settings.md");
        assert_eq!(of_flag[0][1..3], [variable.as_str(), default.as_str()], "docs/settings.md: {name}");
        flags.insert(name);
    }
    let variables: BTreeSet<&str> = all.iter().filter_map(|setting| setting["variable"].as_str()).collect();
    // Kubernetes sets these variables.
    let others = ["ROLLBOOK_SERVICE_HOST", "ROLLBOOK_PORT"];
    for name in names(&page, "ROLLBOOK_", |c| c.is_ascii_uppercase() || c == '_') {
        assert!(variables.contains(name) || others.contains(&name), "docs/settings.md: there is no variable {name}");
    }
    for name in names(&page, "--", |c| c.is_ascii_lowercase() || c == '-') {
        let is_line = name.chars().all(|c| c == '-');
        assert!(is_line || flags.contains(name) || name == "--format", "docs/settings.md: there is no flag {name}");
    }
}
