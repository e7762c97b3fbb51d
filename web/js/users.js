// Users: the list, one of them, a new one.

import { badge, freshId, h, later, named, counted, groupLink, userAddress } from './dom.js';
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
  tell,
} from './components.js';
import { editCard, newView } from './form.js';
import { endless } from './list.js';
import { tree } from './tree.js';

const PAGE = 50;

const FIELDS = [
  { name: 'display_name', label: 'Display name' },
  { name: 'email', label: 'E-mail', attributes: { inputmode: 'email', spellcheck: 'false', autocapitalize: 'none' } },
  { name: 'first_name', label: 'First name' },
  { name: 'last_name', label: 'Last name' },
  { name: 'company', label: 'Company' },
  { name: 'title', label: 'Title' },
  { name: 'external_id', label: 'External id', attributes: { spellcheck: 'false' } },
];
const ROLES = [
  ['standard', 'Standard'],
  ['read', 'Read only'],
  ['admin', 'Administrator'],
];

// The fields as somebody of that power may set them.
function fieldsFor(session) {
  const choices = session.may.everything ? ROLES : ROLES.slice(0, 2);
  return [...FIELDS, { name: 'role', label: 'Role', choices }];
}

// The list of users. What is searched for stands in the address, so that one comes back to it.
export function users({ parameters, session, remember }) {
  const search = searchField(parameters, 'Login, name or e-mail');
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
  const administrators = h('input', {
    type: 'checkbox',
    id: freshId(),
    checked: parameters.get('administrators') === 'yes',
  });
  let group = parameters.get('group') ?? '';
  const chosenGroup = h('span', { class: 'chosen' });
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
  const list = endless({
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
    const drop = h(
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
    h(
      'div',
      { class: 'row' },
      state,
      verified,
      h('span', { class: 'check' }, administrators, h('label', { for: administrators.id }, 'Administrators')),
      groupField.element,
      chosenGroup,
    ),
  );
  list.load();
  return {
    title: 'Users',
    body: [
      h(
        'div',
        { class: 'title' },
        h('h1', { tabindex: '-1' }, 'Users'),
        session.may.createUsers ? h('a', { class: 'button primary', href: '#/new/user' }, 'New user') : null,
      ),
      filters,
      list.element,
    ],
    leave: list.leave,
  };
}

function choice(label, value, choices) {
  const field = h(
    'select',
    { 'aria-label': label },
    choices.map(([name, text]) => h('option', { value: name }, text)),
  );
  field.value = value ?? '';
  return field;
}

function userRow(user) {
  return h(
    'a',
    { href: userAddress(user.name), class: `entry ${user.disabled ? 'off' : ''}` },
    h('span', { class: 'login' }, named(user.name)),
    h('span', { class: 'called' }, h('bdi', {}, nameOf(user))),
    h('span', { class: 'mail' }, h('bdi', {}, user.email ?? '')),
    h('span', { class: 'badges' }, badgesOf(user)),
  );
}

const badgesOf = (user) => [
  user.role === 'admin' ? badge('administrator', 'accent') : null,
  user.role === 'read' ? badge('read only') : null,
  user.disabled ? badge('disabled', 'warning') : null,
];

// One user.
export function user({ name, session, redraw, go, listAddress }) {
  const heading = h('h1', { tabindex: '-1' }, named(name));
  const under = h('p', { class: 'under' });
  const problem = problemLine();
  const content = h('div', { class: 'detail' }, h('p', { class: 'status', role: 'status' }, 'Loading …'));
  const actions = h('div', { class: 'actions' });
  const address = () => path`api/users/${name}`;
  let shown = null;
  let tag = null;
  let form = null;
  const groups = h('section', { class: 'card', 'aria-label': 'Groups' });

  const mayChange = () => session.may.everything || (session.may.change && shown.role !== 'admin');

  const show = (answer) => {
    shown = answer.document;
    tag = answer.tag;
    heading.replaceChildren(named(nameOf(shown) || shown.name));
    under.replaceChildren(
      h('code', {}, named(shown.name)),
      ' ',
      ...badgesOf(shown).filter(Boolean),
      shown.verified ? badge('verified') : badge('never signed in'),
    );
    drawActions();
    drawGroups();
  };

  // What is shown is asked for again after a change beside the form, in which the typed stays.
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
    content.replaceChildren(h('div', { class: 'columns' }, card.element, h('div', {}, groups, facts(shown))));
  };

  const groupsProblem = problemLine();
  const change = (method, group, text) => () =>
    attempted(groupsProblem, async () => {
      await call(method, path`api/groups/${group}/users/${name}`);
      await refresh();
      tell(text);
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
      h('h2', {}, 'Groups'),
      tree({
        label: `Groups of ${name}, and the groups that those are in`,
        names: shown.groups ?? [],
        none: 'in no group',
        below: async (group) => (await get(path`api/groups/${group}`)).document.groups ?? [],
        remove: may ? (group) => change('DELETE', group, `${name} is no longer in ${group}`)() : null,
      }),
      inherited.length > 0
        ? h('p', { class: 'inherited' }, 'Through those also in ', separated(inherited.map(groupLink)))
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
    const toggle = h(
      'button',
      { type: 'button', onclick: () => (shown.disabled ? enable(toggle, false) : disable()) },
      switched,
    );
    const had = actions.contains(document.activeElement);
    actions.replaceChildren(
      ...[
        may ? toggle : null,
        may ? h('button', { type: 'button', onclick: () => resetPassword(name) }, 'Reset password …') : null,
        may ? h('button', { type: 'button', class: 'danger', onclick: remove }, 'Delete …') : null,
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
    tell(disabled ? `${name} is disabled and cannot sign in` : `${name} is enabled again`);
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
      text: [named(name), ' goes with all fields, memberships and tokens. To only keep somebody out, disable them.'],
      action: () => call('DELETE', address()),
    });
    if (gone) {
      form.load(shown);
      tell(`${name} is deleted`);
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
      h('div', { class: 'title' }, h('div', {}, heading, under), actions),
      problem.element,
      content,
    ],
    dirty: () => form?.dirty() ?? false,
  };
}

// The role of an administrator is shown also to those who cannot give it.
function fieldsOf(shown, session) {
  return fieldsFor(session).map((field) =>
    field.name === 'role' && shown.role === 'admin' ? { ...field, choices: ROLES } : field,
  );
}

// Puts commas between elements.
const separated = (elements) => elements.flatMap((element, at) => (at === 0 ? [element] : [', ', element]));

// Sets another password for somebody, and shows it once more after that, as it can be read nowhere else.
async function resetPassword(name) {
  const field = passwordField({ label: 'New password', made: true, autocomplete: 'new-password', name: 'password' });
  const done = await ask({
    title: 'Reset the password',
    focus: field.input,
    body: [h('p', {}, named(name), ' can no longer sign in with the present one.'), field.element],
    buttons: [
      ['', 'Cancel'],
      ['yes', 'Set the password', 'primary submit'],
    ],
    accept: () => call('PUT', path`api/users/${name}/password`, { body: { password: field.input.value } }),
  });
  if (done !== 'yes') {
    return;
  }
  const shown = h('code', { class: 'secret' }, field.input.value);
  await ask({
    title: 'The password is set',
    body: [
      h('p', {}, 'It is shown only now. Hand it over to ', named(name), ' safely.'),
      h('p', { class: 'with-button' }, shown, copyButton(shown)),
    ],
    buttons: [['ok', 'Done', 'primary submit']],
  });
}

// A new user.
export function newUser({ session, go, listAddress }) {
  const password = passwordField({
    label: 'Password',
    hint: 'Without one nobody can sign in as this user.',
    made: true,
    autocomplete: 'new-password',
    name: 'password',
  });
  const chosen = new Set();
  const chips = h('ul', { class: 'chips', 'aria-label': 'Groups of the new user' });
  const drawChips = () =>
    chips.replaceChildren(
      ...[...chosen].map((group) =>
        h(
          'li',
          {},
          named(group),
          h(
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
    hint: 'Unique in any case of letters. An e-mail address is what every dialect takes.',
    fields: fieldsFor(session),
    initial: { role: 'standard' },
    before: password.element,
    after: session.may.change ? h('div', { class: 'field' }, h('h3', {}, 'Groups'), chips, groups.element) : null,
    more: () => ({
      groups: [...chosen],
      ...(password.input.value === '' ? {} : { password: password.input.value }),
    }),
    touched: () => password.input.value !== '' || chosen.size > 0,
    create: (body) => call('POST', 'api/users', { body }),
    created: (name) => go(userAddress(name)),
  });
}
