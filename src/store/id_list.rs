//! The row ids of a long list, in pieces that several versions of the list share.

use std::sync::Arc;

/// Ids in a piece after it was split.
const PIECE_LENGTH: usize = 512;

/// Row ids in the order of a list.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct IdList {
    pieces: Arc<Vec<Piece>>,
    length: usize,
    /// Capacity of all pieces, in ids.
    capacity: usize,
}

#[derive(Debug, Clone)]
struct Piece {
    /// The index of its first id in the list.
    start: usize,
    ids: Arc<Vec<i64>>,
}

impl From<Vec<i64>> for IdList {
    fn from(ids: Vec<i64>) -> IdList {
        let piece =
            |(number, ids): (usize, &[i64])| Piece { start: number * PIECE_LENGTH, ids: Arc::new(ids.to_vec()) };
        let pieces: Vec<Piece> = ids.chunks(PIECE_LENGTH).enumerate().map(piece).collect();
        let capacity = pieces.iter().map(|piece| piece.ids.capacity()).sum();
        IdList { pieces: Arc::new(pieces), length: ids.len(), capacity }
    }
}

impl IdList {
    pub(in crate::store) fn len(&self) -> usize {
        self.length
    }

    /// Bytes on the heap, with the pieces that other versions share.
    pub(in crate::store) fn heap_bytes(&self) -> usize {
        self.pieces.capacity() * (size_of::<Piece>() + 64) + self.capacity * size_of::<i64>()
    }

    /// The id at that index.
    pub(in crate::store) fn get(&self, index: usize) -> Option<i64> {
        let piece = &self.pieces[self.piece_at(index)?];
        piece.ids.get(index - piece.start).copied()
    }

    /// The ids from that index on.
    pub(in crate::store) fn iter_from(&self, index: usize) -> impl Iterator<Item = i64> + '_ {
        let at = self.piece_at(index).unwrap_or(self.pieces.len());
        let skipped = self.pieces.get(at).map_or(0, |piece| index - piece.start);
        self.pieces[at..].iter().flat_map(|piece| piece.ids.iter().copied()).skip(skipped)
    }

    /// Inserts an id at that index, at most the length of the list.
    pub(in crate::store) fn insert(&mut self, index: usize, id: i64) {
        let at = self.piece_at(index).unwrap_or(self.pieces.len().saturating_sub(1));
        let pieces = Arc::make_mut(&mut self.pieces);
        if pieces.is_empty() {
            pieces.push(Piece { start: 0, ids: Arc::default() });
        }
        let Piece { start, ids } = &mut pieces[at];
        self.capacity -= ids.capacity();
        let ids = Arc::make_mut(ids);
        ids.insert(index - *start, id);
        self.capacity += ids.capacity();
        if ids.len() >= 2 * PIECE_LENGTH {
            let rest = ids.split_off(PIECE_LENGTH);
            self.capacity += rest.capacity();
            let start = *start + PIECE_LENGTH;
            pieces.insert(at + 1, Piece { start, ids: Arc::new(rest) });
            pieces[at + 2..].iter_mut().for_each(|piece| piece.start += 1);
        } else {
            pieces[at + 1..].iter_mut().for_each(|piece| piece.start += 1);
        }
        self.length += 1;
    }

    /// Removes the id at that index of the list.
    pub(in crate::store) fn remove(&mut self, index: usize) {
        let Some(at) = self.piece_at(index) else { return };
        let pieces = Arc::make_mut(&mut self.pieces);
        let Piece { start, ids } = &mut pieces[at];
        self.capacity -= ids.capacity();
        let ids = Arc::make_mut(ids);
        ids.remove(index - *start);
        let is_empty = ids.is_empty();
        self.capacity += if is_empty { 0 } else { ids.capacity() };
        pieces[at + 1..].iter_mut().for_each(|piece| piece.start -= 1);
        if is_empty {
            pieces.remove(at);
        }
        self.length -= 1;
    }

    /// The number of the piece with the id at that index; `None` from the end on.
    fn piece_at(&self, index: usize) -> Option<usize> {
        (index < self.length).then(|| self.pieces.partition_point(|piece| piece.start <= index) - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    #[test]
    fn a_list_has_the_ids_of_a_vector_with_the_same_changes() {
        let mut random = Random::new(1);
        for length in [0, 1, PIECE_LENGTH, 3 * PIECE_LENGTH + 7] {
            let mut expected: Vec<i64> = (0..length as i64).collect();
            let mut list = IdList::from(expected.clone());
            for id in 10_000..14_000_i64 {
                let before = list.clone();
                let old = expected.clone();
                // More are added in the first half, and more are removed in the second.
                if expected.is_empty() || random.below(3) > usize::from(id >= 12_000) {
                    let index = random.below(expected.len() + 1);
                    expected.insert(index, id);
                    list.insert(index, id);
                } else {
                    let index = random.below(expected.len());
                    expected.remove(index);
                    list.remove(index);
                }
                assert_eq!(list.len(), expected.len());
                assert_eq!(list.capacity, list.pieces.iter().map(|piece| piece.ids.capacity()).sum::<usize>());
                let index = random.below(expected.len() + 2);
                assert_eq!(list.get(index), expected.get(index).copied());
                if id % 50 == 0 {
                    assert_eq!(list.iter_from(0).collect::<Vec<_>>(), expected);
                    assert_eq!(
                        list.iter_from(index).collect::<Vec<_>>(),
                        expected.iter().skip(index).copied().collect::<Vec<_>>()
                    );
                    // An earlier version stays as it was.
                    assert_eq!(before.iter_from(0).collect::<Vec<_>>(), old);
                }
            }
        }
    }
}
