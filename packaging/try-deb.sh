#!/bin/sh
# Tests the Debian package from its build to its purge: builds it, boots a small Debian with systemd in a container,
# installs, calls, imports, stops, crashes, upgrades, removes and purges, and checks the files after each step.
#
# Needs root, a network, cargo-deb, and Debian's packages debootstrap and systemd-container. Takes a few minutes, most of
# it for the build and the Debian, which is installed in a temporary folder. Run: packaging/try-deb.sh [SUITE]
set -eu
cd "$(dirname "$0")/.."
suite=${1:-bookworm}

place=$(mktemp -d /var/tmp/rollbook-deb.XXXXXX)
root=$place/root
supervisor=
end() {
    [ -z "$supervisor" ] || { kill -KILL "$supervisor" && wait "$supervisor"; } 2>/dev/null || true
    rm -rf "$place"
}
trap end EXIT
trap 'exit 1' INT TERM

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'FAILED: %s\n' "$*"; exit 1; }

say "make the package"
deb=$(packaging/deb.sh)
echo "$deb"

say "make a Debian ($suite)"
debootstrap --variant=minbase --include=systemd,curl "$suite" "$root" >"$place/debootstrap.log" ||
    fail "$(tail -n 20 "$place/debootstrap.log")"
cp "$deb" "$root/root/rollbook.deb"

say "boot it"
# Register the container with systemd, if systemd runs here.
[ -d /run/systemd/system ] || set -- --register=no --keep-unit
[ "${1:-}" = --register=no ] || set --
systemd-nspawn --quiet --directory "$root" --private-network --boot --console=pipe "$@" \
    </dev/null >"$place/console.log" 2>&1 &
supervisor=$!
leader=
for _ in $(seq 100); do
    leader=$(ps -o pid= --ppid "$supervisor" | tr -d ' ')
    [ -z "$leader" ] || ! nsenter -t "$leader" -m -r test -S /run/systemd/private || break
    sleep 0.2
done
# Runs a script inside, as root; a command after `not` has to fail.
inside() {
    nsenter -t "$leader" -m -u -i -n -p -C -r -- /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root \
        SYSTEMD_PAGER= /bin/sh -euc 'not() { if "$@"; then echo "FAILED: $*"; exit 1; fi }
            '"$1"
}
inside 'systemctl is-system-running --wait || true; systemctl --version | head -n 1'

say "install"
inside 'dpkg -i /root/rollbook.deb'
inside 'systemctl is-active rollbook; systemctl is-enabled rollbook; systemctl show -p Type,StatusText,NRestarts,User rollbook'
inside 'curl -sS http://127.0.0.1:8080/readyz'
inside 'rollbook healthcheck'

say "what is where, and whose"
inside 'ls -ld /var/lib/rollbook /var/lib/private; ls -la /var/lib/private/rollbook'
test "$(stat -c %a "$root/var/lib/private")" = 700 || fail "others get at the database"
inside 'stat -c "%a %n" /var/lib/rollbook/rollbook.db.secrets | grep "^600 "'

say "the secrets are in their file, and not in the journal"
inside 'journalctl -u rollbook --no-pager -o cat'
inside '
    . /var/lib/rollbook/rollbook.db.secrets
    for secret in "$ROLLBOOK_ADMIN_PASSWORD" "$ROLLBOOK_API_KEY" "$ROLLBOOK_APP_KEY"; do
        test "${#secret}" -ge 16
        journalctl --no-pager -o cat >/root/journal
        systemctl show rollbook >>/root/journal
        not grep -F -e "$secret" /root/journal
    done
    curl -sSf -X POST http://127.0.0.1:8080/api/v1/user -H "DD-API-KEY: $ROLLBOOK_API_KEY" \
        -H "DD-APPLICATION-KEY: $ROLLBOOK_APP_KEY" -d "{\"handle\":\"ada@example.com\"}"; echo
    curl -sSf -u "Administrator:$ROLLBOOK_ADMIN_PASSWORD" http://127.0.0.1:8080/nuxeo/api/v1/me -o /dev/null
    rm /var/lib/rollbook/rollbook.db.secrets'

say "commands of root, while it runs"
inside '
    export ROLLBOOK_DB=/var/lib/rollbook/rollbook.db
    printf "login,first name,groups\nbob,Bob,members\ncarol,Carol,members;engines\n" >/root/people.csv
    rollbook import /root/people.csv --create-groups -v
    rollbook user list -v
    rollbook backup /root/backup.db
    rollbook check'

say "commands of root, while it rests"
inside '
    export ROLLBOOK_DB=/var/lib/rollbook/rollbook.db
    systemctl stop rollbook
    systemctl show -p ActiveState,Result rollbook
    rm -f /var/lib/rollbook/rollbook.db.lock
    rollbook user add dora -v
    rollbook restore /root/backup.db
    rollbook user add dora
    ls -la /var/lib/private/rollbook
    systemctl start rollbook
    rollbook user show dora -v'

say "a setting, and a wrong one"
inside '
    echo ROLLBOOK_LISTEN=127.0.0.1:8081 >>/etc/default/rollbook
    echo ROLLBOOK_METRICS_LISTEN=127.0.0.1:9464 >>/etc/default/rollbook
    systemctl restart rollbook
    curl -sS http://127.0.0.1:8081/readyz
    curl -sS http://127.0.0.1:9464/metrics >/root/metrics
    grep "^process_" /root/metrics
    test "$(grep -c "^process_" /root/metrics)" -eq 4
    echo ROLLBOOK_LISTEN=nowhere >>/etc/default/rollbook
    not systemctl restart rollbook
    systemctl show -p ActiveState,ExecMainStatus,NRestarts rollbook
    sed -i "/nowhere/d" /etc/default/rollbook
    systemctl start rollbook'

say "a crash"
inside '
    # Otherwise systemd counts these starts as repeated crashes.
    systemctl reset-failed rollbook
    systemctl kill --kill-whom=main -s KILL rollbook
    for _ in $(seq 50); do if rollbook healthcheck --listen 127.0.0.1:8081 2>/dev/null; then break; fi; sleep 0.2; done
    systemctl show -p ActiveState,NRestarts rollbook
    systemctl is-active rollbook
    ROLLBOOK_DB=/var/lib/rollbook/rollbook.db rollbook check'

say "as little exposed as it says"
inside 'systemd-analyze security --threshold=19 rollbook --no-pager >/root/security; tail -n 1 /root/security'
inside 'cd /proc/$(systemctl show -P MainPID rollbook); grep -e Uid -e CapEff -e NoNewPrivs -e Seccomp: status; grep "open files" limits'

say "install again: an upgrade"
inside 'dpkg -i /root/rollbook.deb; systemctl is-active rollbook; curl -sS http://127.0.0.1:8081/readyz'

say "remove: the program goes, settings and database stay"
inside '
    dpkg --remove rollbook
    not test -e /usr/bin/rollbook
    not systemctl is-active rollbook
    not curl -sS http://127.0.0.1:8081/readyz
    ls /etc/default/rollbook /var/lib/private/rollbook/rollbook.db
    not test -e /usr/share/man/man1/rollbook.1.gz'

say "install after that: it goes on with the same users"
inside '
    dpkg -i /root/rollbook.deb
    systemctl is-active rollbook
    ROLLBOOK_DB=/var/lib/rollbook/rollbook.db rollbook user list'

say "purge: nothing stays"
inside '
    dpkg --purge rollbook
    ls -la /var/lib/private
    not test -e /etc/default/rollbook
    not test -e /var/lib/private/rollbook
    not test -L /var/lib/rollbook
    systemctl list-unit-files >/root/units
    not grep rollbook /root/units
    find / -xdev -name "*rollbook*" -not -path "/root/*" >/root/left
    not grep . /root/left'

say "everything is as it should be"
