"""Tests that use the fixtures of conftest.py."""


def test_a_new_user_is_in_the_list(server, user):
    handles = [found["handle"] for found in server.call("GET", "/api/v1/user")["users"]]
    assert user in handles


def test_a_user_joins_a_group(server, user):
    joined = server.call("POST", f"/nuxeo/api/v1/user/{user}/group/members")
    assert joined["properties"]["groups"] == ["members"]
