//! The arrows between files: one for each file that code of another one uses by an import or by a path.
//!
//! A re-export is followed to the file that defines the name. So a `mod.rs` that only declares and re-exports its
//! children has no arrow to them; one that calls a child has, and one that defines what a child uses gets one.

use super::paths::{Module, ModulePath, add_module};
use super::tree::SourceFile;
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Longest chain of re-exports that is followed.
const CHAIN_MAX: usize = 32;

/// The files, and the arrows between them.
pub(super) struct Graph {
    pub(super) files: Vec<String>,
    /// Arrows from one file to another, and a path that makes each of them.
    pub(super) arrows: BTreeMap<(usize, usize), String>,
}

/// The end of a path.
enum Target {
    Module(ModulePath),
    /// Something that this file defines.
    Item(usize),
}

struct Names {
    modules: HashMap<ModulePath, Module>,
}

impl Graph {
    pub(super) fn of(files: &[SourceFile]) -> Graph {
        let mut names = Names { modules: HashMap::new() };
        for (number, file) in files.iter().enumerate().filter(|(_, file)| !file.is_test()) {
            add_module(&mut names.modules, &file.module, number, &file.items, file.name == "main.rs");
        }
        let mut arrows = BTreeMap::new();
        for (path, module) in &names.modules {
            for used in &module.used {
                if let Some(Target::Item(file)) = names.resolve(path, used, 0)
                    && file != module.file
                {
                    arrows.entry((module.file, file)).or_insert_with(|| used.join("::"));
                }
            }
        }
        Graph { files: files.iter().map(|file| file.name.clone()).collect(), arrows }
    }

    /// Arrows that are part of a cycle of files in one room: those whose end leads back to their beginning.
    pub(super) fn cyclic_arrows(&self, room: impl Fn(usize) -> usize) -> Vec<(usize, usize)> {
        let inside: Vec<(usize, usize)> =
            self.arrows.keys().copied().filter(|(from, to)| room(*from) == room(*to)).collect();
        let mut after: HashMap<usize, Vec<usize>> = HashMap::new();
        inside.iter().for_each(|(from, to)| after.entry(*from).or_default().push(*to));
        let reach = |start: usize| {
            let (mut seen, mut open) = (BTreeSet::from([start]), vec![start]);
            while let Some(file) = open.pop() {
                open.extend(after.get(&file).into_iter().flatten().filter(|next| seen.insert(**next)));
            }
            seen
        };
        inside.into_iter().filter(|(from, to)| reach(*to).contains(from)).collect()
    }

    pub(super) fn show(&self, arrow: (usize, usize)) -> String {
        let (from, to) = arrow;
        format!("{} -> {} ({})", self.files[from], self.files[to], self.arrows[&arrow])
    }
}

impl Names {
    /// Finds the end of a path in code of that module.
    fn resolve(&self, module: &[String], path: &[String], depth: usize) -> Option<Target> {
        if depth > CHAIN_MAX {
            return None;
        }
        let mut place = module.to_vec();
        let mut rest = path;
        while let [first, after @ ..] = rest {
            match first.as_str() {
                "crate" => place.clear(),
                "self" => {}
                "super" => drop(place.pop()),
                _ => break,
            }
            rest = after;
        }
        while let [first, after @ ..] = rest {
            match self.look_up(&place, first, after.is_empty(), depth)? {
                Target::Module(inner) => place = inner,
                item => return Some(item),
            }
            rest = after;
        }
        Some(Target::Module(place))
    }

    /// Finds a name in a module: an item of its own, a child or an import. At the end of a path an item is meant, before
    /// that a module.
    fn look_up(&self, place: &[String], name: &str, is_last: bool, depth: usize) -> Option<Target> {
        let module = self.modules.get(place)?;
        let child = || module.children.contains(name).then(|| Target::Module([place, &[name.to_owned()]].concat()));
        let item = || module.items.contains(name).then_some(Target::Item(module.file));
        let import = || {
            let path = module.imports.get(name)?;
            // A library has the name, and not this import itself.
            if path.len() == 1 && path[0] == name { None } else { self.resolve(place, path, depth + 1) }
        };
        let glob = || {
            module.globs.iter().find_map(|path| match self.resolve(place, path, depth + 1)? {
                Target::Module(other) if other != place => self.look_up(&other, name, is_last, depth + 1),
                _ => None,
            })
        };
        if is_last {
            item().or_else(import).or_else(child).or_else(glob)
        } else {
            child().or_else(import).or_else(item).or_else(glob)
        }
    }
}

/// The arrows of a small tree, as `from -> to`.
fn arrows_of(files: &[(&str, &str)]) -> Vec<String> {
    let files: Vec<SourceFile> = files.iter().map(|(name, text)| SourceFile::parse(name, text)).collect();
    let graph = Graph::of(&files);
    let show = |(from, to): &(usize, usize)| format!("{} -> {}", graph.files[*from], graph.files[*to]);
    let mut shown: Vec<String> = graph.arrows.keys().map(show).collect();
    shown.sort();
    shown
}

#[test]
fn arrows_follow_imports_bare_paths_macros_and_re_exports() {
    let lib = ("lib.rs", "mod a; mod b;");
    let b = ("b/mod.rs", "mod inner; mod other; pub use inner::Thing; pub fn own() {}");
    let (inner, other) = ("pub struct Thing; pub fn call() {}", "pub(super) fn help() {}");
    let with = |text: &str| arrows_of(&[lib, ("a.rs", text), b, ("b/inner.rs", inner), ("b/other.rs", other)]);
    let to_inner = ["a.rs -> b/inner.rs"];
    assert_eq!(with("use crate::b::Thing; fn f(_: Thing) {}"), to_inner);
    assert_eq!(
        with("use crate::{b::{self, own as _}}; fn f() { b::inner::call() }"),
        ["a.rs -> b/inner.rs", "a.rs -> b/mod.rs"]
    );
    assert_eq!(with("fn f() { super::b::inner::call() }"), to_inner);
    assert_eq!(with("use crate::b; fn f() { println!(\"{:?}\", g(b::Thing)); }"), to_inner);
    assert_eq!(with("use crate::b::*; fn f() -> Option<Thing> { None }"), to_inner);
    assert_eq!(with("use crate::b; fn f() { b::own() }"), ["a.rs -> b/mod.rs"]);
    assert_eq!(with("pub use crate::b::Thing;"), [""; 0]);
    assert_eq!(with("#[cfg(test)] mod tests { fn f() { crate::b::own() } }"), [""; 0]);
    assert_eq!(with("use std::fmt; fn f(_: fmt::Error) -> String { String::new() }"), [""; 0]);
}

#[test]
fn a_mod_file_that_calls_its_children_and_is_used_by_them_is_in_a_cycle() {
    let cycles = |mod_file: &str, child: &str| {
        let files = [("lib.rs", "mod a;"), ("a/mod.rs", mod_file), ("a/b.rs", child)];
        let files = files.map(|(name, text)| SourceFile::parse(name, text));
        Graph::of(&files).cyclic_arrows(|_| 0).len()
    };
    assert_eq!(cycles("mod b; pub use b::Thing; pub struct Own;", "use super::Own; pub struct Thing(Own);"), 0);
    assert_eq!(cycles("mod b; pub fn f() { b::g() } pub struct Own;", "pub fn g() {}"), 0);
    assert_eq!(cycles("mod b; pub fn f() { b::g() } pub struct Own;", "pub fn g() { let _ = super::Own; }"), 2);
}
