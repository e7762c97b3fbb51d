"""PATCH in every shape, PUT, conditions, bulk requests, and deletions."""

from request import ENTERPRISE, GROUP, MESSAGES, USER, ask, get, operation, patch, post_user

ADA, BOB, CAROL = "/Users/<ada>", "/Users/<bob>", "/Users/<carol>"
ENGINES, EMPTY, OUTER = "/Groups/<engines>", "/Groups/<empty>", "/Groups/<outer>"

# -------------------------------------------------------------------------------- PATCH of one user

for name, path, *operations in [
    ("add a text", BOB, operation("add", "title", "Builder")),
    ("add the same text again", BOB, operation("add", "title", "Builder")),
    ("replace a text", BOB, operation("replace", "title", "Master builder")),
    ("replace a text that is absent", BOB, operation("replace", "nickName", "B.")),
    ("remove a text", BOB, operation("remove", "nickName")),
    ("remove a text that is absent", BOB, operation("remove", "nickName")),
    ("add without a path", BOB, operation("add", value={"displayName": "Bob", "locale": "de-DE"})),
    ("replace without a path", BOB, operation("replace", value={"displayName": "Bobby", "name": {"givenName": "Bob"}})),
    ("merge into a complex attribute", BOB, operation("add", "name", {"familyName": "Baker"})),
    ("replace merges into a complex attribute", BOB, operation("replace", "name", {"familyName": "Brewer"})),
    ("replace a part", BOB, operation("replace", "name.givenName", "Robert")),
    ("remove a part", BOB, operation("remove", "name.familyName")),
    ("remove the last part", BOB, operation("remove", "name.givenName")),
    ("activate", BOB, operation("replace", "active", True)),
    ("deactivate without a path", BOB, operation("replace", value={"active": False})),
    ("path with the URN of the core", BOB, operation("replace", f"{USER}:title", "Mason")),
    ("path in other letters", BOB, operation("replace", "TITLE", "Carpenter")),
    ("add e-mails as a list", BOB, operation("add", "emails", [{"value": "bob@work.example", "type": "work"}])),
    ("add one e-mail as an object", BOB, operation("add", "emails", {"value": "bob@home.example", "type": "home"})),
    ("add an e-mail that is there", BOB, operation("add", "emails", [{"value": "bob@home.example", "type": "home"}])),
    (
        "replace the value of a matching e-mail",
        BOB,
        operation("replace", 'emails[type eq "work"].value', "b@work.example"),
    ),
    ("add a part to a matching e-mail", BOB, operation("add", 'emails[type eq "home"].display', "At home")),
    ("remove a part of a matching e-mail", BOB, operation("remove", 'emails[type eq "home"].display')),
    (
        "replace a matching e-mail",
        BOB,
        operation("replace", 'emails[type eq "home"]', {"value": "b@home.example", "type": "home"}),
    ),
    ("make an e-mail the primary one", BOB, operation("add", 'emails[type eq "home"].primary', True)),
    ("make another one the primary", BOB, operation("replace", 'emails[type eq "work"].primary', True)),
    ("remove a matching e-mail", BOB, operation("remove", 'emails[value eq "b@home.example"]')),
    ("replace all e-mails", BOB, operation("replace", "emails", [{"value": "new@bob.example", "type": "other"}])),
    ("remove the last e-mail by a filter", BOB, operation("remove", 'emails[type eq "other"]')),
    ("add an e-mail again", BOB, operation("add", "emails", [{"value": "again@bob.example", "type": "work"}])),
    ("remove all e-mails", BOB, operation("remove", "emails")),
    ("add a part of the extension", BOB, operation("add", f"{ENTERPRISE}:department", "Sites")),
    ("add the extension as a whole", BOB, operation("add", ENTERPRISE, {"costCenter": "7", "division": "South"})),
    ("extension without a path", BOB, operation("replace", value={ENTERPRISE: {"division": "North"}})),
    ("add a manager", BOB, operation("add", f"{ENTERPRISE}:manager", {"value": "<ada>"})),
    ("replace the manager's id", BOB, operation("replace", f"{ENTERPRISE}:manager.value", "<carol>")),
    ("remove the manager", BOB, operation("remove", f"{ENTERPRISE}:manager")),
    ("remove a part of the extension", BOB, operation("remove", f"{ENTERPRISE}:costCenter")),
    ("remove the extension", BOB, operation("remove", ENTERPRISE)),
    (
        "several operations in order",
        BOB,
        operation("add", "roles", [{"value": "a"}, {"value": "b"}]),
        operation("remove", 'roles[value eq "a"]'),
        operation("replace", "userType", "Contractor"),
    ),
    ("rename", BOB, operation("replace", "userName", "robert")),
    ("rename back", BOB, operation("replace", value={"userName": "Bob"})),
    ("set the password", BOB, operation("replace", "password", "a new horse battery")),
    ("set the external id", BOB, operation("add", "externalId", "E-2")),
    ("empty a list with a replace", BOB, operation("add", "roles", []), operation("replace", "roles", [])),
    (
        "replace with a filter of two conditions",
        CAROL,
        operation("replace", 'emails[type eq "home" and value co "carol"].value', "c@home.example"),
    ),
    ("remove by a filter with or", CAROL, operation("remove", 'emails[type eq "work" or type eq "home"]')),
]:
    patch(f"PATCH: {name}", path, *operations)

# The list of operations has the wrong shape.
SHAPES = ("an operation of another name", "no operations")
WRONG_SHAPE = {"status": 400, "body": {"scimType": "invalidSyntax"}}

for name, *operations in [
    ("remove without a path", operation("remove")),
    ("an operation of another name", operation("move", "title", "x")),
    ("no operations",),
    ("a path that is no path", operation("replace", "name..givenName", "x")),
    ("a path with an open bracket", operation("replace", 'emails[type eq "work"', "x")),
    ("an unknown attribute", operation("replace", "shoeSize", 43)),
    ("an unknown part", operation("replace", "name.shoeSize", 43)),
    ("an unknown extension", operation("add", "urn:example:nothing:shoeSize", 43)),
    ("a value of another type", operation("replace", "active", "perhaps")),
    ("a list for a text", operation("replace", "title", ["a", "b"])),
    ("a text for a complex attribute", operation("replace", "name", "Ada")),
    ("no value", operation("add", "title")),
    ("no path and a text", operation("add", value="x")),
    ("a new id", operation("replace", "id", "other")),
    ("another location", operation("replace", "meta.location", "https://example.com/")),
    ("groups of a user", operation("add", "groups", [{"value": "<engines>"}])),
    ("remove the name of the user", operation("remove", "userName")),
    ("replace where nothing matches", operation("replace", 'emails[type eq "nowhere"].value', "x@example.com")),
    (
        "two primary e-mails",
        operation(
            "add", "emails", [{"value": "x@example.com", "primary": True}, {"value": "y@example.com", "primary": True}]
        ),
    ),
    ("the name of another user", operation("replace", "userName", "CAROL@example.com")),
    ("a change, then an error", operation("replace", "title", "lost"), operation("replace", "shoeSize", 43)),
]:
    more = {"differs": "wrong-shape-is-syntax", "ours": WRONG_SHAPE} if name in SHAPES else {}
    patch(f"PATCH refused: {name}", ADA, *operations, **more)

ask(
    "PATCH of no user",
    "PATCH",
    "/Users/nobody",
    None,
    {"schemas": [f"{MESSAGES}:PatchOp"], "Operations": [operation("add", "title", "x")]},
)
ask("PATCH with a body that is a list", "PATCH", ADA, None, "[]")
ask(
    "PATCH without the list of operations",
    "PATCH",
    ADA,
    None,
    {"schemas": [f"{MESSAGES}:PatchOp"]},
    differs="wrong-shape-is-syntax",
    ours=WRONG_SHAPE,
)
patch("PATCH that asks for an attribute", ADA, operation("replace", "title", "Analyst"), query={"attributes": "title"})
patch(
    "PATCH that asks for all but one",
    ADA,
    operation("replace", "title", "Analyst"),
    query={"excludedAttributes": "emails,meta"},
)

# The forms of the providers.
patch("PATCH: Entra's capital letters", BOB, operation("Replace", "title", "Plumber"))
patch("PATCH: Entra's text for a boolean", BOB, operation("Replace", "active", "True"))
patch(
    "PATCH: add to an e-mail that is absent creates it",
    "/Users/<dave>",
    operation("add", 'emails[type eq "work"].value', "dave@example.com"),
    differs="add-creates-the-element",
    ours={"status": 200, "body": {"emails": [{"type": "work", "value": "dave@example.com"}]}},
    after={
        "differs": "made-by-a-difference",
        "ours": {"status": 200, "body": {"emails": [{"type": "work", "value": "dave@example.com"}]}},
    },
)
patch(
    "PATCH: add an e-mail with a part",
    "/Users/<erin>",
    operation("add", "emails", [{"value": "erin@example.com", "type": "work", "display": "At work"}]),
)
WHOLE_EMAIL = {"emails": [{"value": "e@example.com", "type": "work", "display": None}]}
patch(
    "PATCH: replace a matching e-mail as a whole",
    "/Users/<erin>",
    operation("replace", 'emails[type eq "work"]', {"value": "e@example.com", "type": "work"}),
    after={"differs": "replaced-elements-are-whole", "ours": {"status": 200, "body": WHOLE_EMAIL}},
)
patch("PATCH: remove that e-mail", "/Users/<erin>", operation("remove", "emails"))
patch(
    "PATCH: a manager as a text",
    "/Users/<frank>",
    operation("add", f"{ENTERPRISE}:manager", "<ada>"),
    differs="manager-as-text",
    ours={"status": 200, "body": {ENTERPRISE: {"manager": {"value": "<ada>"}}}},
    after={
        "differs": "made-by-a-difference",
        "ours": {"status": 200, "body": {ENTERPRISE: {"manager": {"value": "<ada>"}}}},
    },
)
patch(
    "PATCH: dotted keys without a path",
    "/Users/<grace>",
    operation("replace", value={"name.givenName": "Grace", f"{ENTERPRISE}:department": "Ships"}),
)

# ------------------------------------------------------------------------------ PATCH of one group

patch(
    "group: add members", EMPTY, operation("add", "members", [{"value": "<ada>"}, {"value": "<bob>", "display": "Bob"}])
)
patch("group: add a member again", EMPTY, operation("add", "members", [{"value": "<ada>"}]))
patch("group: add a group", EMPTY, operation("add", "members", [{"value": "<engines>"}]))
patch("group: remove a member by a filter", EMPTY, operation("remove", 'members[value eq "<ada>"]'))
patch(
    "group: remove a member by another filter",
    EMPTY,
    operation("remove", 'members[value eq "<ada>" or value eq "<bob>"]'),
)
patch("group: replace the members", EMPTY, operation("replace", "members", [{"value": "<carol>"}]))
patch(
    "group: replace the members without a path",
    EMPTY,
    operation("replace", value={"members": [{"value": "<bob>"}, {"value": "<dave>"}]}),
)
patch("group: add without a path", EMPTY, operation("add", value={"members": [{"value": "<erin>"}]}))
patch(
    "group: remove and add at once",
    EMPTY,
    operation("remove", 'members[value eq "<bob>"]'),
    operation("add", "members", [{"value": "<frank>"}]),
)
patch("group: rename", EMPTY, operation("replace", "displayName", "g-renamed"))
patch("group: rename without a path", EMPTY, operation("replace", value={"displayName": "g-empty"}))
patch("group: the name of the group is needed", EMPTY, operation("remove", "displayName"))
patch("group: an external id", EMPTY, operation("add", "externalId", "G-2"))
patch("group: no external id", EMPTY, operation("remove", "externalId"))
patch("group: a member whose value is a number", EMPTY, operation("add", "members", [{"value": 5}]))
patch("group: an unknown attribute", EMPTY, operation("replace", "shoeSize", 43))
patch(
    "group: an answer with parts",
    EMPTY,
    operation("replace", "displayName", "g-empty"),
    query={"attributes": "displayName"},
)
patch("group: replace the members with nothing", EMPTY, operation("replace", "members", []))
patch("group: remove the members", ENGINES, operation("remove", "members"))
patch(
    "group: add them again",
    ENGINES,
    operation("add", "members", [{"value": "<ada>", "display": "Ada"}, {"value": "<bob>"}]),
)
patch(
    "group: remove with the values of the members",
    ENGINES,
    operation("remove", "members", [{"value": "<bob>"}]),
    differs="remove-with-values",
    ours={"status": 204},
    after={"differs": "made-by-a-difference", "ours": {"status": 200, "body": {"members": [{"value": "<ada>"}]}}},
)
patch("group: back to both", ENGINES, operation("replace", "members", [{"value": "<ada>"}, {"value": "<bob>"}]))
ask(
    "PATCH of no group",
    "PATCH",
    "/Groups/nobody",
    None,
    {"schemas": [f"{MESSAGES}:PatchOp"], "Operations": [operation("remove", "members")]},
)

# --------------------------------------------------------------------------------------------- PUT


def put(name, path, body, **more):
    ask(f"PUT {name}", "PUT", path, more.pop("query", None), body, **more)
    get(path, f"PUT {name}, then read")


FRANK = "/Users/<frank>"
put(
    "replaces everything",
    FRANK,
    {"schemas": [USER], "userName": "frank", "displayName": "Frank", "title": "Baker", "active": True},
)
put(
    "the same again",
    FRANK,
    {"schemas": [USER], "userName": "frank", "displayName": "Frank", "title": "Baker", "active": True},
)
put(
    "clears what is left out",
    FRANK,
    {"schemas": [USER], "userName": "frank", "active": True, "emails": [{"value": "f@example.com"}]},
)
put(
    "ignores what is read-only",
    FRANK,
    {
        "schemas": [USER],
        "id": "x",
        "meta": {"version": "y"},
        "groups": [{"value": "z"}],
        "userName": "frank",
        "active": True,
    },
)
put(
    "with an extension",
    FRANK,
    {"schemas": [USER, ENTERPRISE], "userName": "frank", "active": True, ENTERPRISE: {"department": "Bakery"}},
)
put("renames", FRANK, {"schemas": [USER], "userName": "francis", "active": True})
put("deactivates", FRANK, {"schemas": [USER], "userName": "francis", "active": False})
put("without a name", FRANK, {"schemas": [USER], "displayName": "x"})
put("with the name of another", FRANK, {"schemas": [USER], "userName": "ADA@example.com"})
put("with a wrong type", FRANK, {"schemas": [USER], "userName": "francis", "emails": 5})
put(
    "that asks for parts",
    FRANK,
    {"schemas": [USER], "userName": "francis", "active": True},
    query={"attributes": "userName"},
)
ask("PUT of no user", "PUT", "/Users/nobody", None, {"schemas": [USER], "userName": "nobody"})
ask("PUT of no JSON", "PUT", FRANK, None, "{")
put("of a group", EMPTY, {"schemas": [GROUP], "displayName": "g-empty", "members": [{"value": "<bob>"}]})
put("of a group clears its members", EMPTY, {"schemas": [GROUP], "displayName": "g-empty"})
put("of a group without a name", EMPTY, {"schemas": [GROUP], "members": []})

# -------------------------------------------------------------------------------------- conditions

TITLE = {"schemas": [f"{MESSAGES}:PatchOp"], "Operations": [operation("replace", "title", "Sailor")]}
HEIDI = "/Users/<heidi>"
WHOLE = {"schemas": [USER], "userName": "heidi", "active": True}
get(HEIDI, "If-None-Match with the version", headers={"If-None-Match": "<heidi.version>"})
get(HEIDI, "If-None-Match with *", headers={"If-None-Match": "*"})
get(HEIDI, "If-None-Match with another version", headers={"If-None-Match": 'W/"other"'})
get(HEIDI, "If-None-Match with a list", headers={"If-None-Match": 'W/"other", <heidi.version>'})
get(HEIDI, "If-Match on a read with another version", headers={"If-Match": 'W/"other"'})
ask("PUT with another version", "PUT", HEIDI, None, WHOLE, headers={"If-Match": 'W/"other"'})
ask("PATCH with another version", "PATCH", HEIDI, None, TITLE, headers={"If-Match": 'W/"other"'})
ask("DELETE with another version", "DELETE", HEIDI, headers={"If-Match": 'W/"other"'})
ask("PATCH with the version", "PATCH", HEIDI, None, TITLE, headers={"If-Match": "<heidi.version>"})
get(HEIDI, "the version after a change is another one", headers={"If-None-Match": 'W/"other"'})
ask("PUT with the version", "PUT", HEIDI, None, WHOLE, headers={"If-Match": "<heidi.version>"})
ask("PUT with If-Match *", "PUT", HEIDI, None, WHOLE, headers={"If-Match": "*"})
ask("PATCH with If-None-Match *", "PATCH", HEIDI, None, TITLE, headers={"If-None-Match": "*"})
ask("PUT of no user with If-Match *", "PUT", "/Users/nobody", None, WHOLE, headers={"If-Match": "*"})

# -------------------------------------------------------------------------------------------- bulk


def bulk(name, *operations, **more):
    body = {"schemas": [f"{MESSAGES}:BulkRequest"], "Operations": list(operations)}
    body.update((key, more.pop(key)) for key in ("failOnErrors",) if key in more)
    ask(f"Bulk: {name}", "POST", "/Bulk", None, body, **more)


def new_user(name, bulk_id):
    return {
        "method": "POST",
        "path": "/Users",
        "bulkId": bulk_id,
        "data": {"schemas": [USER], "userName": name, "active": True},
    }


def new_group(name, bulk_id, *members):
    data = {"schemas": [GROUP], "displayName": name, "members": [{"value": member} for member in members]}
    return {"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": data}


bulk("a user", new_user("bulk-one", "one"))
bulk("a group with a user of the same request", new_user("bulk-two", "two"), new_group("g-bulk", "gang", "bulkId:two"))
get("/Groups/<gang>", "Bulk: the group has the user")
bulk("a group before its user", new_group("g-early", "early", "bulkId:three"), new_user("bulk-three", "three"))
get("/Groups/<early>", "Bulk: the early group has the user")
bulk(
    "all methods",
    {
        "method": "PUT",
        "path": "/Users/<one>",
        "data": {"schemas": [USER], "userName": "bulk-one", "title": "One", "active": True},
    },
    {"method": "PATCH", "path": "/Users/<two>", "data": TITLE},
    {"method": "DELETE", "path": "/Users/<three>"},
)
get("/Users/<one>", "Bulk: the replaced user")
get("/Users/<two>", "Bulk: the changed user")
get("/Users/<three>", "Bulk: the deleted user")
bulk("an error among others", new_user("Bob", "twin-of-bob"), new_user("bulk-four", "four"))
bulk("stops after one error", new_user("Bob", "twin-of-bob"), new_user("bulk-five", "five"), failOnErrors=1)
get("/Users", "Bulk: nothing came after the error", query={"filter": 'userName eq "bulk-five"'})
bulk("an unknown reference", new_group("g-unknown", "unknown", "bulkId:none"))
bulk("a path that is none", {"method": "DELETE", "path": "/Nowhere/1"})
bulk(
    "a method that is none",
    {"method": "GET", "path": "/Users/<one>"},
    differs="method-is-repeated",
    ours={
        "status": 200,
        "body": {"Operations": [{"method": "GET", "status": "400", "response": {"scimType": "invalidValue"}}]},
    },
)
bulk(
    "a POST without a bulkId",
    {"method": "POST", "path": "/Users", "data": {"schemas": [USER], "userName": "bulk-none"}},
)
bulk(
    "no user",
    {"method": "PATCH", "path": "/Users/nobody", "data": TITLE},
    {"method": "DELETE", "path": "/Users/nobody"},
)
bulk("a version that is another", {"method": "DELETE", "path": "/Users/<one>", "version": 'W/"other"'})
bulk("no operations", differs="wrong-shape-is-syntax", ours=WRONG_SHAPE)
ask("Bulk: a body that is no JSON", "POST", "/Bulk", None, "{")
ask(
    "Bulk: too many operations",
    "POST",
    "/Bulk",
    None,
    {"schemas": [f"{MESSAGES}:BulkRequest"], "Operations": [{"method": "DELETE", "path": "/Users/nobody"}] * 20001},
)


def managed(name, bulk_id, manager):
    made = new_user(name, bulk_id)
    made["data"]["schemas"] = [USER, ENTERPRISE]
    made["data"][ENTERPRISE] = {"manager": {"value": f"bulkId:{manager}"}}
    return made


bulk(
    "two users who manage each other",
    managed("bulk-left", "left", "right"),
    managed("bulk-right", "right", "left"),
    differs="circular-references",
    ours={
        "status": 200,
        "body": {"Operations": [{"bulkId": "left", "status": "201"}, {"bulkId": "right", "status": "201"}]},
    },
)
get(
    "/Users/<left>",
    "Bulk: one of the two has the other as manager",
    differs="circular-references",
    ours={"status": 200, "body": {ENTERPRISE: {"manager": {"value": "<right>"}}}},
)
# No group can be in itself, so one of the two is refused, and is not there.
bulk(
    "two groups in each other",
    new_group("g-left", "g-left", "bulkId:g-right"),
    new_group("g-right", "g-right", "bulkId:g-left"),
    differs="circular-references",
    ours={
        "status": 200,
        "body": {"Operations": [{"bulkId": "g-left", "status": "400"}, {"bulkId": "g-right", "status": "201"}]},
    },
)
get("/Groups", "Bulk: the refused group is not there", query={"filter": 'displayName eq "g-left"'})

# --------------------------------------------------------------------------------------- deletions

get("/Me", "/Me of a key, which is no user")
ask("DELETE a user", "DELETE", ADA)
get(ADA, "a deleted user is gone")
ask("DELETE a user again", "DELETE", ADA)
ask("PATCH of a deleted user", "PATCH", ADA, None, TITLE)
get("/Users", "a deleted user is in no list", query={"filter": 'userName eq "ada@example.com"'})
post_user("the name of a deleted user is free", {"userName": "ada@example.com"}, save="ada2")
ask("DELETE a group", "DELETE", OUTER)
get(OUTER, "a deleted group is gone")
ask("DELETE no group", "DELETE", "/Groups/nobody")
get(
    "/Users/<ada2>",
    "a user as application/json alone",
    headers={"Accept": "application/json"},
    differs="media-type-asked-for",
    ours={"status": 200, "type": "application/json"},
)
