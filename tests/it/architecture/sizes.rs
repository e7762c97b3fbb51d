//! How long files and functions may get.

use super::rooms::require_none;
use super::tree::source;
use std::collections::BTreeMap;
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 60;
const FUNCTION_LINES_MEDIAN: usize = 8;

/// Names and lengths of functions, from the first line of the signature to the last of the body.
#[derive(Default)]
struct Functions(Vec<(String, usize)>);

impl Functions {
    fn add(&mut self, signature: &syn::Signature, end: proc_macro2::Span) {
        let lines = end.end().line - signature.span().start().line + 1;
        self.0.push((signature.ident.to_string(), lines));
    }
}

impl<'ast> Visit<'ast> for Functions {
    fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
        self.add(&function.sig, function.block.span());
        visit::visit_item_fn(self, function);
    }

    fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
        self.add(&function.sig, function.block.span());
        visit::visit_impl_item_fn(self, function);
    }

    fn visit_trait_item_fn(&mut self, function: &'ast syn::TraitItemFn) {
        if let Some(body) = &function.default {
            self.add(&function.sig, body.span());
        }
        visit::visit_trait_item_fn(self, function);
    }
}

#[test]
fn no_file_is_longer_than_500_lines() {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in &source() {
        let lines = file.text.lines().count();
        if lines > FILE_LINES_MAX {
            found.entry(file.room().to_owned()).or_default().push(format!("{}: {lines} lines", file.name));
        }
    }
    require_none("long files:", &found);
}

#[test]
fn no_function_is_longer_than_60_lines() {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in &source() {
        let mut functions = Functions::default();
        functions.visit_file(&file.whole);
        for (name, lines) in functions.0.into_iter().filter(|(_, lines)| *lines > FUNCTION_LINES_MAX) {
            found.entry(file.room().to_owned()).or_default().push(format!("{} {name}: {lines} lines", file.name));
        }
    }
    require_none("long functions:", &found);
}

#[test]
fn half_of_all_functions_have_at_most_8_lines() {
    let mut functions = Functions::default();
    for file in source().iter().filter(|file| !file.is_test()) {
        file.items.iter().for_each(|item| functions.visit_item(item));
    }
    let mut lengths: Vec<usize> = functions.0.iter().map(|(_, lines)| *lines).collect();
    lengths.sort_unstable();
    let median = lengths[lengths.len() / 2];
    assert!(median <= FUNCTION_LINES_MEDIAN, "the median of {} functions is {median} lines", lengths.len());
}
