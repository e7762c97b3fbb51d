//! Removes values of imported records that the directory cannot store. The user or group is kept.

use crate::formats::{Record, Remark};
use crate::json::{self, JsonText};
use crate::model::{
    ATTRIBUTES_BYTES_MAX, EntityKind, Error, Group, GroupChanges, TextField, User, UserChanges, is_answered_property,
};
use std::collections::BTreeMap;

/// Removes the values of a record that cannot be stored: texts that are too long or have control characters, properties
/// with names of fields, and properties beyond the maximum size. Returns a remark for each.
pub fn settle_fields(record: &mut Record) -> Vec<Remark> {
    let mut remarks = Vec::new();
    match record {
        Record::User(user) => {
            let about = format!("the user {}", user.name);
            for field in TextField::ALL {
                settle_text(&mut user.texts[field], &about, &mut remarks, |text| field.check(text));
            }
            settle_text(&mut user.external_id, &about, &mut remarks, |id| {
                UserChanges { external_id: Some(Some(id.to_owned())), ..UserChanges::default() }
                    .apply_to(&mut User::default())
            });
            settle_properties(&mut user.properties, EntityKind::User, &about, &mut remarks);
        }
        Record::Group(group) => {
            let about = format!("the group {}", group.name);
            settle_text(&mut group.label, &about, &mut remarks, |label| {
                GroupChanges { label: Some(Some(label.to_owned())), ..GroupChanges::default() }
                    .apply_to(&mut Group::default())
            });
            settle_text(&mut group.description, &about, &mut remarks, |description| {
                GroupChanges { description: Some(Some(description.to_owned())), ..GroupChanges::default() }
                    .apply_to(&mut Group::default())
            });
            settle_text(&mut group.external_id, &about, &mut remarks, |id| {
                GroupChanges { external_id: Some(Some(id.to_owned())), ..GroupChanges::default() }
                    .apply_to(&mut Group::default())
            });
            settle_properties(&mut group.properties, EntityKind::Group, &about, &mut remarks);
        }
        Record::Member(_) | Record::Subgroup(_) => {}
    }
    remarks
}

fn settle_text(
    text: &mut Option<String>,
    about: &str,
    remarks: &mut Vec<Remark>,
    check: impl FnOnce(&str) -> Result<(), Error>,
) {
    // Most texts are short and printable ASCII, which every field accepts.
    let Some(value) = text.as_ref().filter(|text| is_unusual(text)) else { return };
    if let Err(error) = check(value) {
        remarks.push(Remark::dropped(format!("{error}, and is left out")).about(about));
        *text = None;
    }
}

fn is_unusual(text: &str) -> bool {
    text.len() > 1000 || !text.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn settle_properties(
    properties: &mut BTreeMap<String, JsonText>,
    kind: EntityKind,
    about: &str,
    remarks: &mut Vec<Remark>,
) {
    // Two bytes are for the braces around the properties.
    let mut left = ATTRIBUTES_BYTES_MAX - 2;
    properties.retain(|name, value| {
        if is_answered_property(kind, name) {
            let text = format!("no property of a {} can have the name {name}, and is left out", kind.noun());
            remarks.push(Remark::dropped(text).about(about));
            return false;
        }
        if !json::is_storable(value.as_str()) {
            let text = "a property is nested too deep, and is left out";
            remarks.push(Remark::dropped(text).about(about));
            return false;
        }
        // As JSON, a character of the name can take six bytes.
        let bytes = json::to_string(name).len() + value.as_str().len() + 2;
        let fits = bytes <= left;
        if fits {
            left -= bytes;
        } else {
            let text = format!("properties beyond {ATTRIBUTES_BYTES_MAX} bytes are left out");
            remarks.push(Remark::dropped(text).about(about));
        }
        fits
    });
}
