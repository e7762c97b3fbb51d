// The session: signing in and out, and its end.

import { byId, element, userLink } from './dom.js';
import { call, get, watchSession } from './api.js';
import { busy, closeDialogs, passwordField, problemLine, showNotice, wrong } from './components.js';

// Seconds before the end at which the page warns, unless the whole session is short.
const NOTICE = 90;

const POWERS = {
  administrator: 'administrator',
  power_user: 'power user',
  creator: 'may create users',
  reader: 'reads only',
};

let session = null;
// The end of the session by `performance.now()`, and the seconds by which a call prolongs it.
let ends = 0;
let idle = 0;
let timer = 0;
let opened = async () => {};
let closed = () => {};

// `onOpen(session, same)` is called after a sign-in; `same` is true for the same user as before. `onClose(forGood)` is
// called when the session is over; `forGood` is true after a sign-out.
export function watch({ onOpen, onClose }) {
  opened = onOpen;
  closed = onClose;
  // Several calls may find the end at the same time.
  watchSession(
    () => byId('sign-in').hidden && over(session ? 'Your session is over. Sign in to go on.' : ''),
    prolonged,
  );
  form().addEventListener('submit', (event) => {
    event.preventDefault();
    signIn();
  });
  byId('sign-out').addEventListener('click', signOut);
  addEventListener('visibilitychange', lookAgain);
}

const form = () => byId('sign-in').querySelector('form');

// Checks for an existing session.
export async function begin() {
  try {
    await enter((await get('api/session')).document);
  } catch (error) {
    if (error.status !== 401) {
      show(wrong(error));
    }
  }
}

// In another window the user may have signed out, or signed in as another user.
async function lookAgain() {
  if (document.hidden || session === null || !byId('sign-in').hidden) {
    return;
  }
  try {
    const { document: found } = await get('api/session', { background: true });
    if (found.user !== session.user || found.power !== session.power) {
      session = null;
      await enter(found);
    }
  } catch {
    // The next call finds out.
  }
}

async function signIn() {
  const [user, password] = [byId('sign-in-user'), byId('sign-in-password')];
  const problem = {
    clear: () => byId('sign-in-problem').replaceChildren(),
    show: (error) => byId('sign-in-problem').replaceChildren(wrong(error)),
  };
  const went = await busy(form().querySelector('button'), problem, async () => {
    const { document } = await call('POST', 'api/session', {
      body: { user: user.value.trim(), password: password.value },
    });
    password.value = '';
    await enter(document);
  });
  if (!went) {
    password.select();
    password.focus();
  }
}

async function enter(document) {
  const same = session?.user === document.user;
  session = { ...document, may: rights(document.power) };
  idle = document.seconds_left;
  learn(idle);
  byId('sign-in').hidden = true;
  byId('ending').hidden = true;
  byId('header').hidden = false;
  byId('footer').hidden = false;
  byId('main').hidden = false;
  byId('who').replaceChildren(
    element('bdi', {}, session.user),
    element('span', { class: 'note' }, POWERS[session.power] ?? session.power),
  );
  offer(session.may);
  await opened(session, same);
}

// Hides links to views for administrators.
function offer({ everything }) {
  for (const address of ['#/changes', '#/figures']) {
    byId('header').querySelector(`nav a[href="${address}"]`).hidden = !everything;
  }
}

// The permissions that the page assumes; the server decides.
function rights(power) {
  const everything = power === 'administrator';
  const change = everything || power === 'power_user';
  return { everything, change, createUsers: change || power === 'creator' };
}

async function signOut() {
  try {
    await call('DELETE', 'api/session');
  } catch (error) {
    if (error.status !== 401) {
      return showNotice(`not signed out: ${wrong(error)}`);
    }
  }
  session = null;
  over('You are signed out.');
}

// Ends the session. The view is hidden and kept for the same user, unless the user has signed out.
function over(reason) {
  clearTimeout(timer);
  closeDialogs();
  byId('ending').hidden = true;
  byId('header').hidden = true;
  byId('footer').hidden = true;
  byId('main').hidden = true;
  byId('notice').classList.remove('shown');
  closed(session === null);
  show(reason);
}

function show(reason) {
  const line = byId('sign-in-reason');
  line.hidden = reason === '';
  line.textContent = reason;
  byId('sign-in-problem').replaceChildren();
  byId('sign-in').hidden = false;
  const user = byId('sign-in-user');
  if (session) {
    user.value = session.user;
  }
  (session ? byId('sign-in-password') : user).focus();
  document.title = 'Sign in – Rollbook';
}

// Notes that a call has prolonged the session. Only the server knows the latest possible end.
function prolonged() {
  if (session) {
    learn(idle);
  }
}

const notice = () => Math.min(NOTICE, idle / 3);

function learn(seconds) {
  ends = performance.now() + seconds * 1000;
  byId('ending').hidden = true;
  clearTimeout(timer);
  timer = setTimeout(near, Math.max(0, seconds - notice()) * 1000);
}

// Near the end the page asks the server, without prolonging the session, because other windows may have prolonged it.
async function near() {
  try {
    const { document } = await get('api/session', { background: true });
    ends = performance.now() + document.seconds_left * 1000;
  } catch (error) {
    if (error.status === 401) {
      return;
    }
  }
  const left = (ends - performance.now()) / 1000;
  clearTimeout(timer);
  // The server rounds to whole seconds.
  if (left > notice() + 1) {
    timer = setTimeout(near, (left - notice()) * 1000);
    return;
  }
  timer = setTimeout(near, Math.max(1, left + 1) * 1000);
  if (byId('ending').hidden) {
    byId('ending').replaceChildren(
      'Your session ends soon. ',
      element('button', { type: 'button', onclick: stay }, 'Stay signed in'),
    );
    byId('ending').hidden = false;
  }
}

async function stay() {
  try {
    const { document } = await get('api/session');
    learn(document.seconds_left);
    byId('main').focus();
  } catch (error) {
    showNotice(wrong(error));
  }
}

// The account of the user.
export function account({ session: mine }) {
  const old = passwordField({ label: 'Present password', autocomplete: 'current-password', name: 'old' });
  const fresh = passwordField({ label: 'New password', made: true, autocomplete: 'new-password', name: 'new' });
  const problem = problemLine();
  const change = element('button', { class: 'primary' }, 'Change the password');
  const send = async () => {
    const went = await busy(change, problem, () =>
      call('PUT', 'api/password', { body: { old: old.input.value, new: fresh.input.value } }),
    );
    if (went) {
      old.input.value = '';
      fresh.input.value = '';
      showNotice('Your password is changed');
    }
  };
  const submitted = (event) => {
    event.preventDefault();
    send();
  };
  // For password managers.
  const login = element('input', {
    value: mine.user,
    autocomplete: 'username',
    hidden: true,
    readonly: true,
    'aria-label': 'User',
  });
  return {
    title: 'Your account',
    body: [
      element('h1', { tabindex: '-1' }, 'Your account'),
      element(
        'p',
        { class: 'under' },
        element('span', {}, 'Signed in as ', userLink(mine.user), `, ${POWERS[mine.power] ?? mine.power}.`),
      ),
      element(
        'form',
        { class: 'card new', novalidate: true, onsubmit: submitted },
        element('h2', {}, 'Password'),
        login,
        old.element,
        fresh.element,
        problem.element,
        element('div', { class: 'buttons' }, change),
      ),
    ],
    dirty: () => old.input.value !== '' || fresh.input.value !== '',
  };
}
