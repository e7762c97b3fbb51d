// Groups: the list, the view of one group, and the form for a new one.

import { badge, counted, groupAddress, element, later, named, userAddress } from './dom.js';
import { call, get, path, query } from './api.js';
import {
  attempted,
  confirmed,
  crumbs,
  facts,
  nameOf,
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
  { name: 'label', label: 'Label' },
  { name: 'description', label: 'Description', lines: 3 },
  { name: 'external_id', label: 'External id', attributes: { spellcheck: 'false' } },
];

// The list of groups.
export function groups({ parameters, session, remember }) {
  const search = searchField(parameters, 'Name, label, description, …');
  const list = infiniteList({
    label: 'Groups',
    none: 'no group is called so',
    counted: (count) => counted(count, 'group'),
    row: groupRow,
    async fetchPage(after, signal) {
      const { document } = await get(`api/groups${query({ text: search.value.trim(), after, limit: PAGE })}`, {
        signal,
      });
      return { entries: document.groups, next: document.next };
    },
  });
  const again = () => {
    remember(query({ text: search.value.trim() }));
    list.load();
  };
  search.addEventListener('input', later(200, again));
  const filters = searchForm('Groups', search, again);
  list.load();
  return {
    title: 'Groups',
    body: [
      element(
        'div',
        { class: 'title' },
        element('h1', { tabindex: '-1' }, 'Groups'),
        session.may.change ? element('a', { class: 'button primary', href: '#/new/group' }, 'New group') : null,
      ),
      filters,
      list.element,
    ],
    leave: list.leave,
  };
}

function groupRow(group) {
  return element(
    'a',
    { href: groupAddress(group.name), class: 'entry' },
    element('span', { class: 'login' }, named(group.name)),
    element('span', { class: 'called' }, element('bdi', {}, group.label ?? '')),
    element('span', { class: 'mail' }, counted(group.users ?? 0, 'user')),
    element('span', { class: 'badges' }, group.subgroups ? badge(counted(group.subgroups, 'subgroup')) : null),
  );
}

// One group.
export function group({ name, session, redraw, go, listAddress }) {
  const heading = element('h1', { tabindex: '-1' }, named(name));
  const under = element('p', { class: 'under' });
  const content = element('div', { class: 'detail' }, element('p', { class: 'status', role: 'status' }, 'Loading …'));
  const address = () => path`api/groups/${name}`;
  const may = session.may.change;
  const subgroups = element('section', { class: 'card', 'aria-label': 'Subgroups' });
  const parents = element('section', { class: 'card', 'aria-label': 'Groups above' });
  let shown = null;
  let tag = null;
  let form = null;

  const members = memberList({ name, may, changed: () => refresh() });

  const show = (answer) => {
    shown = answer.document;
    tag = answer.tag;
    heading.replaceChildren(named(shown.label || shown.name));
    under.replaceChildren(element('code', {}, named(shown.name)), ' ', badge(counted(shown.users ?? 0, 'user')));
    drawNested(subgroups, {
      title: 'Subgroups',
      names: shown.subgroup_names ?? [],
      none: 'no subgroups',
      label: `Subgroups of ${name}`,
      below: async (group) => (await get(path`api/groups/${group}`)).document.subgroup_names ?? [],
      place: (group) => path`api/groups/${name}/groups/${group}`,
      adding: 'Add a subgroup',
    });
    drawNested(parents, {
      title: 'Is in',
      names: shown.groups ?? [],
      none: 'in no other group',
      label: `Groups above ${name}`,
      below: async (group) => (await get(path`api/groups/${group}`)).document.groups ?? [],
      place: (group) => path`api/groups/${group}/groups/${name}`,
      adding: 'Put into a group',
    });
  };
  const refresh = async () => {
    const answer = await get(address());
    show(answer);
    return form.merge(answer.document);
  };

  // A tree of groups. Groups at its top level can be added and removed.
  const drawNested = (section, { title, names, none, label, below, place, adding }) => {
    const line = problemLine();
    const had = section.contains(document.activeElement);
    const change = (method, group, text) =>
      attempted(line, async () => {
        await call(method, place(group));
        await refresh();
        showNotice(text);
      });
    const add = suggesting({
      label: adding,
      kind: 'groups',
      chooseText: 'Add',
      choose: (group) =>
        change('PUT', group, `Added ${group}`).then((done) => done && section.querySelector('input').focus()),
    });
    section.replaceChildren(
      element('h2', {}, title),
      tree({ label, names, none, below, remove: may ? (group) => change('DELETE', group, `Removed ${group}`) : null }),
      line.element,
      may ? add.element : '',
    );
    if (had) {
      (section.querySelector('[tabindex="0"]') ?? section.querySelector('input'))?.focus();
    }
  };

  const draw = () => {
    const card = editCard({
      what: 'group',
      name,
      fields: FIELDS,
      readOnly: !may,
      latest: () => shown,
      saved: show,
      refresh,
      patch: (body) => call('PATCH', address(), { body, tag }),
    });
    form = card.form;
    content.replaceChildren(
      element(
        'div',
        { class: 'columns' },
        element('div', {}, card.element, members.element),
        element('div', {}, subgroups, parents, facts(shown)),
      ),
    );
    members.load();
  };

  const remove = async () => {
    const gone = await confirmed({
      title: 'Delete this group for good?',
      verb: 'Delete for good',
      text: [named(name), ' and its memberships are deleted. Its users and subgroups stay.'],
      action: () => call('DELETE', address()),
    });
    if (gone) {
      form.load(shown);
      showNotice(`${name} is deleted`);
      go('#/groups');
    }
  };

  start(content, redraw, async () => {
    show(await get(address()));
    draw();
  });
  return {
    title: name,
    body: [
      crumbs(listAddress('groups'), 'Groups'),
      element(
        'div',
        { class: 'title' },
        element('div', {}, heading, under),
        element(
          'div',
          { class: 'actions' },
          may ? element('button', { type: 'button', class: 'danger', onclick: remove }, 'Delete …') : null,
        ),
      ),
      content,
    ],
    dirty: () => form?.dirty() ?? false,
    leave: members.leave,
  };
}

// The direct members of a group.
function memberList({ name, may, changed }) {
  const line = problemLine();
  const search = element('input', {
    type: 'search',
    'aria-label': 'Search the members',
    placeholder: 'Search the members',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  const change = (method, user, text) =>
    attempted(line, async () => {
      await call(method, path`api/groups/${name}/users/${user}`);
      await changed();
      await list.load();
      showNotice(text);
    });
  const list = infiniteList({
    label: 'Members',
    none: 'no members',
    counted: (count) => counted(count, 'member'),
    row: (user) =>
      element(
        'div',
        { class: 'row member' },
        element('a', { href: userAddress(user.name) }, named(user.name)),
        element('span', { class: 'note' }, element('bdi', {}, nameOf(user))),
        user.disabled ? badge('disabled', 'warning') : null,
        may
          ? element(
              'button',
              {
                type: 'button',
                class: 'quiet',
                'aria-label': `Remove ${user.name}`,
                onclick: async () => {
                  await change('DELETE', user.name, `${user.name} is no longer in ${name}`);
                  add.input.focus();
                },
              },
              'Remove',
            )
          : null,
      ),
    async fetchPage(after, signal) {
      const { document } = await get(
        `api/users${query({ group: name, text: search.value.trim(), after, limit: PAGE })}`,
        { signal },
      );
      return { entries: document.users, next: document.next };
    },
  });
  search.addEventListener('input', later(200, list.load));
  const add = suggesting({
    label: 'Add a user',
    kind: 'users',
    chooseText: 'Add',
    choose: (user) => change('PUT', user, `${user} is in ${name} now`),
  });
  return {
    element: element(
      'section',
      { class: 'card', 'aria-label': 'Members' },
      element('h2', {}, 'Members'),
      may ? add.element : null,
      line.element,
      search,
      list.element,
    ),
    load: list.load,
    leave: list.leave,
  };
}

// A new group.
export function newGroup({ go, listAddress }) {
  return newView({
    heading: 'New group',
    list: { address: listAddress('groups'), title: 'Groups' },
    label: 'Name',
    hint: 'Unique in any case of letters.',
    fields: FIELDS,
    create: (body) => call('POST', 'api/groups', { body }),
    created: (name) => go(groupAddress(name)),
  });
}
