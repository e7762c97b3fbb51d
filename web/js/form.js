// The fields of a user or a group, with properties: what is changed, what somebody else has changed meanwhile, and both.

import { counted, freshId, h } from './dom.js';
import { parsed } from './api.js';
import { busy, crumbs, labelled, problemLine, tell } from './components.js';

// What a field holds of a document. An empty text clears it.
const asText = (value) => value ?? '';

// A form for these fields, each { name, label, lines, choices, attributes }. `changed` is called at every change.
export function recordForm({ fields, readOnly, changed }) {
  const boxes = fields.map((field) => box(field, readOnly));
  const properties = propertyEditor({ readOnly, changed: () => mark() });
  const element = h(
    'div',
    { class: 'record' },
    h(
      'div',
      { class: 'fields' },
      boxes.map(({ element }) => element),
    ),
    properties.element,
  );
  let base = new Map();

  // A key for each field, `properties.NAME` for each property; the value is its text as it stands in the form.
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
    boxes.forEach(({ field, element }) =>
      element.classList.toggle('changed', now.get(field.name) !== base.get(field.name)),
    );
    changed?.(different(now, base).length);
  };
  boxes.forEach(({ element }) => element.addEventListener('input', mark));
  const labelOf = (key) =>
    fields.find(({ name }) => name === key)?.label ?? `property ${key.slice('properties.'.length)}`;

  return {
    element,
    first: boxes[0].input,
    dirty: () => different(current(), base).length > 0,
    load(document) {
      base = textsOf(document);
      show(base);
    },
    reset: () => show(base),
    // What is to be sent. Throws where a property is no JSON.
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
    // Goes on from a newer document, and keeps what has been typed. Answers with what is different in it.
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

// The keys that are not the same in both.
const different = (one, other) =>
  [...new Set([...one.keys(), ...other.keys()])].filter((key) => one.get(key) !== other.get(key));

function box(field, readOnly) {
  const { name, label, lines, choices, attributes } = field;
  const input = choices
    ? h(
        'select',
        { name, disabled: readOnly },
        choices.map(([value, text]) => h('option', { value }, text)),
      )
    : lines
      ? h('textarea', { name, rows: lines, readonly: readOnly })
      : h('input', { name, readonly: readOnly, autocomplete: 'off', ...attributes });
  const element = labelled(label, input);
  return { field, element, input, read: () => input.value, write: (text) => (input.value = text) };
}

// Properties, each a name and a JSON value.
function propertyEditor({ readOnly, changed }) {
  const rows = h('div', { class: 'rows' });
  const add = h(
    'button',
    { type: 'button', class: 'quiet', onclick: () => rows.appendChild(row('', '')).name.focus() },
    'Add a property',
  );
  const title = h('h3', { id: freshId() }, 'Properties');
  const none = h('p', { class: 'none' }, 'none');
  const element = h(
    'div',
    { class: 'properties', role: 'group', 'aria-labelledby': title.id },
    title,
    rows,
    none,
    readOnly ? null : add,
  );

  const row = (name, text) => {
    const nameInput = h('input', {
      value: name,
      'aria-label': 'Name of the property',
      placeholder: 'name',
      readonly: readOnly || name !== '',
    });
    const value = h('textarea', {
      value: text,
      rows: Math.min(12, text.split('\n').length),
      placeholder: 'value, as JSON or text',
      readonly: readOnly,
      'aria-label': name === '' ? 'Value of the new property' : `Value of ${name}`,
      spellcheck: 'false',
      onchange: () => settle(value),
    });
    const remove = h(
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
    const line = h('div', { class: 'property' }, nameInput, value, readOnly ? null : remove);
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
    element,
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
          throw Object.assign(new Error(`the property ${line.name.value} is no JSON`), { status: 400 });
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

// The same JSON without its spaces; a text that is none as it is.
const compact = (text) => (isJson(text) ? JSON.stringify(parsed(text)) : text);
// Short values stay in one line.
const pretty = (text) => (isJson(text) && text.length > 60 ? JSON.stringify(parsed(text), null, 2) : text);

// What cannot be meant as JSON is a text, and gets the quotes of one where everybody sees it.
function settle(area) {
  if (!isJson(area.value) && !/^\s*[[{"]/.test(area.value)) {
    area.value = JSON.stringify(area.value);
    area.dispatchEvent(new Event('input', { bubbles: true }));
  }
}

// The card in which a user or a group is edited. `patch(body)` sends a change, `saved(answer)` hears of it; `latest()` is
// the newest document known here, and `refresh()` fetches a newer one and answers with what is different in it.
export function editCard({ what, name, fields, readOnly, patch, saved, latest, refresh }) {
  const problem = problemLine();
  const meanwhile = h('div', {});
  const count = h('span', { class: 'note', role: 'status' });
  const save = h('button', { class: 'primary' }, 'Save');
  const drop = h('button', { type: 'button', onclick: () => take() }, 'Discard');
  const title = h('h2', { tabindex: '-1' }, 'Fields');
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
        tell(`Saved ${name}`);
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
  const element = h(
    'form',
    { class: 'card', novalidate: true, 'aria-label': 'Fields', onsubmit: submitted },
    title,
    form.element,
    meanwhile,
    problem.element,
    readOnly ? null : h('div', { class: 'buttons save' }, count, drop, save),
  );
  return { element, form };
}

// What somebody else has changed meanwhile, beside what stands in the form, and the two ways on.
function clash({ what, news, take, keep }) {
  const cell = (text) => h('td', {}, text === undefined || text === '' ? '–' : h('bdi', {}, text));
  const rows = news.map(({ label, before, now, mine }) =>
    h('tr', {}, h('th', { scope: 'row' }, label), cell(before), cell(now), cell(mine ?? undefined)),
  );
  const head = ['Field', 'Was', 'Is now', 'Yours'].map((text) => h('th', { scope: 'col' }, text));
  return h(
    'div',
    { class: 'clash', role: 'alert', tabindex: '-1' },
    h('p', {}, h('strong', {}, `Not saved: somebody has changed this ${what} meanwhile.`)),
    news.length === 0
      ? h('p', {}, 'What is different is not among these fields.')
      : h('div', { class: 'wide' }, h('table', {}, h('thead', {}, h('tr', {}, head)), h('tbody', {}, rows))),
    h(
      'div',
      { class: 'buttons' },
      h('button', { type: 'button', onclick: take }, 'Drop mine'),
      h('button', { type: 'button', class: 'primary', onclick: keep }, 'Save mine all the same'),
    ),
  );
}

// The view of something new: `heading` says what, `list` ({ address, title }) is where the others are, `label` and `hint`
// are about the name. Beside the fields stand `before` and `after`; `more()` is what those say, `touched()` whether they
// say anything. `create(body)` makes it, and `created(name)` is called then.
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
  const name = h('input', {
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
    required: true,
    name: 'name',
  });
  const form = recordForm({ fields });
  form.load(initial);
  const problem = problemLine();
  const button = h('button', { class: 'primary' }, 'Create');
  let done = false;
  const send = () =>
    busy(button, problem, async () => {
      const { document } = await create({ name: name.value.trim(), ...form.changes(), ...more?.() });
      done = true;
      tell(`Created ${document.name}`);
      created(document.name);
    });
  return {
    title: heading,
    focus: name,
    body: [
      crumbs(list.address, list.title),
      h('h1', { tabindex: '-1' }, heading),
      h(
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
        h('div', { class: 'buttons' }, h('a', { class: 'button', href: list.address }, 'Cancel'), button),
      ),
    ],
    dirty: () => !done && (name.value !== '' || form.dirty() || (touched?.() ?? false)),
  };
}
