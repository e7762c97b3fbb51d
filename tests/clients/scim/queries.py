"""Filters, sorting, both ways of paging, and `.search`."""

from request import ENTERPRISE, GROUP, MESSAGES, USER, ask, find, get

# ------------------------------------------------------------------------------------------ filters

for text in [
    # Each operator on a text, in any case of the name, the operator and the value.
    'userName eq "ada@example.com"',
    'USERNAME EQ "ADA@EXAMPLE.COM"',
    'userName ne "bob"',
    'userName co "example"',
    'userName co "EXAMPLE"',
    'userName sw "car"',
    'userName ew "example.com"',
    "userName pr",
    'userName gt "carol@example.com"',
    'userName ge "carol@example.com"',
    'userName lt "carol@example.com"',
    'userName le "carol@example.com"',
    # Characters that mean something to SQL.
    'userName sw "dave_"',
    'userName co "%"',
    'userName co "_%"',
    'userName co "\\\\"',
    'title ew "% off"',
    # Letters beyond ASCII.
    'displayName co "ärger"',
    'nickName eq "zoë"',
    # Case counts for these.
    'externalId eq "E-1"',
    'externalId eq "e-1"',
    "externalId pr",
    'id eq "<ada>"',
    'id eq "nobody"',
    'id eq "<ada>" or id eq "<bob>"',
    # Absent values.
    "title pr",
    "not (title pr)",
    'title ne "Analyst"',
    'not (title eq "Analyst")',
    "title eq null",
    "title ne null",
    # Booleans.
    "active eq true",
    "active eq false",
    "active ne true",
    "active pr",
    # Complex and multi-valued attributes.
    'name.familyName eq "Lovelace"',
    'name.familyName sw "S"',
    "name pr",
    "name.givenName pr",
    "emails pr",
    'emails.value eq "ada@home.example"',
    'emails.value co "example"',
    'emails eq "ada@example.com"',
    'emails.type eq "home"',
    'emails[type eq "work"]',
    'emails[type eq "work" and value ew "example.com"]',
    'emails[type eq "home" and value eq "ada@example.com"]',
    'emails[type eq "work"].value eq "ada@example.com"',
    'emails[not (type eq "home")]',
    "emails[primary eq true]",
    'phoneNumbers.value co "7946"',
    'addresses[type eq "work" and country eq "GB"]',
    'addresses.locality eq "london"',
    'roles.value eq "author"',
    "x509Certificates pr",
    # The extension, and whole names.
    f'{ENTERPRISE}:department eq "research"',
    f'{ENTERPRISE}:department eq "Research" and {ENTERPRISE}:employeeNumber eq "2"',
    f'{ENTERPRISE}:manager.value eq "<ada>"',
    f"{ENTERPRISE}:employeeNumber pr",
    f'{USER}:userName eq "bob"',
    f'{USER}:name.familyName eq "smith"',
    # Times.
    'meta.created gt "2000-01-01T00:00:00Z"',
    'meta.lastModified lt "2000-01-01T00:00:00Z"',
    'meta.lastModified ge "2000-01-01T00:00:00.1234567+02:00"',
    'meta.resourceType eq "User"',
    'meta.resourceType eq "Group"',
    # Precedence and nesting.
    'userName eq "bob" or userName eq "carol@example.com" and title eq "Analyst"',
    '(userName eq "bob" or userName eq "carol@example.com") and title eq "Analyst"',
    'userName sw "b" or userName sw "c" or userName sw "d"',
    'not (userName sw "b" or userName sw "c")',
    'title eq "Analyst" and not (emails[type eq "work"])',
    '((((userName eq "bob"))))',
    'TITLE pr AND Emails.Type EQ "home"',
]:
    find(text)

for text in [
    'displayName eq "g-engines"',
    'displayName eq "G-ENGINES"',
    'displayName sw "g-" and members pr',
    'displayName sw "g-" and not (members pr)',
    'members.value eq "<ada>"',
    'members.value eq "<engines>"',
    'members[value eq "<bob>"]',
    'externalId eq "G-1"',
    f'{GROUP}:displayName co "-out"',
    'id eq "<empty>"',
    'members eq "<ada>" and id eq "<engines>"',
]:
    find(text, "/Groups")

for text in [
    "",
    "userName",
    "userName eq",
    'userName eq "ada',
    'userName xx "ada"',
    'userName eq "ada" and',
    'and userName eq "ada"',
    '(userName eq "ada"',
    'userName eq "ada")',
    'not userName eq "ada"',
    "emails[]",
    'emails[type eq "work"',
    "active gt true",
    'x509Certificates.value gt "A"',
    "userName eq 5",
    'active eq "perhaps"',
    'meta.created gt "yesterday"',
    '[type eq "work"]',
    'user name eq "ada"',
    '1userName eq "ada"',
]:
    find(text)

find('shoeSize eq "43"')
find('emails.shoeSize eq "43"')
find('urn:example:nothing:shoeSize eq "43"')
find(f'{ENTERPRISE}:shoeSize eq "43"')
find('password eq "x"', differs="secret-in-a-url", ours={"status": 400, "body": {"scimType": "sensitive"}})

# The forms of Entra that the grammar of the RFC lacks.
find("userName eq bob", differs="unquoted-values", ours={"status": 200, "body": {"totalResults": 1}})
find(
    f'{ENTERPRISE}:manager eq "<ada>"',
    differs="short-names-of-references",
    ours={"status": 200, "body": {"totalResults": 1}},
)

# ------------------------------------------------------------------------------------------ sorting


def values_of(name):
    """The values of one attribute in the order of the page, for sorts with equal values."""
    return lambda body: [resource.get(name) for resource in body["Resources"]]


NAMES = {"attributes": "userName"}
for query in [
    {"sortBy": "userName"},
    {"sortBy": "userName", "sortOrder": "ascending"},
    {"sortBy": "userName", "sortOrder": "descending"},
    {"sortBy": "USERNAME"},
    {"sortBy": f"{USER}:userName"},
    {"sortBy": "userName", "filter": "title pr"},
    {"sortBy": "name.familyName", "filter": "name.familyName pr"},
    {"sortBy": f"{ENTERPRISE}:employeeNumber", "filter": f"{ENTERPRISE}:employeeNumber pr"},
    {"sortBy": "emails", "filter": "emails pr"},
    {"sortBy": "emails.value", "filter": "emails pr", "sortOrder": "descending"},
    {"sortBy": "id"},
    {"sortBy": "meta.created"},
    {"sortBy": "userName", "sortOrder": "upwards"},
    {"sortBy": "shoeSize"},
    {"sortBy": "1"},
]:
    # Each server chooses its ids, and two users can be of the same millisecond.
    more = {"is_sorted": False} if query["sortBy"] in ("id", "meta.created") else {}
    get("/Users", query={**query, **NAMES}, **more)
for order in ("ascending", "descending"):
    get("/Users", query={"sortBy": "title", "sortOrder": order, "attributes": "title"}, view=values_of("title"))
    get(
        "/Users",
        query={"sortBy": "displayName", "sortOrder": order, "attributes": "displayName"},
        view=values_of("displayName"),
    )
get("/Groups", query={"sortBy": "displayName", "filter": 'displayName sw "g-"', "attributes": "displayName"})

# ------------------------------------------------------------------------------------------- paging

for page in [
    {"startIndex": "1", "count": "2"},
    {"startIndex": "3", "count": "2"},
    {"count": "3"},
    {"startIndex": "4"},
    {"startIndex": "0", "count": "1"},
    {"startIndex": "-5", "count": "1"},
    {"startIndex": "1000", "count": "5"},
    {"count": "0"},
    {"count": "-3"},
    {"count": "5000"},
    {"count": "abc"},
    {"startIndex": "abc"},
    {"startIndex": "1.5"},
    {"count": ""},
]:
    get("/Users", query={**page, "sortBy": "userName", **NAMES})

SORTED = {"sortBy": "userName", **NAMES}
get("/Users", "cursor, first page", query={"cursor": "", "count": "3", **SORTED}, save="page")
get("/Users", "cursor, second page", query={"cursor": "<page.next>", "count": "3", **SORTED}, save="second")
get("/Users", "cursor, third page", query={"cursor": "<second.next>", "count": "3", **SORTED}, save="third")
get("/Users", "cursor of another count", query={"cursor": "<page.next>", "count": "2", **SORTED})
get("/Users", "cursor of another query", query={"cursor": "<page.next>", "count": "3", "filter": "title pr", **SORTED})
get("/Users", "cursor that is none", query={"cursor": "x" * 40, "count": "3", **SORTED})
get("/Users", "cursor with startIndex", query={"cursor": "", "startIndex": "1", "count": "3", **SORTED})
get("/Users", "cursor with a count of 0", query={"cursor": "", "count": "0", **SORTED})
get("/Users", "cursor and all on one page", query={"cursor": "", "count": "1000", **SORTED})

# ------------------------------------------------------------------------------------------ .search


def search(name, path, **more):
    body = {"schemas": [f"{MESSAGES}:SearchRequest"]}
    body.update((key, more.pop(key)) for key in list(more) if key not in ("differs", "ours", "save", "view"))
    ask(name, "POST", path, None, body, **more)


search("search users", "/Users/.search", filter='title eq "Analyst"', attributes=["userName"])
search(
    "search users in order",
    "/Users/.search",
    sortBy="userName",
    sortOrder="descending",
    startIndex=2,
    count=2,
    attributes=["userName"],
)
search("search groups", "/Groups/.search", filter='displayName sw "g-"', excludedAttributes=["members"])
search(
    "search everywhere",
    "/.search",
    filter='meta.resourceType eq "Group" and displayName sw "g-"',
    attributes=["displayName"],
)
search("search users everywhere", "/.search", filter='userName sw "ada"', attributes=["userName"])
search("search both", "/.search", filter='displayName sw "g-" or displayName sw "Ada"', attributes=["displayName"])
search("search with a wrong filter", "/Users/.search", filter="userName")
search("search with both projections", "/Users/.search", attributes=["userName"], excludedAttributes=["emails"])
search(
    "search by cursor", "/Users/.search", cursor="", count=2, sortBy="userName", attributes=["userName"], save="found"
)
search(
    "search by cursor, next",
    "/Users/.search",
    cursor="<found.next>",
    count=2,
    sortBy="userName",
    attributes=["userName"],
)
search("search of no resource", "/Nowhere/.search", filter="id pr")
search("search whose count is a text", "/Users/.search", count="many")
ask("search with a body that is a list", "POST", "/Users/.search", None, "[]")
get(
    "/",
    "query of everything",
    query={"filter": 'meta.resourceType eq "User" and userName eq "bob"', "attributes": "userName"},
)
get("/", "query of everything for groups", query={"filter": 'displayName eq "g-outer"', "attributes": "displayName"})
