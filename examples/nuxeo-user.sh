#!/bin/sh
# Every operation of Nuxeo's user endpoint as a curl call, with each status code of its documentation.
# Run: export ROLLBOOK_ADMIN_PASSWORD=... (the first start of the server prints it), then sh examples/nuxeo-user.sh
# ROLLBOOK_URL is the address of the server (default http://127.0.0.1:8080).
set -e
url=${ROLLBOOK_URL:-http://127.0.0.1:8080}/nuxeo/api/v1
: "${ROLLBOOK_ADMIN_PASSWORD:?is not set (the first start of the server prints it)}"
admin="Administrator:$ROLLBOOK_ADMIN_PASSWORD"

# Only so that each run prints the same: remove what an interrupted run has left.
curl -sS -o /dev/null -u "$admin" -X DELETE "$url/user/margaret.hamilton"

echo "== Create a user: 201"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/user" -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","properties":{"username":"margaret.hamilton","firstName":"Margaret","lastName":"Heafield"}}'

echo "== Create a user whose name is taken: 409"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/user" -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","properties":{"username":"margaret.hamilton"}}'

echo "== Get a user: 200"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/user/margaret.hamilton"

echo "== Get a user that does not exist: 404"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/user/no.such.user"

echo "== Update a user: 200, and what is not sent stays as it is"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X PUT "$url/user/margaret.hamilton" -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","id":"margaret.hamilton","properties":{"lastName":"Hamilton","email":"mh@nuxeo.example"}}'

echo "== Update a user that does not exist: 404"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X PUT "$url/user/no.such.user" -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","id":"no.such.user","properties":{"lastName":"Nemo"}}'

echo "== Update a user with an unknown id in the body: 500"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X PUT "$url/user/margaret.hamilton" -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","id":"no.such.user","properties":{"lastName":"Nemo"}}'

echo "== Add a user to a group: 201"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/user/margaret.hamilton/group/members"

echo "== Add a user that does not exist to a group: 404"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/user/no.such.user/group/members"

echo "== Add a user to a group that does not exist: 404"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/user/margaret.hamilton/group/no.such.group"

echo "== Remove a user from a group: 200, and the answer is the user's name as plain text"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X DELETE "$url/user/margaret.hamilton/group/members"

echo "== Remove a user that does not exist from a group: 404"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X DELETE "$url/user/no.such.user/group/members"

echo "== Remove a user from a group that does not exist: 404"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X DELETE "$url/user/margaret.hamilton/group/no.such.group"

echo "== Log in once, and send the cookie in place of the password: 200"
jar=$(mktemp)
trap 'rm -f "$jar"' EXIT
curl -sS -w '\n%{http_code}\n' -u "$admin" -c "$jar" -X POST "$url/automation/login"
curl -sS -w '\n%{http_code}\n' -b "$jar" "$url/user/margaret.hamilton"

echo "== Log out: 200, and the cookie opens nothing any more: 401"
curl -sS -w '\n%{http_code}\n' -b "$jar" "${url%/api/v1}/logout"
curl -sS -w '\n%{http_code}\n' -b "$jar" "$url/user/margaret.hamilton"

echo "== Delete a user: 204, without an answer"
curl -sS -w '%{http_code}\n' -u "$admin" -X DELETE "$url/user/margaret.hamilton"

echo "== Delete a user that does not exist: 404"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X DELETE "$url/user/margaret.hamilton"

echo "== Any call with a wrong password: 401"
curl -sS -w '\n%{http_code}\n' -u Administrator:wrong "$url/user/Administrator"
