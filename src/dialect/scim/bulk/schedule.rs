//! The order of the operations of a bulk request: each comes after those that create what it refers to.

use super::operation::{Operation, references};
use std::collections::{BTreeSet, HashMap};

/// The operations that have not run yet, by their indexes.
pub(super) struct Schedule<'o> {
    /// The operation that has that `bulkId`.
    indexes: HashMap<&'o str, usize>,
    /// The operations that refer to that `bulkId`.
    dependents: HashMap<&'o str, Vec<usize>>,
    /// How many references of each operation are open.
    open: Vec<usize>,
    ready: BTreeSet<usize>,
    waiting: BTreeSet<usize>,
    /// Those of `waiting` that create a resource.
    waiting_new: BTreeSet<usize>,
}

impl<'o> Schedule<'o> {
    pub(super) fn new(operations: &'o [Operation]) -> Schedule<'o> {
        let mut schedule = Schedule {
            indexes: HashMap::new(),
            dependents: HashMap::new(),
            open: vec![0; operations.len()],
            ready: BTreeSet::new(),
            waiting: BTreeSet::new(),
            waiting_new: BTreeSet::new(),
        };
        for (index, operation) in operations.iter().enumerate() {
            if let Some(id) = &operation.bulk_id {
                schedule.indexes.entry(id).or_insert(index);
            }
            let references = if operation.problem.is_some() { BTreeSet::new() } else { references(operation) };
            schedule.open[index] = references.len();
            for reference in &references {
                schedule.dependents.entry(reference).or_default().push(index);
            }
            if references.is_empty() {
                schedule.ready.insert(index);
                continue;
            }
            schedule.waiting.insert(index);
            if operation.method == "POST" {
                schedule.waiting_new.insert(index);
            }
        }
        schedule
    }

    /// The operation that has that `bulkId`.
    pub(super) fn index_of(&self, bulk_id: &str) -> Option<usize> {
        self.indexes.get(bulk_id).copied()
    }

    /// Takes the first operation without open references.
    pub(super) fn take_ready(&mut self) -> Option<usize> {
        self.ready.pop_first()
    }

    /// Takes an operation with open references: one that creates a resource, if there is one.
    pub(super) fn take_unready(&mut self) -> Option<usize> {
        let index = self.waiting_new.first().or(self.waiting.first()).copied()?;
        self.waiting_new.remove(&index);
        self.waiting.remove(&index);
        Some(index)
    }

    /// Closes the references to a resource that exists now.
    pub(super) fn resolve(&mut self, bulk_id: &str) {
        for index in self.dependents.remove(bulk_id).unwrap_or_default() {
            self.open[index] -= 1;
            if self.open[index] == 0 && self.waiting.remove(&index) {
                self.waiting_new.remove(&index);
                self.ready.insert(index);
            }
        }
    }
}
