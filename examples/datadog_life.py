#!/usr/bin/env python3
# The life of a user through datadogpy: created, read, changed, disabled, enabled again.
# Run: pip install datadog, paste the export lines that the first start of the server printed (the password is for
# cleaning up), then python3 examples/datadog_life.py (at ROLLBOOK_URL, default http://127.0.0.1:8080)
import os
import sys

import requests  # which comes with datadogpy
from datadog import api, initialize

url = os.environ.get("ROLLBOOK_URL", "http://127.0.0.1:8080")
try:
    initialize(api_host=url, api_key=os.environ["ROLLBOOK_API_KEY"], app_key=os.environ["ROLLBOOK_APP_KEY"])
    admin = ("Administrator", os.environ["ROLLBOOK_ADMIN_PASSWORD"])
except KeyError as missing:
    sys.exit(f"{missing.args[0]} is not set (the first start of the server prints it)")


def clean_up():
    """Only so that each run prints the same: delete the user, for which Datadog has no call."""
    requests.delete(f"{url}/nuxeo/api/v1/user/grace@life.example", auth=admin)


def show(what, user):
    print(f"{what}: {user['handle']} is {user['name']}, {user['access_role']}, disabled: {user['disabled']}")


clean_up()
created = api.User.create(handle="grace@life.example", name="Grace Murray")
if "user" not in created:
    sys.exit(f"the server refused: {created}")
show("created", created["user"])

# A refusal is an answer, too (it is raised after initialize(..., mute=False)).
print("created again:", api.User.create(handle="grace@life.example"))
print("no such user:", api.User.get("nobody@life.example"))

show("read", api.User.get("grace@life.example")["user"])
show("changed", api.User.update("grace@life.example", name="Grace Hopper", access_role="ro")["user"])

print("disabled:", api.User.delete("grace@life.example"))
show("still there", api.User.get("grace@life.example")["user"])
print("disabled again:", api.User.delete("grace@life.example"))

# Creating over a disabled user succeeds but leaves it disabled: an update enables it.
show("re-created", api.User.create(handle="grace@life.example", access_role="st")["user"])
show("enabled", api.User.update("grace@life.example", disabled=False)["user"])

# The list has all users; print only those of this script.
everybody = [user["handle"] for user in api.User.get_all()["users"]]
print("among everybody:", [handle for handle in everybody if handle.endswith("@life.example")])
clean_up()
