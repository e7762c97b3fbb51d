// The life of users, groups and memberships as Nuxeo's JavaScript client drives it.
'use strict';

const { deepStrictEqual: same } = require('node:assert');
const Nuxeo = require('nuxeo');
require('./checks.js');

const URL = process.env.ROLLBOOK_URL;
const ADMIN_PASSWORD = process.env.ROLLBOOK_ADMIN_PASSWORD;

const NO_USER = 'user does not exist';
const NO_GROUP = 'group does not exist';
const NOT_CREATE = 'Cannot create artifact';
const NOT_EDIT = 'User is not allowed to edit users';
const NOT_JOIN = 'Cannot edit user';
const LISTS = { group: ['memberUsers', 'memberGroups', 'parentGroups'] };

// A refusal, by its status and, where one is promised, its text.
async function refused(status, message, promise) {
  const accepted = (answer) => new Error(`no refusal but ${JSON.stringify(answer)}`);
  const error = await promise.then(accepted, (reason) => reason);
  if (!error.response) {
    throw error;
  }
  same(error.response.status, status);
  if (message !== null) {
    same(await error.response.json(), { 'entity-type': 'exception', status, message });
  }
}

// The whole document of a user.
function entity(name, other = {}, extended = []) {
  const absent = { firstName: null, lastName: null, email: null, company: null, tenantId: null };
  return {
    'entity-type': 'user',
    id: name,
    name,
    properties: { ...absent, username: name, groups: [], ...other },
    extendedGroups: extended.map(([group, label]) => ({ name: group, label, url: `group/${group}` })),
    isAdministrator: false,
    isAnonymous: false,
  };
}

// What came over the wire, without what the client adds.
const plain = (object) => Object.fromEntries(Object.entries(object).filter(([key]) => !key.startsWith('_')));

// Checks every field of a page of users or groups.
function page(kind, total, size, index, ids, { entries, ...document }) {
  const more = total > size * (index + 1);
  const pages = Math.max(1, Math.ceil(total / size));
  same(entries.map((entry) => entry.id), ids);
  same(document, {
    'entity-type': kind,
    isPaginable: true,
    resultsCount: total,
    pageSize: size,
    maxPageSize: 1000,
    resultsCountLimit: 0,
    currentPageSize: ids.length,
    currentPageIndex: index,
    currentPageOffset: size * index,
    numberOfPages: pages,
    isPreviousPageAvailable: index > 0,
    isNextPageAvailable: more,
    isLastPageAvailable: more,
    isSortable: false,
    hasError: false,
    errorMessage: null,
    pageIndex: index,
    pageCount: pages,
  });
}

// One life on one base address; everything in it has a name that begins with the mark.
class Life {
  constructor(baseURL, mark) {
    this.baseURL = baseURL;
    this.mark = mark;
    this.server = this.client('Administrator', ADMIN_PASSWORD);
    this.ada = `${mark}-Ada`;
    this.bob = `${mark}-bob`;
    this.team = `${mark}-team`;
    this.inner = `${mark}-inner`;
  }

  client(username, password) {
    return new Nuxeo({ baseURL: this.baseURL, auth: { method: 'basic', username, password } });
  }

  async run() {
    await this.connection();
    await this.users();
    await this.groups();
    await this.membership();
    await this.search();
    await this.passwords();
    await this.tokens();
    await this.names();
    await this.permissions();
    await this.end();
  }

  async read(path) {
    return plain(await this.server.request(path).get());
  }

  async members(name) {
    return (await this.server.groups({ fetchProperties: LISTS }).fetch(name)).memberUsers;
  }

  async connection() {
    const { server } = this;
    same(await server.connect(), server);
    same([server.connected, server.nuxeoVersion, server.serverVersion.gte('10.10')], [true, '2023.0', true]);
    same([server.user.id, server.user.isAdministrator], ['Administrator', true]);
    const profile = { birthdate: null, phonenumber: null, avatar: null, gender: false, locale: null };
    same(plain(server.user.contextParameters), { userprofile: profile });
    same((await this.read('me')).id, 'Administrator');
    same((await this.read('me/')).extendedGroups,
      [{ name: 'administrators', label: 'Administrators group', url: 'group/administrators' }]);
    await refused(401, null, this.client('Administrator', 'wrong').connect());
    await refused(401, null, this.client('nobody', 'wrong').connect());
    await refused(404, null, server.request('no/such/thing').get());

    const words = { level: 'warn', message: `the life of ${this.mark}` };
    same((await server.operation('Log').params(words).execute()).status, 204);
    await refused(404, null, server.operation('No.Such').execute());
  }

  async users() {
    const users = this.server.users();
    const given = { firstName: 'Ada', lastName: '愛', email: `ada-${this.mark}@example.com`, company: 'Engines' };
    const ada = await users.create({ properties: { username: this.ada, password: 'difference', ...given } });
    same(plain(ada), entity(this.ada, given));
    same(await this.read(`user/${this.ada}`), entity(this.ada, given));
    same(plain(await users.create({ properties: { username: this.bob } })), entity(this.bob));

    for (const username of [this.ada, this.ada.toUpperCase()]) {
      await refused(409, 'User already exists', users.create({ properties: { username, password: 'x' } }));
    }
    await refused(400, 'User MUST have a name', users.create({ properties: { username: ' ' } }));
    const stranger = { username: `${this.mark}-stranger`, groups: ['nowhere'] };
    await refused(403, `${NO_GROUP}: nowhere`, users.create({ properties: stranger }));
    await refused(400, null, users.create({ properties: { ...stranger, groups: 'nowhere' } }));
    await refused(404, NO_USER, users.fetch(stranger.username));

    const fetched = await users.fetch(this.ada.toLowerCase());
    same([fetched.id, fetched.get('firstName')], [this.ada, 'Ada']);
    const saved = await fetched.set({ firstName: 'Augusta', company: null, title: 'Countess' }).save();
    Object.assign(given, { firstName: 'Augusta', company: null, title: 'Countess' });
    same([plain(saved), await this.read(`user/${this.ada}`)], [entity(this.ada, given), entity(this.ada, given)]);
    given.lastName = 'King';
    same(plain(await users.update({ id: this.ada, properties: { lastName: 'King' } })), entity(this.ada, given));
    await refused(403, `${NO_GROUP}: nowhere`, saved.set({ groups: ['nowhere'] }).save());
    await refused(404, NO_USER, users.update({ id: 'nobody', properties: { lastName: 'King' } }));
    const put = (id) => this.server.request(`user/${this.ada}`)
      .put({ body: { 'entity-type': 'user', id, properties: { lastName: 'Ghost' } } });
    await refused(500, null, put('ghost'));
    await refused(400, null, put(this.bob));
    same([await this.read(`user/${this.ada}`), await this.read(`user/${this.bob}`)],
      [entity(this.ada, given), entity(this.bob)]);
  }

  async groups() {
    const groups = this.server.groups();
    const lists = this.server.groups({ fetchProperties: LISTS });
    const [memberUsers, absent] = [[`${this.mark}-ghost`, this.ada], `${this.mark}-absent`];
    const own = { groupname: this.team, grouplabel: 'The Team' };
    const team = await groups.create({ ...own, memberUsers, memberGroups: [absent] });
    const { name = this.team, ...document } = plain(team);
    same(name, this.team);
    const properties = { ...own, description: null, tenantId: null };
    same(document, { 'entity-type': 'group', id: this.team, ...own, properties });
    const { memberUsers: users, memberGroups, parentGroups } = await lists.fetch(this.team);
    same([users, memberGroups, parentGroups], [memberUsers, [absent], []]);
    await refused(409, 'Group already exists', groups.create(own));
    await refused(400, 'Group MUST have a name', groups.create({ grouplabel: 'Nameless' }));
    await refused(404, NO_GROUP, groups.fetch(absent));

    await groups.create({ groupname: this.inner, memberUsers: [this.bob] });
    const full = await lists.fetch(this.team);
    Object.assign(full, { grouplabel: 'Team', memberUsers: [this.ada], memberGroups: [this.inner] });
    same((await full.save()).grouplabel, 'Team');
    // Lists that were not fetched are not sent, and stay.
    const bare = await groups.fetch(this.team);
    same([bare.memberUsers, bare.memberGroups], [undefined, undefined]);
    bare.grouplabel = 'A Team';
    await bare.save();
    const after = await lists.fetch(this.team);
    same([after.grouplabel, after.memberUsers, after.memberGroups], ['A Team', [this.ada], [this.inner]]);
    const updated = await groups.update({ id: this.team, groupname: this.team, grouplabel: 'Team' });
    same(updated.grouplabel, 'Team');
    same((await lists.fetch(this.inner)).parentGroups, [this.team]);
    same(await this.read(`user/${this.bob}`),
      entity(this.bob, { groups: [this.inner] }, [[this.inner, this.inner], [this.team, 'Team']]));
    await refused(404, NO_GROUP, groups.update({ groupname: absent, grouplabel: 'Absent' }));
  }

  async membership() {
    const { server, ada, inner, team } = this;
    const byUser = `user/${ada}/group/${inner}`;
    const byGroup = `group/${inner}/user/${ada}`;
    for (const [attach, detach] of [[byUser, byGroup], [byGroup, byUser]]) {
      for (let times = 0; times < 2; times += 1) {
        const user = await server.request(attach).post();
        same([user.id, user.properties.groups, user.get('username')], [ada, [team, inner], ada]);
        same(user.extendedGroups.map((group) => group.name), [team, inner]);
      }
      same((await server.request(attach).post({ resolveWithFullResponse: true })).status, 201);
      same(await this.members(inner), [this.bob, ada]);
      for (let times = 0; times < 2; times += 1) {
        const response = await server.request(detach).delete();
        same([response.status, await response.text()], [200, ada]);
      }
      same(await this.members(inner), [this.bob]);
    }
    for (const method of ['post', 'delete']) {
      await refused(404, NO_USER, server.request(`user/nobody/group/${inner}`)[method]());
      await refused(404, 'Group not found', server.request(`user/${ada}/group/nowhere`)[method]());
      await refused(404, NO_GROUP, server.request(`group/nowhere/user/${ada}`)[method]());
      await refused(404, 'User not found', server.request(`group/${inner}/user/nobody`)[method]());
    }
    await refused(405, null, server.request(byUser).get());
  }

  async search() {
    const crowd = [0, 1, 2, 3, 4].map((number) => `${this.mark}-crowd-${number}`);
    for (const username of crowd) {
      await this.server.users().create({ properties: { username, lastName: `${this.mark}_Last` } });
    }
    const everyone = `${this.mark}-everyone`;
    const memberGroups = [this.inner, this.team];
    const grouplabel = `${this.mark} All`;
    await this.server.groups().create({ groupname: everyone, grouplabel, memberUsers: crowd, memberGroups });
    const get = (path, queryParams) => this.server.request(path).queryParams(queryParams).get();
    const find = (kind, q, other = {}) => get(`${kind}/search`, { q, ...other });
    const ids = ({ entries }) => entries.map((entry) => entry.id);

    const prefix = `${this.mark}-CROWD`;
    page('users', 5, 50, 0, crowd, await find('user', prefix));
    for (const currentPageIndex of [0, 1, 2]) {
      page('users', 5, 2, currentPageIndex, crowd.slice(2 * currentPageIndex, 2 * currentPageIndex + 2),
        await find('user', prefix, { pageSize: 2, currentPageIndex }));
    }
    const past = await find('user', prefix, { pageSize: 2, currentPageIndex: 7 });
    same([past.entries, past.resultsCount, past.hasError], [[], 5, false]);
    same(ids(await find('user', `${this.mark}_last`)), crowd);
    same(ids(await find('user', 'augusta')), [this.ada]);
    same([ids(await find('user', '')), ids(await get('group/search', {}))], [[], []]);
    same(ids(await find('user', '*', { pageSize: 0 })).includes('Administrator'), true);
    await refused(400, null, find('user', '*', { pageSize: 'many' }));
    page('groups', 3, 2, 1, [this.team], await find('group', this.mark, { pageSize: 2, currentPageIndex: 1 }));
    same(ids(await find('group', `${this.mark} all`)), [everyone]);
    const fetched = await this.server.request('group/search')
      .queryParams({ q: everyone }).get({ fetchProperties: { group: ['memberUsers'] } });
    same(fetched.entries.map((group) => group.memberUsers), [crowd]);

    const page1 = { pageSize: 3, currentPageIndex: 1 };
    page('users', 5, 3, 1, crowd.slice(3), await get(`group/${everyone}/@users`, page1));
    page('users', 1, 50, 0, [crowd[2]], await get(`group/${everyone}/@users`, { q: crowd[2] }));
    page('groups', 2, 50, 0, memberGroups, await get(`group/${everyone}/@groups`, {}));
    await refused(404, NO_GROUP, get('group/nowhere/@groups', {}));
    for (const username of crowd) {
      same((await this.server.users().delete(username)).status, 204);
    }
    page('users', 0, 50, 0, [], await find('user', prefix));
    same(await this.members(everyone), []);
    same((await this.server.groups().delete(everyone)).status, 204);
  }

  async passwords() {
    const ada = this.client(this.ada, 'difference');
    same((await ada.connect()).user.id, this.ada);
    const body = { oldPassword: 'difference', newPassword: 'analytical: 解' };
    same((await ada.request('me/changepassword').put({ body })).id, this.ada);
    await refused(401, null, ada.request('me').get());
    const changed = this.client(this.ada, body.newPassword);
    await refused(401, null, changed.request('me/changepassword').put({ body }));
    same((await changed.connect()).user.id, this.ada);
    // A save that does not mention the password leaves it; the administrator's sets another.
    await this.server.users().update({ id: this.ada, properties: { lastName: 'King', password: '' } });
    same((await changed.request('me').get()).id, this.ada);
    await this.server.users().update({ id: this.ada, properties: { password: 'difference' } });
    await refused(401, null, changed.connect());
    same((await ada.request('me').get()).id, this.ada);
    // Nobody logs in without a password.
    for (const password of ['', 'null', 'undefined']) {
      await refused(401, null, this.client(this.bob, password).connect());
    }
  }

  async tokens() {
    const ask = (client, opts) => client
      .requestAuthenticationToken(`life of ${this.mark}`, `${this.mark}-1`, 'a test', 'rw', opts);
    const ada = this.client(this.ada, 'difference');
    const token = await ask(ada);
    same([/^\S+$/.test(token), await ask(ada)], [true, token]);
    const bearer = () => new Nuxeo({ baseURL: this.baseURL, auth: { method: 'token', token } });
    same((await bearer().connect()).user.id, this.ada);
    same(await ask(bearer()), token);
    same((await ask(this.server)) === token, false);
    const revoked = await bearer().http({
      url: `${this.baseURL.replace(/\/$/, '')}/authentication/token`,
      queryParams: { applicationName: `life of ${this.mark}`, deviceId: `${this.mark}-1`, revoke: true },
    });
    same(revoked.status, 202);
    await refused(401, null, bearer().connect());
    await refused(401, null, ask(this.client(this.ada, 'wrong')));
  }

  async names() {
    const { server } = this;
    const ends = ['/slash', '@example.com', ' with space', '-日本語', '/deep/日本 語@x.org', '/superuser'];
    for (const end of [...ends, '+&?#%41', ';:=']) {
      const [user, group] = [`${this.mark}${end}`, `${this.mark}${end}-group`];
      const created = await server.users().create({ properties: { username: user, password: '解:pass word' } });
      same([created.id, (await server.users().fetch(user)).id], [user, user]);
      same(plain(await created.set({ lastName: end }).save()), entity(user, { lastName: end }));
      if (!user.includes(':')) {
        same((await this.client(user, '解:pass word').connect()).user.id, user);
      }
      same((await server.groups().create({ groupname: group, grouplabel: end })).groupname, group);
      same((await server.request(`user/${user}/group/${group}`).post()).properties.groups, [group]);
      same(await this.members(group), [user]);
      page('users', 1, 50, 0, [user], await server.request(`group/${group}/@users`).get());
      same(await (await server.request(`user/${user}/group/${group}`).delete()).text(), user);
      same((await server.request(`group/${group}/user/${this.bob}`).post()).id, this.bob);
      same(await this.members(group), [this.bob]);
      same((await server.groups().delete(group)).status, 204);
      same((await server.users().delete(user)).status, 204);
      await refused(404, NO_USER, server.users().fetch(user));
      await refused(404, NO_GROUP, server.groups().fetch(group));
    }
  }

  async permissions() {
    const { server } = this;
    const ada = this.client(this.ada, 'difference');
    const created = { properties: { username: `${this.mark}-new` } };
    const joins = async (...paths) => {
      for (const path of paths) {
        await refused(403, NOT_JOIN, ada.request(path).post());
        await refused(403, NOT_JOIN, ada.request(path).delete());
      }
    };

    // An ordinary user reads, and changes nothing but the own password.
    same([(await ada.users().fetch(this.bob)).id, (await ada.groups().fetch(this.team)).id], [this.bob, this.team]);
    same((await ada.request('user/search').queryParams({ q: this.bob }).get()).resultsCount, 1);
    await refused(403, NOT_CREATE, ada.users().create(created));
    await refused(403, NOT_EDIT, ada.users().update({ id: this.ada, properties: { lastName: 'Lovelace' } }));
    await refused(403, NOT_EDIT, ada.users().delete(this.bob));
    await refused(404, NO_USER, ada.users().delete('nobody'));
    await refused(403, NOT_CREATE, ada.groups().create({ groupname: `${this.mark}-new` }));
    await refused(403, NOT_EDIT, ada.groups().update({ groupname: this.team, grouplabel: 'Mine' }));
    await refused(403, NOT_EDIT, ada.groups().delete(this.team));
    await joins(`user/${this.bob}/group/${this.team}`, `group/administrators/user/${this.ada}`);

    // A power user changes everybody but administrators.
    await server.request(`user/${this.ada}/group/powerusers`).post();
    same((await ada.users().create(created)).id, created.properties.username);
    same((await ada.users().delete(created.properties.username)).status, 204);
    created.properties.groups = ['administrators'];
    await refused(403, NOT_CREATE, ada.users().create(created));
    await refused(403, NOT_EDIT, ada.users().update({ id: 'Administrator', properties: { lastName: 'Mine' } }));
    await refused(403, NOT_EDIT, ada.users().delete('Administrator'));
    await refused(403, NOT_EDIT, ada.groups().delete('administrators'));
    await refused(403, NOT_EDIT, ada.users().update({ id: this.ada, properties: { groups: ['administrators'] } }));
    await joins(`user/${this.ada}/group/administrators`, 'group/powerusers/user/Administrator');

    // An administrator changes everybody, and stops being one at once.
    await server.request(`user/${this.ada}/group/administrators`).post();
    same((await ada.connect()).user.isAdministrator, true);
    same((await ada.users().create(created)).isAdministrator, true);
    same((await ada.users().delete(created.properties.username)).status, 204);
    await server.request(`user/${this.ada}/group/administrators`).delete();
    same((await ada.connect()).user.isAdministrator, false);
    await refused(403, NOT_CREATE, ada.users().create(created));
  }

  async end() {
    const [users, groups] = [this.server.users(), this.server.groups()];
    same((await groups.delete(this.inner)).status, 204);
    same(await this.read(`user/${this.bob}`), entity(this.bob));
    same((await users.delete(this.ada)).status, 204);
    await refused(404, NO_USER, users.fetch(this.ada));
    await refused(404, NO_USER, users.delete(this.ada));
    await refused(401, null, this.client(this.ada, 'difference').connect());
    same(await this.members(this.team), []);
    same((await groups.delete(this.team)).status, 204);
    await refused(404, NO_GROUP, groups.fetch(this.team));
    await refused(404, NO_GROUP, groups.delete(this.team));
    // The name is free again, and nothing of its last owner is left.
    same(plain(await users.create({ properties: { username: this.ada } })), entity(this.ada));
    for (const username of [this.ada, this.bob]) {
      same((await users.delete(username)).status, 204);
    }
    for (const kind of ['user', 'group']) {
      page(`${kind}s`, 0, 50, 0, [], await this.server.request(`${kind}/search`).queryParams({ q: this.mark }).get());
    }
  }
}

async function main() {
  await new Life(`${URL}/nuxeo`, 'plain').run();
  await new Life(`${URL}/nuxeo/`, 'slash').run();
  console.log('ok');
}

main();
