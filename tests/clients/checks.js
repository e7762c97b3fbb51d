// What the life scripts in JavaScript share.
'use strict';

const { createHash } = require('node:crypto');

// A client that waits for ever must not hold up the tests: after this time it ends.
setTimeout(() => {
  console.error('no end after five minutes');
  process.exit(1);
}, 300000).unref();

// The ten fields of a Datadog user: those of a new one, but for the given.
exports.datadogUser = (handle, other = {}) => {
  const user = {
    handle,
    email: handle,
    name: null,
    title: null,
    role: null,
    access_role: 'st',
    is_admin: false,
    verified: false,
    disabled: false,
    ...other,
  };
  const digest = createHash('md5').update(user.email).digest('hex');
  return { ...user, icon: `https://secure.gravatar.com/avatar/${digest}?s=48&d=retro` };
};
