// The life of users as the official Datadog client for TypeScript drives it.
'use strict';

const { deepStrictEqual: same, rejects } = require('node:assert');
const { client, v1 } = require('@datadog/datadog-api-client');
const { datadogUser } = require('./checks.js');

const URL = process.env.ROLLBOOK_URL;
const API_KEY = process.env.ROLLBOOK_API_KEY;
const APP_KEY = process.env.ROLLBOOK_APP_KEY;

const NOT_FOUND = 'user not found';
const EXISTS = 'User with this handle already exists';

function configuration(url, apiKeyAuth = API_KEY, appKeyAuth = APP_KEY) {
  return client.createConfiguration({
    baseServer: new client.BaseServerConfiguration(url, {}),
    authMethods: appKeyAuth ? { apiKeyAuth, appKeyAuth } : { apiKeyAuth },
  });
}

// A refusal has the type that the client declares for it, not the text that it makes of unknown statuses.
async function refused(code, message, promise) {
  await rejects(promise, (error) => {
    same([error.code, error.body.errors], [code, [message]]);
    return true;
  });
}

// The user as it came over the wire, less the roles that only one answer may carry.
function wire(user) {
  const { accessRole, additionalProperties, _unparsed, ...rest } = user;
  same(_unparsed, undefined);
  const { roles = [], ...others } = additionalProperties;
  same(Array.isArray(roles), true);
  return { ...rest, ...others, access_role: accessRole };
}

// Takes users whose handles carry the mark from their creation to their end.
async function life(mark, url) {
  same((await new v1.AuthenticationApi(configuration(url)).validate()).valid, true);
  const users = new v1.UsersApi(configuration(url));
  const create = async (body) => wire((await users.createUser({ body })).user);
  const read = async (userHandle) => wire((await users.getUser({ userHandle })).user);
  const update = async (userHandle, body) => wire((await users.updateUser({ userHandle, body })).user);
  const disable = async (userHandle) => (await users.disableUser({ userHandle })).message;
  const list = async () => (await users.listUsers()).users.map(wire);

  const typed = `Katherine.Johnson+${mark}@Example.com`;
  let katherine = datadogUser(typed.toLowerCase(), { name: 'Katherine 香 Johnson' });
  same(await create({ handle: typed, name: 'Katherine 香 Johnson' }), katherine);
  await refused(409, EXISTS, users.createUser({ body: { handle: typed, name: 'Another' } }));
  await refused(409, EXISTS, users.createUser({ body: { handle: typed.toLowerCase(), accessRole: 'ro' } }));
  for (const spelling of [typed, typed.toLowerCase(), typed.toUpperCase()]) {
    same(await read(spelling), katherine);
  }

  const reader = datadogUser(`reader-${mark}@example.com`, { access_role: 'ro', email: `mail-${mark}@example.org` });
  same(await create({ handle: reader.handle, accessRole: 'ro', email: reader.email }), reader);
  same((await list()).filter((user) => user.handle.includes(mark)), [katherine, reader]);

  katherine.name = 'Katherine Goble';
  same(await update(typed, { name: 'Katherine Goble' }), katherine);
  katherine = datadogUser(katherine.handle, { name: 'Katherine Goble', email: `orbit-${mark}@example.com` });
  same(await update(typed, { email: `Orbit-${mark}@Example.com` }), katherine);
  for (const [role, administrator] of [['adm', true], ['ro', false], ['st', false], ['ro', false]]) {
    Object.assign(katherine, { access_role: role, is_admin: administrator });
    same(await update(typed, { accessRole: role }), katherine);
  }
  // A user may be read, and sent back as it came.
  same(await update(typed, (await users.getUser({ userHandle: typed })).user), katherine);
  same(await update(typed, {}), katherine);

  await refused(400, "Required parameter 'handle' is missing", users.createUser({ body: { name: 'Nobody' } }));
  await refused(400, "Format of 'handle' should be email", users.createUser({ body: { handle: 'nobody' } }));
  const wrong = { userHandle: typed, body: { email: 'nowhere' } };
  await refused(400, "Format of 'email' should be email", users.updateUser(wrong));
  const boss = { userHandle: typed, body: { accessRole: 'ERROR' } };
  await refused(400, "Format of 'access_role' should be one of st, adm, ro", users.updateUser(boss));
  const nobody = { userHandle: `no/body-${mark}@example.com` };
  await refused(404, NOT_FOUND, users.getUser(nobody));
  await refused(404, NOT_FOUND, users.updateUser({ ...nobody, body: { email: 'nowhere' } }));
  await refused(404, NOT_FOUND, users.disableUser(nobody));
  same(await read(typed), katherine);

  same(await disable(typed), `User ${typed} disabled`);
  await refused(400, 'User is already disabled', users.disableUser({ userHandle: typed }));
  katherine.disabled = true;
  same(await read(typed), katherine);
  same((await list()).filter((user) => user.handle === katherine.handle), [katherine]);
  same(await update(typed, { disabled: true }), katherine);

  katherine.name = 'Katherine Again';
  same(await create({ handle: typed, name: 'Katherine Again', disabled: false }), katherine);
  katherine.disabled = false;
  same(await update(typed, { disabled: false }), katherine);
  await refused(409, EXISTS, users.createUser({ body: { handle: typed } }));
  same(await read(typed), katherine);

  same((await new v1.AuthenticationApi(configuration(url, API_KEY, null)).validate()).valid, true);
  for (const keys of [['0'.repeat(32), APP_KEY], [API_KEY, '0'.repeat(40)], ['not a key', APP_KEY]]) {
    const stranger = configuration(url, ...keys);
    if (keys[0] !== API_KEY) {
      await refused(403, 'Forbidden', new v1.AuthenticationApi(stranger).validate());
    }
    const theirs = new v1.UsersApi(stranger);
    await refused(403, 'Forbidden', theirs.listUsers());
    await refused(403, 'Forbidden', theirs.getUser(nobody));
    await refused(403, 'Forbidden', theirs.createUser({ body: {} }));
    await refused(403, 'Forbidden', theirs.updateUser({ ...nobody, body: { email: 'nowhere' } }));
    await refused(403, 'Forbidden', theirs.disableUser({ userHandle: typed }));
  }
}

async function main() {
  await life('plain', URL);
  await life('slash', `${URL}/`);
  console.log('ok');
}

main();
