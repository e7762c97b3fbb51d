#!/bin/sh
# Rollbook as a child process of a shell script: it takes a free port, writes its address to a file, and ends with the
# script, in whatever way the script ends.
#
#     sh examples/child.sh [DATABASE]
set -eu
program=${SERVER_PROGRAM:-rollbook}
folder=$(mktemp -d)
server=
trap 'test -z "$server" || kill "$server" 2>/dev/null || true; wait; rm -rf "$folder"' EXIT
trap 'exit 1' INT TERM

ROLLBOOK_API_KEY=$(od -An -tx1 -N20 /dev/urandom | tr -d ' \n')
ROLLBOOK_APP_KEY=$(od -An -tx1 -N20 /dev/urandom | tr -d ' \n')
ROLLBOOK_ADMIN_PASSWORD=$(od -An -tx1 -N20 /dev/urandom | tr -d ' \n')
export ROLLBOOK_API_KEY ROLLBOOK_APP_KEY ROLLBOOK_ADMIN_PASSWORD
"$program" serve --db "${1:-$folder/people.db}" --listen 127.0.0.1:0 \
    --ready-file "$folder/ready.json" --exit-with-parent=$$ &
server=$!

# The file appears, complete, when the server accepts requests.
until [ -e "$folder/ready.json" ]; do
    kill -0 "$server" 2>/dev/null || { echo "rollbook could not start" >&2; exit 1; }
    sleep 0.1
done
url=$(sed 's/.*"url":"\([^"]*\)".*/\1/; q' "$folder/ready.json")

call() {
    curl --silent --show-error --fail --noproxy '*' -H "DD-API-KEY: $ROLLBOOK_API_KEY" \
        -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" -H 'Content-Type: application/json' "$@"
}
handle() { sed 's/.*"handle":"\([^"]*\)".*/\1/'; }
echo "created: $(call "$url/api/v1/user" -d '{"handle":"ada@example.com"}' | handle)"
echo "found: $(call "$url/api/v1/user/ada@example.com" | handle)"

kill "$server"
wait "$server"
server=
[ ! -e "$folder/ready.json" ] && echo stopped
