//! The names that modules define and import, and the paths that code uses.

use proc_macro2::{TokenStream, TokenTree};
use std::collections::{HashMap, HashSet};
use syn::visit::{self, Visit};
use syn::{Item, ItemMod, ItemUse, Macro, Path, UseTree, Visibility};

/// The path of a module, from the crate on.
pub(super) type ModulePath = Vec<String>;

/// A module: what it defines and what it imports.
#[derive(Default)]
pub(super) struct Module {
    pub(super) file: usize,
    pub(super) children: HashSet<String>,
    pub(super) items: HashSet<String>,
    /// Names and the paths that they stand for.
    pub(super) imports: HashMap<String, Vec<String>>,
    pub(super) globs: Vec<Vec<String>>,
    /// Paths in the code of the module.
    pub(super) used: Vec<Vec<String>>,
}

/// Adds the module with these items, and the modules inside of it.
pub(super) fn add_module(
    modules: &mut HashMap<ModulePath, Module>,
    path: &[String],
    file: usize,
    items: &[Item],
    is_program: bool,
) {
    let mut module = Module { file, ..Module::default() };
    for item in items {
        if let Some(name) = defined_by(item) {
            module.items.insert(name);
        }
        if let Item::Mod(child) = item {
            let name = child.ident.to_string();
            if let Some((_, items)) = &child.content {
                add_module(modules, &[path, std::slice::from_ref(&name)].concat(), file, items, is_program);
            }
            module.children.insert(name);
        }
    }
    let mut reader = Reader { module: &mut module };
    items.iter().for_each(|item| reader.visit_item(item));
    if is_program {
        // The program names the library from outside.
        for path in module.used.iter_mut().chain(module.imports.values_mut()).chain(&mut module.globs) {
            if path[0] == env!("CARGO_PKG_NAME") {
                path[0] = "crate".to_owned();
            }
        }
    }
    modules.insert(path.to_vec(), module);
}

fn defined_by(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(item) => item.ident.to_string(),
        Item::Enum(item) => item.ident.to_string(),
        Item::Fn(item) => item.sig.ident.to_string(),
        Item::Macro(item) => item.ident.as_ref()?.to_string(),
        Item::Static(item) => item.ident.to_string(),
        Item::Struct(item) => item.ident.to_string(),
        Item::Trait(item) => item.ident.to_string(),
        Item::Type(item) => item.ident.to_string(),
        Item::Union(item) => item.ident.to_string(),
        _ => return None,
    })
}

/// Collects imports and paths, also those inside of functions and macros.
struct Reader<'m> {
    module: &'m mut Module,
}

impl Reader<'_> {
    fn import(&mut self, tree: &UseTree, prefix: &[String], is_private: bool) {
        let (name, path) = match tree {
            UseTree::Path(inner) => {
                let prefix = [prefix, &[inner.ident.to_string()]].concat();
                return self.import(&inner.tree, &prefix, is_private);
            }
            UseTree::Group(group) => {
                return group.items.iter().for_each(|tree| self.import(tree, prefix, is_private));
            }
            UseTree::Glob(_) => return self.module.globs.push(prefix.to_vec()),
            UseTree::Name(name) if name.ident == "self" => {
                (prefix.last().cloned().unwrap_or_default(), prefix.to_vec())
            }
            UseTree::Name(name) => (name.ident.to_string(), [prefix, &[name.ident.to_string()]].concat()),
            UseTree::Rename(rename) if rename.ident == "self" => (rename.rename.to_string(), prefix.to_vec()),
            UseTree::Rename(rename) => (rename.rename.to_string(), [prefix, &[rename.ident.to_string()]].concat()),
        };
        if name == "_" {
            // A trait, whose methods are called without its name.
            if is_private {
                self.module.used.push(path);
            }
            return;
        }
        self.module.imports.insert(name, path);
    }

    /// Takes each sequence `a::b::c` of a macro for a path.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) if path.is_empty() || colons == 2 => {
                    path.push(name.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() && colons < 2 => colons += 1,
                other => {
                    self.end_path(&mut path);
                    colons = 0;
                    match other {
                        TokenTree::Ident(name) => path.push(name.to_string()),
                        TokenTree::Group(group) => self.tokens(group.stream()),
                        TokenTree::Punct(_) | TokenTree::Literal(_) => {}
                    }
                }
            }
        }
        self.end_path(&mut path);
    }

    fn end_path(&mut self, path: &mut Vec<String>) {
        if !path.is_empty() {
            self.module.used.push(std::mem::take(path));
        }
    }
}

impl<'ast> Visit<'ast> for Reader<'_> {
    fn visit_item_use(&mut self, import: &'ast ItemUse) {
        self.import(&import.tree, &[], matches!(import.vis, Visibility::Inherited));
    }

    fn visit_path(&mut self, path: &'ast Path) {
        self.module.used.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast Macro) {
        self.visit_path(&call.path);
        self.tokens(call.tokens.clone());
    }

    // A module in the same file is read for itself.
    fn visit_item_mod(&mut self, _: &'ast ItemMod) {}

    // `pub(in a::b)` uses nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    // Derives and the like name no file of the crate.
    fn visit_attribute(&mut self, _: &'ast syn::Attribute) {}
}
