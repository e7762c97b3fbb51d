// The page: views by address, changes of view, and keys that work everywhere.

import { byId, element } from './dom.js';
import { ask, closeDialogs, confirmed } from './components.js';
import { account, begin, watch } from './session.js';
import { newUser, user, users } from './users.js';
import { group, groups, newGroup } from './groups.js';
import { changes } from './changes.js';
import { figures, forgetFigures } from './metrics.js';

const START = '#/users';

// Views by address. Each has a title, a body, and maybe `dirty`: true while there are unsaved changes.
const VIEWS = { users, groups, changes, figures, account };
const SINGLE = { users: user, groups: group };
const NEW = { user: newUser, group: newGroup };
const FOR_ADMINISTRATORS = ['changes', 'figures'];

let session = null;
let view = null;
let address = '';
// The last address of each list, so that going back keeps the search.
let lists = { users: '#/users', groups: '#/groups' };

watch({
  async onOpen(opened, same) {
    session = opened;
    if (same && view) {
      view.resume?.();
      document.title = `${view.title} – Rollbook`;
      view.heading.focus();
    } else {
      discard();
      await show();
    }
  },
  onClose(forGood) {
    if (forGood) {
      session = null;
      discard();
    }
  },
});
addEventListener('hashchange', show);
addEventListener('beforeunload', (event) => view?.dirty?.() && event.preventDefault());
// The browser may restore a page of a session that is over.
addEventListener('pageshow', (event) => event.persisted && location.reload());
addEventListener('keydown', pressed);
byId('skip').addEventListener('click', (event) => {
  event.preventDefault();
  byId('main').focus();
});
byId('show-keys').addEventListener('click', showKeys);
begin();

// Removes everything of the last session from the document.
function discard() {
  view?.leave?.();
  view = null;
  address = '';
  lists = { users: '#/users', groups: '#/groups' };
  forgetFigures();
  byId('main').replaceChildren();
}

// Shows the view of the address.
async function show() {
  if (session === null) {
    return;
  }
  const wanted = location.hash || START;
  if (wanted === address) {
    return;
  }
  if (view?.dirty?.() && !(await leaving())) {
    history.pushState(null, '', address);
    return;
  }
  closeDialogs();
  draw(location.hash || START);
}

const leaving = () =>
  confirmed({
    title: 'Leave without saving?',
    text: 'What you have changed here is not saved.',
    verb: 'Leave without saving',
  });

function draw(wanted) {
  view?.leave?.();
  address = wanted;
  const [kind, part, parameters] = parsedAddress(wanted);
  if (Object.hasOwn(lists, kind) && part === undefined) {
    lists[kind] = wanted;
  }
  const context = {
    session,
    name: part,
    parameters,
    go,
    redraw: () => draw(address),
    listAddress: (list) => lists[list],
    // Puts the search of a list into the address, without a history entry for each letter.
    remember: (text) => {
      address = `#/${kind}${text}`;
      lists[kind] = address;
      history.replaceState(null, '', address);
    },
  };
  view = chosen(kind, part)(context);
  const main = byId('main');
  main.replaceChildren(...[view.body].flat());
  view.heading = main.querySelector('h1');
  document.title = `${view.title} – Rollbook`;
  for (const link of byId('header').querySelectorAll('nav a, #who')) {
    const here = link.hash.split('/')[1] === (kind === 'new' ? `${part}s` : kind);
    here ? link.setAttribute('aria-current', 'page') : link.removeAttribute('aria-current');
  }
  scrollTo(0, 0);
  (view.focus ?? view.heading).focus({ preventScroll: true });
}

// `#/kind/part?parameters`
function parsedAddress(text) {
  const [route, search = ''] = splitAt(text.slice(2), '?');
  const [kind, part] = splitAt(route, '/');
  try {
    return [kind, part === undefined ? undefined : decodeURIComponent(part), new URLSearchParams(search)];
  } catch {
    return ['', undefined, new URLSearchParams()];
  }
}

function splitAt(text, mark) {
  const at = text.indexOf(mark);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function chosen(kind, part) {
  if (FOR_ADMINISTRATORS.includes(kind) && !session.may.everything) {
    return nothing;
  }
  const table = part === undefined || part === '' ? VIEWS : kind === 'new' ? NEW : SINGLE;
  const key = table === NEW ? part : kind;
  return Object.hasOwn(table, key) ? table[key] : nothing;
}

function nothing() {
  return {
    title: 'Nothing here',
    body: [
      element('h1', { tabindex: '-1' }, 'Nothing here'),
      element(
        'p',
        {},
        'There is nothing at this address, or you are not allowed to see it. ',
        element('a', { href: START }, 'To the users'),
      ),
    ],
  };
}

function go(to) {
  location.hash = to;
}

const KEYS = [
  ['/', 'to the search, from another view to that of users'],
  ['g u', 'users'],
  ['g g', 'groups'],
  ['g c', 'changes'],
  ['g f', 'figures'],
  ['n', 'a new user, among groups a new group'],
  ['↑ ↓', 'from entry to entry of a list, a tree or suggestions'],
  ['← →', 'close and open a group in a tree'],
  ['Delete', 'in a tree: take the group out'],
  ['Escape', 'close what is open; leave a field'],
  ['?', 'this help'],
];

function showKeys() {
  const rows = KEYS.map(([keys, text]) =>
    element(
      'tr',
      {},
      element(
        'th',
        { scope: 'row' },
        keys.split(' ').map((key) => element('kbd', {}, key)),
      ),
      element('td', {}, text),
    ),
  );
  ask({
    title: 'Keyboard shortcuts',
    body: element('table', { class: 'keys' }, element('tbody', {}, rows)),
    buttons: [['', 'Close', 'submit']],
  });
}

// The time when `g` was pressed, which begins a sequence of two keys.
let lead = -Infinity;

// Keys that work everywhere except while typing.
function pressed(event) {
  const typing = event.target.closest?.('input, textarea, select');
  if (event.key === 'Escape' && typing && !event.defaultPrevented && !document.querySelector('dialog[open]')) {
    typing.blur();
    return;
  }
  if (
    session === null ||
    byId('main').hidden ||
    typing ||
    event.ctrlKey ||
    event.altKey ||
    event.metaKey ||
    document.querySelector('dialog[open]')
  ) {
    return;
  }
  const after = performance.now() - lead < 1500 ? 'g ' : '';
  lead = event.key === 'g' && after === '' ? performance.now() : -Infinity;
  const actions = {
    '/': toSearch,
    '?': showKeys,
    n: startNew,
    'g u': () => go('#/users'),
    'g g': () => go('#/groups'),
    'g c': () => go('#/changes'),
    'g f': () => go('#/figures'),
  };
  const action = actions[after + event.key];
  if (action) {
    event.preventDefault();
    action();
  }
}

async function toSearch() {
  if (!document.querySelector('[data-search]')) {
    history.pushState(null, '', lists.users);
    await show();
  }
  document.querySelector('[data-search]')?.select();
}

function startNew() {
  const kind = location.hash.startsWith('#/groups') ? 'group' : 'user';
  if (kind === 'group' ? session.may.change : session.may.createUsers) {
    go(`#/new/${kind}`);
  }
}
