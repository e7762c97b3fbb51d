#!/usr/bin/env node
// The life of users, groups and memberships through Nuxeo's JavaScript client.
// Run: npm install nuxeo, export ROLLBOOK_ADMIN_PASSWORD=... (the first start of the server prints it),
// then node examples/nuxeo_life.js (the server's address is ROLLBOOK_URL, default http://127.0.0.1:8080)
'use strict';
const Nuxeo = require('nuxeo');

const baseURL = `${process.env.ROLLBOOK_URL || 'http://127.0.0.1:8080'}/nuxeo`;

async function connect(username, password) {
  const nuxeo = new Nuxeo({ baseURL, auth: { method: 'basic', username, password } });
  await nuxeo.connect();
  console.log('logged in as', nuxeo.user.id);
  return nuxeo;
}

// A refused call rejects; the raw answer is in `error.response`.
async function refused(what, call) {
  const error = await call.then(() => new Error(`${what} nothing was refused`), (error) => error);
  if (!error.response) throw error;
  console.log(what, error.response.status, (await error.response.json()).message);
}

async function main(password) {
  const nuxeo = await connect('Administrator', password);
  const users = nuxeo.users();
  // Members are listed only on request.
  const groups = nuxeo.groups().fetchProperties({ group: ['memberUsers'] });
  const groupsOf = async (user) => JSON.stringify((await users.fetch(user)).properties.groups);

  // Only so that each run prints the same: remove what an interrupted run has left.
  for (const left of ['group/enigma', 'user/joan.clarke']) await nuxeo.request(left).delete().catch(() => {});

  // Users: create, change, log in.
  const properties = { username: 'joan.clarke', firstName: 'Joan', lastName: 'Clarke', password: 'banburismus' };
  console.log('created', (await users.create({ properties })).id);
  await refused('created again:', users.create({ properties }));
  let joan = await users.fetch('joan.clarke');
  joan = await joan.set({ lastName: 'Murray' }).save();
  console.log('changed to', joan.properties.firstName, joan.properties.lastName);
  await connect('joan.clarke', 'banburismus');

  // Groups: create with members, change.
  let group = await groups.create({ groupname: 'enigma', grouplabel: 'Enigma', memberUsers: ['joan.clarke'] });
  console.log('created', group.groupname, 'with', JSON.stringify(group.memberUsers));
  group.grouplabel = 'Naval Enigma';
  group = await group.save();
  console.log('changed to', group.grouplabel, 'with', JSON.stringify(group.memberUsers));

  // Memberships and search have no method in the client: they are plain requests.
  await nuxeo.request('user/joan.clarke/group/enigma').delete();
  console.log('removed from the group:', await groupsOf('joan.clarke'));
  await nuxeo.request('user/joan.clarke/group/enigma').post();
  console.log('added to the group:', await groupsOf('joan.clarke'));
  const page = await nuxeo.request('user/search').queryParams({ q: 'joan.clar' }).get();
  console.log('found', JSON.stringify(page.entries.map((user) => user.id)));

  // Delete both.
  await groups.delete('enigma');
  console.log('without the group:', await groupsOf('joan.clarke'));
  await users.delete('joan.clarke');
  await refused('deleted:', users.fetch('joan.clarke'));
}

function fail(error) {
  console.error(error);
  process.exitCode = 1;
}

if (process.env.ROLLBOOK_ADMIN_PASSWORD) {
  main(process.env.ROLLBOOK_ADMIN_PASSWORD).catch(fail);
} else {
  fail('ROLLBOOK_ADMIN_PASSWORD is not set (the first start of the server prints it)');
}
