// Who is signed in, for how long, and the way in and out.

import { byId, h, userLink } from './dom.js';
import { call, get, watchSession } from './api.js';
import { busy, closeDialogs, passwordField, problemLine, tell, wrong } from './components.js';

// How long before the end people are told, in seconds, unless the whole session is short.
const NOTICE = 90;

const POWERS = {
  administrator: 'administrator',
  power_user: 'power user',
  creator: 'may create users',
  reader: 'reads only',
};

let session = null;
// When it ends, by the clock of `performance.now()`, and how many seconds it goes on after a call.
let ends = 0;
let idle = 0;
let timer = 0;
let opened = async () => {};
let closed = () => {};

// `onOpen(session, same)` is called when somebody has signed in, `same` when it is who was there before; `onClose(forGood)`
// when the session is over, `forGood` when on purpose.
export function watch({ onOpen, onClose }) {
  opened = onOpen;
  closed = onClose;
  // Several calls may find the end at once.
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

// Looks whether this browser is signed in already.
export async function begin() {
  try {
    await enter((await get('api/session')).document);
  } catch (error) {
    if (error.status !== 401) {
      show(wrong(error));
    }
  }
}

// Meanwhile somebody may have signed out in another window, or signed in as somebody else.
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
    // The next call will tell.
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
    h('bdi', {}, session.user),
    h('span', { class: 'note' }, POWERS[session.power] ?? session.power),
  );
  offer(session.may);
  await opened(session, same);
}

// Hides links to what only administrators may see.
function offer({ everything }) {
  for (const address of ['#/changes', '#/figures']) {
    byId('header').querySelector(`nav a[href="${address}"]`).hidden = !everything;
  }
}

// What the page offers; the server decides.
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
      return tell(`not signed out: ${wrong(error)}`);
    }
  }
  session = null;
  over('You are signed out.');
}

// The session is over. What is there is hidden, and kept for the same user unless they have signed out.
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

// A call has made the session last longer. It does not go beyond a latest end, which only the server knows.
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

// The end seems near. Other windows may have prolonged the session, so the server is asked, without prolonging it.
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
  // The server tells whole seconds.
  if (left > notice() + 1) {
    timer = setTimeout(near, (left - notice()) * 1000);
    return;
  }
  timer = setTimeout(near, Math.max(1, left + 1) * 1000);
  if (byId('ending').hidden) {
    byId('ending').replaceChildren(
      'Your session ends soon. ',
      h('button', { type: 'button', onclick: stay }, 'Stay signed in'),
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
    tell(wrong(error));
  }
}

// The account of who is signed in.
export function account({ session: mine }) {
  const old = passwordField({ label: 'Present password', autocomplete: 'current-password', name: 'old' });
  const fresh = passwordField({ label: 'New password', made: true, autocomplete: 'new-password', name: 'new' });
  const problem = problemLine();
  const change = h('button', { class: 'primary' }, 'Change the password');
  const send = async () => {
    const went = await busy(change, problem, () =>
      call('PUT', 'api/password', { body: { old: old.input.value, new: fresh.input.value } }),
    );
    if (went) {
      old.input.value = '';
      fresh.input.value = '';
      tell('Your password is changed');
    }
  };
  const submitted = (event) => {
    event.preventDefault();
    send();
  };
  // For those who keep passwords in their browser.
  const login = h('input', {
    value: mine.user,
    autocomplete: 'username',
    hidden: true,
    readonly: true,
    'aria-label': 'User',
  });
  return {
    title: 'Your account',
    body: [
      h('h1', { tabindex: '-1' }, 'Your account'),
      h(
        'p',
        { class: 'under' },
        h('span', {}, 'Signed in as ', userLink(mine.user), `, ${POWERS[mine.power] ?? mine.power}.`),
      ),
      h(
        'form',
        { class: 'card new', novalidate: true, onsubmit: submitted },
        h('h2', {}, 'Password'),
        login,
        old.element,
        fresh.element,
        problem.element,
        h('div', { class: 'buttons' }, change),
      ),
    ],
    dirty: () => old.input.value !== '' || fresh.input.value !== '',
  };
}
