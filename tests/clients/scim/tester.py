"""Runs every check of scim2-tester against the server and prints them as one JSON document.

Each entry is one result: the check's name, the type of resource, the status, the reason, and how many results of that
name came before it for the same type. The caller decides which results are right.
"""

import faulthandler
import json
import os

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import check_server

# A server that never answers must not hold up the tests.
faulthandler.dump_traceback_later(300, exit=True)

URL = os.environ["ROLLBOOK_URL"]
HEADERS = {"Authorization": f"Bearer {os.environ['ROLLBOOK_APP_KEY']}"}

# The client of `scim2 test`: it has no description of the server, so the checks discover everything.
client = SyncSCIMClient(Client(base_url=URL, headers=HEADERS, timeout=60))
results = check_server(client)
print(
    json.dumps(
        [
            {
                "check": result.title,
                "resource": result.resource_type or "",
                "status": result.status.name,
                "reason": result.reason or "",
                # The document or the error that the check looked at, for the message of a failure.
                "data": "" if result.status.name == "SUCCESS" else str(result.data)[:2000],
            }
            for result in results
        ]
    )
)
