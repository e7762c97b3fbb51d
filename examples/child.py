"""Rollbook as a child process of a Python program.

The server takes a free port, writes its address to a pipe, and ends with this program, in whatever way this one ends.

    python3 examples/child.py [DATABASE]
"""

import base64
import contextlib
import json
import os
import secrets
import subprocess
import sys
import tempfile
import urllib.request

# The program `rollbook`, by its path or from PATH.
PROGRAM = os.environ.get("SERVER_PROGRAM", "rollbook")


class Rollbook:
    """A running server: its `url`, and the first secrets of its directory."""

    def __init__(self, url, password, api_key, app_key):
        self.url, self.password, self.api_key, self.app_key = url, password, api_key, app_key

    def call(self, method, path, body=None):
        """Sends a request as Administrator and returns the document of the answer."""
        login = base64.b64encode(f"Administrator:{self.password}".encode()).decode()
        headers = {
            "Authorization": f"Basic {login}",
            "DD-API-KEY": self.api_key,
            "DD-APPLICATION-KEY": self.app_key,
            "Content-Type": "application/json",
        }
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        # No proxy between this program and its own child.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=60) as answer:
            return json.load(answer)


@contextlib.contextmanager
def rollbook(database, *flags):
    """Runs a server on that file for the length of a `with` block."""
    given = {name: secrets.token_hex(20) for name in ("ADMIN_PASSWORD", "API_KEY", "APP_KEY")}
    environment = os.environ | {f"ROLLBOOK_{name}": secret for name, secret in given.items()}
    ready, told = os.pipe()
    command = [PROGRAM, "serve", "--db", os.fspath(database), "--listen", "127.0.0.1:0"]
    command += ["--ready-fd", str(told), f"--exit-with-parent={os.getpid()}", *flags]
    # The end of this program closes the pipe, which ends the server, also in another container.
    process = subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, pass_fds=[told])
    os.close(told)
    try:
        with os.fdopen(ready) as lines:
            line = lines.read()
        if not line:
            raise RuntimeError(f"rollbook could not start: it ended with status {process.wait(timeout=60)}")
        yield Rollbook(json.loads(line)["url"], *given.values())
    finally:
        process.stdin.close()
        # Requests that have begun are answered first.
        process.wait(timeout=60)


def main():
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        database = sys.argv[1] if len(sys.argv) > 1 else os.path.join(folder, "people.db")
        server = stack.enter_context(rollbook(database))
        user = {"handle": "ada@example.com", "name": "Ada Lovelace"}
        print("created:", server.call("POST", "/api/v1/user", user)["user"]["handle"])
        print("found:", server.call("GET", "/nuxeo/api/v1/user/ada@example.com")["properties"]["username"])
    print("stopped")


if __name__ == "__main__":
    main()
