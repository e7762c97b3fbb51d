"""What the life scripts in Python share."""

import faulthandler
import hashlib
import json

# A client that waits for ever must not hold up the tests: after this time it says where it stands and ends.
faulthandler.dump_traceback_later(300, exit=True)


def same(got, wanted):
    """Fails with both values when they differ; compares as JSON, where 1 is not true."""
    got, wanted = (json.dumps(value, sort_keys=True, default=repr, ensure_ascii=False) for value in (got, wanted))
    assert got == wanted, f"\n   got {got}\nwanted {wanted}"


def raised(kind, call, *values, **named):
    """Returns the error of that kind which the call raises."""
    try:
        answer = call(*values, **named)
    except kind as error:
        return error
    raise AssertionError(f"no {kind.__name__} but {answer!r}")


def datadog_user(handle, **other):
    """The ten fields of a Datadog user: those of a new one, but for the given."""
    user = {
        "handle": handle,
        "email": handle,
        "name": None,
        "title": None,
        "role": None,
        "access_role": "st",
        "is_admin": False,
        "verified": False,
        "disabled": False,
    }
    user.update(other)
    digest = hashlib.md5(user["email"].encode()).hexdigest()
    return {**user, "icon": f"https://secure.gravatar.com/avatar/{digest}?s=48&d=retro"}
