#!/bin/sh
# Builds the container image `rollbook` with podman, docker or buildah. Run: packaging/image.sh [TOOL [FLAG...]]
set -eu
cd "$(dirname "$0")/.."

tool=${1:-}
[ $# -eq 0 ] || shift
for known in podman docker buildah; do
    [ -n "$tool" ] || ! command -v "$known" >/dev/null || tool=$known
done
: "${tool:?there is neither podman nor docker nor buildah}"

context=target/packaging/image
rm -rf "$context"
mkdir -p "$context/data"
install -m 755 "$(packaging/static.sh)" "$context/rollbook"
# The OCI format has no health checks; docker knows only its own format.
[ "$tool" = docker ] || set -- --format docker "$@"
"$tool" build "$@" --tag rollbook --file packaging/Containerfile "$context"
