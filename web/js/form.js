// Forms for users and groups: fields, properties, changes, and conflicts with changes of others.

import { counted, freshId, element } from './dom.js';
import { parsed } from './api.js';
import { busy, crumbs, labelled, problemLine, showNotice } from './components.js';

// The text of a field for a document. An empty text clears the field.
const asText = (value) => value ?? '';

// A form for these fields, each { name, label, lines, choices, attributes }. `changed` is called on every change.
export function recordForm({ fields, readOnly, changed }) {
  const boxes = fields.map((field) => box(field, readOnly));
  const properties = propertyEditor({ readOnly, changed: () => mark() });
  const node = element(
    'div',
    { class: 'record' },
    element(
      'div',
      { class: 'fields' },
      boxes.map(({ element: node }) => node),
    ),
    properties.element,
  );
  let base = new Map();

  // The texts of the form by field; a property is `properties.NAME`.
  const current = () =>
    new Map([
      ...boxes.map(({ field, read }) => [field.name, read()]),
      ...properties.texts().map(([name, text]) => [`properties.${name}`, text]),
    ]);
  const textsOf = (document) =>
    new Map([
      ...fields.map(({ name }) => [name, asText(document[name])]),
      ...Object.entries(document.properties ?? {}).map(([name, value]) => [
        `properties.${name}`,
        JSON.stringify(value),
      ]),
    ]);
  const show = (texts) => {
    boxes.forEach(({ field, read, write }) => read() === texts.get(field.name) || write(texts.get(field.name)));
    properties.show(propertiesIn(texts));
    mark();
  };
  const mark = () => {
    const now = current();
    boxes.forEach(({ field, element: node }) =>
      node.classList.toggle('changed', now.get(field.name) !== base.get(field.name)),
    );
    changed?.(different(now, base).length);
  };
  boxes.forEach(({ element: node }) => node.addEventListener('input', mark));
  const labelOf = (key) =>
    fields.find(({ name }) => name === key)?.label ?? `property ${key.slice('properties.'.length)}`;

  return {
    element: node,
    first: boxes[0].input,
    dirty: () => different(current(), base).length > 0,
    load(document) {
      base = textsOf(document);
      show(base);
    },
    reset: () => show(base),
    // The body of the request. Throws if a property is not JSON.
    changes() {
      properties.check();
      const now = current();
      const keys = different(now, base);
      const own = fields.filter(({ name }) => keys.includes(name));
      const body = Object.fromEntries(own.map(({ name }) => [name, now.get(name)]));
      const others = keys.filter((key) => key.startsWith('properties.'));
      if (others.length > 0) {
        body.properties = Object.fromEntries(
          others.map((key) => [key.slice('properties.'.length), now.has(key) ? parsed(now.get(key)) : null]),
        );
      }
      return body;
    },
    // Continues with a newer document and keeps the typed values. Returns the differences.
    merge(document) {
      const [mine, theirs, old] = [current(), textsOf(document), base];
      const news = different(theirs, old).map((key) => ({
        label: labelOf(key),
        before: old.get(key),
        now: theirs.get(key),
        mine: mine.get(key) === old.get(key) || mine.get(key) === theirs.get(key) ? null : (mine.get(key) ?? ''),
      }));
      const together = new Map(theirs);
      for (const key of different(mine, old)) {
        mine.has(key) ? together.set(key, mine.get(key)) : together.delete(key);
      }
      base = theirs;
      show(together);
      return news;
    },
  };
}

const propertiesIn = (texts) =>
  [...texts]
    .filter(([key]) => key.startsWith('properties.'))
    .map(([key, text]) => [key.slice('properties.'.length), text]);

// The keys with different values.
const different = (one, other) =>
  [...new Set([...one.keys(), ...other.keys()])].filter((key) => one.get(key) !== other.get(key));

function box(field, readOnly) {
  const { name, label, lines, choices, attributes } = field;
  const input = choices
    ? element(
        'select',
        { name, disabled: readOnly },
        choices.map(([value, text]) => element('option', { value }, text)),
      )
    : lines
      ? element('textarea', { name, rows: lines, readonly: readOnly })
      : element('input', { name, readonly: readOnly, autocomplete: 'off', ...attributes });
  const node = labelled(label, input);
  return { field, element: node, input, read: () => input.value, write: (text) => (input.value = text) };
}

// The editor of properties. Each has a name and a JSON value.
function propertyEditor({ readOnly, changed }) {
  const rows = element('div', { class: 'rows' });
  const add = element(
    'button',
    { type: 'button', class: 'quiet', onclick: () => rows.appendChild(row('', '')).name.focus() },
    'Add a property',
  );
  const title = element('h3', { id: freshId() }, 'Properties');
  const none = element('p', { class: 'none' }, 'none');
  const node = element(
    'div',
    { class: 'properties', role: 'group', 'aria-labelledby': title.id },
    title,
    rows,
    none,
    readOnly ? null : add,
  );

  const row = (name, text) => {
    const nameInput = element('input', {
      value: name,
      'aria-label': 'Name of the property',
      placeholder: 'name',
      readonly: readOnly || name !== '',
    });
    const value = element('textarea', {
      value: text,
      rows: Math.min(12, text.split('\n').length),
      placeholder: 'value, as JSON or text',
      readonly: readOnly,
      'aria-label': name === '' ? 'Value of the new property' : `Value of ${name}`,
      spellcheck: 'false',
      onchange: () => settle(value),
    });
    const remove = element(
      'button',
      {
        type: 'button',
        class: 'quiet',
        'aria-label': `Remove the property ${name}`,
        onclick: () => {
          line.remove();
          told();
          add.focus();
        },
      },
      'Remove',
    );
    const line = element('div', { class: 'property' }, nameInput, value, readOnly ? null : remove);
    line.name = nameInput;
    line.addEventListener('input', told);
    line.pair = () => [nameInput.value, compact(value.value)];
    line.value = value;
    return line;
  };
  const told = () => {
    none.hidden = rows.childElementCount > 0;
    changed();
  };

  return {
    element: node,
    texts: () => [...rows.children].map((line) => line.pair()).filter(([name]) => name !== ''),
    show(pairs) {
      const same = JSON.stringify(pairs) === JSON.stringify(this.texts());
      if (!same || pairs.length !== rows.childElementCount) {
        rows.replaceChildren(...pairs.map(([name, text]) => row(name, pretty(text))));
      }
      none.hidden = rows.childElementCount > 0;
    },
    check() {
      for (const line of rows.children) {
        settle(line.value);
        const wrong = !isJson(line.value.value);
        line.value.setAttribute('aria-invalid', String(wrong));
        if (wrong) {
          line.value.focus();
          throw Object.assign(new Error(`the property ${line.name.value} is not JSON`), { status: 400 });
        }
      }
    },
  };
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

// JSON without spaces; a text that is not JSON as it is.
const compact = (text) => (isJson(text) ? JSON.stringify(parsed(text)) : text);
// Short values are on one line.
const pretty = (text) => (isJson(text) && text.length > 60 ? JSON.stringify(parsed(text), null, 2) : text);

// A value that is not JSON is a text. It gets quotes in the field, so that the user sees that.
function settle(area) {
  if (!isJson(area.value) && !/^\s*[[{"]/.test(area.value)) {
    area.value = JSON.stringify(area.value);
    area.dispatchEvent(new Event('input', { bubbles: true }));
  }
}

// The card to edit a user or a group. `patch(body)` sends a change, and `saved(answer)` is called after it. `latest()`
// is the newest known document. `refresh()` fetches a newer one and returns the differences.
export function editCard({ what, name, fields, readOnly, patch, saved, latest, refresh }) {
  const problem = problemLine();
  const meanwhile = element('div', {});
  const count = element('span', { class: 'note', role: 'status' });
  const save = element('button', { class: 'primary' }, 'Save');
  const drop = element('button', { type: 'button', onclick: () => take() }, 'Discard');
  const title = element('h2', { tabindex: '-1' }, 'Fields');
  const form = recordForm({
    fields,
    readOnly,
    changed(changes) {
      count.textContent = changes === 0 ? '' : counted(changes, 'change');
      save.disabled = changes === 0;
      drop.disabled = changes === 0;
    },
  });
  form.load(latest());

  const take = () => {
    form.load(latest());
    meanwhile.replaceChildren();
    problem.clear();
    title.focus();
  };
  const send = () =>
    busy(save, problem, async () => {
      const body = form.changes();
      if (Object.keys(body).length === 0) {
        return;
      }
      try {
        saved(await patch(body));
        take();
        showNotice(`Saved ${name}`);
      } catch (error) {
        if (error.status !== 412) {
          throw error;
        }
        const news = await refresh();
        meanwhile.replaceChildren(clash({ what, news, take, keep: send }));
        meanwhile.firstChild.focus();
      }
    });
  const submitted = (event) => {
    event.preventDefault();
    send();
  };
  const node = element(
    'form',
    { class: 'card', novalidate: true, 'aria-label': 'Fields', onsubmit: submitted },
    title,
    form.element,
    meanwhile,
    problem.element,
    readOnly ? null : element('div', { class: 'buttons save' }, count, drop, save),
  );
  return { element: node, form };
}

// The table of a conflict: the values before, now and in the form, with the buttons to drop or to save.
function clash({ what, news, take, keep }) {
  const cell = (text) => element('td', {}, text === undefined || text === '' ? '–' : element('bdi', {}, text));
  const rows = news.map(({ label, before, now, mine }) =>
    element('tr', {}, element('th', { scope: 'row' }, label), cell(before), cell(now), cell(mine ?? undefined)),
  );
  const head = ['Field', 'Was', 'Is now', 'Yours'].map((text) => element('th', { scope: 'col' }, text));
  return element(
    'div',
    { class: 'clash', role: 'alert', tabindex: '-1' },
    element('p', {}, element('strong', {}, `Not saved: another user has changed this ${what} in the meantime.`)),
    news.length === 0
      ? element('p', {}, 'The changes are in other fields.')
      : element(
          'div',
          { class: 'wide' },
          element('table', {}, element('thead', {}, element('tr', {}, head)), element('tbody', {}, rows)),
        ),
    element(
      'div',
      { class: 'buttons' },
      element('button', { type: 'button', onclick: take }, 'Drop mine'),
      element('button', { type: 'button', class: 'primary', onclick: keep }, 'Save mine anyway'),
    ),
  );
}

// The view to create a user or a group. `list` ({ address, title }) is the list to go back to; `label` and `hint` are
// those of the name. `before` and `after` are elements around the fields; `more()` has their values, and `touched()` is
// true if they have any. `create(body)` sends the request, and `created(name)` is called after it.
export function newView({
  heading,
  list,
  label,
  hint,
  fields,
  initial = {},
  before,
  after,
  more,
  touched,
  create,
  created,
}) {
  const name = element('input', {
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
    required: true,
    name: 'name',
  });
  const form = recordForm({ fields });
  form.load(initial);
  const problem = problemLine();
  const button = element('button', { class: 'primary' }, 'Create');
  let done = false;
  const send = () =>
    busy(button, problem, async () => {
      const { document } = await create({ name: name.value.trim(), ...form.changes(), ...more?.() });
      done = true;
      showNotice(`Created ${document.name}`);
      created(document.name);
    });
  return {
    title: heading,
    focus: name,
    body: [
      crumbs(list.address, list.title),
      element('h1', { tabindex: '-1' }, heading),
      element(
        'form',
        {
          class: 'card new',
          novalidate: true,
          onsubmit: (event) => {
            event.preventDefault();
            send();
          },
        },
        labelled(label, name, hint),
        before,
        form.element,
        after,
        problem.element,
        element('div', { class: 'buttons' }, element('a', { class: 'button', href: list.address }, 'Cancel'), button),
      ),
    ],
    dirty: () => !done && (name.value !== '' || form.dirty() || (touched?.() ?? false)),
  };
}
