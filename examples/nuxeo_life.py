#!/usr/bin/env python3
# The life of users, groups and memberships through Nuxeo's Python client.
# Run: pip install 'nuxeo[oauth2]' packaging, export ROLLBOOK_ADMIN_PASSWORD=... (the first start prints it), then
# python3 examples/nuxeo_life.py (the server's address is ROLLBOOK_URL, default http://127.0.0.1:8080)
import contextlib
import json
import os
import sys

from nuxeo.client import Nuxeo
from nuxeo.exceptions import Conflict, HTTPError
from nuxeo.models import Group, User

host = os.environ.get("ROLLBOOK_URL", "http://127.0.0.1:8080") + "/nuxeo/"
try:
    nuxeo = Nuxeo(host=host, auth=("Administrator", os.environ["ROLLBOOK_ADMIN_PASSWORD"]))
except KeyError as missing:
    sys.exit(f"{missing.args[0]} is not set (the first start of the server prints it)")
print("logged in as", nuxeo.users.current_user().uid)


def groups_of(user):
    return json.dumps(nuxeo.users.get(user).properties["groups"])


# Only so that each run prints the same: remove what an interrupted run has left.
for left in ("group/enigma", "user/joan.clarke"):
    with contextlib.suppress(HTTPError):
        nuxeo.client.request("DELETE", f"api/v1/{left}")

# Users: create, change, log in.
properties = {"username": "joan.clarke", "firstName": "Joan", "lastName": "Clarke", "password": "banburismus"}
joan = nuxeo.users.create(User(properties=properties))
print("created", joan.uid)
try:
    nuxeo.users.create(User(properties=properties))
except Conflict as error:
    print("created again:", error.status, error.message)
joan.properties["lastName"] = "Murray"
joan.save()
joan = nuxeo.users.get("joan.clarke")
print("changed to", joan.properties["firstName"], joan.properties["lastName"])
print("logged in as", Nuxeo(host=host, auth=("joan.clarke", "banburismus")).users.current_user().uid)

# Groups: create with members, change.
group = nuxeo.groups.create(Group(groupname="enigma", grouplabel="Enigma", memberUsers=["joan.clarke"]))
print("created", group.groupname, "with", json.dumps(group.memberUsers))
group.grouplabel = "Naval Enigma"
group.save()
group = nuxeo.groups.get("enigma")
print("changed to", group.grouplabel, "with", json.dumps(group.memberUsers))

# Memberships and search have no method in the client: they are plain requests.
nuxeo.client.request("DELETE", "api/v1/user/joan.clarke/group/enigma")
print("removed from the group:", groups_of("joan.clarke"))
nuxeo.client.request("POST", "api/v1/user/joan.clarke/group/enigma")
print("added to the group:", groups_of("joan.clarke"))
page = nuxeo.client.request("GET", "api/v1/user/search", params={"q": "joan.clar"}).json()
print("found", json.dumps([user["id"] for user in page["entries"]]))

# Delete both.
nuxeo.groups.delete("enigma")
print("without the group:", groups_of("joan.clarke"))
nuxeo.users.delete("joan.clarke")
try:
    nuxeo.users.get("joan.clarke")
except HTTPError as error:
    print("deleted:", error.status, error.message)
