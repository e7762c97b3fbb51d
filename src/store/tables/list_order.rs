//! The numbers that order the entries of a list, chosen so that few of them change.

/// An entry of the new list.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::store) struct Place {
    /// Index and number of the entry in the old list; `None` for a new entry.
    pub(in crate::store) present: Option<(usize, i64)>,
    /// True if the spelling of the entry changes.
    pub(in crate::store) spelling_changed: bool,
    /// True if a user or group has the name. The membership is then also in a list of that user or group, and moves to
    /// its end whenever it moves here or changes its spelling.
    pub(in crate::store) resolved: bool,
}

impl Place {
    fn free(&self) -> Option<i64> {
        self.present.map(|(_, seq)| seq)
    }
}

/// The number of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::store) enum Seq {
    /// An existing number.
    At(i64),
    /// A new number, counted from 0.
    New(i64),
}

impl Seq {
    /// The number, given the first of the new ones.
    pub(in crate::store) fn counted_from(self, first: i64) -> i64 {
        match self {
            Seq::At(seq) => seq,
            Seq::New(at) => first + at,
        }
    }
}

/// The numbers of these entries, in order, and how many of them are new.
pub(in crate::store) fn seqs(places: &[Place]) -> (Vec<Seq>, usize) {
    let mut seqs: Vec<Seq> = Vec::with_capacity(places.len());
    let staying = places.iter().scan(None, |last, place| {
        let (at, seq) = place.present.filter(|(at, _)| !place.spelling_changed && Some(*at) > *last)?;
        *last = Some(at);
        Some(seq)
    });
    seqs.extend(staying.map(Seq::At));
    let staying = seqs.len();
    // Resolved entries get new numbers from the first that moves. The entries between them and the last resolved one
    // that stays may have any numbers.
    let end = (staying..places.len()).find(|at| places[*at].resolved).unwrap_or(places.len());
    let start = (0..staying).rfind(|at| places[*at].resolved).map_or(0, |at| at + 1);
    if staying < places.len() {
        let floor = start.checked_sub(1).and_then(|at| places[at].free());
        seqs.truncate(start);
        arrange(&places[start..end], floor, &mut seqs);
    }
    let mut new = 0;
    for seq in &mut seqs {
        if let Seq::New(at) = seq {
            (*at, new) = (new, new + 1);
        }
    }
    let rest = places.len() - seqs.len();
    seqs.extend((new..).take(rest).map(Seq::New));
    (seqs, usize::try_from(new).unwrap_or(0) + rest)
}

/// Adds the numbers, above the floor, of entries that may have any. As many as possible keep their number.
fn arrange(places: &[Place], floor: Option<i64>, seqs: &mut Vec<Seq>) {
    let kept = kept(places, floor);
    let mut below = floor;
    let mut next = 0;
    for at in kept {
        let Some(seq) = places[at].free() else { continue };
        let count = i64::try_from(at - next).unwrap_or(i64::MAX);
        // Distributed evenly between the two, or just below the first.
        let between = |number: i64| {
            let (seq, number, count) = (i128::from(seq), i128::from(number), i128::from(count));
            let free = match below.map(i128::from) {
                None => seq - count + number,
                Some(below) => below + (seq - below) * (number + 1) / (count + 1),
            };
            i64::try_from(free).unwrap_or(i64::MIN)
        };
        seqs.extend((0..count).map(between).map(Seq::At));
        seqs.push(Seq::At(seq));
        (below, next) = (Some(seq), at + 1);
    }
    seqs.extend(std::iter::repeat_n(Seq::New(0), places.len() - next));
}

/// The largest set of entries that can keep their numbers, with enough numbers between them for the others.
fn kept(places: &[Place], floor: Option<i64>) -> Vec<usize> {
    // Two entries can both stay if there are enough numbers between them for the entries between them. So the numbers
    // minus the indexes must not descend: this finds the longest such sequence, from its end, so that of two the
    // earlier one wins.
    let level = |at: usize| places[at].free().map(|seq| i128::from(seq) - at as i128);
    let least = floor.map_or(i128::MIN, |floor| i128::from(floor) + 1);
    // The entry with the highest level that begins a sequence of each length, and for each entry the next one.
    let mut heads: Vec<usize> = Vec::new();
    let mut after: Vec<Option<usize>> = vec![None; places.len()];
    for at in (0..places.len()).rev() {
        let Some(own) = level(at).filter(|own| *own >= least) else { continue };
        let length = heads.partition_point(|head| level(*head).is_some_and(|head| head >= own));
        after[at] = length.checked_sub(1).map(|before| heads[before]);
        match heads.get_mut(length) {
            Some(head) => *head = at,
            None => heads.push(at),
        }
    }
    std::iter::successors(heads.last().copied(), |at| after[*at]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    /// A new order of a list: some entries moved, some new, some spelled in another way.
    fn shuffled(dice: &mut Random, resolved: bool) -> Vec<Place> {
        let mut seq = i64::try_from(dice.below(5)).unwrap();
        let length = dice.below(8);
        let mut places: Vec<Place> = (0..length)
            .map(|at| {
                seq += 1 + i64::try_from(dice.below(3)).unwrap();
                let (spelling_changed, resolved) = (dice.below(9) == 0, resolved && dice.below(3) == 0);
                Place { present: Some((at, seq)), spelling_changed, resolved }
            })
            .collect();
        for _ in 0..dice.below(4) {
            let place = Place { resolved: resolved && dice.below(3) == 0, ..Place::default() };
            places.insert(dice.below(places.len() + 1), place);
        }
        for _ in 0..dice.below(4) {
            if !places.is_empty() {
                let place = places.remove(dice.below(places.len()));
                places.insert(dice.below(places.len() + 1), place);
            }
        }
        places
    }

    fn numbers(places: &[Place]) -> Vec<i64> {
        let (seqs, new) = seqs(places);
        assert_eq!(seqs.iter().filter(|seq| matches!(seq, Seq::New(_))).count(), new);
        seqs.into_iter().map(|seq| seq.counted_from(1000)).collect()
    }

    fn staying(places: &[Place]) -> usize {
        let numbers = numbers(places);
        places.iter().zip(numbers).filter(|(place, seq)| place.free() == Some(*seq)).count()
    }

    /// The largest number of entries that can keep their numbers, found by trying.
    fn best(places: &[Place]) -> usize {
        let fits = |kept: u32| {
            let kept: Vec<(usize, i64)> = (0..places.len())
                .filter(|at| kept & 1 << at != 0)
                .map(|at| (at, places[at].free().unwrap_or(i64::MIN)))
                .collect();
            kept.iter().all(|(_, seq)| *seq != i64::MIN)
                && kept.windows(2).all(|pair| pair[1].1 - pair[0].1 >= (pair[1].0 - pair[0].0) as i64)
        };
        (0..1_u32 << places.len()).filter(|kept| fits(*kept)).map(u32::count_ones).max().unwrap_or(0) as usize
    }

    #[test]
    fn as_many_entries_as_possible_keep_their_numbers() {
        let mut dice = Random::new(1);
        for _ in 0..5000 {
            let places = shuffled(&mut dice, false);
            assert!(numbers(&places).is_sorted_by(|one, next| one < next), "{places:?}");
            assert_eq!(staying(&places), best(&places), "{places:?} {:?}", numbers(&places));
        }
    }

    #[test]
    fn resolved_entries_move_to_the_end_or_stay() {
        let mut dice = Random::new(2);
        for _ in 0..20_000 {
            let places = shuffled(&mut dice, true);
            let numbers = numbers(&places);
            assert!(numbers.is_sorted_by(|one, next| one < next), "{places:?} {numbers:?}");
            // In the order of the list: an entry that is not behind the one before it gets a new number, and so do all
            // entries after it.
            let (mut last, mut moves) = (None, false);
            for (place, seq) in places.iter().zip(&numbers) {
                moves |= place.spelling_changed || place.present.is_none_or(|(at, _)| Some(at) <= last);
                last = place.present.map(|(at, _)| at);
                if place.resolved {
                    assert_eq!(*seq >= 1000, moves, "{places:?} {numbers:?}");
                    assert!(moves || place.free() == Some(*seq), "{places:?} {numbers:?}");
                }
            }
        }
    }

    #[test]
    fn a_few_changes_of_a_long_list_change_a_few_numbers() {
        let list = |order: &[usize]| -> Vec<Place> {
            let present = |at: usize| (at < 1000).then_some((at, at as i64 + 1));
            order.iter().map(|at| Place { present: present(*at), ..Place::default() }).collect()
        };
        let all: Vec<usize> = (0..1000).collect();
        let swapped = |one: usize, other: usize| {
            let mut order = all.clone();
            order.swap(one, other);
            order
        };
        let with = |at: usize, entry: usize| {
            let mut order = all.clone();
            order.insert(at, entry);
            order
        };
        for (order, staying_least) in [
            (all.clone(), 1000),
            (swapped(0, 1), 999),
            (swapped(500, 501), 998),
            (swapped(998, 999), 999),
            // A new one, at any place, makes room on the shorter side.
            (with(0, 1000), 1000),
            (with(1000, 1000), 1000),
            (with(100, 1000), 900),
            (with(900, 1000), 900),
            (all.iter().rev().copied().collect(), 1),
        ] {
            assert_eq!(staying(&list(&order)), staying_least, "{:?}…", &order[..3]);
        }
    }
}
