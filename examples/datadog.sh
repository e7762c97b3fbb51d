#!/bin/sh
# Every operation of the Datadog v1 users API as a curl call: the answer, and its status below it.
# Run: paste the export lines that the first start of the server printed, then sh examples/datadog.sh
# The server's address is ROLLBOOK_URL (default http://127.0.0.1:8080).
set -e
url=${ROLLBOOK_URL:-http://127.0.0.1:8080}
: "${ROLLBOOK_API_KEY:?is not set (the first start of the server prints it)}"
: "${ROLLBOOK_APP_KEY:?is not set (the first start of the server prints it)}"

echo "== Is the API key good? (no application key needed)"
curl -sS -w '\n%{http_code}\n' -H "DD-API-KEY: $ROLLBOOK_API_KEY" "$url/api/v1/validate"

echo "== Create a user"
curl -sS -w '\n%{http_code}\n' -X POST "$url/api/v1/user" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"handle":"ada@example.com","name":"Ada Byron"}'

echo "== Create the same user again"
curl -sS -w '\n%{http_code}\n' -X POST "$url/api/v1/user" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"handle":"Ada@Example.com"}'

echo "== Create a user without a handle"
curl -sS -w '\n%{http_code}\n' -X POST "$url/api/v1/user" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"name":"Nobody"}'

echo "== Get a user"
curl -sS -w '\n%{http_code}\n' "$url/api/v1/user/ada@example.com" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY"

echo "== Get a user that does not exist (the keys may be in the query)"
curl -sS -w '\n%{http_code}\n' -G "$url/api/v1/user/nobody@example.com" \
  --data-urlencode "api_key=$ROLLBOOK_API_KEY" --data-urlencode "application_key=$ROLLBOOK_APP_KEY"

echo "== Change a user: what is not sent stays as it is"
curl -sS -w '\n%{http_code}\n' -X PUT "$url/api/v1/user/ada@example.com" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"name":"Ada Lovelace","email":"countess@example.com","access_role":"ro"}'

echo "== Change a user to a bad e-mail address"
curl -sS -w '\n%{http_code}\n' -X PUT "$url/api/v1/user/ada@example.com" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"email":"countess"}'

echo "== Disable a user"
curl -sS -w '\n%{http_code}\n' -X DELETE "$url/api/v1/user/ada@example.com" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY"

echo "== Disable the same user again"
curl -sS -w '\n%{http_code}\n' -X DELETE \
  "$url/api/v1/user/ada@example.com?api_key=$ROLLBOOK_API_KEY&application_key=$ROLLBOOK_APP_KEY"

echo "== List all users: a disabled one stays"
curl -sS -w '\n%{http_code}\n' "$url/api/v1/user" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY"

echo "== Enable the user again"
curl -sS -w '\n%{http_code}\n' -X PUT "$url/api/v1/user/ada@example.com" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"disabled":false}'

echo "== Invite users: those who do not exist are created"
curl -sS -w '\n%{http_code}\n' -X POST "$url/api/v1/invite_users" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"emails":["grace@example.com","mary@example.com"]}'

echo "== List those who are not disabled (a filter of this server's own)"
curl -sS -w '\n%{http_code}\n' "$url/api/v1/user?filter=enabled" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY"

echo "== Call with a wrong application key"
curl -sS -w '\n%{http_code}\n' "$url/api/v1/user" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H 'DD-APPLICATION-KEY: wrong'
