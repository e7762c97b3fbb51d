#!/bin/sh
# One directory, two dialects: each reads what the other has written, as curl calls.
# Run: paste the export lines that the first start of the server printed, then sh examples/across.sh
# ROLLBOOK_URL is the address of the server (default http://127.0.0.1:8080).
set -e
url=${ROLLBOOK_URL:-http://127.0.0.1:8080}
: "${ROLLBOOK_API_KEY:?is not set (the first start of the server prints it)}"
: "${ROLLBOOK_APP_KEY:?is not set (the first start of the server prints it)}"
: "${ROLLBOOK_ADMIN_PASSWORD:?is not set (the first start of the server prints it)}"
admin="Administrator:$ROLLBOOK_ADMIN_PASSWORD"

# Only so that each run prints the same: remove what an interrupted run has left.
curl -sS -o /dev/null -u "$admin" -X DELETE "$url/nuxeo/api/v1/user/mary@across.example"

echo "== Datadog creates a user"
curl -sS -w '\n%{http_code}\n' -X POST "$url/api/v1/user" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' -d '{"handle":"Mary@across.example","name":"Mary Somerville"}'

echo "== Nuxeo reads it, in the spelling of its creation"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/nuxeo/api/v1/user/mary@across.example"

echo "== Nuxeo gives it a password and makes it an administrator"
curl -sS -o /dev/null -w '%{http_code}\n' -u "$admin" -X PUT "$url/nuxeo/api/v1/user/mary@across.example" \
  -H 'Content-Type: application/json' \
  -d '{"entity-type":"user","properties":{"password":"on the connexion","groups":["administrators"]}}'

echo "== The user logs in"
curl -sS -w '\n%{http_code}\n' -u 'mary@across.example:on the connexion' "$url/nuxeo/api/v1/me"

echo "== Datadog sees an administrator who has logged in"
curl -sS -w '\n%{http_code}\n' "$url/api/v1/user/mary@across.example" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY"

echo "== Datadog takes the role away"
curl -sS -w '\n%{http_code}\n' -X PUT "$url/api/v1/user/mary@across.example" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' -d '{"access_role":"st"}'

echo "== Nuxeo sees no group any more"
curl -sS -w '\n%{http_code}\n' -u "$admin" "$url/nuxeo/api/v1/user/mary@across.example"

echo "== Datadog disables the user, who then cannot log in"
curl -sS -w '\n%{http_code}\n' -X DELETE "$url/api/v1/user/mary@across.example" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY"
curl -sS -w '\n%{http_code}\n' -u 'mary@across.example:on the connexion' "$url/nuxeo/api/v1/me"

echo "== Nuxeo deletes the user for good"
curl -sS -w '%{http_code}\n' -u "$admin" -X DELETE "$url/nuxeo/api/v1/user/mary@across.example"
curl -sS -w '\n%{http_code}\n' "$url/api/v1/user/mary@across.example" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY"
