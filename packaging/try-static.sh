#!/bin/sh
# Tests the static binary in an empty folder as the root of the file system, laid out as in the container image. Then builds
# and runs that image, if buildah is installed.
#
# Needs root, curl, and the static library of glibc. NAME is a TLS server that can be reached from here.
# Run: packaging/try-static.sh [NAME]
set -eu
cd "$(dirname "$0")/.."
name=${1:-example.com}

place=$(mktemp -d /var/tmp/rollbook-static.XXXXXX)
root=$place/root
server=
container=
images="--root $place/images --runroot $place/run --storage-driver vfs"
end() {
    [ -z "$server" ] || { kill -KILL "$server" && wait "$server"; } 2>/dev/null || true
    # shellcheck disable=SC2086
    [ -z "$container" ] || buildah $images rm "$container" >/dev/null || true
    rm -rf "$place"
}
trap end EXIT
trap 'exit 1' INT TERM

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*"; exit 1; }
not() { if "$@"; then fail "$*"; fi; }
wait_until() {
    for _ in $(seq 100); do
        if "$@" 2>/dev/null; then return; fi
        sleep 0.1
    done
    fail "$* does not come true: $(cat "$place/log")"
}

say "make the binary"
binary=$PWD/$(packaging/static.sh)
ls -l "$binary"
# Prints that there is nothing to load; may fail.
ldd "$binary" || true

say "lay it out as in the image: the binary, a folder, and nothing else"
mkdir -p "$root/data"
install -m 755 "$binary" "$root/rollbook"
chown 65532:65532 "$root/data"
inside() {
    chroot --userspec=65532:65532 "$root" /rollbook "$@"
}
cd /
export ROLLBOOK_LISTEN=127.0.0.1:18080 ROLLBOOK_DB=/data/rollbook.db
inside --version
chroot --userspec=65532:65532 "$root" /rollbook serve >"$place/log" 2>&1 &
server=$!
wait_until inside healthcheck
cat "$place/log"

say "call it, and command it"
eval "$(grep '^export ' "$place/log")"
curl -sSf --noproxy '*' http://127.0.0.1:18080/api/v1/validate -H "DD-API-KEY: $ROLLBOOK_API_KEY"
echo
printf 'login,first name,groups\nbob,Bob,members\n' >"$root/data/people.csv"
inside import /data/people.csv -v
inside user list
inside backup /data/backup.db
inside check
find "$root" | sort

say "names of other servers: an address, a name in a file, a name that has to be asked for"
export DD_API_KEY=x DD_APP_KEY=x
pull() { inside pull datadog --from "$1" --timeout 5 --dry-run 2>&1 || true; }
pull http://127.0.0.1:18080
mkdir "$root/etc"
echo '127.0.0.1 here.example' >"$root/etc/hosts"
pull http://here.example:18080
pull "https://$name"
cp /etc/resolv.conf "$root/etc/"
pull "https://$name"

say "stop it"
kill -TERM "$server"
wait "$server"
server=
tail -n 2 "$place/log"

if ! command -v buildah >/dev/null; then
    say "there is no buildah here: the image is not tried"
    exit
fi

say "make the image"
cd - >/dev/null
# shellcheck disable=SC2086
STORAGE_DRIVER=vfs packaging/image.sh buildah $images --isolation chroot
# shellcheck disable=SC2086
container=$(buildah $images from --pull-never rollbook)
# shellcheck disable=SC2086
buildah $images inspect --type image --format \
    '{{.Docker.Config.User}} {{.Docker.Config.Entrypoint}} {{.Docker.Config.Cmd}} {{.Docker.Config.Healthcheck}} {{.Docker.Config.Volumes}} {{.Docker.Config.ExposedPorts}}' rollbook

say "run it"
# shellcheck disable=SC2086
mounted=$(buildah $images mount "$container")
find "$mounted" | sort
stat -c '%u:%g %a %n' "$mounted/rollbook" "$mounted/data"
# shellcheck disable=SC2086
buildah $images run --isolation chroot --env ROLLBOOK_LISTEN=127.0.0.1:18080 "$container" /rollbook serve >"$place/log" 2>&1 &
server=$!
wait_until "$binary" healthcheck --listen 127.0.0.1:18080
# shellcheck disable=SC2086
buildah $images run --isolation chroot --env ROLLBOOK_LISTEN=127.0.0.1:18080 "$container" /rollbook healthcheck
cat "$place/log"
kill -TERM "$server"
wait "$server" || true
server=

say "everything is as it should be"
