//! The external id of a group in the commands, and in databases of older versions.

use super::backup_restore::assert_done;
use crate::support::cli::{run, said};
use crate::support::database::execute_without_foreign_keys;
use crate::support::folder::Folder;
use crate::support::session::both_ways;
use std::path::Path;

#[test]
fn commands_set_show_and_clear_the_external_id_of_a_group() {
    let longest = "\u{e4}".repeat(1024);
    let (fits, too_long) = (format!("group set team --external-id {longest}"), format!("{longest}x"));
    let refused = ["add other", "set team"]
        .map(|verb| (format!("group {verb} --external-id {too_long}"), format!("group {verb} --external-id a\u{1}b")));
    let long = "rollbook: external id is longer than 1024 characters\n";
    let control = "rollbook: external id contains the control character U+0001\n";
    both_ways(&[
        ("group add team --external-id Team~7", "", 0, "", "created group team\n"),
        ("group add crew --external-id Team~7", "", 0, "", "created group crew\n"),
        (
            "group show team",
            "",
            0,
            "name:            team\n\
             external id:     Team 7\n\
             groups:          -\n\
             users:           0\n\
             subgroups:       0\n\
             subgroup names:  -\n\
             uuid:            UUID\n\
             created:         TIME\n\
             updated:         TIME\n",
            "",
        ),
        ("group set team --label x", "", 0, "", "updated group team\n"),
        (
            "group list --match e --format csv",
            "",
            0,
            "name,label,users,subgroups,description,external_id\n\
             administrators,Administrators group,1,0,Group of users with adminstrative rights,\n\
             crew,,0,0,,Team 7\n\
             members,Members group,0,0,Group of users with read access rights,\n\
             powerusers,Power users group,0,0,Group of users with limited administrative rights,\n\
             team,x,0,0,,Team 7\n",
            "",
        ),
        (
            "group show team --format csv",
            "",
            0,
            "name,label,users,subgroups,description,external_id\nteam,x,0,0,,Team 7\n",
            "",
        ),
        (&refused[0].0, "", 1, "", long),
        (&refused[0].1, "", 1, "", control),
        (&refused[1].0, "", 1, "", long),
        (&refused[1].1, "", 1, "", control),
        (
            "group show crew --format json",
            "",
            0,
            "{\"name\":\"crew\",\"external_id\":\"Team 7\",\"groups\":[],\"users\":0,\"subgroups\":0,\"subgroup_names\":[],\"uuid\":\"UUID\",\"created\":\"TIME\",\"updated\":\"TIME\"}\n",
            "",
        ),
        ("group set crew --external-id ''", "", 0, "", "updated group crew\n"),
        (
            "group show crew --format json",
            "",
            0,
            "{\"name\":\"crew\",\"groups\":[],\"users\":0,\"subgroups\":0,\"subgroup_names\":[],\"uuid\":\"UUID\",\"created\":\"TIME\",\"updated\":\"TIME\"}\n",
            "",
        ),
        (&fits, "", 0, "", "updated group team\n"),
    ]);
}

#[test]
fn groups_of_an_older_database_have_no_external_id_and_can_get_one() {
    let versions = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/versions");
    for (version, found) in [(7, ""), (8, "loom-1")] {
        let sql = std::fs::read_to_string(versions.join(format!("{version}.sql"))).expect("the version");
        let folder = Folder::new();
        execute_without_foreign_keys(&folder.db(), &sql);
        let shown = || said(&run(&folder, &["group", "show", "looms", "--format", "csv"])).1;
        assert!(shown().ends_with(&format!(",{found}\n")), "version {version}: {}", shown());
        let set = run(&folder, &["group", "set", "looms", "--external-id", "another"]);
        assert!(set.status.success(), "{set:?}");
        assert!(shown().ends_with(",another\n"), "version {version}: {}", shown());
        assert_done(&run(&folder, &["check"]), "ok: 4 users, 5 groups, 4 memberships, 3 keys and tokens");
    }
}
