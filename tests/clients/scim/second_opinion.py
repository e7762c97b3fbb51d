"""Sends the requests of resources.py, queries.py and changes.py to scim2-server and to Rollbook and prints both answers of each, normalised.

scim2-server runs in this process. The output is one JSON document: for each request its name, both answers, and the
difference that the list of requests declares, if any. The caller decides which differences are intended.
"""

import faulthandler
import http.client
import importlib
import json
import os
import re
import sys
import threading
from socketserver import ThreadingMixIn
from urllib.parse import quote, urlsplit
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from scim2_models import Pagination, ScimProvider
from scim2_server.memory import InMemoryStorage
from scim2_server.service import ScimService
from scim2_server.testserver.application import BEARER_TOKEN_SCHEME, BearerTokenApplication
from scim2_server.utils import (
    load_default_resource_types,
    load_default_schemas,
    load_default_service_provider_config,
)

from request import REQUESTS

# A server that never answers must not hold up the tests.
faulthandler.dump_traceback_later(300, exit=True)

TOKEN = os.environ["ROLLBOOK_APP_KEY"]
NAME = re.compile(r"<([a-z][a-z0-9.-]*)>")
USER = "urn:ietf:params:scim:schemas:core:2.0:User"


class QuietHandler(WSGIRequestHandler):
    """Writes no line for each request."""

    def log_message(self, *_):
        pass


class ThreadingServer(ThreadingMixIn, WSGIServer):
    daemon_threads = True


def start_reference():
    """Starts scim2-server on a free port with everything that it can do, and returns its base URL."""
    config = load_default_service_provider_config()
    config.authentication_schemes = [BEARER_TOKEN_SCHEME]
    config.pagination = Pagination(
        cursor=True,
        index=True,
        default_pagination_method=Pagination.DefaultPaginationMethod.index,
        default_page_size=1000,
        max_page_size=1000,
        cursor_timeout=3600,
    )
    provider = ScimProvider.from_discovery(
        load_default_schemas().values(), load_default_resource_types().values(), config=config
    )
    application = BearerTokenApplication(
        InMemoryStorage(), provider, service=ScimService(provider, secret="secret"), bearer_tokens=[TOKEN]
    )
    server = make_server("127.0.0.1", 0, application, server_class=ThreadingServer, handler_class=QuietHandler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/v2"


class Side:
    """One of the two servers, and the names of the resources that it has made."""

    def __init__(self, base):
        self.base = base
        self.place = urlsplit(base)
        # What a name in angle brackets stands for here: an id, a version, a cursor.
        self.known = {}

    def filled(self, text, escape=lambda value: value):
        """The text with the values of this side in place of the names."""

        def value(found):
            name = found.group(1)
            return escape(self.base if name == "base" else self.known.get(name, found.group(0)))

        return NAME.sub(value, text)

    def send(self, request):
        """Sends the request and returns status, headers and body; remembers what it makes."""
        path = self.filled(request.path)
        if request.query:
            pairs = (f"{key}={quote(self.filled(value), safe='')}" for key, value in request.query.items())
            path = f"{path}?{'&'.join(pairs)}"
        body = request.body
        if body is not None:
            body = self.filled(body if isinstance(body, str) else json.dumps(body)).encode()
        headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/scim+json"}
        if body is not None:
            headers["Content-Type"] = "application/scim+json"
        headers.update((name, self.filled(value)) for name, value in request.headers.items())
        connection = http.client.HTTPConnection(self.place.hostname, self.place.port, timeout=60)
        # An empty header is one that is not sent.
        sent = {name: value for name, value in headers.items() if value}
        connection.request(request.method, f"{self.place.path}{path}", body, sent)
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        document = None
        if text:
            try:
                document = json.loads(text)
            except ValueError:
                document = {"not JSON": text.decode(errors="replace")[:500]}
        self.remember(request, document)
        return answer.status, answer.headers, document

    def remember(self, request, document):
        if not isinstance(document, dict):
            return
        if request.save and "id" in document:
            self.known[request.save] = document["id"]
        elif request.save:
            if "nextCursor" in document:
                self.known[f"{request.save}.next"] = document["nextCursor"]
        for operation in document.get("Operations") or []:
            if isinstance(operation, dict) and operation.get("bulkId") and operation.get("location"):
                self.known.setdefault(operation["bulkId"], operation["location"].rsplit("/", 1)[-1])
        version = (document.get("meta") or {}).get("version") if isinstance(document.get("meta"), dict) else None
        for name, value in list(self.known.items()):
            if version and value == document.get("id"):
                self.known[f"{name}.version"] = version

    def normalised(self, request, status, headers, document):
        """The answer with names in place of what each server chooses by itself."""
        names = {value: f"<{name}>" for name, value in self.known.items() if "." not in name}

        def text(value):
            value = value.replace(self.base, "<base>")
            for known, name in names.items():
                value = value.replace(known, name)
            return value

        def walk(value, key=""):
            if isinstance(value, dict):
                return {name: walk(inner, name) for name, inner in value.items()}
            if isinstance(value, list):
                values = [walk(inner, key) for inner in value]
                unordered = key in ("schemas", "members") or (key == "Resources" and not request.is_sorted)
                return sorted(values, key=lambda inner: json.dumps(inner, sort_keys=True)) if unordered else values
            if key in ("created", "lastModified", "version", "detail", "nextCursor", "previousCursor") and value:
                return f"<{key}>"
            return text(value) if isinstance(value, str) else value

        document = walk(document)
        if request.view and status < 400:
            document = request.view(document)
        found = {"status": status, "body": document}
        if document is not None:
            found["type"] = (headers.get("Content-Type") or "").partition(";")[0]
        if status == 201:
            found["location"] = text(headers.get("Location") or "")
        if status == 401:
            found["challenge"] = (headers.get("WWW-Authenticate") or "").partition(" ")[0]
        if isinstance(document, dict) and "id" in document and USER in document.get("schemas", []):
            found["tag"] = bool(headers.get("ETag"))
        return found


def resources_in(document):
    """The users and groups in an answer, wherever they stand."""
    if isinstance(document, dict):
        yield from (inner for inner in document.get("Resources") or [] if isinstance(inner, dict))
        yield document


def level(request, reference, ours):
    """Takes the differences that stand in every answer out of both, and returns the names of those that were there."""
    seen = set()
    # Rollbook answers the PATCH of a user with the user. What it holds is compared by the GET that follows.
    statuses = (reference["status"], ours["status"])
    if request.method == "PATCH" and request.path.startswith("/Users/") and statuses == (204, 200):
        reference.update(status=200)
        ours.update(body=None)
        ours.pop("type", None)
        ours.pop("tag", None)
        seen.add("answer-to-user-patch")
    for side in (reference, ours):
        for resource in resources_in(side["body"]):
            if resource.pop("groups", None) is not None:
                seen.add("groups-of-a-user")
            for member in resource.get("members") or []:
                if isinstance(member, dict) and (member.pop("$ref", None), member.pop("type", None)) != (None, None):
                    seen.add("references-of-members")
            if isinstance(resource.get("members"), list):
                resource["members"].sort(key=lambda member: json.dumps(member, sort_keys=True))
        body = side["body"]
        if isinstance(body, dict) and body.pop("previousCursor", None) is not None:
            seen.add("no-way-back")
        if isinstance(body, dict) and not body.get("Resources") and "totalResults" in body:
            # An empty page may leave the list out.
            body["Resources"] = []
    return sorted(seen)


def main():
    # Each of these adds its requests to the list.
    for part in ("resources", "queries", "changes"):
        importlib.import_module(part)
    # Without the address of a server, the requests go to two of scim2-server: a trial of the requests themselves.
    reference, ours = Side(start_reference()), Side(os.environ.get("ROLLBOOK_URL") or start_reference())
    rows = []
    for request in REQUESTS:
        answers = []
        for side in (reference, ours):
            status, headers, document = side.send(request)
            answers.append(side.normalised(request, status, headers, document))
        everywhere = level(request, *answers)
        rows.append(
            {
                "name": request.name,
                "call": f"{request.method} {request.path} {json.dumps(request.query) if request.query else ''}",
                "body": request.body,
                "reference": answers[0],
                "rollbook": answers[1],
                "everywhere": everywhere,
                "differs": request.differs,
                "expected": request.ours,
            }
        )
    json.dump(rows, sys.stdout)


if __name__ == "__main__":
    main()
