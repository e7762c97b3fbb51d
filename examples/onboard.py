#!/usr/bin/env python3
# Bulk onboarding: a user for each row of a CSV, in the groups of its last column; what exists already is reported.
# Run: export ROLLBOOK_ADMIN_PASSWORD=... (the first start of the server prints it), then
# python3 examples/onboard.py [FILE.csv] (the server's address is ROLLBOOK_URL, default http://127.0.0.1:8080)
"""The columns are Nuxeo's user properties: `username`, and any of `firstName`, `lastName`, `email`, `company`,
`password` and so on. `groups` is a list of names with `;` between them; a group that does not exist is created.
A user that exists keeps its properties and is added to the groups that it is not yet a member of.
The exit code is 1 when the server refused a row."""
import base64
import csv
import json
import os
import pathlib
import sys
import urllib.error
import urllib.parse
import urllib.request

URL = os.environ.get("ROLLBOOK_URL", "http://127.0.0.1:8080") + "/nuxeo/api/v1"
PASSWORD = os.environ.get("ROLLBOOK_ADMIN_PASSWORD")


def call(method, *path, body=None):
    """One request as Administrator: the status and the answer."""
    url = "/".join([URL, *(urllib.parse.quote(name, safe="") for name in path)])
    login = base64.b64encode(f"Administrator:{PASSWORD}".encode()).decode()
    headers = {"Authorization": f"Basic {login}", "Content-Type": "application/json"}
    data = json.dumps(body).encode() if body else None
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data, headers, method=method)) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)
    except urllib.error.URLError as error:
        sys.exit(f"{url}: {error.reason}")


def create_group(name):
    status, answer = call("POST", "group", body={"entity-type": "group", "groupname": name})
    return {201: "created", 409: "exists"}.get(status) or f"refused ({answer['message']})"


def create_user(row):
    properties = {name: value for name, value in row.items() if value}
    status, answer = call("POST", "user", body={"entity-type": "user", "properties": properties})
    if status == 409:
        return "exists" + join_groups(row["username"], row["groups"])
    return "created" if status == 201 else f"refused ({answer['message']})"


def join_groups(user, groups):
    """Adds a user that exists to those of the groups that are new to it."""
    _, answer = call("GET", "user", user)
    present = [name.casefold() for name in answer["properties"]["groups"]]
    added = ""
    for group in groups:
        if group.casefold() not in present:
            status, answer = call("POST", "user", user, "group", group)
            added += f", added to {group}" if status == 201 else f", refused ({answer['message']})"
    return added


def main(path):
    with open(path, newline="", encoding="utf-8-sig") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows, start=1):
        if None in row:
            sys.exit(f"{path}: row {number} has more cells than there are columns")
        row.update({name: (value or "").strip() for name, value in row.items()})
        row["groups"] = [name.strip() for name in row.get("groups", "").split(";") if name.strip()]

    for name in dict.fromkeys(name for row in rows for name in row["groups"]):
        print(f"group {name}: {create_group(name)}")
    outcomes = []
    for row in rows:
        outcomes.append(create_user(row))
        print(f"user {row.get('username')}: {outcomes[-1]}")

    refused = sum("refused (" in outcome for outcome in outcomes)
    print(f"rows: {len(rows)}, created: {outcomes.count('created')}, refused: {refused}")
    return 1 if refused else 0


if __name__ == "__main__":
    if not PASSWORD:
        sys.exit("ROLLBOOK_ADMIN_PASSWORD is not set (the first start of the server prints it)")
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).with_name("onboard.csv")))
