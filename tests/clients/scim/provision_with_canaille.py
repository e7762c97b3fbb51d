"""Canaille as the identity provider: its users and groups are made, changed and deleted, and it tells the server.

Canaille only logs what fails. Every line that it logs while it provisions ends the script with an error.
"""

import datetime
import faulthandler
import logging
import os
import warnings

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend

# A server that never answers must not hold up the tests.
faulthandler.dump_traceback_later(300, exit=True)
warnings.simplefilter("ignore")

URL = os.environ["ROLLBOOK_URL"]
CONFIG = {
    "SECRET_KEY": "a secret of this process",
    "SERVER_NAME": "auth.example.com",
    "PREFERRED_URL_SCHEME": "https",
    "CANAILLE": {"DATABASE": "memory", "LOGGING": None},
    "CANAILLE_OIDC": {"TRUSTED_DOMAINS": ["127.0.0.1"]},
    "CANAILLE_SCIM": {"ENABLE_SERVER": True, "ENABLE_CLIENT": True},
}


class Failures(logging.Handler):
    """Keeps what Canaille complains about."""

    def __init__(self):
        super().__init__(logging.INFO)
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def new_user(name, given, family, **more):
    user = models.User(user_name=name, given_name=given, family_name=family, formatted_name=f"{given} {family}", **more)
    Backend.instance.save(user)
    return user


def change(thing, **values):
    # Canaille tells the groups of a user as well: those of now.
    Backend.instance.reload(thing)
    for name, value in values.items():
        setattr(thing, name, value)
    Backend.instance.save(thing)


def new_group(name, *members):
    group = models.Group(display_name=name, members=list(members))
    Backend.instance.save(group)
    return group


def provision():
    """Takes users and groups through their lives; what is left is what the server has to hold."""
    ada = new_user(
        "ada",
        "Ada",
        "Lovelace",
        display_name="Ada Lovelace",
        emails=["ada@example.com", "ada@home.example"],
        phone_numbers=["+44 20 7946 0958"],
        title="Analyst",
        preferred_language="en",
        profile_url="https://example.com/ada",
        street="12 St James's Square",
        postal_code="SW1Y",
        locality="London",
        region="England",
        employee_number="100",
        organization="Analytical Engines",
        department="Research",
        password="correct horse battery",
    )
    bob = new_user("bob", "Bob", "Builder", emails=["bob@example.com"])
    carol = new_user("carol", "Carol", "Smith", emails=["carol@example.com"])
    dave = new_user("dave", "Dave", "Short-lived", emails=["dave@example.com"])

    engines = new_group("engines", ada, bob)
    builders = new_group("builders", bob)
    # Changes of people: another name, another title, other e-mails.
    change(ada, title="Chief analyst", emails=["countess@example.com"])
    change(bob, user_name="robert", given_name="Robert", formatted_name="Robert Builder")
    # A locked user is an inactive one, and an unlocked user is active again.
    change(carol, lock_date=datetime.datetime.now(datetime.UTC))
    change(dave, lock_date=datetime.datetime.now(datetime.UTC))
    change(dave, lock_date=None)
    # Changes of groups: a new name, one member more and one member less.
    change(engines, display_name="steam engines", members=[ada, carol])
    change(engines, members=[ada, bob, carol])
    # The ends of a group and of a user, who leaves the groups.
    Backend.instance.delete(builders)
    change(engines, members=[ada, bob, carol, dave])
    Backend.instance.delete(dave)


def main():
    app = create_app(config=CONFIG)
    failures = Failures()
    # One of the lines, that the server does not know the protocol, is only an information.
    app.logger.setLevel(logging.INFO)
    app.logger.addHandler(failures)
    with app.app_context(), app.backend.session():
        client = models.Client(
            client_id="rollbook",
            client_name="Rollbook",
            client_uri=URL,
            redirect_uris=[URL],
            client_id_issued_at=datetime.datetime.now(datetime.UTC),
        )
        Backend.instance.save(client)
        assert client.trusted, "users of a client that is not trusted have to consent first"
        # Canaille would make a token of its own; it takes this one when it is there.
        token = models.Token(
            token_id="token",
            access_token=os.environ["ROLLBOOK_APP_KEY"],
            subject=None,
            audience=[client],
            client=client,
            scope=["openid", "profile"],
            issue_date=datetime.datetime.now(datetime.UTC),
            lifetime=3600,
        )
        Backend.instance.save(token)
        provision()
    assert not failures.lines, "\n".join(failures.lines)
    print("ok")


if __name__ == "__main__":
    main()
