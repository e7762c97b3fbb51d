#!/usr/bin/env python3
# The life of a user through datadogpy: created, read, changed, disabled, enabled again.
# Run: pip install datadog, paste the export lines that the first start of the server printed, then
# python3 examples/datadog_life.py (the server's address is ROLLBOOK_URL, default http://127.0.0.1:8080)
import os
import sys

from datadog import api, initialize

try:
    initialize(
        api_host=os.environ.get("ROLLBOOK_URL", "http://127.0.0.1:8080"),
        api_key=os.environ["ROLLBOOK_API_KEY"],
        app_key=os.environ["ROLLBOOK_APP_KEY"],
    )
except KeyError as missing:
    sys.exit(f"{missing.args[0]} is not set (the first start of the server prints it)")


def show(what, user):
    print(f"{what}: {user['handle']} is {user['name']}, {user['access_role']}, disabled: {user['disabled']}")


created = api.User.create(handle="ada@example.com", name="Ada Byron")
if "user" not in created:
    sys.exit(f"the server refused: {created}")
show("created", created["user"])

# A refusal is an answer, too (it is raised after initialize(..., mute=False)).
print("created again:", api.User.create(handle="ada@example.com"))
print("no such user:", api.User.get("nobody@example.com"))

show("read", api.User.get("ada@example.com")["user"])
show("changed", api.User.update("ada@example.com", name="Ada Lovelace", access_role="ro")["user"])

print("disabled:", api.User.delete("ada@example.com"))
show("still there", api.User.get("ada@example.com")["user"])
print("disabled again:", api.User.delete("ada@example.com"))

# Creating over a disabled user succeeds but leaves it disabled: an update enables it.
show("re-created", api.User.create(handle="ada@example.com", access_role="st")["user"])
show("enabled", api.User.update("ada@example.com", disabled=False)["user"])

print("everybody:", [user["handle"] for user in api.User.get_all()["users"]])
