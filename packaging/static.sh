#!/bin/sh
# Builds a static binary and prints its path. Needs the static library of glibc (Debian: libc6-dev).
#
# The binary is for the processor of this machine: on aarch64, aarch64-unknown-linux-gnu.
set -eu
cd "$(dirname "$0")/.."

target=$(rustc -vV | sed -n 's/^host: //p')
# With --target, build scripts and macros are built as usual: they cannot be static. A static binary does not detect that
# the kernel provides random numbers, and would open /dev/urandom, which may be missing.
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
