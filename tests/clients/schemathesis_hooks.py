"""Keeps the directory inhabited while schemathesis is at it, and the user alive who asks."""

import base64
import json
import os
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import jsonschema
import schemathesis

URL = os.environ["ROLLBOOK_URL"]
NUXEO = URL + os.environ.get("NUXEO_PREFIX", "/nuxeo") + "/api/v1"
PASSWORD = os.environ["ROLLBOOK_ADMIN_PASSWORD"]
# Those of whom the dictionaries speak.
USERS = ["ada", "grace", "kay", "a/b", "ada@example.com", "grace@example.com"]
GROUPS = ["engines", "members", "powerusers", "a/b"]


def ask(method, path, entity=None):
    """Calls the server as its administrator, and takes whatever answer there is."""
    secret = base64.b64encode(f"Administrator:{PASSWORD}".encode()).decode()
    body = None if entity is None else json.dumps(entity).encode()
    try:
        urlopen(Request(NUXEO + path, body, {"Authorization": f"Basic {secret}"}, method=method)).close()
    except HTTPError as error:
        error.close()


def make(user=None, group=None):
    if user is not None:
        ask("POST", "/user", {"entity-type": "user", "properties": {"username": user, "groups": ["members"]}})
    if group is not None:
        ask("POST", "/group", {"entity-type": "group", "groupname": group})


for name in GROUPS:
    make(group=name)
for name in USERS:
    make(user=name)


@schemathesis.hook
def before_call(context, case, kwargs):
    # Without these two nobody could go on asking.
    for parameter, name in case.path_parameters.items():
        if str(name).strip().casefold() in ("administrator", "administrators"):
            case.path_parameters[parameter] = "ada@example.com"


@schemathesis.hook
def filter_body(context, body):
    # These are no characters and refused like control characters, but patterns have no way to say so that all understand.
    text = json.dumps(body, ensure_ascii=False, default=str)
    return not any(ord(c) > 0xFFFF and ord(c) & 0xFFFE == 0xFFFE for c in text)


@schemathesis.hook
def after_call(context, case, response):
    if case.method.upper() != "DELETE" or response.status_code not in (200, 204):
        return
    # There it is looked whether what was removed is gone.
    if case.meta.phase.name.value == "stateful":
        return
    path, names = case.operation.path, case.path_parameters
    if path.endswith(("/user/{handle}", "/users/{handle}")):
        # Disabled users stay where they are.
        ask("DELETE", "/user/" + quote(names["handle"], safe=""))
        make(user=names["handle"])
    elif path.endswith(("/user/{id}", "/users/{name}")) and "/group/" not in path:
        make(user=names.get("id", names.get("name")))
    elif path.endswith(("/group/{id}", "/groups/{name}")):
        make(group=names.get("id", names.get("name")))


@schemathesis.check
def each_change_is_as_described(context, response, case):
    # An answer of several documents, for which OpenAPI 3.1 has no words.
    if case.operation.path.endswith("/v1/changes") and response.status_code == 200:
        change = case.operation.schema.raw_schema["components"]["schemas"]["RollbookChange"]
        for line in response.text.removesuffix("\n").split("\n") if response.text else []:
            try:
                jsonschema.validate(json.loads(line), change, jsonschema.Draft202012Validator)
            except jsonschema.ValidationError as error:
                raise AssertionError(f"{error.message} in {line}") from None
