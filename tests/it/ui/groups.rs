//! Groups on the admin page.

use super::{error, with_ada};
use crate::support::ui::{SIGN, administrator};
use serde_json::{Value, json};

#[test]
fn groups_are_created_shown_updated_and_deleted() {
    let server = with_ada();
    let mut admin = administrator(&server);
    let new = json!({"name": "engines/two", "label": "Engines", "groups": ["members"], "properties": {"room": 5}});
    let answer = admin.call("POST", "groups", &new);
    assert_eq!(answer.status, 201, "{}", answer.text());
    let path = "groups/engines%2Ftwo";
    assert_eq!(admin.call("PUT", &format!("{path}/users/ada"), &Value::Null).status, 204);
    assert_eq!(admin.call("PUT", &format!("{path}/groups/powerusers"), &Value::Null).status, 204);
    let answer = admin.get(path);
    let tag = answer.header("ETag").expect("a tag").to_owned();
    let mut shown = answer.json();
    for name in ["uuid", "created", "updated"] {
        assert!(
            shown.as_object_mut().expect("an object").remove(name).is_some_and(|value| value.is_string()),
            "{name}"
        );
    }
    let wanted = json!({"name": "engines/two", "label": "Engines", "groups": ["members"], "properties": {"room": 5},
        "users": 1, "subgroups": 1, "subgroup_names": ["powerusers"]});
    assert_eq!(shown, wanted);
    assert_eq!(admin.get("users?group=engines%2Ftwo").json()["users"][0]["name"], "ada");
    assert_eq!(admin.get("users/ada").json()["inherited_groups"], json!(["members"]));
    // A group is in itself neither directly nor by another one.
    for (parent, child) in [("engines%2Ftwo", "members"), ("members", "members")] {
        let answer = admin.call("PUT", &format!("groups/{parent}/groups/{child}"), &Value::Null);
        assert_eq!(answer.status, 400, "{}", answer.text());
    }
    let answer = admin.send("PATCH", path, &[SIGN, ("If-Match", &tag)], &json!({"label": "", "description": "d"}));
    assert_eq!(answer.status, 200, "{}", answer.text());
    assert_eq!((&answer.json()["label"], &answer.json()["description"]), (&Value::Null, &json!("d")));
    assert_eq!(answer.json()["groups"], json!(["members"]));
    assert_eq!(admin.send("PATCH", path, &[SIGN, ("If-Match", &tag)], &json!({"label": "x"})).status, 412);
    assert_eq!(admin.send("DELETE", path, &[SIGN, ("If-Match", &tag)], &Value::Null).status, 412);
    assert_eq!(admin.call("DELETE", &format!("{path}/users/ada"), &Value::Null).status, 204);
    assert_eq!(admin.call("DELETE", &format!("{path}/groups/powerusers"), &Value::Null).status, 204);
    let group = admin.get(path).json();
    assert_eq!((&group["users"], &group["subgroups"]), (&json!(0), &json!(0)));
    assert_eq!(admin.call("DELETE", path, &Value::Null).status, 204);
    assert_eq!(admin.get(path).parts(), (404, error("group does not exist: engines/two")));
}
