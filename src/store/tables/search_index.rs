//! The index for searches by words: rows of `search_segments`, `search_grams` and `search_changed`.
//!
//! A segment has the users of one batch by the grams of their texts, and does not change once it is complete. A user who
//! is changed gets into another segment later; the older segments keep the user, so that a search checks the row of each
//! user that the index finds. Users with a row in `search_changed`, and those with a larger row id than the counter
//! `search_indexed_to`, are not found by the index: a search reads their rows.

use super::filter_sql::SEARCHED_USER_TEXTS;
use crate::model::{Error, Result, SearchWords, User};
use crate::store::posting_list::{IdSet, base_of, encode};
use crate::store::search_grams::{GramTable, grams_of_words};
use crate::store::sql::{ReadTx, WriteTx, failure};
use rusqlite::{Row, params};

/// Version of the rules by which texts are folded and split into grams. An index of another version is built again.
const RULES_VERSION: i64 = 1;
/// Users after the indexed ones with which a search still uses the index.
const UNINDEXED_MAX: i64 = 16_384;
/// Rows that one call deletes.
const DELETED_MAX: i64 = 4096;
/// Grams that one call reads from each segment that it merges.
const MERGED_GRAMS_MAX: i64 = if cfg!(test) { 20 } else { 256 };
/// Bytes of lists after which a merge ends its part.
const MERGED_BYTES_MAX: usize = 512 << 10;

const SET_COUNTER: &str =
    "insert into counters (name, value) values (?1, ?2) on conflict do update set value = excluded.value";

/// A complete segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SearchSegment {
    id: i64,
    /// The number of merges that have led to it.
    pub level: i64,
    base: i64,
    last: i64,
}

/// The state of the index.
#[derive(Debug)]
pub struct SearchIndexState {
    /// The index is of these rules, and no segment is incomplete.
    pub is_clean: bool,
    /// Users after the indexed ones, about.
    pub unindexed: u64,
    /// Users whose texts were changed after they were indexed.
    pub changed: u64,
    /// The complete segments in the order of their levels.
    pub segments: Vec<SearchSegment>,
}

/// A gram with its list of users.
pub type GramList = (String, Vec<u8>);
/// A gram of a segment with its list of users.
pub type StoredList = (String, SearchSegment, Vec<u8>);

/// The texts of some users in one snapshot.
pub struct SearchBatch {
    base: i64,
    last: i64,
    /// The row ids and the texts of the users.
    texts: Vec<(i64, String)>,
    users: BatchUsers,
    /// The newest change in the snapshot.
    newest_change: i64,
}

enum BatchUsers {
    /// The users after the indexed ones, up to this one.
    UpTo(i64),
    /// Users who were indexed before.
    Changed,
}

impl SearchBatch {
    /// The grams of the users in their order. It takes longer than the read, which holds a snapshot of the database.
    pub fn grams(&self) -> Vec<GramList> {
        let mut table = GramTable::default();
        self.texts.iter().for_each(|(id, texts)| table.add(*id, texts));
        let list = |(gram, users): (String, Vec<i64>)| (gram, encode(self.base, &users));
        table.into_sorted().into_iter().map(list).collect()
    }
}

/// Merges lists of the segments: a part of the segment that they are merged to. It can end before the last gram.
///
/// # Errors
/// `Internal` when a list is damaged.
pub fn merge_search_grams(segments: &[SearchSegment], found: &[StoredList]) -> Result<Vec<GramList>> {
    let (base, last) = merged_range(segments);
    let (mut merged, mut bytes) = (Vec::new(), 0);
    for lists in found.chunk_by(|(one, ..), (other, ..)| one == other) {
        let mut users = IdSet::new(base, last);
        for (gram, segment, list) in lists {
            let set = IdSet::new(segment.base, segment.last).of_list(list).ok_or_else(|| damaged(gram))?;
            users.add_all(&set);
        }
        let list = encode(base, &users.iter().collect::<Vec<_>>());
        bytes += list.len();
        merged.push((lists[0].0.clone(), list));
        if bytes > MERGED_BYTES_MAX {
            break;
        }
    }
    Ok(merged)
}

impl ReadTx<'_> {
    /// The state of the index. Counts at most `limit` changed users.
    pub fn search_index_state(&self, limit: u64) -> Result<SearchIndexState> {
        let sql = "select id, level, base, last from search_segments where complete order by level, id";
        let is_incomplete = self.any("select 1 from search_segments where not complete", [])?;
        let (indexed_to, newest) = (self.search_indexed_to()?, self.newest_user_id()?);
        Ok(SearchIndexState {
            is_clean: indexed_to.is_some() && !is_incomplete,
            unindexed: newest.saturating_sub(indexed_to.unwrap_or(0)).try_into().unwrap_or(0),
            changed: self.number(
                "select count(*) from (select 1 from search_changed where user_id <= ?1 limit ?2)",
                params![indexed_to.unwrap_or(0), super::columns::count(limit)],
            )?,
            segments: self.all(sql, [], segment)?,
        })
    }

    /// Number of users whose rows each search reads, because the index does not have their present texts, about.
    pub(in crate::store) fn count_unindexed_users(&self) -> Result<u64> {
        let state = self.search_index_state(u64::MAX)?;
        Ok(state.unindexed + state.changed)
    }

    /// The largest indexed row id; `None` if there is no index of these rules.
    fn search_indexed_to(&self) -> Result<Option<i64>> {
        let sql = "select value from counters where name = 'search_indexed_to'
             and exists (select 1 from counters where name = 'search_rules' and value = ?1)";
        self.first(sql, [RULES_VERSION], |row| row.get(0))
    }

    fn newest_user_id(&self) -> Result<i64> {
        Ok(self.first("select max(id) from users", [], |row| row.get::<_, Option<i64>>(0))?.flatten().unwrap_or(0))
    }

    /// The texts of users after the indexed ones, at most as many users as that.
    pub fn read_unindexed_users(&self, limit: u64) -> Result<SearchBatch> {
        let from = self.search_indexed_to()?.unwrap_or(0);
        let sql = format!("select id, {SEARCHED_USER_TEXTS} from users where id > ?1 order by id limit ?2");
        let mut batch = self.batch_of(&sql, params![from, super::columns::count(limit)])?;
        batch.users = BatchUsers::UpTo(batch.last.max(from));
        Ok(batch)
    }

    /// The texts of users whose texts were changed after they were indexed, at most as many users as that.
    pub fn read_changed_users(&self, limit: u64) -> Result<SearchBatch> {
        let sql = format!(
            "select users.id, {SEARCHED_USER_TEXTS} from search_changed cross join users on users.id = user_id
             where user_id <= ?1 order by user_id limit ?2"
        );
        let indexed_to = self.search_indexed_to()?.unwrap_or(0);
        self.batch_of(&sql, params![indexed_to, super::columns::count(limit)])
    }

    fn batch_of(&self, sql: &str, parameters: impl rusqlite::Params) -> Result<SearchBatch> {
        let mut texts: Vec<(i64, String)> = Vec::new();
        self.each(sql, parameters, |row| {
            let mut joined = String::new();
            for column in 1..row.as_ref().column_count() {
                joined.push_str(row.get_ref(column)?.as_str_or_null()?.unwrap_or_default());
                joined.push('\n');
            }
            texts.push((row.get(0)?, joined));
            Ok(())
        })?;
        Ok(SearchBatch {
            base: base_of(texts.first().map_or(0, |(id, _)| *id)),
            last: texts.last().map_or(0, |(id, _)| *id),
            users: BatchUsers::Changed,
            texts,
            newest_change: self.newest_change_id()?,
        })
    }

    /// The lists of segments after that gram, in the order of grams: for the next part of the segment that they are merged
    /// to.
    pub fn read_search_grams(&self, segments: &[SearchSegment], after: &str) -> Result<Vec<StoredList>> {
        let sql = "select gram, users from search_grams where segment = ?1 and gram > ?2 order by gram limit ?3";
        let mut found: Vec<StoredList> = Vec::new();
        // The smallest gram at which the part of a segment ends.
        let mut end: Option<String> = None;
        for segment in segments {
            let row = |row: &Row<'_>| Ok((row.get(0)?, *segment, row.get(1)?));
            let part: Vec<StoredList> = self.all(sql, params![segment.id, after, MERGED_GRAMS_MAX], row)?;
            if let Some((last, ..)) = part.last().filter(|_| part.len() as i64 == MERGED_GRAMS_MAX) {
                end = Some(end.map_or_else(|| last.clone(), |end| end.min(last.clone())));
            }
            found.extend(part);
        }
        found.retain(|(gram, ..)| end.as_ref().is_none_or(|end| gram <= end));
        found.sort_unstable_by(|(one, ..), (other, ..)| one.cmp(other));
        Ok(found)
    }

    /// The users whose texts may contain the words: those who have all grams of the words, and those without an index
    /// whose texts contain the words. `None` if the index cannot answer that.
    pub(super) fn search_candidates(&self, words: &SearchWords) -> Result<Option<IdSet>> {
        let newest = self.newest_user_id()?;
        let Some(indexed_to) = self.search_indexed_to()?.filter(|to| newest - to <= UNINDEXED_MAX) else {
            return Ok(None);
        };
        let mut found = IdSet::new(0, newest);
        let grams = grams_of_words(words);
        let sql = "select id, level, base, last from search_segments where complete";
        for segment in self.all(sql, [], segment)? {
            let Some(users) = self.users_with_grams(&segment, &grams)? else { return Ok(None) };
            found.add_all(&users);
        }
        let words = words.joined();
        // With `cross join` SQLite reads the changed users first, and not all users.
        let others = [
            format!("select id from users where id > ?1 and contains_words(?2, {SEARCHED_USER_TEXTS})"),
            format!(
                "select user_id from search_changed cross join users on users.id = user_id
                 where user_id <= ?1 and contains_words(?2, {SEARCHED_USER_TEXTS})"
            ),
        ];
        for sql in others {
            self.each(&sql, params![indexed_to, words], |row| {
                found.insert(row.get(0)?);
                Ok(())
            })?;
        }
        Ok(Some(found))
    }

    /// The users of a segment who have all the grams. `None` if a list is damaged.
    fn users_with_grams(&self, segment: &SearchSegment, grams: &[String]) -> Result<Option<IdSet>> {
        let sql = "select users from search_grams where segment = ?1 and gram = ?2";
        let empty = IdSet::new(segment.base, segment.last);
        let mut statement = self.connection.prepare_cached(sql).map_err(failure)?;
        let mut users: Option<IdSet> = None;
        for gram in grams {
            let mut rows = statement.query(params![segment.id, gram]).map_err(failure)?;
            let Some(row) = rows.next().map_err(failure)? else { return Ok(Some(empty)) };
            let list = row.get_ref(0).and_then(|list| Ok(list.as_blob()?)).map_err(failure)?;
            let Some(set) = empty.of_list(list) else { return Ok(None) };
            match &mut users {
                None => users = Some(set),
                Some(users) => users.intersect(&set),
            }
            if users.as_ref().is_some_and(IdSet::is_empty) {
                break;
            }
        }
        Ok(Some(users.unwrap_or(empty)))
    }
}

impl WriteTx<'_> {
    /// Notes that the searched texts of a user are changed. The audit log has the change.
    pub(super) fn note_changed_texts(&self, user_id: i64) -> Result<()> {
        let sql = "insert into search_changed (user_id, change) values (?1, ?2)
             on conflict do update set change = excluded.change";
        self.execute(sql, params![user_id, self.newest_change_id()?]).map(drop)
    }

    /// Removes a part of the segments that were never completed, or of an index of other rules, and begins an index.
    pub fn clean_search_index(&self) -> Result<()> {
        if self.search_indexed_to()?.is_none() {
            self.execute("update search_segments set complete = 0 where complete", [])?;
            self.execute(SET_COUNTER, params!["search_rules", RULES_VERSION])?;
            self.execute(SET_COUNTER, params!["search_indexed_to", 0])?;
        }
        let sql = "select id from search_segments where not complete order by id limit 1";
        let Some(id) = self.first(sql, [], |row| row.get::<_, i64>(0))? else { return Ok(()) };
        let sql = "delete from search_grams where segment = ?1
             and gram in (select gram from search_grams where segment = ?1 limit ?2)";
        if self.execute(sql, params![id, DELETED_MAX])? == 0 {
            self.execute("delete from search_segments where id = ?1", [id])?;
        }
        Ok(())
    }

    /// Begins a segment for the users of a batch. Returns its id.
    pub fn begin_search_segment(&self, batch: &SearchBatch) -> Result<i64> {
        self.insert_segment(0, batch.base, batch.last)
    }

    /// Begins the segment that segments of one level are merged to. Returns its id.
    pub fn begin_merged_segment(&self, segments: &[SearchSegment]) -> Result<i64> {
        let (base, last) = merged_range(segments);
        self.insert_segment(segments.first().map_or(0, |segment| segment.level) + 1, base, last)
    }

    fn insert_segment(&self, level: i64, base: i64, last: i64) -> Result<i64> {
        let sql = "insert into search_segments (level, base, last, complete) values (?1, ?2, ?3, 0)";
        self.execute(sql, params![level, base, last])?;
        Ok(self.connection.last_insert_rowid())
    }

    /// Adds grams to a segment that is not complete.
    pub fn insert_search_grams(&self, segment: i64, grams: &[GramList]) -> Result<()> {
        let sql = "insert into search_grams (segment, gram, users) values (?1, ?2, ?3)";
        grams.iter().try_for_each(|(gram, list)| self.execute(sql, params![segment, gram, list]).map(drop))
    }

    /// Completes the segment of a batch. Users whose texts were changed after the snapshot of the batch stay changed.
    pub fn complete_search_segment(&self, segment: i64, batch: &SearchBatch) -> Result<()> {
        self.complete(segment)?;
        match &batch.users {
            BatchUsers::UpTo(last) => {
                let from = self.search_indexed_to()?.unwrap_or(0);
                self.execute(SET_COUNTER, params!["search_indexed_to", last])?;
                let sql = "delete from search_changed where user_id > ?1 and user_id <= ?2 and change <= ?3";
                self.execute(sql, params![from, last, batch.newest_change])?;
            }
            BatchUsers::Changed => {
                let sql = "delete from search_changed where user_id = ?1 and change <= ?2";
                for (id, _) in &batch.texts {
                    self.execute(sql, params![id, batch.newest_change])?;
                }
            }
        }
        Ok(())
    }

    /// Completes a merged segment, which replaces these. Their grams are removed later.
    pub fn replace_search_segments(&self, merged: i64, segments: &[SearchSegment]) -> Result<()> {
        self.complete(merged)?;
        let sql = "update search_segments set complete = 0 where id = ?1";
        segments.iter().try_for_each(|segment| self.execute(sql, [segment.id]).map(drop))
    }

    fn complete(&self, segment: i64) -> Result<()> {
        self.execute("update search_segments set complete = 1 where id = ?1", [segment]).map(drop)
    }
}

fn segment(row: &Row<'_>) -> rusqlite::Result<SearchSegment> {
    Ok(SearchSegment { id: row.get(0)?, level: row.get(1)?, base: row.get(2)?, last: row.get(3)? })
}

/// The base and the last row id of the segment that these are merged to.
fn merged_range(segments: &[SearchSegment]) -> (i64, i64) {
    let base = segments.iter().map(|segment| segment.base).min();
    let last = segments.iter().map(|segment| segment.last).max();
    (base.unwrap_or(0), last.unwrap_or(0))
}

fn damaged(gram: &str) -> Error {
    Error::Internal(anyhow::anyhow!("the search index is damaged: the list of {gram:?} cannot be read"))
}

/// True if the texts that a search compares differ.
pub(super) fn have_other_texts(one: &User, other: &User) -> bool {
    fn texts(user: &User) -> [&Option<String>; 7] {
        let User { first_name, last_name, display_name, email, title, company, external_id, .. } = user;
        [first_name, last_name, display_name, email, title, company, external_id]
    }
    one.username != other.username || texts(one) != texts(other)
}
