// Users: the list, the view of one user, and the form for a new one.

import { badge, freshId, element, later, named, counted, groupLink, userAddress } from './dom.js';
import { call, get, path, query } from './api.js';
import {
  ask,
  attempted,
  busy,
  confirmed,
  copyButton,
  crumbs,
  facts,
  nameOf,
  passwordField,
  problemLine,
  searchField,
  searchForm,
  start,
  suggesting,
  showNotice,
} from './components.js';
import { editCard, newView } from './form.js';
import { infiniteList } from './list.js';
import { tree } from './tree.js';

const PAGE = 50;

const FIELDS = [
  { name: 'display_name', label: 'Display name' },
  { name: 'email', label: 'E-mail', attributes: { inputmode: 'email', spellcheck: 'false', autocapitalize: 'none' } },
  { name: 'first_name', label: 'First name' },
  { name: 'last_name', label: 'Last name' },
  { name: 'company', label: 'Company' },
  { name: 'title', label: 'Title' },
  { name: 'phone', label: 'Phone', attributes: { inputmode: 'tel' } },
  { name: 'external_id', label: 'External id', attributes: { spellcheck: 'false' } },
];
const ROLES = [
  ['standard', 'Standard'],
  ['read', 'Read only'],
  ['admin', 'Administrator'],
];

// The fields that a caller with these permissions may set.
function fieldsFor(session) {
  const choices = session.may.everything ? ROLES : ROLES.slice(0, 2);
  return [...FIELDS, { name: 'role', label: 'Role', choices }];
}

// The list of users. The address has the search, so that going back keeps it.
export function users({ parameters, session, remember }) {
  const search = searchField(parameters, 'Name, login, title, …');
  const state = choice('State', parameters.get('state'), [
    ['', 'Enabled or not'],
    ['enabled', 'Enabled'],
    ['disabled', 'Disabled'],
  ]);
  const verified = choice('Verified', parameters.get('verified'), [
    ['', 'Verified or not'],
    ['yes', 'Verified'],
    ['no', 'Not verified'],
  ]);
  const administrators = element('input', {
    type: 'checkbox',
    id: freshId(),
    checked: parameters.get('administrators') === 'yes',
  });
  let group = parameters.get('group') ?? '';
  const chosenGroup = element('span', { class: 'chosen' });
  const groupField = suggesting({
    label: 'In the group',
    kind: 'groups',
    choose: (name) => chooseGroup(name),
    chooseText: 'Filter',
  });

  const wanted = () => ({
    text: search.value.trim(),
    state: state.value,
    verified: verified.value,
    administrators: administrators.checked ? 'yes' : '',
    group,
  });
  const list = infiniteList({
    label: 'Users',
    none: 'no user is like that',
    counted: (count) => counted(count, 'user'),
    row: userRow,
    async fetchPage(after, signal) {
      const { document } = await get(`api/users${query({ ...wanted(), after, limit: PAGE })}`, { signal });
      return { entries: document.users, next: document.next };
    },
  });
  const again = () => {
    remember(query(wanted()));
    list.load();
  };
  const chooseGroup = (name) => {
    group = name;
    showGroup();
    again();
  };
  const showGroup = () => {
    groupField.element.hidden = group !== '';
    chosenGroup.hidden = group === '';
    const drop = element(
      'button',
      {
        type: 'button',
        class: 'quiet',
        'aria-label': `No longer only the group ${group}`,
        onclick: () => {
          chooseGroup('');
          groupField.input.focus();
        },
      },
      '×',
    );
    chosenGroup.replaceChildren('in ', named(group), drop);
  };
  showGroup();
  search.addEventListener('input', later(200, again));
  [state, verified, administrators].forEach((field) => field.addEventListener('change', again));
  const filters = searchForm(
    'Users',
    search,
    again,
    element(
      'div',
      { class: 'row' },
      state,
      verified,
      element(
        'span',
        { class: 'check' },
        administrators,
        element('label', { for: administrators.id }, 'Administrators'),
      ),
      groupField.element,
      chosenGroup,
    ),
  );
  list.load();
  return {
    title: 'Users',
    body: [
      element(
        'div',
        { class: 'title' },
        element('h1', { tabindex: '-1' }, 'Users'),
        session.may.createUsers ? element('a', { class: 'button primary', href: '#/new/user' }, 'New user') : null,
      ),
      filters,
      list.element,
    ],
    leave: list.leave,
  };
}

function choice(label, value, choices) {
  const field = element(
    'select',
    { 'aria-label': label },
    choices.map(([name, text]) => element('option', { value: name }, text)),
  );
  field.value = value ?? '';
  return field;
}

function userRow(user) {
  return element(
    'a',
    { href: userAddress(user.name), class: `entry ${user.disabled ? 'off' : ''}` },
    element('span', { class: 'login' }, named(user.name)),
    element('span', { class: 'called' }, element('bdi', {}, nameOf(user))),
    element('span', { class: 'mail' }, element('bdi', {}, user.email ?? '')),
    element('span', { class: 'badges' }, badgesOf(user)),
  );
}

const badgesOf = (user) => [
  user.role === 'admin' ? badge('administrator', 'accent') : null,
  user.role === 'read' ? badge('read only') : null,
  user.disabled ? badge('disabled', 'warning') : null,
];

// One user.
export function user({ name, session, redraw, go, listAddress }) {
  const heading = element('h1', { tabindex: '-1' }, named(name));
  const under = element('p', { class: 'under' });
  const problem = problemLine();
  const content = element('div', { class: 'detail' }, element('p', { class: 'status', role: 'status' }, 'Loading …'));
  const actions = element('div', { class: 'actions' });
  const address = () => path`api/users/${name}`;
  let shown = null;
  let tag = null;
  let form = null;
  const groups = element('section', { class: 'card', 'aria-label': 'Groups' });

  const mayChange = () => session.may.everything || (session.may.change && shown.role !== 'admin');

  const show = (answer) => {
    shown = answer.document;
    tag = answer.tag;
    heading.replaceChildren(named(nameOf(shown) || shown.name));
    under.replaceChildren(
      element('code', {}, named(shown.name)),
      ' ',
      ...badgesOf(shown).filter(Boolean),
      shown.verified ? badge('verified') : badge('never signed in'),
    );
    drawActions();
    drawGroups();
  };

  // After a change outside the form the user is read again; the form keeps typed values.
  const refresh = async () => {
    const answer = await get(address());
    show(answer);
    return form.merge(answer.document);
  };

  const draw = () => {
    const card = editCard({
      what: 'user',
      name,
      fields: fieldsOf(shown, session),
      readOnly: !mayChange(),
      latest: () => shown,
      saved: show,
      refresh,
      patch: (body) => call('PATCH', address(), { body, tag }),
    });
    form = card.form;
    content.replaceChildren(
      element('div', { class: 'columns' }, card.element, element('div', {}, groups, facts(shown))),
    );
  };

  const groupsProblem = problemLine();
  const change = (method, group, text) => () =>
    attempted(groupsProblem, async () => {
      await call(method, path`api/groups/${group}/users/${name}`);
      await refresh();
      showNotice(text);
    });
  const drawGroups = () => {
    const inherited = shown.inherited_groups ?? [];
    const may = mayChange();
    const had = groups.contains(document.activeElement);
    const add = suggesting({
      label: 'Add to a group',
      kind: 'groups',
      chooseText: 'Add',
      choose: async (group) => {
        await change('PUT', group, `${name} is in ${group} now`)();
        groups.querySelector('input')?.focus();
      },
    });
    groups.replaceChildren(
      element('h2', {}, 'Groups'),
      tree({
        label: `Groups of ${name}, and the groups that those are in`,
        names: shown.groups ?? [],
        none: 'in no group',
        below: async (group) => (await get(path`api/groups/${group}`)).document.groups ?? [],
        remove: may ? (group) => change('DELETE', group, `${name} is no longer in ${group}`)() : null,
      }),
      inherited.length > 0
        ? element('p', { class: 'inherited' }, 'Through those also in ', separated(inherited.map(groupLink)))
        : '',
      groupsProblem.element,
      may ? add.element : '',
    );
    if (had) {
      (groups.querySelector('[tabindex="0"]') ?? groups.querySelector('input'))?.focus();
    }
  };

  const drawActions = () => {
    const may = mayChange();
    const switched = shown.disabled ? 'Re-enable' : 'Disable';
    const toggle = element(
      'button',
      { type: 'button', onclick: () => (shown.disabled ? enable(toggle, false) : disable()) },
      switched,
    );
    const had = actions.contains(document.activeElement);
    actions.replaceChildren(
      ...[
        may ? toggle : null,
        may ? element('button', { type: 'button', onclick: () => resetPassword(name) }, 'Reset password …') : null,
        may ? element('button', { type: 'button', class: 'danger', onclick: remove }, 'Delete …') : null,
      ].filter(Boolean),
    );
    if (had) {
      actions.querySelector('button')?.focus();
    }
  };
  const enable = (button, disabled) => busy(button, problem, () => setDisabled(disabled));
  const setDisabled = async (disabled) => {
    await call('PATCH', address(), { body: { disabled } });
    await refresh();
    showNotice(disabled ? `${name} is disabled and cannot sign in` : `${name} is enabled again`);
  };
  const disable = () =>
    confirmed({
      title: 'Disable this user?',
      verb: 'Disable',
      text: [named(name), ' stays in the directory and in all groups, and cannot sign in until enabled again.'],
      action: () => setDisabled(true),
    });
  const remove = async () => {
    const gone = await confirmed({
      title: 'Delete this user for good?',
      verb: 'Delete for good',
      text: [
        named(name),
        ' is deleted with all fields, memberships and tokens. To only forbid signing in, disable the user.',
      ],
      action: () => call('DELETE', address()),
    });
    if (gone) {
      form.load(shown);
      showNotice(`${name} is deleted`);
      go('#/users');
    }
  };

  start(content, redraw, async () => {
    show(await get(address()));
    draw();
  });
  return {
    title: name,
    body: [
      crumbs(listAddress('users'), 'Users'),
      element('div', { class: 'title' }, element('div', {}, heading, under), actions),
      problem.element,
      content,
    ],
    dirty: () => form?.dirty() ?? false,
  };
}

// The role of an administrator is visible also to callers who cannot set it.
function fieldsOf(shown, session) {
  return fieldsFor(session).map((field) =>
    field.name === 'role' && shown.role === 'admin' ? { ...field, choices: ROLES } : field,
  );
}

// Puts commas between elements.
const separated = (elements) => elements.flatMap((node, at) => (at === 0 ? [node] : [', ', node]));

// Sets another password for a user, and shows it once more, because it cannot be read later.
async function resetPassword(name) {
  const field = passwordField({ label: 'New password', made: true, autocomplete: 'new-password', name: 'password' });
  const done = await ask({
    title: 'Reset the password',
    focus: field.input,
    body: [element('p', {}, named(name), ' can no longer sign in with the present one.'), field.element],
    buttons: [
      ['', 'Cancel'],
      ['yes', 'Set the password', 'primary submit'],
    ],
    accept: () => call('PUT', path`api/users/${name}/password`, { body: { password: field.input.value } }),
  });
  if (done !== 'yes') {
    return;
  }
  const shown = element('code', { class: 'secret' }, field.input.value);
  await ask({
    title: 'The password is set',
    body: [
      element('p', {}, 'It is shown only now. Hand it over to ', named(name), ' safely.'),
      element('p', { class: 'with-button' }, shown, copyButton(shown)),
    ],
    buttons: [['ok', 'Done', 'primary submit']],
  });
}

// A new user.
export function newUser({ session, go, listAddress }) {
  const password = passwordField({
    label: 'Password',
    hint: 'Without a password this user cannot sign in.',
    made: true,
    autocomplete: 'new-password',
    name: 'password',
  });
  const chosen = new Set();
  const chips = element('ul', { class: 'chips', 'aria-label': 'Groups of the new user' });
  const drawChips = () =>
    chips.replaceChildren(
      ...[...chosen].map((group) =>
        element(
          'li',
          {},
          named(group),
          element(
            'button',
            {
              type: 'button',
              class: 'quiet',
              'aria-label': `Not into ${group}`,
              onclick: () => {
                chosen.delete(group);
                drawChips();
                groups.input.focus();
              },
            },
            '×',
          ),
        ),
      ),
    );
  const groups = suggesting({
    label: 'Add a group',
    kind: 'groups',
    chooseText: 'Add',
    choose: (group) => {
      chosen.add(group);
      drawChips();
    },
  });
  return newView({
    heading: 'New user',
    list: { address: listAddress('users'), title: 'Users' },
    label: 'Login',
    hint: 'Unique in any case of letters. Every dialect accepts an e-mail address.',
    fields: fieldsFor(session),
    initial: { role: 'standard' },
    before: password.element,
    after: session.may.change
      ? element('div', { class: 'field' }, element('h3', {}, 'Groups'), chips, groups.element)
      : null,
    more: () => ({
      groups: [...chosen],
      ...(password.input.value === '' ? {} : { password: password.input.value }),
    }),
    touched: () => password.input.value !== '' || chosen.size > 0,
    create: (body) => call('POST', 'api/users', { body }),
    created: (name) => go(userAddress(name)),
  });
}
