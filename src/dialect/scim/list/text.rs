//! The text of a list, written piece by piece.

use super::entry::Entry;
use crate::dialect::scim::failure::Result;
use crate::dialect::scim::group_resource::GroupText;
use crate::dialect::scim::location::Locations;
use crate::dialect::scim::projection::Projection;
use crate::dialect::scim::response::SCIM_JSON;
use crate::dialect::scim::schema::{ResourceType, USER};
use crate::dialect::scim::user_text::user_text;
use crate::directory::Directory;
use crate::http::Response;
use crate::model::{self, UserWithGroups};

/// Length of a chunk; the last resource or piece of one may exceed it.
const CHUNK_BYTES: usize = 64 * 1024;
/// Resources in one read.
const RESOURCES_PER_READ: usize = 50;

/// A list that is not written yet, or only in part.
pub(super) struct ListText {
    directory: Directory,
    locations: Locations,
    types: Vec<&'static ResourceType>,
    /// One for each type of resources.
    projections: Vec<Projection>,
    /// Types and row ids, the next one last.
    entries: Vec<Entry>,
    /// A user who need not be read again.
    user: Option<(Entry, UserWithGroups)>,
    /// A group of which a part is written.
    group: Option<(GroupText, usize)>,
    has_entries: bool,
    has_ended: bool,
}

impl ListText {
    pub(super) fn new(
        directory: &Directory,
        locations: Locations,
        types: Vec<&'static ResourceType>,
        projections: Vec<Projection>,
        mut entries: Vec<Entry>,
    ) -> ListText {
        entries.reverse();
        let directory = directory.clone();
        ListText {
            directory,
            locations,
            types,
            projections,
            entries,
            user: None,
            group: None,
            has_entries: false,
            has_ended: false,
        }
    }

    /// The text with a user who has been read.
    pub(super) fn with_user(self, user: Option<(Entry, UserWithGroups)>) -> ListText {
        ListText { user, ..self }
    }

    /// The response with the list after that beginning.
    pub(super) fn respond(mut self, start: String) -> Result<Response> {
        let mut start = Some(start.into_bytes());
        let mut response = Response::json_stream(move || {
            if self.has_ended {
                return Ok::<_, model::Error>(None);
            }
            let mut chunk = start.take().unwrap_or_default();
            self.has_ended = !self.write(&mut chunk)?;
            if self.has_ended {
                chunk.extend_from_slice(b"]}");
            }
            Ok(Some(chunk))
        })?;
        response.content_type = SCIM_JSON;
        Ok(response)
    }

    /// Appends resources until the chunk is full. False when all are written.
    fn write(&mut self, out: &mut Vec<u8>) -> model::Result<bool> {
        while out.len() < CHUNK_BYTES {
            if let Some((text, index)) = &mut self.group {
                if !text.write(out, &self.directory, &self.locations, &self.projections[*index])? {
                    self.group = None;
                }
                continue;
            }
            match self.entries.last() {
                None => return Ok(false),
                Some((index, _)) if *self.types[*index] == USER => self.write_users(out)?,
                Some(_) => self.begin_group(out)?,
            }
        }
        Ok(true)
    }

    /// Appends the next users. Users who are gone are left out.
    fn write_users(&mut self, out: &mut Vec<u8>) -> model::Result<()> {
        let Some((type_index, row)) = self.entries.last().copied() else { return Ok(()) };
        if let Some((_, user)) = self.user.take_if(|(entry, _)| *entry == (type_index, row)) {
            self.entries.pop();
            self.separate(out);
            out.append(&mut user_text(&user, &self.locations, &self.projections[type_index]));
            return Ok(());
        }
        let mut rows = Vec::new();
        while let Some((index, row)) = self.entries.last().copied()
            && index == type_index
            && rows.len() < RESOURCES_PER_READ
        {
            rows.push(row);
            self.entries.pop();
        }
        for user in self.directory.scim_users_by_id(&rows)? {
            self.separate(out);
            out.append(&mut user_text(&user, &self.locations, &self.projections[type_index]));
        }
        Ok(())
    }

    fn begin_group(&mut self, out: &mut Vec<u8>) -> model::Result<()> {
        let Some((index, row)) = self.entries.pop() else { return Ok(()) };
        if let Some(text) = GroupText::load(&self.directory, row)? {
            self.separate(out);
            self.group = Some((text, index));
        }
        Ok(())
    }

    fn separate(&mut self, out: &mut Vec<u8>) {
        if self.has_entries {
            out.push(b',');
        }
        self.has_entries = true;
    }
}
