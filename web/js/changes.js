// The audit log, the newest change first.

import { clock, counted, dayOf, groupLink, element, named, userLink } from './dom.js';
import { get, query } from './api.js';
import { infiniteList } from './list.js';

const PAGE = 50;
// Longer values are cut. The audit log stores whole documents.
const VALUE_CHARACTERS_MAX = 400;

export function changes() {
  let day = '';
  const list = infiniteList({
    label: 'Changes',
    none: 'nothing has changed yet',
    counted: (count) => counted(count, 'change'),
    some: 'the last ',
    row: (entry) => [entry.day ? element('h2', { class: 'day' }, entry.day) : null, changed(entry)],
    async fetchPage(after, signal) {
      const { document } = await get(`api/changes${query({ before: after, limit: PAGE })}`, { signal });
      day = after === null ? '' : day;
      const entries = document.changes.map((change) => {
        const its = dayOf(change.time);
        const first = its !== day;
        day = its;
        return { ...change, day: first ? its : null };
      });
      return { entries, next: document.next };
    },
  });
  list.load();
  return {
    title: 'Changes',
    body: [
      element(
        'div',
        { class: 'title' },
        element('h1', { tabindex: '-1' }, 'Changes'),
        element('button', { type: 'button', onclick: () => list.load() }, 'Refresh'),
      ),
      list.element,
    ],
    leave: list.leave,
  };
}

function changed(change) {
  const lines = differences(change);
  return element(
    'article',
    { class: 'change' },
    element(
      'p',
      {},
      clock(change.time),
      ' ',
      caller(change),
      ' ',
      ...sentence(change),
      ' ',
      element('span', { class: 'note' }, `by ${change.dialect}, no. ${change.id}`),
    ),
    lines.length > 0 ? element('ul', { class: 'differences' }, lines) : null,
  );
}

function caller({ caller: name, caller_kind: kind }) {
  if (!name) {
    return element('strong', {}, 'the server');
  }
  return kind === 'user' ? element('strong', {}, userLink(name)) : element('strong', {}, `${kind ?? ''} `, named(name));
}

// The action as a sentence.
function sentence({ action, name, before, after, caller, caller_kind: kind }) {
  const document = after ?? before ?? {};
  const user = () => userLink(name);
  const group = () => groupLink(name);
  const waiting = document.waiting ? ' (who is not there yet)' : '';
  const fields = Object.keys({ ...before, ...after });
  const only = (field, value) => fields.length === 1 && after?.[field] === value;
  const words = {
    'user.created': () => ['created the user ', user()],
    'user.updated': () =>
      only('disabled', true)
        ? ['disabled the user ', user()]
        : only('disabled', false)
          ? ['enabled the user ', user(), ' again']
          : only('verified', true) && kind === 'user' && caller === name
            ? ['signed in for the first time']
            : ['changed the user ', user()],
    'user.password_set': () => ['set the password of ', user()],
    'user.deleted': () => ['deleted the user ', named(name)],
    'group.created': () => ['created the group ', group()],
    'group.updated': () => ['changed the group ', group()],
    'group.deleted': () => ['deleted the group ', named(name)],
    'member.added': () => [
      'added ',
      userLink(document.user ?? name),
      waiting,
      ' to the group ',
      groupLink(document.group),
    ],
    'member.removed': () => [
      'removed ',
      userLink(document.user ?? name),
      waiting,
      ' from the group ',
      groupLink(document.group),
    ],
    'subgroup.added': () => [
      'put the group ',
      groupLink(document.subgroup ?? name),
      waiting,
      ' into ',
      groupLink(document.group),
    ],
    'subgroup.removed': () => [
      'took the group ',
      groupLink(document.subgroup ?? name),
      waiting,
      ' out of ',
      groupLink(document.group),
    ],
    'key.created': () => ['created the key ', named(name)],
    'key.revoked': () => ['revoked the key ', named(name)],
    'token.created': () => ['made a token for ', user()],
    'token.revoked': () => ['revoked a token of ', user()],
    'directory.restored': () => ['restored the directory from the backup ', named(name)],
  };
  return (words[action] ?? (() => [`${action} `, named(name)]))();
}

// A row for each field that differs. The sentence alone describes changes of memberships.
function differences({ action, before, after }) {
  if (/^(member|subgroup)\./.test(action)) {
    return [];
  }
  const [old, now] = [spread(before), spread(after)];
  const fields = [...new Set([...old.keys(), ...now.keys()])];
  return fields.map((field) =>
    element(
      'li',
      {},
      element('span', { class: 'field-name' }, element('bdi', {}, field)),
      ' ',
      element('span', {}, fromTo(before, after, old.get(field), now.get(field))),
    ),
  );
}

function fromTo(before, after, old, now) {
  if (before === null) {
    return [element('ins', {}, shown(now))];
  }
  if (after === null) {
    return [element('del', { class: 'whole' }, shown(old))];
  }
  return [
    element('del', {}, shown(old)),
    element('span', { class: 'arrow', 'aria-label': 'now' }, ' → '),
    element('ins', {}, shown(now)),
  ];
}

// The fields of a document, with a field for each property.
function spread(document) {
  const fields = new Map();
  for (const [name, value] of Object.entries(document ?? {})) {
    if (name === 'properties') {
      Object.entries(value ?? {}).forEach(([property, inner]) => fields.set(`property ${property}`, inner));
    } else {
      fields.set(name.replaceAll('_', ' '), value);
    }
  }
  return fields;
}

function shown(value) {
  if (value === undefined || value === null || value === '') {
    return element('span', { class: 'none' }, 'nothing');
  }
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return element('bdi', {}, text.length > VALUE_CHARACTERS_MAX ? `${text.slice(0, VALUE_CHARACTERS_MAX)} …` : text);
}
