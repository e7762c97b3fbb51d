#!/bin/sh
# Builds the Debian package and prints its path. Needs cargo-deb (cargo install cargo-deb --locked).
set -eu
cd "$(dirname "$0")/.."

cargo build --release --locked
binary=target/release/rollbook
made=target/packaging
rm -rf "$made"
mkdir -p "$made/man"

# A manual page for each command; each page names its subcommands.
page() {
    name=$(echo rollbook "$@" | tr ' ' -)
    "$binary" man "$@" >"$made/man/$name.1"
    sed 's/\\//g' "$made/man/$name.1" | sed -n "s/^$name-\(.*\)(1)\$/\1/p" | while read -r word; do
        [ "$word" = help ] || page "$@" "$word"
    done
}
page
for shell in bash zsh fish; do
    "$binary" completions "$shell" >"$made/rollbook.$shell"
done

cargo deb --no-build --locked --quiet
