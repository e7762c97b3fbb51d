//! `rollbook group`.

use crate::support::session::both_ways;

#[test]
fn groups_are_created_shown_updated_and_filled() {
    both_ways(&[
        (
            "group add team --label The~team --description What~for --parent members --property n=[1]",
            "",
            0,
            "",
            "created group team\n",
        ),
        ("group add TEAM", "", 1, "", "rollbook: group already exists: TEAM (rollbook group set changes it)\n"),
        ("user add ada", "", 0, "", "created user ada\n"),
        ("user add bob", "", 0, "", "created user bob\n"),
        (
            "group add-member team ada nobody BOB",
            "",
            1,
            "",
            "added ada\nadded BOB\nrollbook: nobody: user does not exist: nobody (rollbook user list shows all)\n",
        ),
        ("group add-member team ada", "", 0, "", "added ada\n"),
        (
            "group add-member nope ada",
            "",
            1,
            "",
            "rollbook: ada: group does not exist: nope (rollbook group list shows all)\n",
        ),
        ("group add-member team powerusers --groups", "", 0, "", "added powerusers\n"),
        (
            "group add-member powerusers members --groups",
            "",
            1,
            "",
            "rollbook: members: a group cannot contain itself: members in powerusers closes a cycle (rollbook group show lists the groups in a group and above it)\n",
        ),
        (
            "group add-member team nope --groups",
            "",
            1,
            "",
            "rollbook: nope: group does not exist: nope (rollbook group list shows all)\n",
        ),
        (
            "group show Team",
            "",
            0,
            "name:            team\n\
             label:           The team\n\
             description:     What for\n\
             groups:          members\n\
             properties:      {\"n\":[1]}\n\
             users:           2\n\
             subgroups:       1\n\
             subgroup names:  powerusers\n\
             uuid:            UUID\n\
             created:         TIME\n\
             updated:         TIME\n",
            "",
        ),
        (
            "user list --group team --format csv --match b",
            "",
            0,
            "name,first_name,last_name,display_name,email,company,title,role,disabled,verified,external_id,created,updated,phone\nbob,,,,,,,standard,false,false,,TIME,TIME,\n",
            "",
        ),
        (
            "group list --match TEAM --format csv",
            "",
            0,
            "name,label,users,subgroups,description,external_id\nteam,The team,2,1,What for,\n",
            "",
        ),
        (
            "group list",
            "",
            0,
            "NAME            LABEL                 USERS  GROUPS  DESCRIPTION\n\
             administrators  Administrators group  1      0       Group of users with adminstrative rights\n\
             members         Members group         0      1       Group of users with read access rights\n\
             powerusers      Power users group     0      0       Group of users with limited administrative rights\n\
             team            The team              2      1       What for\n",
            "",
        ),
        ("group remove-member team ada bob", "", 0, "", "removed ada\nremoved bob\n"),
        ("group remove-member team powerusers --groups", "", 0, "", "removed powerusers\n"),
        ("group remove-member team powerusers --groups", "", 0, "", "removed powerusers\n"),
        ("group set team --label '' --parent '' --description ''", "", 0, "", "updated group team\n"),
        (
            "group show team --format json",
            "",
            0,
            "{\"name\":\"team\",\"groups\":[],\"properties\":{\"n\":[1]},\"users\":0,\"subgroups\":0,\"subgroup_names\":[],\"uuid\":\"UUID\",\"created\":\"TIME\",\"updated\":\"TIME\"}\n",
            "",
        ),
        (
            "group set nope --label x",
            "",
            1,
            "",
            "rollbook: group does not exist: nope (rollbook group list shows all)\n",
        ),
        ("group show nope", "", 1, "", "rollbook: group does not exist: nope (rollbook group list shows all)\n"),
        (
            "group delete team nope",
            "",
            1,
            "",
            "deleted group team\nrollbook: nope: group does not exist: nope (rollbook group list shows all)\n",
        ),
        (
            "group delete administrators",
            "",
            1,
            "",
            "rollbook: administrators: the last enabled administrator has to stay one (make another administrator first: rollbook user set NAME --role admin)\n",
        ),
        (
            "group remove-member administrators Administrator",
            "",
            1,
            "",
            "rollbook: Administrator: the last enabled administrator has to stay one (make another administrator first: rollbook user set NAME --role admin)\n",
        ),
    ]);
}
