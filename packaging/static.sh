#!/bin/sh
# Makes a binary that needs nothing of the system that it runs on, and prints where it is. Needs the static library of
# glibc, which is in Debian's libc6-dev.
#
# On another processor than x86-64 it is that one's: on aarch64, aarch64-unknown-linux-gnu.
set -eu
cd "$(dirname "$0")/.."

target=$(rustc -vV | sed -n 's/^host: //p')
# With --target, build scripts and macros are built as usual: they cannot be static. A static binary does not find out by
# itself that the kernel gives random numbers, and would look for /dev/urandom, which need not be there.
RUSTFLAGS="${RUSTFLAGS:-} -C target-feature=+crt-static --cfg getrandom_backend=\"linux_getrandom\""
export RUSTFLAGS
cargo build --release --locked --target "$target"
binary=target/$target/release/rollbook
libraries=$(ldd "$binary" 2>&1 || true)
case $libraries in
*"statically linked"* | *"not a dynamic executable"*) ;;
*)
    printf '%s is not static:\n%s\n' "$binary" "$libraries" >&2
    exit 1
    ;;
esac
echo "$binary"
