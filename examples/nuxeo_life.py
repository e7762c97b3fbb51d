#!/usr/bin/env python3
# The life of users, groups and memberships through Nuxeo's Python client.
# Run: pip install 'nuxeo[oauth2]' packaging, export ROLLBOOK_ADMIN_PASSWORD=... (the first start prints it), then
# python3 examples/nuxeo_life.py (the server's address is ROLLBOOK_URL, default http://127.0.0.1:8080)
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


# Users: create, change, log in.
properties = {"username": "ada", "firstName": "Ada", "lastName": "Byron", "password": "note G"}
ada = nuxeo.users.create(User(properties=properties))
print("created", ada.uid)
try:
    nuxeo.users.create(User(properties=properties))
except Conflict as error:
    print("created again:", error.status, error.message)
ada.properties["lastName"] = "Lovelace"
ada.save()
ada = nuxeo.users.get("ada")
print("changed to", ada.properties["firstName"], ada.properties["lastName"])
print("logged in as", Nuxeo(host=host, auth=("ada", "note G")).users.current_user().uid)

# Groups: create with members, change.
group = nuxeo.groups.create(Group(groupname="engines", grouplabel="Engines", memberUsers=["ada"]))
print("created", group.groupname, "with", json.dumps(group.memberUsers))
group.grouplabel = "Analytical engines"
group.save()
group = nuxeo.groups.get("engines")
print("changed to", group.grouplabel, "with", json.dumps(group.memberUsers))

# Memberships and search have no method in the client: they are plain requests.
nuxeo.client.request("DELETE", "api/v1/user/ada/group/engines")
print("removed from the group:", groups_of("ada"))
nuxeo.client.request("POST", "api/v1/user/ada/group/engines")
print("added to the group:", groups_of("ada"))
page = nuxeo.client.request("GET", "api/v1/user/search", params={"q": "love"}).json()
print("found", json.dumps([user["id"] for user in page["entries"]]))

# Delete both.
nuxeo.groups.delete("engines")
print("without the group:", groups_of("ada"))
nuxeo.users.delete("ada")
try:
    nuxeo.users.get("ada")
except HTTPError as error:
    print("deleted:", error.status, error.message)
