#!/bin/sh
# Every operation of Nuxeo's user endpoint as a curl call, with each status code that its page lists.
# Run: export ROLLBOOK_ADMIN_PASSWORD=... (the first start of the server prints it), then sh examples/nuxeo-user.sh
# The server's address is ROLLBOOK_URL (default http://127.0.0.1:8080).
set -e
url=${ROLLBOOK_URL:-http://127.0.0.1:8080}/nuxeo/api/v1
: "${ROLLBOOK_ADMIN_PASSWORD:?is not set (the first start of the server prints it)}"
admin="Administrator:$ROLLBOOK_ADMIN_PASSWORD"

echo "== Create a user: 201"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/user" -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","properties":{"username":"ada","firstName":"Ada","lastName":"Byron"}}'

echo "== Create a user whose name is taken: 409"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/user" -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","properties":{"username":"ada"}}'

echo "== Get a user: 200"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/user/ada"

echo "== Get a user that does not exist: 404"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/user/nobody"

echo "== Update a user: 200, and what is not sent stays as it is"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X PUT "$url/user/ada" -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","id":"ada","properties":{"lastName":"Lovelace","email":"ada@example.com"}}'

echo "== Update a user that does not exist: 404"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X PUT "$url/user/nobody" -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","id":"nobody","properties":{"lastName":"Nemo"}}'

echo "== Update a user with an unknown id in the body: 500"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X PUT "$url/user/ada" -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","id":"nobody","properties":{"lastName":"Nemo"}}'

echo "== Add a user to a group: 201"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/user/ada/group/members"

echo "== Add a user that does not exist to a group: 404"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/user/nobody/group/members"

echo "== Add a user to a group that does not exist: 404"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/user/ada/group/nothing"

echo "== Remove a user from a group: 200, and the answer is the user's name as plain text"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X DELETE "$url/user/ada/group/members"

echo "== Remove a user that does not exist from a group: 404"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X DELETE "$url/user/nobody/group/members"

echo "== Remove a user from a group that does not exist: 404"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X DELETE "$url/user/ada/group/nothing"

echo "== Delete a user: 204, without an answer"
curl -sS -w '%{http_code}\n' -u "$admin" -X DELETE "$url/user/ada"

echo "== Delete a user that does not exist: 404"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X DELETE "$url/user/ada"

echo "== Any call with a wrong password: 401"
curl -sS -w '\n%{http_code}\n' -u Administrator:wrong "$url/user/Administrator"
