//! The files below `src`, parsed.

use std::path::{Path, PathBuf};
use syn::{Attribute, Item, Meta};

/// One file of the source.
pub(super) struct SourceFile {
    /// Its path below `src`: `server/mod.rs`.
    pub(super) name: String,
    /// The path of its module: `["server"]`.
    pub(super) module: Vec<String>,
    pub(super) text: String,
    /// Its items, without those that only tests have.
    pub(super) items: Vec<Item>,
    /// All of its items.
    pub(super) whole: syn::File,
}

impl SourceFile {
    pub(super) fn parse(name: &str, text: &str) -> SourceFile {
        let whole = syn::parse_file(text).unwrap_or_else(|error| panic!("src/{name}: {error}"));
        let items = without_tests(whole.items.clone());
        SourceFile { name: name.to_owned(), module: module_of(name), text: text.to_owned(), items, whole }
    }

    /// The folder or the lone file directly below `src` that it belongs to.
    pub(super) fn room(&self) -> &str {
        room_of(&self.name)
    }

    /// True for files of inline tests that have moved out: `x/tests.rs`, `tests/y.rs`.
    pub(super) fn is_test(&self) -> bool {
        self.module.iter().any(|part| part == "tests")
    }
}

/// `server/mod.rs` is in the room `server`, `sync.rs` in `sync`.
pub(super) fn room_of(name: &str) -> &str {
    name.split('/').next().unwrap_or(name).trim_end_matches(".rs")
}

/// All files of the source, in the order of their names.
pub(super) fn source() -> Vec<SourceFile> {
    let root = root();
    let mut found = Vec::new();
    files(&root, &mut found);
    found.retain(|file| file.extension().is_some_and(|end| end == "rs"));
    found.sort();
    let parse = |file: &PathBuf| {
        let name = file.strip_prefix(&root).expect("a file below src").display().to_string();
        SourceFile::parse(&name, &std::fs::read_to_string(file).expect("a file of the source"))
    };
    found.iter().map(parse).collect()
}

/// The folder `src`.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// Adds the files at and below that path.
pub(super) fn files(path: &Path, found: &mut Vec<PathBuf>) {
    if path.is_file() {
        found.push(path.to_owned());
        return;
    }
    for entry in std::fs::read_dir(path).expect("a folder of the source").flatten() {
        files(&entry.path(), found);
    }
}

fn module_of(name: &str) -> Vec<String> {
    let mut parts: Vec<String> = name.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    let is_folder = parts.last().is_some_and(|last| last == "mod");
    if is_folder || name == "lib.rs" {
        parts.pop();
    }
    parts
}

fn without_tests(items: Vec<Item>) -> Vec<Item> {
    let kept = items.into_iter().filter(|item| !attributes(item).iter().any(is_cfg_test));
    let without_nested = |mut item| {
        if let Item::Mod(module) = &mut item
            && let Some((_, content)) = &mut module.content
        {
            *content = without_tests(std::mem::take(content));
        }
        item
    };
    kept.map(without_nested).collect()
}

fn is_cfg_test(attribute: &Attribute) -> bool {
    let Meta::List(list) = &attribute.meta else { return false };
    attribute.path().is_ident("cfg") && list.tokens.to_string() == "test"
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(item) => &item.attrs,
        Item::Enum(item) => &item.attrs,
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Macro(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Static(item) => &item.attrs,
        Item::Struct(item) => &item.attrs,
        Item::Trait(item) => &item.attrs,
        Item::Type(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        _ => &[],
    }
}
