#!/bin/sh
# Every operation of the Datadog v1 users API as a curl call: the answer, and its status below it.
# Run: paste the export lines that the first start of the server printed, then sh examples/datadog.sh
# ROLLBOOK_URL is the address of the server (default http://127.0.0.1:8080); ROLLBOOK_ADMIN_PASSWORD is for cleaning up.
set -e
url=${ROLLBOOK_URL:-http://127.0.0.1:8080}
: "${ROLLBOOK_API_KEY:?is not set (the first start of the server prints it)}"
: "${ROLLBOOK_APP_KEY:?is not set (the first start of the server prints it)}"
: "${ROLLBOOK_ADMIN_PASSWORD:?is not set (the first start of the server prints it)}"

# Only so that each run prints the same: delete the users of this script, for which Datadog has no call.
clean_up() {
  curl -sS -u "Administrator:$ROLLBOOK_ADMIN_PASSWORD" -X DELETE \
    "$url/nuxeo/api/v1/user/{hedy,jean,kay}@datadog.example" >/dev/null
}
# Only so that each run prints the same: the users of this script in a list, and the status.
own() { grep -oE '\{[^{}]*@datadog\.example"[^{}]*\}|^[0-9]+$'; }
clean_up

echo "== Is the API key good? (no application key needed)"
curl -sS -w '\n%{http_code}\n' -H "DD-API-KEY: $ROLLBOOK_API_KEY" "$url/api/v1/validate"

echo "== Create a user"
curl -sS -w '\n%{http_code}\n' -X POST "$url/api/v1/user" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"handle":"hedy@datadog.example","name":"Hedy Kiesler"}'

echo "== Create the same user again"
curl -sS -w '\n%{http_code}\n' -X POST "$url/api/v1/user" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"handle":"Hedy@Datadog.Example"}'

echo "== Create a user without a handle"
curl -sS -w '\n%{http_code}\n' -X POST "$url/api/v1/user" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"name":"Nobody"}'

echo "== Get a user"
curl -sS -w '\n%{http_code}\n' "$url/api/v1/user/hedy@datadog.example" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY"

echo "== Get a user that does not exist (the keys may be in the query)"
curl -sS -w '\n%{http_code}\n' -G "$url/api/v1/user/nobody@datadog.example" \
  --data-urlencode "api_key=$ROLLBOOK_API_KEY" --data-urlencode "application_key=$ROLLBOOK_APP_KEY"

echo "== Change a user: what is not sent stays as it is"
curl -sS -w '\n%{http_code}\n' -X PUT "$url/api/v1/user/hedy@datadog.example" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"name":"Hedy Lamarr","email":"inventor@datadog.example","access_role":"ro"}'

echo "== Change a user to a bad e-mail address"
curl -sS -w '\n%{http_code}\n' -X PUT "$url/api/v1/user/hedy@datadog.example" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"email":"inventor"}'

echo "== Disable a user"
curl -sS -w '\n%{http_code}\n' -X DELETE "$url/api/v1/user/hedy@datadog.example" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY"

echo "== Disable the same user again"
curl -sS -w '\n%{http_code}\n' -X DELETE \
  "$url/api/v1/user/hedy@datadog.example?api_key=$ROLLBOOK_API_KEY&application_key=$ROLLBOOK_APP_KEY"

echo "== List all users: a disabled one stays"
curl -sS -w '\n%{http_code}\n' "$url/api/v1/user" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" | own

echo "== Enable the user again"
curl -sS -w '\n%{http_code}\n' -X PUT "$url/api/v1/user/hedy@datadog.example" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"disabled":false}'

echo "== Invite users: those who do not exist are created"
curl -sS -w '\n%{http_code}\n' -X POST "$url/api/v1/invite_users" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" \
  -H 'Content-Type: application/json' \
  -d '{"emails":["jean@datadog.example","kay@datadog.example"]}'

echo "== List those who are not disabled (a filter of this server's own)"
curl -sS -w '\n%{http_code}\n' "$url/api/v1/user?filter=enabled" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" | own

echo "== Call with a wrong application key"
curl -sS -w '\n%{http_code}\n' "$url/api/v1/user" \
  -H "DD-API-KEY: $ROLLBOOK_API_KEY" -H 'DD-APPLICATION-KEY: wrong'

clean_up
