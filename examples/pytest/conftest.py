"""A pytest fixture: a Rollbook server on a new directory, for the tests of a program that uses one."""

import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import child  # noqa: E402  (examples/child.py)


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    """One server for all tests of a run: a start takes a fraction of a second, and most of it is the first password."""
    with child.rollbook(tmp_path_factory.mktemp("rollbook") / "people.db") as server:
        yield server


@pytest.fixture
def user(server, request):
    """A new user for each test, deleted after it."""
    name = f"{request.node.name}@example.com"
    server.call("POST", "/api/v1/user", {"handle": name})
    yield name
    server.call("DELETE", f"/api/v1/user/{name}")
