"""The life of users as the official Datadog client for Python drives it."""

import os

from checks import datadog_user, raised, same
from datadog_api_client import ApiClient, Configuration
from datadog_api_client.exceptions import ApiException, ForbiddenException, NotFoundException
from datadog_api_client.v1.api.authentication_api import AuthenticationApi
from datadog_api_client.v1.api.users_api import UsersApi
from datadog_api_client.v1.model.access_role import AccessRole
from datadog_api_client.v1.model.user import User

URL = os.environ["ROLLBOOK_URL"]
API_KEY = os.environ["ROLLBOOK_API_KEY"]
APP_KEY = os.environ["ROLLBOOK_APP_KEY"]

NOT_FOUND = "user not found"
EXISTS = "User with this handle already exists"


def client(url, api_key=API_KEY, app_key=APP_KEY):
    configuration = Configuration(host=url)
    # The certificate that is to be trusted; the client asks neither Python nor the environment.
    configuration.ssl_ca_cert = os.environ.get("ROLLBOOK_CA")
    configuration.api_key["apiKeyAuth"] = api_key
    if app_key:
        configuration.api_key["appKeyAuth"] = app_key
    return ApiClient(configuration)


def refused(status, error, call, *values, **named):
    """Checks a refusal: its class, its status and its text."""
    kind = {403: ForbiddenException, 404: NotFoundException}.get(status, ApiException)
    caught = raised(kind, call, *values, **named)
    same([caught.status, caught.body["errors"]], [status, [error]])


def life(mark, url):
    """Takes users whose handles carry the mark from their creation to their end."""
    with client(url) as connection:
        same(AuthenticationApi(connection).validate().to_dict(), {"valid": True})
        users = UsersApi(connection)

        def read(handle):
            """One user, less the roles that only this answer may carry."""
            user = users.get_user(handle).to_dict()["user"]
            assert isinstance(user.pop("roles", []), list)
            return user

        def enabled(yes):
            return users.update_user(typed, User(disabled=not yes)).to_dict()

        typed = f"Grace.Hopper+{mark}@Example.com"
        grace = datadog_user(typed.lower(), name="Grace 優 Hopper")
        answer = users.create_user(User(handle=typed, name="Grace 優 Hopper"))
        same(answer.to_dict(), {"user": grace})
        # The client keeps these apart from what it does not know: they have the types that it expects.
        same([answer.user.access_role == AccessRole.STANDARD, answer.user.disabled, answer.user.verified],
             [True, False, False])
        refused(409, EXISTS, users.create_user, User(handle=typed, name="Another"))
        refused(409, EXISTS, users.create_user, User(handle=typed.lower(), access_role=AccessRole.READ_ONLY))
        same([read(typed), read(typed.lower()), read(typed.upper())], [grace] * 3)

        reader = datadog_user(f"reader-{mark}@example.com", access_role="ro", name="Reader", disabled=True)
        body = User(handle=reader["handle"], access_role=AccessRole.READ_ONLY, name="Reader", disabled=True)
        same(users.create_user(body).to_dict(), {"user": reader})

        everyone = users.list_users().to_dict()
        same(list(everyone), ["users"])
        same([user for user in everyone["users"] if mark in user["handle"]], [grace, reader])

        grace["name"] = "Amazing Grace"
        same(users.update_user(typed, User(name="Amazing Grace")).to_dict(), {"user": grace})
        grace = datadog_user(grace["handle"], name="Amazing Grace", email=f"admiral-{mark}@example.com")
        same(users.update_user(typed, User(email=f"Admiral-{mark}@Example.com")).to_dict(), {"user": grace})
        for role, administrator in [("adm", True), ("ro", False), ("st", False), ("ro", False)]:
            grace.update(access_role=role, is_admin=administrator)
            same(users.update_user(typed, User(access_role=AccessRole(role))).to_dict(), {"user": grace})
        # A user may be read, and sent back as it came.
        same(users.update_user(typed, users.get_user(typed).user).to_dict(), {"user": grace})
        same(users.update_user(typed, User()).to_dict(), {"user": grace})

        refused(400, "Required parameter 'handle' is missing", users.create_user, User(name="Nobody"))
        refused(400, "Format of 'handle' should be email", users.create_user, User(handle="nobody"))
        roles = "Format of 'access_role' should be one of st, adm, ro"
        refused(400, roles, users.update_user, typed, User(access_role=AccessRole.ERROR))
        refused(400, "Format of 'email' should be email", users.update_user, typed, User(email="nowhere"))
        nobody = f"no/body-{mark}@example.com"
        refused(404, NOT_FOUND, users.get_user, nobody)
        refused(404, NOT_FOUND, users.update_user, nobody, User(email="nowhere"))
        refused(404, NOT_FOUND, users.disable_user, nobody)
        same(read(typed), grace)

        same(users.disable_user(typed).to_dict(), {"message": f"User {typed} disabled"})
        refused(400, "User is already disabled", users.disable_user, typed)
        grace["disabled"] = True
        same(read(typed), grace)
        same([user for user in users.list_users().to_dict()["users"] if user["handle"] == grace["handle"]], [grace])
        same(enabled(False), {"user": grace})

        grace["name"] = "Grace Again"
        same(users.create_user(User(handle=typed, name="Grace Again", disabled=False)).to_dict(), {"user": grace})
        grace["disabled"] = False
        same(enabled(True), {"user": grace})
        refused(409, EXISTS, users.create_user, User(handle=typed))
        same(read(typed), grace)

    with client(url, app_key=None) as connection:
        same(AuthenticationApi(connection).validate().valid, True)
    for api_key, app_key in [("0" * 32, APP_KEY), (API_KEY, "0" * 40), ("not a key", APP_KEY)]:
        with client(url, api_key, app_key) as connection:
            users = UsersApi(connection)
            if api_key != API_KEY:
                refused(403, "Forbidden", AuthenticationApi(connection).validate)
            refused(403, "Forbidden", users.list_users)
            refused(403, "Forbidden", users.get_user, nobody)
            refused(403, "Forbidden", users.create_user, User())
            refused(403, "Forbidden", users.update_user, nobody, User(email="nowhere"))
            refused(403, "Forbidden", users.disable_user, typed)


life("plain", URL)
life("slash", f"{URL}/")

print("ok")
