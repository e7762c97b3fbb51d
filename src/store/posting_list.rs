//! Ascending row ids in few bytes: how the index for searches stores the users who have a gram.
//!
//! A list is relative to a base, which is a multiple of 64. The first byte tells the form: differences to the id before,
//! each in groups of seven bits; or a bitmap, of which bit 0 of the first byte is the base. The shorter form is used.

const DIFFERENCES: u8 = 0;
const BITMAP: u8 = 1;

/// The base for lists whose first id is this one or a later one.
pub(in crate::store) fn base_of(id: i64) -> i64 {
    id & !63
}

/// Encodes ascending ids, none of them below the base.
pub(in crate::store) fn encode(base: i64, ids: &[i64]) -> Vec<u8> {
    let bitmap_bytes = ids.last().map_or(0, |last| offset(base, *last) / 8 + 1);
    let mut list = vec![DIFFERENCES];
    let mut before = base;
    for id in ids {
        push_number(&mut list, offset(before, *id));
        before = *id;
        if list.len() > bitmap_bytes + 1 {
            return bitmap(base, ids, bitmap_bytes);
        }
    }
    list
}

fn bitmap(base: i64, ids: &[i64], bytes: usize) -> Vec<u8> {
    let mut list = vec![0; bytes + 1];
    list[0] = BITMAP;
    for id in ids {
        let bit = offset(base, *id);
        list[1 + bit / 8] |= 1 << (bit % 8);
    }
    list
}

fn offset(from: i64, id: i64) -> usize {
    usize::try_from(id - from).unwrap_or(0)
}

fn push_number(list: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        list.push(number as u8 | 0x80);
        number >>= 7;
    }
    list.push(number as u8);
}

/// A set of row ids as a bitmap, from a base on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store) struct IdSet {
    words: Vec<u64>,
    base: i64,
}

impl IdSet {
    /// An empty set for the ids from that base to `last`. The base is a multiple of 64.
    pub(in crate::store) fn new(base: i64, last: i64) -> IdSet {
        IdSet { words: vec![0; offset(base, last) / 64 + 1], base }
    }

    /// The ids of a list that has the base of this set. `None` if the list is damaged or has an id beyond the set.
    pub(in crate::store) fn of_list(&self, list: &[u8]) -> Option<IdSet> {
        let mut set = IdSet { words: vec![0; self.words.len()], base: self.base };
        match list.split_first()? {
            (&DIFFERENCES, numbers) => set.insert_differences(numbers)?,
            (&BITMAP, bytes) => {
                for (index, chunk) in bytes.chunks(8).enumerate() {
                    let mut word = [0; 8];
                    word[..chunk.len()].copy_from_slice(chunk);
                    *set.words.get_mut(index)? = u64::from_le_bytes(word);
                }
            }
            _ => return None,
        }
        Some(set)
    }

    fn insert_differences(&mut self, numbers: &[u8]) -> Option<()> {
        let (mut at, mut number, mut shift) = (0_usize, 0_usize, 0);
        for byte in numbers {
            number |= usize::from(byte & 0x7f).checked_shl(shift)?;
            shift += 7;
            if byte & 0x80 == 0 {
                at = at.checked_add(number)?;
                *self.words.get_mut(at / 64)? |= 1 << (at % 64);
                (number, shift) = (0, 0);
            }
        }
        (shift == 0).then_some(())
    }

    /// Keeps the ids that are also in the other set, which has the same base and length.
    pub(in crate::store) fn intersect(&mut self, other: &IdSet) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= other);
    }

    /// Adds the ids of a set that does not begin before this one, except those beyond this set.
    pub(in crate::store) fn add_all(&mut self, other: &IdSet) {
        let first = offset(self.base, other.base) / 64;
        self.words.iter_mut().skip(first).zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Adds an id, unless it is beyond the set.
    pub(in crate::store) fn insert(&mut self, id: i64) {
        let bit = offset(self.base, id);
        if let Some(word) = self.words.get_mut(bit / 64) {
            *word |= 1 << (bit % 64);
        }
    }

    pub(in crate::store) fn contains(&self, id: i64) -> bool {
        let bit = offset(self.base, id);
        self.words.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    }

    pub(in crate::store) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Number of ids.
    pub(in crate::store) fn len(&self) -> usize {
        self.words.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// The ids in ascending order.
    pub(in crate::store) fn iter(&self) -> impl Iterator<Item = i64> + '_ {
        self.words.iter().zip((self.base..).step_by(64)).flat_map(|(word, first)| {
            let mut rest = *word;
            std::iter::from_fn(move || {
                let bit = rest.trailing_zeros();
                let id = (rest != 0).then(|| first + i64::from(bit));
                rest &= rest.wrapping_sub(1);
                id
            })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    fn decoded(base: i64, last: i64, list: &[u8]) -> Option<Vec<i64>> {
        Some(IdSet::new(base, last).of_list(list)?.iter().collect())
    }

    #[test]
    fn a_list_has_the_ids_that_were_encoded() {
        let mut random = Random::new(Random::seed("ROLLBOOK_SEARCH_SEED", 20_261_130));
        for _ in 0..2000 {
            let first = i64::try_from(random.below(100_000)).unwrap();
            let gap = [1, 2, 20, 1000, 100_000][random.below(5)];
            let mut ids = vec![first];
            for _ in 0..random.below(300) {
                ids.push(ids[ids.len() - 1] + 1 + i64::try_from(random.below(gap)).unwrap());
            }
            let (base, last) = (base_of(first), ids[ids.len() - 1]);
            let list = encode(base, &ids);
            assert!(list.len() <= 2 + (last - base) as usize / 8 && list.len() <= 1 + 3 * ids.len());
            assert_eq!(decoded(base, last, &list).as_ref(), Some(&ids));
            let set = IdSet::new(base, last).of_list(&list).unwrap();
            assert_eq!(set.len(), ids.len());
            assert!((first..first + 200).all(|id| set.contains(id) == ids.contains(&id)));
            assert_eq!(decoded(base, first, &list).is_none(), base_of(last) > base);
        }
        assert_eq!(decoded(0, 0, &encode(0, &[])), Some(vec![]));
    }

    #[test]
    fn sets_are_joined_and_intersected() {
        let set = |base: i64, last: i64, ids: &[i64]| {
            let mut set = IdSet::new(base, last);
            ids.iter().for_each(|id| set.insert(*id));
            set
        };
        let mut one = set(64, 300, &[64, 70, 200, 300, 1000]);
        one.intersect(&set(64, 300, &[70, 71, 300]));
        assert_eq!(one.iter().collect::<Vec<_>>(), [70, 300]);
        let mut all = set(0, 400, &[1, 300]);
        all.add_all(&one);
        assert_eq!(all.iter().collect::<Vec<_>>(), [1, 70, 300]);
        assert!(!all.is_empty() && IdSet::new(0, 100).is_empty() && !all.contains(100_000));
    }

    #[test]
    fn a_damaged_list_has_no_ids() {
        for list in [&[][..], &[2, 1], &[0, 0x80], &[0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]]
        {
            assert_eq!(decoded(0, 1000, list), None, "{list:?}");
        }
        assert_eq!(decoded(0, 64, &[BITMAP; 20]), None);
    }
}
