//! The pages of the documentation, taken apart: blocks of code, commands and their output, links and headings.

use regex_lite::Regex;
use std::collections::BTreeSet;
use std::path::Path;

/// A page, by its path in the project.
pub struct Page {
    pub name: String,
    pub text: String,
    pub blocks: Vec<Block>,
}

/// A block between two lines of three backticks.
pub struct Block {
    line: usize,
    pub language: String,
    /// Behind the language: `no-run=root`.
    pub words: Vec<String>,
    pub text: String,
}

/// A command, or a whole script, which promises no output.
pub struct PageCommand {
    pub text: String,
    pub output: Option<String>,
}

/// The pages at the top of the project, in `docs/` and in `examples/`.
pub fn pages() -> Vec<Page> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut names = Vec::new();
    for folder in ["", "docs", "examples"] {
        for entry in std::fs::read_dir(root.join(folder)).expect("a folder").flatten() {
            let name = Path::new(folder).join(entry.file_name()).display().to_string();
            if name.ends_with(".md") {
                names.push(name);
            }
        }
    }
    names.sort();
    names.into_iter().map(Page::read).collect()
}

impl Page {
    fn read(name: String) -> Page {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&name)).expect("a page");
        let mut blocks: Vec<Block> = Vec::new();
        let mut is_open = false;
        for (number, line) in text.lines().enumerate() {
            if let Some(info) = line.strip_prefix("```") {
                is_open = !is_open;
                if is_open {
                    let mut words = info.split(' ').map(str::to_owned);
                    let language = words.next().unwrap_or_default();
                    blocks.push(Block { line: number + 1, language, words: words.collect(), text: String::new() });
                }
            } else if is_open {
                let block = blocks.last_mut().expect("a block has begun");
                block.text.push_str(line);
                block.text.push('\n');
            }
        }
        assert!(!is_open, "{name}: the last block has no end");
        Page { name, text, blocks }
    }

    /// The targets of its links to other files and to its own parts.
    pub fn links(&self) -> Vec<String> {
        let link = Regex::new(r"\]\(([^)\s]+)\)").expect("a pattern");
        let targets = link.captures_iter(&self.text).map(|found| found[1].to_owned());
        targets.filter(|target| !target.starts_with("http")).collect()
    }

    /// The ends of links to its headings.
    pub fn anchors(&self) -> BTreeSet<String> {
        self.text
            .lines()
            .filter(|line| line.starts_with('#'))
            .map(|line| Page::anchor(line.trim_start_matches('#')))
            .collect()
    }

    /// The end of a link to a heading.
    pub fn anchor(title: &str) -> String {
        let kept = title.trim().chars().filter(|c| c.is_alphanumeric() || " -_".contains(*c));
        kept.flat_map(char::to_lowercase).map(|c| if c == ' ' { '-' } else { c }).collect()
    }
}

impl Block {
    /// True if the test of the page runs it.
    pub fn runs(&self) -> bool {
        ["sh", "console"].contains(&self.language.as_str()) && !self.words.iter().any(|word| word.starts_with("no-run"))
    }

    /// For messages: the page and the line.
    pub fn place(&self, page: &Page) -> String {
        format!("{}:{}", page.name, self.line)
    }

    /// Its commands, each with the output below it.
    pub fn commands(&self) -> Vec<PageCommand> {
        if self.language == "sh" {
            return vec![PageCommand { text: self.text.clone(), output: None }];
        }
        let mut commands: Vec<(String, String)> = Vec::new();
        let mut goes_on = false;
        for line in self.text.lines() {
            match line.strip_prefix("$ ") {
                Some(command) if !goes_on => commands.push((command.to_owned(), String::new())),
                _ => {
                    let (command, output) = commands.last_mut().expect("a block of the console begins with a command");
                    let part = if goes_on { command } else { output };
                    if !part.is_empty() {
                        part.push('\n');
                    }
                    part.push_str(line);
                }
            }
            goes_on = (goes_on || line.starts_with("$ ")) && line.ends_with('\\');
        }
        commands.into_iter().map(|(text, output)| PageCommand { text, output: Some(output) }).collect()
    }
}

/// Compares the output that a page promises with the printed one: `…` stands for any text in a line, a line of it for any lines.
pub fn compare(promised: &str, printed: &str) -> Result<(), String> {
    let plain = |text: &str| {
        let mut text = text.to_owned();
        for (pattern, name) in [
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "TIME"),
            (r"\d{8}T\d{6}Z|\d{8}-\d{6}", "TIME"),
            (r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "UUID"),
            (r#""[0-9a-f]{16}""#, "TAG"),
            (r"\b[0-9a-f]{64}\b", "KEY"),
            (r"operator [^(]+ \(", "operator USER ("),
            // Columns of tables are as wide as what is in them.
            (r"  +", "  "),
        ] {
            text = Regex::new(pattern).expect("a pattern").replace_all(&text, name).into_owned();
        }
        text
    };
    let (promised, printed) = (plain(promised), plain(printed));
    let (expected, lines): (Vec<&str>, Vec<&str>) = (promised.lines().collect(), printed.lines().collect());
    if fits(&expected, &lines) {
        return Ok(());
    }
    Err(format!("-- promised:\n{promised}\n-- printed:\n{printed}"))
}

fn fits(promised: &[&str], printed: &[&str]) -> bool {
    match promised.split_first() {
        None => printed.is_empty(),
        Some((&"…", rest)) => (0..=printed.len()).any(|skipped| fits(rest, &printed[skipped..])),
        Some((line, rest)) => {
            let parts: Vec<String> = line.split('…').map(regex_lite::escape).collect();
            let pattern = Regex::new(&format!("^{}$", parts.join(".*"))).expect("a pattern");
            printed.split_first().is_some_and(|(first, others)| pattern.is_match(first) && fits(rest, others))
        }
    }
}
