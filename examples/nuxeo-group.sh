#!/bin/sh
# Groups, memberships and search of the Nuxeo API as curl calls.
# Run: export ROLLBOOK_ADMIN_PASSWORD=... (the first start of the server prints it), then sh examples/nuxeo-group.sh
# ROLLBOOK_URL is the address of the server (default http://127.0.0.1:8080).
set -e
url=${ROLLBOOK_URL:-http://127.0.0.1:8080}/nuxeo/api/v1
: "${ROLLBOOK_ADMIN_PASSWORD:?is not set (the first start of the server prints it)}"
admin="Administrator:$ROLLBOOK_ADMIN_PASSWORD"

# Only so that each run prints the same: remove what an interrupted run has left.
curl -sS -u "$admin" -X DELETE "$url/group/{eniac/debuggers,eniac}" "$url/user/{jean.bartik,kay.antonelli}" >/dev/null

echo "== Create two users"
curl -sS -o /dev/null -w '%{http_code}\n' -u "$admin" -X POST "$url/user" -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","properties":{"username":"jean.bartik","firstName":"Jean","lastName":"Bartik"}}'
curl -sS -o /dev/null -w '%{http_code}\n' -u "$admin" -X POST "$url/user" -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","properties":{"username":"kay.antonelli","firstName":"Kay","lastName":"Antonelli"}}'

echo "== Create a group"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/group" -H 'Content-Type: application/json' \
  -d '{"entity-type":"group","groupname":"eniac","grouplabel":"Programmers","memberUsers":["kay.antonelli"]}'

echo "== Create a group whose name is taken"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/group" -H 'Content-Type: application/json' \
  -d '{"entity-type":"group","groupname":"eniac"}'

echo "== Create a group inside another one; a name may contain a slash"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/group" -H 'Content-Type: application/json' \
  -d '{"entity-type":"group","groupname":"eniac/debuggers","parentGroups":["eniac"]}'

echo "== Get a group: members are listed on request"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/group/eniac"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/group/eniac?fetch-group=memberUsers,memberGroups,parentGroups"
curl -sS -w '\n%{http_code}\n' -u "$admin" -H 'fetch-group: parentGroups' "$url/group/eniac/debuggers"

echo "== Update a group: its members stay, as no list of them is sent"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X PUT "$url/group/eniac?fetch-group=memberUsers" \
  -H 'Content-Type: application/json' \
  -d '{"entity-type":"group","id":"eniac","grouplabel":"ENIAC programmers","properties":{"description":"First six"}}'

echo "== Add a user to a group; the answer is the user"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/group/eniac/user/jean.bartik"

echo "== Add a user to a group with a slash in its name"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/user/kay.antonelli/group/eniac%2Fdebuggers"

echo "== The users of a group, and its member groups, page by page"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/group/eniac/@users?pageSize=1&currentPageIndex=1"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/group/eniac/@groups"

echo "== Search users and groups by the first letters of a name (q=* finds all)"
curl -sS -w '\n%{http_code}\n' -u "$admin" -G "$url/user/search" --data-urlencode 'q=bartik'
curl -sS -w '\n%{http_code}\n' -u "$admin" -G "$url/group/search" --data-urlencode 'q=eniac' -d pageSize=1

echo "== Remove a user from a group; the answer is the user's name as plain text"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X DELETE "$url/group/eniac/user/jean.bartik"

echo "== Delete the groups and the users"
curl -sS -w '%{http_code}\n' -u "$admin" -X DELETE "$url/group/eniac/debuggers"
curl -sS -w '%{http_code}\n' -u "$admin" -X DELETE "$url/group/eniac"
curl -sS -w '%{http_code}\n' -u "$admin" -X DELETE "$url/user/jean.bartik"
curl -sS -w '%{http_code}\n' -u "$admin" -X DELETE "$url/user/kay.antonelli"

echo "== Get a group that does not exist"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/group/eniac"
