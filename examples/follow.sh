#!/bin/sh
# Change a user only if it is unchanged, and read the changes feed, as curl calls.
# Run: paste the export lines that the first start of the server printed, then sh examples/follow.sh
# ROLLBOOK_URL is the address of the server (default http://127.0.0.1:8080).
set -e
url=${ROLLBOOK_URL:-http://127.0.0.1:8080}
: "${ROLLBOOK_API_KEY:?is not set (the first start of the server prints it)}"
: "${ROLLBOOK_APP_KEY:?is not set (the first start of the server prints it)}"
: "${ROLLBOOK_ADMIN_PASSWORD:?is not set (the first start of the server prints it)}"
admin="Administrator:$ROLLBOOK_ADMIN_PASSWORD"
user="$url/nuxeo/api/v1/user/sophie@follow.example"

# Only so that each run prints the same: remove what an interrupted run has left.
curl -sS -o /dev/null -u "$admin" -X DELETE "$user"

# The number of the newest change: every change after it is new.
since=$(curl -sS -o /dev/null -D - "$url/rollbook/v1/changes?since=now" -H "Authorization: Bearer $ROLLBOOK_APP_KEY" |
  tr -d '\r' | sed -n 's/^Rollbook-Next: //p')

echo "== Datadog creates a user, Nuxeo puts it into a group"
curl -sS -o /dev/null -w '%{http_code}\n' -X POST "$url/api/v1/user" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -d '{"handle":"sophie@follow.example","name":"Sophie"}'
curl -sS -o /dev/null -w '%{http_code}\n' -u "$admin" -X POST "$user/group/members"

echo "== Two scripts have read the user: the one that comes second is told so"
tag=$(curl -sS -o /dev/null -D - -u "$admin" "$user" | tr -d '\r' | sed -n 's/^ETag: //p')
curl -sS -o /dev/null -w '%{http_code}\n' -u "$admin" -X PUT "$user" -H "If-Match: $tag" \
  -d '{"entity-type":"user","properties":{"lastName":"Germain"}}'
curl -sS -w '\n%{http_code}\n' -u "$admin" -X PUT "$user" -H "If-Match: $tag" \
  -d '{"entity-type":"user","properties":{"lastName":"Leblanc"}}'

echo "== Who has the newest is not sent it again"
tag=$(curl -sS -o /dev/null -D - -u "$admin" "$user" | tr -d '\r' | sed -n 's/^ETag: //p')
curl -sS -w '%{http_code}\n' -u "$admin" "$user" -H "If-None-Match: $tag"

echo "== Nuxeo deletes the user for good"
curl -sS -w '%{http_code}\n' -u "$admin" -X DELETE "$user"

echo "== What has been done to the user, without numbers, times and identifiers"
curl -sS "$url/rollbook/v1/changes?since=$since&wait=10" -H "Authorization: Bearer $ROLLBOOK_APP_KEY" |
  grep '"name":"sophie@follow.example"' | sed 's/"id":[0-9]*,"time":"[^"]*",//; s/"uuid":"[^"]*",*//'
