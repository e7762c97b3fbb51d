//! Values of records that no field here can take: each costs the value, and not the user or group.

use crate::formats::{GroupRecord, Record, Remark, UserRecord};
use crate::json::{self, JsonText};
use crate::model::{
    ATTRIBUTES_BYTES_MAX, EntityKind, Error, Group, GroupChanges, User, UserChanges, is_answered_property,
};
use std::collections::BTreeMap;

/// A text of a record, and the change that has it alone.
type Text<R, C> = (fn(&mut R) -> &mut Option<String>, fn(Option<String>) -> C);

const TEXTS_OF_USER: [Text<UserRecord, UserChanges>; 7] = [
    (|user| &mut user.first_name, |text| UserChanges { first_name: Some(text), ..UserChanges::default() }),
    (|user| &mut user.last_name, |text| UserChanges { last_name: Some(text), ..UserChanges::default() }),
    (|user| &mut user.display_name, |text| UserChanges { display_name: Some(text), ..UserChanges::default() }),
    (|user| &mut user.email, |text| UserChanges { email: Some(text), ..UserChanges::default() }),
    (|user| &mut user.company, |text| UserChanges { company: Some(text), ..UserChanges::default() }),
    (|user| &mut user.title, |text| UserChanges { title: Some(text), ..UserChanges::default() }),
    (|user| &mut user.external_id, |text| UserChanges { external_id: Some(text), ..UserChanges::default() }),
];

const TEXTS_OF_GROUP: [Text<GroupRecord, GroupChanges>; 2] = [
    (|group| &mut group.label, |text| GroupChanges { label: Some(text), ..GroupChanges::default() }),
    (|group| &mut group.description, |text| GroupChanges { description: Some(text), ..GroupChanges::default() }),
];

/// Takes the values off a record that cannot be stored: texts that are too long or have control characters, properties
/// with names of fields, and properties that take too much room.
pub fn settle_fields(record: &mut Record) -> Vec<Remark> {
    let mut remarks = Vec::new();
    match record {
        Record::User(user) => {
            let about = format!("the user {}", user.name);
            for (text, change) in TEXTS_OF_USER {
                settle_text(text(user), &about, &mut remarks, |text| change(text).apply_to(&mut User::default()));
            }
            settle_properties(&mut user.properties, EntityKind::User, &about, &mut remarks);
        }
        Record::Group(group) => {
            let about = format!("the group {}", group.name);
            for (text, change) in TEXTS_OF_GROUP {
                settle_text(text(group), &about, &mut remarks, |text| change(text).apply_to(&mut Group::default()));
            }
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
    apply: impl FnOnce(Option<String>) -> Result<(), Error>,
) {
    // Hardly ever is there anything to look at twice.
    let Some(value) = text.as_ref().filter(|text| is_unusual(text)) else { return };
    if let Err(error) = apply(Some(value.clone())) {
        remarks.push(Remark::lost(format!("{error}, and is left out")).about(about));
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
    // Two brackets are around all of them.
    let mut left = ATTRIBUTES_BYTES_MAX - 2;
    properties.retain(|name, value| {
        if is_answered_property(kind, name) {
            let text = format!("no property of a {} can be called {name}, and is left out", kind.noun());
            remarks.push(Remark::lost(text).about(about));
            return false;
        }
        if !json::is_storable(value.as_str()) {
            let text = "a property is nested too deep, and is left out";
            remarks.push(Remark::lost(text).about(about));
            return false;
        }
        // The name can take six bytes for each of its own, as JSON.
        let bytes = json::to_string(name).len() + value.as_str().len() + 2;
        let fits = bytes <= left;
        if fits {
            left -= bytes;
        } else {
            let text = format!("properties beyond {ATTRIBUTES_BYTES_MAX} bytes are left out");
            remarks.push(Remark::lost(text).about(about));
        }
        fits
    });
}
