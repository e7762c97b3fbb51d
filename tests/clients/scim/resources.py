"""Discovery, new users and groups, and parts of one of them."""

from request import CORE, ENTERPRISE, GROUP, USER, ask, get, post_group, post_user


def names_of_features(body):
    return {name: body[name]["supported"] for name in ("patch", "bulk", "filter", "changePassword", "sort", "etag")}


def shape_of_types(body):
    types = body.get("Resources", [body])
    keys = ("id", "name", "endpoint", "schema", "schemaExtensions")
    return sorted(([entry.get(key) for key in keys] for entry in types), key=lambda entry: entry[1])


def names_of_attributes(body):
    schemas = body.get("Resources", [body])
    return {
        schema["id"]: {
            entry["name"]: [
                entry["type"],
                entry.get("multiValued", False),
                entry.get("required", False),
                entry.get("mutability", "readWrite"),
                entry.get("returned", "default"),
                sorted(part["name"] for part in entry.get("subAttributes") or []),
            ]
            for entry in schema["attributes"]
        }
        for schema in schemas
    }


get("/ServiceProviderConfig", view=names_of_features)
get("/ServiceProviderConfig", "discovery without credentials", view=names_of_features, headers={"Authorization": ""})
get("/ResourceTypes", view=shape_of_types)
get("/ResourceTypes/User", view=shape_of_types)
get("/ResourceTypes/Group", view=shape_of_types)
get("/ResourceTypes/Robot")
get("/Schemas", view=names_of_attributes)
get(f"/Schemas/{USER}", view=names_of_attributes)
get(f"/Schemas/{GROUP}", view=names_of_attributes)
get(f"/Schemas/{ENTERPRISE}", view=names_of_attributes)
get(f"/Schemas/{CORE}:Robot")
for path in ("/Schemas", "/ResourceTypes", "/ServiceProviderConfig"):
    get(path, query={"filter": 'id eq "x"'})
for method, path in [
    ("POST", "/Schemas"),
    ("DELETE", "/ServiceProviderConfig"),
    ("PUT", "/ResourceTypes"),
    ("PATCH", "/Users"),
    ("DELETE", "/Users"),
    ("PUT", "/Groups"),
    ("GET", "/Bulk"),
]:
    ask(f"{method} {path}", method, path, None, None if method in ("GET", "DELETE") else {"schemas": [USER]})
get("/Nowhere")
get("/Users/nobody")
get("/Groups/nobody")
get("/Users", "a read without credentials", headers={"Authorization": ""})
get("/Users", "a read with a wrong token", headers={"Authorization": "Bearer wrong"})

# --------------------------------------------------------------------------------------- new users

post_user(
    "create ada",
    {
        "userName": "ada@example.com",
        "externalId": "E-1",
        "name": {
            "formatted": "Ms. Ada King Lovelace",
            "familyName": "Lovelace",
            "givenName": "Ada",
            "middleName": "King",
            "honorificPrefix": "Ms.",
            "honorificSuffix": "III",
        },
        "displayName": "Ada Lovelace",
        "nickName": "Countess",
        "profileUrl": "https://example.com/ada",
        "title": "Analyst",
        "userType": "Employee",
        "preferredLanguage": "en",
        "locale": "en-GB",
        "timezone": "Europe/London",
        "active": True,
        "password": "correct horse battery staple",
        "emails": [
            {"value": "ada@example.com", "type": "work", "primary": True},
            {"value": "ada@home.example", "type": "home"},
        ],
        "phoneNumbers": [{"value": "+44 20 7946 0958", "type": "work"}],
        "ims": [{"value": "ada.l", "type": "xmpp"}],
        "photos": [{"value": "https://example.com/ada.png", "type": "photo"}],
        "addresses": [{"type": "work", "locality": "London", "country": "GB", "primary": True}],
        "entitlements": [{"value": "engine"}],
        "roles": [{"value": "author", "primary": True}],
        "x509Certificates": [{"value": "TUlJ"}],
        ENTERPRISE: {
            "employeeNumber": "100",
            "costCenter": "4130",
            "organization": "Analytical",
            "division": "Engines",
            "department": "Research",
        },
    },
    save="ada",
)
post_user("create bob", {"userName": "Bob", "active": False}, save="bob")
post_user(
    "create carol",
    {
        "userName": "carol@example.com",
        "displayName": "Carol",
        "name": {"familyName": "smith"},
        "title": "Analyst",
        "emails": [{"value": "carol@home.example", "type": "home"}],
        ENTERPRISE: {"employeeNumber": "2", "department": "Research", "manager": {"value": "<ada>"}},
    },
    save="carol",
)
post_user(
    "create dave with wildcards of SQL in his name",
    {"userName": "dave_%\\", "title": "50% off", "displayName": "Dave"},
    save="dave",
)
post_user("create zoë", {"userName": "zoë", "displayName": "Zoë Ärger", "nickName": "ZOË"}, save="zoe")
post_user("a second ada", {"userName": "ada@example.com"})
post_user("a second ada in other letters", {"userName": "ADA@Example.com"})
post_user("a user without a name", {"displayName": "Nobody"})
post_user("a user whose name is null", {"userName": None})
post_user("a user whose name is a number", {"userName": 5})
post_user("a user whose active is a word", {"userName": "wrong", "active": "perhaps"})
post_user("a user whose name parts are a text", {"userName": "wrong", "name": "Ada"})
post_user("a user whose emails are a number", {"userName": "wrong", "emails": 5})
post_user(
    "two primary e-mails",
    {
        "userName": "wrong",
        "emails": [{"value": "a@x.example", "primary": True}, {"value": "b@x.example", "primary": True}],
    },
)
post_user("an extension that is a text", {"userName": "wrong", ENTERPRISE: "x"})
post_user(
    "read-only attributes of a new user are ignored",
    {
        "userName": "erin",
        "id": "my-id",
        "meta": {"resourceType": "Group", "created": "2000-01-01T00:00:00Z"},
        "groups": [{"value": "x"}],
    },
    save="erin",
)
ask(
    "names of attributes in any case",
    "POST",
    "/Users",
    None,
    {"SCHEMAS": [USER], "USERNAME": "frank", "Name": {"GIVENNAME": "Frank"}, "Active": True},
    save="frank",
)
post_user(
    "null and empty lists are absent",
    {"userName": "grace", "title": None, "emails": [], "nickName": None},
    save="grace",
)
ask("a body that is no JSON", "POST", "/Users", None, "{")
ask("a body that is a list", "POST", "/Users", None, "[]")
ask("a body that is a text", "POST", "/Users", None, '"ada"')
ask("an empty body", "POST", "/Users", None, "")
ask(
    "a body of another type",
    "POST",
    "/Users",
    None,
    f'{{"schemas":["{USER}"],"userName":"wrong"}}',
    headers={"Content-Type": "text/plain"},
)
ask(
    "a body as application/json",
    "POST",
    "/Users",
    None,
    f'{{"schemas":["{USER}"],"userName":"heidi","active":true}}',
    headers={"Content-Type": "application/json; charset=utf-8"},
    save="heidi",
)
ask("a body without schemas", "POST", "/Users", None, {"userName": "ivan", "active": True}, save="ivan")
post_user(
    "an attribute that no schema has",
    {"userName": "judy", "shoeSize": 43},
    save="judy",
    differs="unknown-attribute",
    ours={"status": 201},
)
post_user(
    "e-mails as texts",
    {"userName": "kim", "emails": ["kim@example.com"]},
    save="kim",
    differs="texts-for-values",
    ours={"status": 201, "body": {"emails": [{"value": "kim@example.com"}]}},
)
post_user(
    "a manager as a text",
    {"userName": "leo", ENTERPRISE: {"manager": "<ada>"}},
    save="leo",
    differs="manager-as-text",
    ours={"status": 201, "body": {ENTERPRISE: {"manager": {"value": "<ada>"}}}},
)
post_user(
    "a user without active",
    {"userName": "mallory", "active": None},
    save="mallory",
    differs="active-shown",
    ours={"status": 201, "body": {"active": True}},
)
for name in ("ivan", "mallory"):
    ask(f"delete {name}", "DELETE", f"/Users/<{name}>")
for name in ("judy", "kim", "leo"):
    ask(f"delete {name}", "DELETE", f"/Users/<{name}>", differs="made-by-a-difference", ours={"status": 204})

# --------------------------------------------------------------------------- projection of one user

for query in [
    {},
    {"attributes": "userName"},
    {"attributes": "USERNAME"},
    {"attributes": "name.givenName"},
    {"attributes": "emails.value"},
    {"attributes": "emails"},
    {"attributes": "userName,displayName, title"},
    {"attributes": f"{ENTERPRISE}:department"},
    {"attributes": ENTERPRISE},
    {"attributes": f"{USER}:userName"},
    {"attributes": "password"},
    {"attributes": "meta.location"},
    {"attributes": "id"},
    {"excludedAttributes": "emails"},
    {"excludedAttributes": "emails,name,title"},
    {"excludedAttributes": "name.familyName"},
    {"excludedAttributes": "id,schemas"},
    {"excludedAttributes": ENTERPRISE},
    {"excludedAttributes": f"{ENTERPRISE}:manager"},
    {"attributes": "userName", "excludedAttributes": "emails"},
]:
    get("/Users/<ada>", query=query)

# -------------------------------------------------------------------------------------- new groups

post_group(
    "create the group engines",
    {
        "displayName": "g-engines",
        "externalId": "G-1",
        "members": [{"value": "<ada>", "display": "Ada"}, {"value": "<bob>"}],
    },
    save="engines",
)
post_group("create an empty group", {"displayName": "g-empty", "members": []}, save="empty")
post_group("create a group of a group", {"displayName": "g-outer", "members": [{"value": "<engines>"}]}, save="outer")
post_group("a group without a name", {"members": []})
post_group("a group whose name is a number", {"displayName": 7})
post_group("a group whose members are a number", {"displayName": "g-wrong", "members": 7})
post_group(
    "a second group of that name",
    {"displayName": "G-ENGINES"},
    save="twin",
    differs="unique-names-of-groups",
    ours={"status": 409, "body": {"scimType": "uniqueness"}},
)
ask("delete the twin", "DELETE", "/Groups/<twin>", differs="made-by-a-difference", ours={"status": 404})
for query in [
    {},
    {"attributes": "displayName"},
    {"attributes": "members.value"},
    {"excludedAttributes": "members"},
    {"excludedAttributes": "members.display"},
]:
    get("/Groups/<engines>", query=query)
