"""The life of users as datadogpy drives it."""

import contextlib
import io
import logging
import os
import subprocess
import sys

from checks import datadog_user, raised, same
from datadog import api, initialize
from datadog.api.api_client import APIClient
from datadog.api.exceptions import ApiError

URL = os.environ["ROLLBOOK_URL"]
API_KEY = os.environ["ROLLBOOK_API_KEY"]
APP_KEY = os.environ["ROLLBOOK_APP_KEY"]

NOT_FOUND = "user not found"
EXISTS = "User with this handle already exists"


class Statuses(logging.Handler):
    """Keeps the status of the last answer: the client logs it and returns only the body."""

    def emit(self, record):
        word = record.getMessage().split(" ")[0]
        if word.isdigit():
            self.last = int(word)


statuses = Statuses()
logging.getLogger("datadog.api").addHandler(statuses)
logging.getLogger("datadog.api").setLevel(logging.INFO)


def answered(call, *values, **named):
    """What a call that succeeds returns."""
    answer = call(*values, **named)
    same(statuses.last, 200)
    return answer


def refused(status, error, call, *values, **named):
    """Checks a refusal, which a muted client returns and another one raises."""
    if api._mute:
        answer = call(*values, **named)
    else:
        answer = raised(ApiError, call, *values, **named).args[0]
    same([statuses.last, answer["errors"]], [status, [error]])


def read(handle):
    """One user, less the roles that only this answer may carry."""
    answer = answered(api.User.get, handle)
    same(list(answer), ["user"])
    assert isinstance(answer["user"].pop("roles", []), list)
    return answer["user"]


def life(mark):
    """Takes users whose handles carry the mark from their creation to their end."""
    same(answered(APIClient.submit, "GET", "validate"), {"valid": True})

    typed = f"Ada.Lovelace+{mark}@Example.com"
    ada = datadog_user(typed.lower(), name="Ada 愛 Lovelace")
    same(answered(api.User.create, handle=typed, name="Ada 愛 Lovelace"), {"user": ada})
    refused(409, EXISTS, api.User.create, handle=typed, name="Another")
    refused(409, EXISTS, api.User.create, handle=typed.lower(), access_role="ro")
    same([read(typed), read(typed.lower()), read(typed.upper())], [ada] * 3)

    reader = datadog_user(f"reader-{mark}@example.com", access_role="ro", email=f"mail-{mark}@example.org")
    email = reader["email"].upper()
    same(answered(api.User.create, handle=reader["handle"], access_role="ro", email=email), {"user": reader})

    everyone = answered(api.User.get_all)
    same(list(everyone), ["users"])
    same([user for user in everyone["users"] if mark in user["handle"]], [ada, reader])
    handles = [user["handle"] for user in everyone["users"]]
    same(handles, sorted(handles))

    ada["name"] = "Ada King"
    same(answered(api.User.update, typed, name="Ada King"), {"user": ada})
    ada = datadog_user(ada["handle"], name="Ada King", email=f"countess-{mark}@example.com")
    same(answered(api.User.update, typed, email=f"Countess-{mark}@Example.com"), {"user": ada})
    for role, administrator in [("adm", True), ("ro", False), ("st", False), ("ro", False)]:
        ada.update(access_role=role, is_admin=administrator)
        same(answered(api.User.update, ada["handle"], access_role=role), {"user": ada})
    same(answered(api.User.update, typed), {"user": ada})
    same(answered(api.User.update, typed, favourite_colour="green", verified=True), {"user": ada})
    same(read(typed), ada)

    refused(400, "Required parameter 'handle' is missing", api.User.create, name="Nobody")
    refused(400, "Format of 'handle' should be email", api.User.create, handle="nobody")
    roles = "Format of 'access_role' should be one of st, adm, ro"
    refused(400, roles, api.User.create, handle=f"nobody-{mark}@example.com", access_role="boss")
    refused(400, roles, api.User.update, typed, access_role="ERROR")
    refused(400, "Format of 'email' should be email", api.User.update, typed, email="nowhere")
    refused(400, "Format of 'name' should be string", api.User.update, typed, name=["Ada"])
    nobody = f"nobody-{mark}@example.com"
    refused(404, NOT_FOUND, api.User.get, nobody)
    refused(404, NOT_FOUND, api.User.update, nobody, email="nowhere")
    refused(404, NOT_FOUND, api.User.delete, nobody)
    same(read(typed), ada)

    same(answered(api.User.delete, typed), {"message": f"User {typed} disabled"})
    refused(400, "User is already disabled", api.User.delete, typed)
    ada["disabled"] = True
    same(read(typed), ada)
    same([user for user in answered(api.User.get_all)["users"] if user["handle"] == ada["handle"]], [ada])
    same(answered(api.User.update, typed, disabled=True), {"user": ada})

    ada["name"] = "Ada Again"
    again = answered(api.User.create, handle=typed, name="Ada Again", email=f"new-{mark}@example.com", disabled=False)
    same(again, {"user": ada})
    ada["access_role"] = "st"
    same(answered(api.User.create, handle=typed, access_role="st"), {"user": ada})
    ada["disabled"] = False
    same(answered(api.User.update, typed, disabled=False), {"user": ada})
    refused(409, EXISTS, api.User.create, handle=typed)
    same(read(typed), ada)

    invited = [f"guest-{mark}@example.com", f"visitor-{mark}@example.com"]
    with contextlib.redirect_stdout(io.StringIO()):
        same(answered(api.User.invite, invited), {"emails": invited})

    for keys in [{"app_key": "0" * 40}, {"api_key": "0" * 32}, {"api_key": "not a key"}, {"app_key": APP_KEY.upper()}]:
        initialize(**keys)
        refused(403, "Forbidden", api.User.get_all)
        refused(403, "Forbidden", api.User.create, name="Nobody")
        refused(403, "Forbidden", api.User.update, nobody, email="nowhere")
        refused(403, "Forbidden", api.User.delete, typed)
        initialize(api_key=API_KEY, app_key=APP_KEY)
    same(read(typed), ada)


for mark, url, mute in [
    ("mute", URL, True),
    ("raise", URL, False),
    ("slash", f"{URL}/", False),
]:
    initialize(api_key=API_KEY, app_key=APP_KEY, api_host=url, mute=mute)
    life(mark)

# The other way to point the client somewhere: by its own variables alone.
code = "from datadog import api, initialize; initialize(mute=False); print(api.User.get('reader-mute@example.com'))"
variables = {"DATADOG_HOST": URL, "DATADOG_API_KEY": API_KEY, "DATADOG_APP_KEY": APP_KEY}
child = subprocess.run([sys.executable, "-c", code], env={**os.environ, **variables}, capture_output=True, text=True)
assert "'handle': 'reader-mute@example.com'" in child.stdout, child

print("ok")
