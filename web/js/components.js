// What several views share: messages, dialogs, a field that suggests names, passwords.

import { byId, freshId, h, later, moment, named } from './dom.js';
import { get, isNothing, query } from './api.js';

// Tells what has been done, at the edge of the page and to screen readers; goes by itself.
export function tell(text) {
  const notice = byId('notice');
  notice.replaceChildren(text);
  notice.classList.add('shown');
  clearTimeout(tell.timer);
  tell.timer = setTimeout(() => notice.classList.remove('shown'), 6000);
}

// What went wrong, in words to stand beside what was tried.
export const wrong = (error) => (error.status === undefined ? `this page has failed: ${error.message}` : error.message);

// A line for what goes wrong in a form or a section, empty at first.
export function problemLine() {
  const element = h('p', { class: 'problem', role: 'alert' });
  return {
    element,
    clear: () => element.replaceChildren(),
    show: (error) => isNothing(error) || element.replaceChildren(wrong(error)),
  };
}

// Runs something, and shows why it does not go well. Answers whether it did.
export async function attempted(problem, action) {
  problem.clear();
  try {
    await action();
    return true;
  } catch (error) {
    problem.show(error);
    return false;
  }
}

// Runs what a button has begun, with the button off meanwhile. Answers whether it went well.
export async function busy(button, problem, action) {
  if (button.getAttribute('aria-disabled') === 'true') {
    return false;
  }
  // Not `disabled`, which would throw the focus away.
  button.setAttribute('aria-disabled', 'true');
  byId('notice').classList.remove('shown');
  try {
    return await attempted(problem, action);
  } finally {
    button.removeAttribute('aria-disabled');
  }
}

// Opens a dialog with these contents and buttons, and answers with the value of the button that closed it, '' for Escape.
// A button is [value, text, kind]; `accept` may refuse to close by throwing.
export function ask({ title, body, buttons, focus, accept = async () => {} }) {
  const heading = h('h2', { id: freshId() }, title);
  const problem = problemLine();
  const form = h('form', { novalidate: true }, heading, body, problem.element);
  const dialog = h('dialog', { 'aria-labelledby': heading.id }, form);
  const choices = buttons.map(([value, text, kind = '']) =>
    h('button', { type: kind.includes('submit') ? 'submit' : 'button', class: kind, value }, text),
  );
  form.append(h('div', { class: 'buttons' }, choices));
  return new Promise((resolve) => {
    const close = (value) => dialog.close(value);
    const choose = (button) =>
      button.type === 'submit'
        ? busy(button, problem, () => accept().then(() => close(button.value)))
        : close(button.value);
    choices.forEach((button) =>
      button.addEventListener('click', (event) => {
        event.preventDefault();
        choose(button);
      }),
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      choose(choices.find((button) => button.type === 'submit') ?? choices[0]);
    });
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue);
    });
    document.body.append(dialog);
    dialog.showModal();
    (focus ?? choices[0]).focus();
  });
}

// Asks before something that cannot be taken back. `action` runs while the dialog is open, and shows there why not.
export async function confirmed({ title, text, verb, action }) {
  const buttons = [
    ['', 'Cancel'],
    ['yes', verb, 'danger submit'],
  ];
  return (await ask({ title, body: h('p', {}, text), buttons, accept: action ?? (async () => {}) })) === 'yes';
}

// Closes whatever dialog is open, as when the session is over.
export const closeDialogs = () => document.querySelectorAll('dialog[open]').forEach((dialog) => dialog.close(''));

// Begins to show something, or says why that cannot be.
export async function start(content, redraw, begin) {
  try {
    await begin();
  } catch (error) {
    if (!isNothing(error)) {
      content.replaceChildren(
        h(
          'div',
          { class: 'card', role: 'alert' },
          h('p', { class: 'problem' }, wrong(error)),
          h('button', { type: 'button', onclick: redraw }, 'Try again'),
        ),
      );
    }
  }
}

// The way back to the list that something is in.
export const crumbs = (address, title) =>
  h('nav', { class: 'crumbs', 'aria-label': 'Path' }, h('a', { href: address }, title));

// What nobody edits of a user or a group.
export const facts = ({ created, updated, uuid }) =>
  h(
    'dl',
    { class: 'facts' },
    h('dt', {}, 'Created'),
    h('dd', {}, moment(created)),
    h('dt', {}, 'Changed'),
    h('dd', {}, moment(updated)),
    h('dt', {}, 'Identifier'),
    h('dd', {}, h('code', {}, uuid)),
  );

// The field by which a list is searched, from the address at first.
export const searchField = (parameters, placeholder) =>
  h('input', {
    type: 'search',
    id: freshId(),
    value: parameters.get('text') ?? '',
    'data-search': true,
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
    placeholder,
  });

// What stands above a list: the search field, and further filters below it. `again` is called to search anew.
export const searchForm = (title, search, again, ...filters) =>
  h(
    'form',
    {
      class: 'filters',
      role: 'search',
      'aria-label': title,
      onsubmit: (event) => {
        event.preventDefault();
        again();
      },
    },
    h(
      'div',
      { class: 'search' },
      h('label', { for: search.id, class: 'unseen' }, `Search ${title.toLowerCase()}`),
      search,
    ),
    filters,
  );

// A label and its field below each other.
export function labelled(text, field, hint) {
  field.id ||= freshId();
  const children = [h('label', { for: field.id }, text), field];
  if (hint) {
    const line = h('p', { class: 'hint', id: freshId() }, hint);
    field.setAttribute('aria-describedby', line.id);
    children.push(line);
  }
  return h('div', { class: 'field' }, children);
}

// A field that suggests users or groups while one types, as the combobox pattern of ARIA has it. `choose` is called with
// the name. What is typed in full may be chosen without waiting for suggestions.
export function suggesting({ label, kind, choose, chooseText }) {
  const listId = freshId();
  const input = h('input', {
    role: 'combobox',
    'aria-expanded': 'false',
    'aria-controls': listId,
    'aria-autocomplete': 'list',
    'aria-label': label,
    placeholder: label,
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
  });
  const list = h('ul', { id: listId, role: 'listbox', 'aria-label': label, hidden: true });
  const button = h('button', { type: 'button' }, chooseText);
  let entries = [];
  let active = -1;
  let asking = new AbortController();

  const close = () => {
    asking.abort();
    list.hidden = true;
    active = -1;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const mark = (index) => {
    active = entries.length === 0 ? -1 : (index + entries.length) % entries.length;
    [...list.children].forEach((option, at) => option.setAttribute('aria-selected', String(at === active)));
    const option = list.children[active];
    if (option) {
      input.setAttribute('aria-activedescendant', option.id);
      option.scrollIntoView({ block: 'nearest' });
    }
  };
  const take = (name) => {
    close();
    if (name !== '') {
      input.value = '';
      choose(name);
    }
  };
  const open = (found) => {
    entries = found;
    list.replaceChildren(
      ...found.map(({ name, note }) =>
        h(
          'li',
          {
            id: freshId(),
            role: 'option',
            'aria-selected': 'false',
            // Before the field loses the focus and the list goes.
            onpointerdown: (event) => event.preventDefault(),
            onclick: () => take(name),
          },
          named(name),
          note ? h('span', { class: 'note' }, note) : null,
        ),
      ),
    );
    if (found.length === 0) {
      list.append(h('li', { class: 'note', role: 'option', 'aria-disabled': 'true' }, 'nothing is called so'));
    }
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
  };
  const suggest = async () => {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    try {
      const found = await beginnings(kind, input.value.trim(), signal);
      if (!signal.aborted && document.activeElement === input) {
        open(found);
        active = -1;
      }
    } catch {
      close();
    }
  };
  // Meanwhile it may have been chosen.
  const soon = later(150, () => input.value.trim() === '' || suggest());

  input.addEventListener('input', () => (input.value.trim() === '' ? close() : soon()));
  input.addEventListener('blur', close);
  input.addEventListener('keydown', (event) => {
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      list.hidden ? suggest() : mark(active === -1 && step === -1 ? -1 : active + step);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      take(entries[active]?.name ?? input.value.trim());
    } else if (event.key === 'Escape' && !list.hidden) {
      // Closes the list and not the dialog around it.
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  button.addEventListener('click', () => {
    take(input.value.trim());
    input.focus();
  });
  return { element: h('div', { class: 'suggesting' }, input, list, button), input };
}

async function beginnings(kind, text, signal) {
  const { document } = await get(`api/${kind}${query({ text, limit: 8 })}`, { signal });
  return document[kind].map((found) => ({
    name: found.name,
    note: kind === 'users' ? nameOf(found) : found.label,
  }));
}

// What a user is called besides the login.
export function nameOf(user) {
  return user.display_name || [user.first_name, user.last_name].filter(Boolean).join(' ');
}

// A field for a password, with its label and a button to look at it; `made`: and one to have a password made up.
export function passwordField({ label, hint, made, ...attributes }) {
  const input = h('input', { type: 'password', autocapitalize: 'none', spellcheck: 'false', ...attributes });
  const show = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      'aria-pressed': 'false',
      onclick: () => reveal(input.type === 'password'),
    },
    'Show',
  );
  const reveal = (visible) => {
    input.type = visible ? 'text' : 'password';
    show.setAttribute('aria-pressed', String(visible));
  };
  const make = h(
    'button',
    {
      type: 'button',
      class: 'quiet',
      onclick: () => {
        input.value = madePassword();
        reveal(true);
        input.focus();
        input.select();
      },
    },
    'Make one up',
  );
  const element = labelled(label, input, hint);
  input.after(h('div', { class: 'with-button' }, show, made ? make : null));
  input.nextSibling.prepend(input);
  return { element, input };
}

// Letters and digits that nobody takes for another: 31 of them, so that five a group make 24 bits and more.
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

// A password of four groups of five characters, which is 99 bits.
function madePassword() {
  const character = () => {
    // Bytes at the upper end are thrown away, so that all characters are equally likely.
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    return byte < 256 - (256 % LETTERS.length) ? LETTERS[byte % LETTERS.length] : character();
  };
  const group = () => Array.from({ length: 5 }, character).join('');
  return Array.from({ length: 4 }, group).join('-');
}

// A button that puts a text into the clipboard, or selects it where the browser does not let a page do that.
export function copyButton(source) {
  return h(
    'button',
    {
      type: 'button',
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(source.textContent);
          tell('Copied');
        } catch {
          getSelection().selectAllChildren(source);
          tell('Selected: copy it with the keyboard');
        }
      },
    },
    'Copy',
  );
}
