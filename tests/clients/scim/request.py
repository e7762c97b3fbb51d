"""One request of the second opinion, and short ways to write one.

A name in angle brackets stands for an id, `<name.version>` for the version of that resource, `<name.next>` for a
cursor.
"""

from dataclasses import dataclass, field

CORE = "urn:ietf:params:scim:schemas:core:2.0"
USER, GROUP = f"{CORE}:User", f"{CORE}:Group"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
MESSAGES = "urn:ietf:params:scim:api:messages:2.0"


@dataclass
class Request:
    name: str
    method: str
    path: str
    query: dict = field(default_factory=dict)
    # A document, or a text that is sent as it is.
    body: object = None
    headers: dict = field(default_factory=dict)
    # The name of the resource or of the page in the answer.
    save: str = ""
    # The part of an answer that is compared.
    view: object = None
    # The name of a difference that the test intends, and what Rollbook answers then: the status, and parts of the body.
    differs: str = ""
    ours: object = None
    is_sorted: bool = False


REQUESTS = []


def ask(name, method, path, query=None, body=None, **more):
    sorts = "sortBy" in (query or {}) or (isinstance(body, dict) and "sortBy" in body)
    more.setdefault("is_sorted", sorts)
    REQUESTS.append(Request(name, method, path, query or {}, body, **more))


def get(path, name="", **more):
    query = more.pop("query", None)
    shown = " ".join(f"{key}={value}" for key, value in (query or {}).items())
    ask(name or f"GET {path} {shown}".rstrip(), "GET", path, query, **more)


def post_user(name, body, **more):
    """Creates a user; the schemas are those of its parts. It is active unless the body says more."""
    schemas = [USER] + ([ENTERPRISE] if ENTERPRISE in body else [])
    ask(name, "POST", "/Users", None, {"schemas": schemas, "active": True, **body}, **more)


def post_group(name, body, **more):
    ask(name, "POST", "/Groups", None, {"schemas": [GROUP], **body}, **more)


def patch(name, path, *operations, **more):
    """Changes a resource and reads it: the two servers may answer the change itself in different ways."""
    body = {"schemas": [f"{MESSAGES}:PatchOp"], "Operations": list(operations)}
    after = more.pop("after", {})
    ask(name, "PATCH", path, more.pop("query", None), body, **more)
    get(path, f"{name}, then read", **after)


def operation(op, path=None, value=None, **more):
    made = {"op": op, **more}
    if path is not None:
        made["path"] = path
    if value is not None:
        made["value"] = value
    return made


def find(text, path="/Users", **more):
    """Asks for the names of those that a filter finds."""
    query = {"filter": text, "attributes": "userName,displayName", **more.pop("query", {})}
    ask(f"filter {text} {path}", "GET", path, query, **more)
