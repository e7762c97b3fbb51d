"""The life of users, groups and memberships as Nuxeo's Python client drives it."""

import os

import nuxeo
import requests
from checks import raised, same
from nuxeo.auth import TokenAuth
from nuxeo.client import Nuxeo
from nuxeo.exceptions import BadQuery, Forbidden, HTTPError, Unauthorized
from nuxeo.models import Group, User
from requests.cookies import cookiejar_from_dict

URL = os.environ["ROLLBOOK_URL"]
ADMIN_PASSWORD = os.environ["ROLLBOOK_ADMIN_PASSWORD"]

OLD = nuxeo.__version__.startswith("3.")

NO_USER = "user does not exist"
NO_GROUP = "group does not exist"
NOT_CREATE = "Cannot create artifact"
NOT_EDIT = "User is not allowed to edit users"
NOT_JOIN = "Cannot edit user"


def connect(host, user, password, **options):
    """A client for that user."""
    # With the old client it is the caller who decides how names outside Latin 1 are encoded.
    credentials = (user.encode(), password.encode()) if OLD else (user, password)
    return Nuxeo(host=host, auth=credentials, **options)


def refused(status, message, call, *values, **named):
    """Checks a refusal: its class, its status and its text."""
    error = raised(HTTPError, call, *values, **named)
    same([error.status, error.message], [status, message])
    same([isinstance(error, Forbidden), isinstance(error, Unauthorized)], [status == 403, status == 401])


def properties(name, **other):
    """The properties of a user: the seven standard ones are always there."""
    absent = dict.fromkeys(["firstName", "lastName", "email", "company", "tenantId"])
    return {**absent, "username": name, "groups": [], **other}


def entity(name, extended=(), **other):
    """The whole document of a user."""
    return {
        "entity-type": "user",
        "id": name,
        "name": name,
        "properties": properties(name, **other),
        "extendedGroups": [{"name": group, "label": label, "url": f"group/{group}"} for group, label in extended],
        "isAdministrator": False,
        "isAnonymous": False,
    }


def page(kind, total, size, index, ids, document):
    """Checks every field of a page of users or groups."""
    more = total > size * (index + 1)
    pages = max(1, -(-total // size))
    entries = document.pop("entries")
    same([entry["id"] for entry in entries], ids)
    same([entry["entity-type"] for entry in entries], [kind[:-1]] * len(ids))
    wanted = {
        "entity-type": kind,
        "isPaginable": True,
        "resultsCount": total,
        "pageSize": size,
        "maxPageSize": 1000,
        "resultsCountLimit": 0,
        "currentPageSize": len(ids),
        "currentPageIndex": index,
        "currentPageOffset": size * index,
        "numberOfPages": pages,
        "isPreviousPageAvailable": index > 0,
        "isNextPageAvailable": more,
        "isLastPageAvailable": more,
        "isSortable": False,
        "hasError": False,
        "errorMessage": None,
        "pageIndex": index,
        "pageCount": pages,
    }
    same(document, wanted)


class Life:
    """One life on one base address; everything in it has a name that begins with the mark."""

    def __init__(self, host, mark, **options):
        self.host = host
        self.mark = mark
        self.server = connect(host, "Administrator", ADMIN_PASSWORD, **options)
        self.ada = f"{mark}-Ada"
        self.bob = f"{mark}-bob"
        self.team = f"{mark}-team"
        self.inner = f"{mark}-inner"

    def run(self):
        self.connection()
        self.operations()
        self.users()
        self.groups()
        self.membership()
        self.search()
        self.passwords()
        self.tokens()
        self.sessions()
        self.names()
        self.permissions()
        self.end()

    def call(self, method, path, server=None, **named):
        """A request below `api/v1`, for what the client has no method for."""
        return (server or self.server).client.request(method, f"api/v1/{path}", **named)

    def read(self, path):
        return self.call("GET", path).json()

    def connection(self):
        same(self.server.client.is_reachable(), True)
        status = self.server.client.request("GET", "runningstatus")
        same(sorted(set(status.json().values())), ["ok"])
        same(self.server.client.request("GET", "runningstatus", params={"info": "started"}).text, "true")
        same(self.server.client.server_version, "2023.0")
        me = self.server.users.current_user()
        same([me.id, me.isAdministrator], ["Administrator", True])
        label = {"name": "administrators", "label": "Administrators group", "url": "group/administrators"}
        same(me.extendedGroups, ["administrators"] if OLD else [label])
        same([self.read(path)["id"] for path in ("me", "me/", "user/Administrator")], ["Administrator"] * 3)
        same(raised(HTTPError, self.server.client.request, "GET", "test").status, 404)
        for user in ("Administrator", "nobody"):
            same(raised(Unauthorized, connect(self.host, user, "wrong").users.current_user).status, 401)

    def operations(self):
        operations = self.server.operations
        assert self.server.can_use("Log")
        words = {"level": "warn", "message": f"the life of {self.mark}"}
        same(operations.execute(command="Log", params=words, check_params=True), b"")
        operation = operations.new("Log")
        operation.params = {**words, "category": "clients"}
        same(operation.execute(void_op=True), b"")
        raised(BadQuery, operations.execute, command="Log", params={"message": "no level"}, check_params=True)
        same(raised(HTTPError, operations.execute, command="No.Such", params={}, check_params=False).status, 404)

    def users(self):
        users = self.server.users
        given = {"firstName": "Ada", "lastName": "愛", "email": f"ada-{self.mark}@example.com", "company": "Engines"}
        ada = users.create(User(properties={"username": self.ada, "password": "difference", **given}))
        same(ada.properties, properties(self.ada, **given))
        same([ada.id, ada.isAdministrator, ada.isAnonymous, ada.extendedGroups], [self.ada, False, False, []])
        same(self.read(f"user/{self.ada}"), entity(self.ada, **given))

        bob = users.create(User(properties={"username": f" {self.bob} "}))
        same(bob.properties, properties(self.bob))
        same(self.read(f"user/{self.bob}"), entity(self.bob))

        for name in (self.ada, self.ada.upper()):
            refused(409, "User already exists", users.create, User(properties={"username": name, "password": "x"}))
        refused(400, "User MUST have a name", users.create, User(properties={"username": ""}))
        stranger = {"username": f"{self.mark}-stranger", "groups": ["nowhere"]}
        refused(403, f"{NO_GROUP}: nowhere", users.create, User(properties=stranger))
        same(raised(HTTPError, users.create, User(properties={**stranger, "groups": "nowhere"})).status, 400)
        refused(404, NO_USER, users.get, stranger["username"])
        same(raised(HTTPError, users.get).status, 405)
        same([users.exists(name) for name in (self.ada, self.ada.lower(), "nobody")], [True, True, False])

        ada = users.get(self.ada.upper())
        same([ada.id, ada.properties], [self.ada, properties(self.ada, **given)])
        ada.properties.update(firstName="Augusta", company=None, title="Countess")
        ada.save()
        given.update(firstName="Augusta", company=None, title="Countess")
        same(self.read(f"user/{self.ada}"), entity(self.ada, **given))
        ada.load()
        same(ada.properties, properties(self.ada, **given))
        ada.properties["groups"] = ["nowhere"]
        refused(403, f"{NO_GROUP}: nowhere", ada.save)

        # Only what is sent changes.
        some = {"entity-type": "user", "id": self.ada, "properties": {"lastName": "King", "company": "Engines"}}
        given.update(some["properties"])
        same(self.call("PUT", f"user/{self.ada}", data=some).json(), entity(self.ada, **given))
        refused(404, NO_USER, users.put, User(id="nobody", properties={"username": "nobody"}))
        self.server.client.disable_retry()
        ghost = {"entity-type": "user", "id": "ghost", "properties": {"lastName": "Ghost"}}
        same(raised(HTTPError, self.call, "PUT", f"user/{self.ada}", data=ghost).status, 500)
        self.server.client.enable_retry()
        other = {"entity-type": "user", "id": self.bob, "properties": {"lastName": "Ghost"}}
        same(raised(HTTPError, self.call, "PUT", f"user/{self.ada}", data=other).status, 400)
        same([self.read(f"user/{name}") for name in (self.ada, self.bob)],
             [entity(self.ada, **given), entity(self.bob)])

    def groups(self):
        groups = self.server.groups
        members, absent = [f"{self.mark}-ghost", self.ada], f"{self.mark}-absent"
        team = groups.create(
            Group(groupname=self.team, grouplabel="The Team", memberUsers=members, memberGroups=[absent]))
        same([team.groupname, team.grouplabel, team.memberUsers, team.memberGroups],
             [self.team, "The Team", members, [absent]])
        document = self.read(f"group/{self.team}")
        same(document.pop("name", self.team), self.team)
        own = {"groupname": self.team, "grouplabel": "The Team"}
        same(document, {"entity-type": "group", "id": self.team, **own,
                        "properties": {**own, "description": None, "tenantId": None}})
        same(self.read(f"user/{self.ada}")["extendedGroups"],
             [{"name": self.team, "label": "The Team", "url": f"group/{self.team}"}])
        refused(409, "Group already exists", groups.create, Group(groupname=self.team, grouplabel="Another"))
        refused(400, "Group MUST have a name", groups.create, Group(grouplabel="Nameless"))
        refused(404, NO_GROUP, groups.get, absent)
        same([groups.exists(self.team), groups.exists(absent)], [True, False])

        inner = groups.create(Group(groupname=self.inner, memberUsers=[self.bob]))
        same([inner.grouplabel, inner.memberUsers, inner.memberGroups], [self.inner, [self.bob], []])
        team = groups.get(self.team)
        same([team.memberUsers, team.memberGroups], [members, [absent]])
        team.grouplabel = "Team"
        team.memberUsers = [self.ada]
        team.memberGroups = [self.inner]
        team.save()
        team = groups.get(self.team)
        same([team.grouplabel, team.memberUsers, team.memberGroups], ["Team", [self.ada], [self.inner]])
        # A name that means nobody is kept.
        team.memberGroups = [self.inner, "Administrators-of-nowhere"]
        same(groups.put(team).groupname, self.team)
        same(groups.get(self.team).memberGroups, [self.inner, "Administrators-of-nowhere"])
        same(self.read(f"user/{self.bob}"),
             entity(self.bob, groups=[self.inner], extended=[(self.inner, self.inner), (self.team, "Team")]))

        # Lists that are not sent stay.
        self.call("PUT", f"group/{self.team}", data={
            "entity-type": "group", "id": self.team, "properties": {"description": "All of us"}})
        document = self.call("GET", f"group/{self.team}", params={"fetch-group": "memberUsers,memberGroups"}).json()
        same([document["properties"]["description"], document["memberUsers"], document["memberGroups"]],
             ["All of us", [self.ada], [self.inner, "Administrators-of-nowhere"]])
        inner = self.call("GET", f"group/{self.inner}", headers={"fetch-group": "parentGroups"}).json()
        same([inner["parentGroups"], "memberUsers" in inner], [[self.team], False])
        # An ordinary save leaves a user in its groups.
        self.server.users.get(self.bob).save()
        same(groups.get(self.inner).memberUsers, [self.bob])

    def membership(self):
        extended = [(self.team, "Team"), (self.inner, self.inner)]
        by_user = f"user/{self.ada}/group/{self.inner}"
        by_group = f"group/{self.inner}/user/{self.ada}"
        for attach, detach in [(by_user, by_group), (by_group, by_user), (by_user, by_user)]:
            for _ in range(2):
                answer = self.call("POST", attach)
                same(answer.status_code, 201)
                same(answer.json()["id"], self.ada)
                same(answer.json()["properties"]["groups"], [self.team, self.inner])
                same([(group["name"], group["label"]) for group in answer.json()["extendedGroups"]], extended)
            same(self.server.groups.get(self.inner).memberUsers, [self.bob, self.ada])
            for _ in range(2):
                answer = self.call("DELETE", detach)
                same([answer.status_code, answer.text], [200, self.ada])
                same(answer.headers["Content-Type"].split(";")[0], "text/plain")
            same(self.server.groups.get(self.inner).memberUsers, [self.bob])
        for method in ("POST", "DELETE"):
            refused(404, NO_USER, self.call, method, f"user/nobody/group/{self.inner}")
            refused(404, "Group not found", self.call, method, f"user/{self.ada}/group/nowhere")
            refused(404, NO_GROUP, self.call, method, f"group/nowhere/user/{self.ada}")
            refused(404, "User not found", self.call, method, f"group/{self.inner}/user/nobody")
        same(raised(HTTPError, self.call, "GET", by_user).status, 405)

    def search(self):
        crowd = [f"{self.mark}-crowd-{number}" for number in range(5)]
        for name in crowd:
            self.server.users.create(User(properties={"username": name, "lastName": f"{self.mark}_Last"}))
        everyone = self.server.groups.create(Group(groupname=f"{self.mark}-everyone", grouplabel=f"{self.mark} All"))
        everyone.memberUsers = crowd
        everyone.memberGroups = [self.inner, self.team]
        everyone.save()

        def find(kind, q, **named):
            return self.call("GET", f"{kind}/search", params={"q": q, **named}).json()

        prefix = f"{self.mark}-CROWD"
        page("users", 5, 50, 0, crowd, find("user", prefix))
        for index in range(3):
            ids = crowd[2 * index:2 * index + 2]
            page("users", 5, 2, index, ids, find("user", prefix, pageSize=2, currentPageIndex=index))
        past = find("user", prefix, pageSize=2, currentPageIndex=7)
        same([past["entries"], past["resultsCount"], past["hasError"]], [[], 5, False])
        same([user["id"] for user in find("user", prefix, pageSize=2, offset=4)["entries"]], crowd[4:])
        same([user["id"] for user in find("user", f"{self.mark}_last")["entries"]], crowd)
        # Neither is a wildcard inside a word.
        same([find("user", f"{self.mark}{sign}crowd")["resultsCount"] for sign in ("_", "*", "%")], [0, 0, 0])
        same([user["id"] for user in find("user", "augusta")["entries"]], [self.ada])
        same([find("user", "")["entries"], find("group", "")["entries"]], [[], []])
        same(self.read("user/search")["resultsCount"], 0)
        everybody = [user["id"] for user in find("user", "*", pageSize=0)["entries"]]
        same(everybody, sorted(everybody, key=str.casefold))
        same(sorted({"Administrator", self.ada, self.bob, *crowd} - set(everybody)), [])
        same(raised(HTTPError, find, "user", "*", pageSize="many").status, 400)

        page("groups", 3, 50, 0, [everyone.groupname, self.inner, self.team], find("group", f"{self.mark}-"))
        page("groups", 3, 2, 1, [self.team], find("group", self.mark, pageSize=2, currentPageIndex=1))
        found = self.call("GET", "group/search", params={"q": f"{self.mark} all", "fetch-group": "memberUsers"}).json()
        same([(group["id"], group["memberUsers"]) for group in found["entries"]], [(everyone.groupname, crowd)])

        def members(kind, **named):
            return self.call("GET", f"group/{everyone.groupname}", adapter=kind, params=named).json()

        page("users", 5, 3, 0, crowd[:3], members("users", pageSize=3))
        page("users", 5, 3, 1, crowd[3:], members("users", pageSize=3, currentPageIndex=1))
        page("users", 1, 50, 0, crowd[2:3], members("users", q=crowd[2]))
        page("groups", 2, 50, 0, [self.inner, self.team], members("groups"))
        refused(404, NO_GROUP, self.call, "GET", "group/nowhere", adapter="users")
        for name in crowd:
            self.server.users.delete(name)
        page("users", 0, 50, 0, [], find("user", prefix))
        same(self.server.groups.get(everyone.groupname).memberUsers, [])
        everyone.delete()

    def passwords(self):
        ada = connect(self.host, self.ada, "difference")
        same([ada.users.current_user().id, self.call("GET", "me", ada).json()["id"]], [self.ada] * 2)
        change = {"oldPassword": "difference", "newPassword": "analytical: 解"}
        same(self.call("PUT", "me/changepassword", ada, data=change).json()["id"], self.ada)
        same(raised(Unauthorized, ada.users.current_user).status, 401)
        ada = connect(self.host, self.ada, change["newPassword"])
        same(raised(Unauthorized, self.call, "PUT", "me/changepassword", ada, data=change).status, 401)
        same(ada.users.current_user().id, self.ada)
        # A save that does not mention the password leaves it; the administrator's sets another.
        self.server.users.get(self.ada).save()
        same(ada.users.current_user().id, self.ada)
        self.server.users.get(self.ada).change_password("difference")
        raised(Unauthorized, ada.users.current_user)
        same(connect(self.host, self.ada, "difference").users.current_user().id, self.ada)
        # Nobody logs in without a password.
        for password in ("", "null", "None"):
            raised(Unauthorized, connect(self.host, self.bob, password).users.current_user)

    def tokens(self):
        device = {"app_name": f"life of {self.mark}", "device": "a test"}

        def token(server, **named):
            return server.client.request_auth_token(f"{self.mark}-1", "ReadWrite", **device, **named)

        ada = connect(self.host, self.ada, "difference")
        first = token(ada)
        assert first and "\n" not in first
        # The client has put the token in place of the password.
        same([ada.users.current_user().id, token(ada)], [self.ada, first])
        same(token(connect(self.host, self.ada, "difference")), first)
        same(Nuxeo(host=self.host, auth=TokenAuth(first)).users.current_user().id, self.ada)
        assert token(connect(self.host, "Administrator", ADMIN_PASSWORD)) != first
        token(ada, revoke=True)
        same(raised(Unauthorized, ada.users.current_user).status, 401)
        ada = connect(self.host, self.ada, "difference")
        same(raised(HTTPError, token, ada, revoke=True).status, 400)
        assert token(ada) != first
        token(ada, revoke=True)
        raised(Unauthorized, token, connect(self.host, self.ada, "wrong"))

    def sessions(self):
        base = self.host.rstrip("/")
        with requests.Session() as script:
            login = script.post(f"{base}/site/automation/login", auth=(self.ada, "difference"))
            same([login.status_code, login.json()["username"]], [200, self.ada])
            same([(cookie.name, cookie.path) for cookie in script.cookies], [("JSESSIONID", "/nuxeo")])
            # From now on the jar sends the cookie, and nothing else.
            same(script.get(f"{base}/api/v1/me").json()["id"], self.ada)
            same(script.post(f"{base}/api/v1/user", json={"entity-type": "user"}).status_code, 403)
            token = {"applicationName": "a", "deviceId": "b", "permission": "r"}
            same(script.get(f"{base}/authentication/token", params=token).status_code, 401)
            # The client itself goes by it, too, where it has no password.
            client = Nuxeo(host=self.host, cookies=script.cookies)
            same(client.client.request("GET", "api/v1/me").json()["id"], self.ada)
            # A password wins over it.
            same(script.get(f"{base}/api/v1/me", auth=(self.ada, "wrong")).status_code, 401)
            cookie = script.cookies["JSESSIONID"]
            same([script.get(f"{base}/logout").status_code, list(script.cookies)], [200, []])
            same(script.get(f"{base}/api/v1/me", cookies={"JSESSIONID": cookie}).status_code, 401)

    def names(self):
        users, groups = self.server.users, self.server.groups
        for end in ("/slash", "@example.com", " with space", "-日本語", "/deep/日本 語@x.org", "/superuser", "+"):
            user, group = f"{self.mark}{end}", f"{self.mark}{end}-group"
            created = users.create(User(properties={"username": user, "password": "解:pass word"}))
            same([created.id, users.get(user).id, users.exists(user)], [user, user, True])
            created.properties["lastName"] = end
            created.save()
            same(self.read(f"user/{user}"), entity(user, lastName=end))
            same(connect(self.host, user, "解:pass word").users.current_user().id, user)

            same(groups.create(Group(groupname=group, grouplabel=end)).groupname, group)
            same(self.call("POST", f"user/{user}/group/{group}").json()["properties"]["groups"], [group])
            same(groups.get(group).memberUsers, [user])
            page("users", 1, 50, 0, [user], self.call("GET", f"group/{group}", adapter="users").json())
            same(self.call("DELETE", f"user/{user}/group/{group}").text, user)
            same(self.call("POST", f"group/{group}/user/{self.bob}").json()["id"], self.bob)
            same(groups.get(group).memberUsers, [self.bob])
            same(self.call("DELETE", f"group/{group}/user/{self.bob}").text, self.bob)
            if "/" not in user:
                same(self.call("POST", f"group/{group}/user/{user}").json()["id"], user)

            groups.delete(group)
            users.delete(user)
            same([users.exists(user), groups.exists(group)], [False, False])
            refused(404, NO_USER, users.get, user)
            refused(404, NO_GROUP, groups.get, group)

    def permissions(self):
        ada = connect(self.host, self.ada, "difference")
        new = User(properties={"username": f"{self.mark}-new", "groups": []})

        def joins(*paths):
            for path in paths:
                for method in ("POST", "DELETE"):
                    refused(403, NOT_JOIN, self.call, method, path, ada)

        # An ordinary user reads, and changes nothing but the own password.
        same([ada.users.get(self.bob).id, ada.groups.get(self.team).groupname], [self.bob, self.team])
        same(self.call("GET", "user/search", ada, params={"q": self.bob}).json()["resultsCount"], 1)
        refused(403, NOT_CREATE, ada.users.create, new)
        refused(403, NOT_EDIT, ada.users.get(self.ada).save)
        refused(403, NOT_EDIT, ada.users.delete, self.bob)
        refused(404, NO_USER, ada.users.delete, "nobody")
        refused(403, NOT_CREATE, ada.groups.create, Group(groupname=f"{self.mark}-new"))
        refused(403, NOT_EDIT, ada.groups.get(self.team).save)
        refused(403, NOT_EDIT, ada.groups.delete, self.team)
        joins(f"user/{self.bob}/group/{self.team}", f"group/administrators/user/{self.ada}")

        # A power user changes everybody but administrators.
        self.call("POST", f"user/{self.ada}/group/powerusers")
        same(ada.users.create(new).id, new.properties["username"])
        ada.users.delete(new.properties["username"])
        new.properties["groups"] = ["administrators"]
        refused(403, NOT_CREATE, ada.users.create, new)
        refused(403, NOT_EDIT, ada.users.get("Administrator").save)
        refused(403, NOT_EDIT, ada.users.delete, "Administrator")
        refused(403, NOT_EDIT, ada.groups.get("administrators").save)
        refused(403, NOT_EDIT, ada.groups.delete, "administrators")
        joins(f"user/{self.ada}/group/administrators", "group/powerusers/user/Administrator")
        herself = ada.users.get(self.ada)
        herself.properties["groups"].append("administrators")
        refused(403, NOT_EDIT, herself.save)

        # A subgroup of the administrators gives the right, and losing it takes it away.
        self.server.groups.create(Group(groupname=f"{self.mark}-chiefs", memberUsers=[self.ada]))
        chiefs = self.call("PUT", f"group/{self.mark}-chiefs", data={
            "entity-type": "group", "id": f"{self.mark}-chiefs", "parentGroups": ["administrators"]})
        same(chiefs.status_code, 200)
        same(ada.users.current_user().isAdministrator, True)
        same(ada.users.get("Administrator").isAdministrator, True)
        same(ada.users.create(new).isAdministrator, True)
        ada.users.delete(new.properties["username"])
        self.server.groups.delete(f"{self.mark}-chiefs")
        same(ada.users.current_user().isAdministrator, False)

    def end(self):
        users, groups = self.server.users, self.server.groups
        ada = connect(self.host, self.ada, "difference")
        groups.delete(self.inner)
        same(self.read(f"user/{self.bob}"), entity(self.bob))
        users.get(self.ada).delete()
        refused(404, NO_USER, users.get, self.ada)
        refused(404, NO_USER, users.delete, self.ada)
        raised(Unauthorized, ada.users.current_user)
        same(groups.get(self.team).memberUsers, [])
        groups.get(self.team).delete()
        refused(404, NO_GROUP, groups.get, self.team)
        refused(404, NO_GROUP, groups.delete, self.team)
        # The name is free again, and nothing of its last owner is left.
        users.create(User(properties={"username": self.ada}))
        same(self.read(f"user/{self.ada}"), entity(self.ada))
        users.delete(self.ada)
        users.delete(self.bob)
        for kind in ("user", "group"):
            found = self.call("GET", f"{kind}/search", params={"q": self.mark}).json()
            same([found["resultsCount"], found["entries"]], [0, []])


Life(f"{URL}/nuxeo", "plain").run()
# The cookie is what the client's own tests send.
Life(f"{URL}/nuxeo/", "slash", cookies=cookiejar_from_dict({"device": "python-client"})).run()

print("ok")
