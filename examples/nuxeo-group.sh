#!/bin/sh
# Groups, memberships and search of the Nuxeo API as curl calls.
# Run: export ROLLBOOK_ADMIN_PASSWORD=... (the first start of the server prints it), then sh examples/nuxeo-group.sh
# The server's address is ROLLBOOK_URL (default http://127.0.0.1:8080).
set -e
url=${ROLLBOOK_URL:-http://127.0.0.1:8080}/nuxeo/api/v1
: "${ROLLBOOK_ADMIN_PASSWORD:?is not set (the first start of the server prints it)}"
admin="Administrator:$ROLLBOOK_ADMIN_PASSWORD"

echo "== Create two users"
curl -sS -o /dev/null -w '%{http_code}\n' -u "$admin" -X POST "$url/user" -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","properties":{"username":"ada","firstName":"Ada","lastName":"Lovelace"}}'
curl -sS -o /dev/null -w '%{http_code}\n' -u "$admin" -X POST "$url/user" -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","properties":{"username":"grace","firstName":"Grace","lastName":"Hopper"}}'

echo "== Create a group"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/group" -H 'Content-Type: application/json' \
  -d '{"entity-type":"group","groupname":"compilers","grouplabel":"Compiler makers","memberUsers":["grace"]}'

echo "== Create a group whose name is taken"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/group" -H 'Content-Type: application/json' \
  -d '{"entity-type":"group","groupname":"compilers"}'

echo "== Create a group inside another one; a name may contain a slash"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/group" -H 'Content-Type: application/json' \
  -d '{"entity-type":"group","groupname":"compilers/cobol","parentGroups":["compilers"]}'

echo "== Get a group: members are listed on request"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/group/compilers"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/group/compilers?fetch-group=memberUsers,memberGroups,parentGroups"
curl -sS -w '\n%{http_code}\n' -u "$admin" -H 'fetch-group: parentGroups' "$url/group/compilers/cobol"

echo "== Update a group: its members stay, as no list of them is sent"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X PUT "$url/group/compilers?fetch-group=memberUsers" \
  -H 'Content-Type: application/json' \
  -d '{"entity-type":"group","id":"compilers","grouplabel":"Compilers","properties":{"description":"Words to code"}}'

echo "== Add a user to a group; the answer is the user"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/group/compilers/user/ada"

echo "== Add a user to a group with a slash in its name"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X POST "$url/user/grace/group/compilers%2Fcobol"

echo "== The users of a group, and its member groups, page by page"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/group/compilers/@users?pageSize=1&currentPageIndex=1"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/group/compilers/@groups"

echo "== Search users and groups by the first letters of a name (q=* finds all)"
curl -sS -w '\n%{http_code}\n' -u "$admin" -G "$url/user/search" --data-urlencode 'q=lovel'
curl -sS -w '\n%{http_code}\n' -u "$admin" -G "$url/group/search" --data-urlencode 'q=*' -d pageSize=2

echo "== Remove a user from a group; the answer is the user's name as plain text"
curl -sS -w '\n%{http_code}\n' -u "$admin" -X DELETE "$url/group/compilers/user/ada"

echo "== Delete the groups and the users"
curl -sS -w '%{http_code}\n' -u "$admin" -X DELETE "$url/group/compilers/cobol"
curl -sS -w '%{http_code}\n' -u "$admin" -X DELETE "$url/group/compilers"
curl -sS -w '%{http_code}\n' -u "$admin" -X DELETE "$url/user/ada"
curl -sS -w '%{http_code}\n' -u "$admin" -X DELETE "$url/user/grace"

echo "== Get a group that does not exist"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/group/compilers"
