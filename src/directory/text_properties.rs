//! Extra properties that became text fields, such as `phone`.

use crate::json;
use crate::model::{Result, TextField, User, UserChanges};

/// Applies changes to a user. The extra property of a text field goes into the field. A value that the field cannot hold
/// stays an extra property, and the field is empty: a user has one or the other.
///
/// # Errors
/// Those of [`UserChanges::apply_to`].
pub(super) fn apply(changes: &UserChanges, user: &mut User) -> Result<()> {
    changes.apply_to(user)?;
    for field in TextField::ALL {
        let Some(name) = field.property() else { continue };
        match (field.change(changes), changes.attributes.get(name)) {
            (None, None) => {}
            // The field wins over the property.
            (Some(_), _) => drop(user.attributes.remove(name)),
            (None, Some(value)) => {
                let text = value.as_deref().and_then(|json| json::decode::<String>(json.as_bytes()).ok());
                *field.of_mut(user) = text.filter(|text| field.check(text).is_ok());
                if field.of(user).is_some() {
                    user.attributes.remove(name);
                }
            }
        }
    }
    Ok(())
}
