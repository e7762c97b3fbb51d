// Components of several views: messages, dialogs, a field that suggests names, passwords.

import { byId, freshId, element, later, moment, named } from './dom.js';
import { get, isNothing, query } from './api.js';

// Shows a message at the edge of the page, and to screen readers. It disappears after some seconds.
export function showNotice(text) {
  const notice = byId('notice');
  notice.replaceChildren(text);
  notice.classList.add('shown');
  clearTimeout(showNotice.timer);
  showNotice.timer = setTimeout(() => notice.classList.remove('shown'), 6000);
}

// The text of an error.
export const wrong = (error) => (error.status === undefined ? `this page has failed: ${error.message}` : error.message);

// A line for the errors of a form or a section, empty at first.
export function problemLine() {
  const node = element('p', { class: 'problem', role: 'alert' });
  return {
    element: node,
    clear: () => node.replaceChildren(),
    show: (error) => isNothing(error) || node.replaceChildren(wrong(error)),
  };
}

// Runs an action and shows its error. Returns whether it succeeded.
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

// Runs the action of a button, which is off until the end. Returns whether it succeeded.
export async function busy(button, problem, action) {
  if (button.getAttribute('aria-disabled') === 'true') {
    return false;
  }
  // Not `disabled`, because the button would lose the focus.
  button.setAttribute('aria-disabled', 'true');
  byId('notice').classList.remove('shown');
  try {
    return await attempted(problem, action);
  } finally {
    button.removeAttribute('aria-disabled');
  }
}

// Opens a dialog. Returns the value of the button that closed it, '' for Escape. A button is [value, text, kind]. The
// dialog stays open when `accept` throws.
export function ask({ title, body, buttons, focus, accept = async () => {} }) {
  const heading = element('h2', { id: freshId() }, title);
  const problem = problemLine();
  const form = element('form', { novalidate: true }, heading, body, problem.element);
  const dialog = element('dialog', { 'aria-labelledby': heading.id }, form);
  const choices = buttons.map(([value, text, kind = '']) =>
    element('button', { type: kind.includes('submit') ? 'submit' : 'button', class: kind, value }, text),
  );
  form.append(element('div', { class: 'buttons' }, choices));
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

// Asks for confirmation. `action` runs while the dialog is open, which shows its error.
export async function confirmed({ title, text, verb, action }) {
  const buttons = [
    ['', 'Cancel'],
    ['yes', verb, 'danger submit'],
  ];
  return (await ask({ title, body: element('p', {}, text), buttons, accept: action ?? (async () => {}) })) === 'yes';
}

// Closes all open dialogs.
export const closeDialogs = () => document.querySelectorAll('dialog[open]').forEach((dialog) => dialog.close(''));

// Shows a view, or the error and a button to try again.
export async function start(content, redraw, begin) {
  try {
    await begin();
  } catch (error) {
    if (!isNothing(error)) {
      content.replaceChildren(
        element(
          'div',
          { class: 'card', role: 'alert' },
          element('p', { class: 'problem' }, wrong(error)),
          element('button', { type: 'button', onclick: redraw }, 'Try again'),
        ),
      );
    }
  }
}

// A link back to the list.
export const crumbs = (address, title) =>
  element('nav', { class: 'crumbs', 'aria-label': 'Path' }, element('a', { href: address }, title));

// The fields of a user or a group that cannot be edited.
export const facts = ({ created, updated, uuid }) =>
  element(
    'dl',
    { class: 'facts' },
    element('dt', {}, 'Created'),
    element('dd', {}, moment(created)),
    element('dt', {}, 'Changed'),
    element('dd', {}, moment(updated)),
    element('dt', {}, 'Identifier'),
    element('dd', {}, element('code', {}, uuid)),
  );

// The search field of a list. The address has its first value.
export const searchField = (parameters, placeholder) =>
  element('input', {
    type: 'search',
    id: freshId(),
    value: parameters.get('text') ?? '',
    'data-search': true,
    autocomplete: 'off',
    autocapitalize: 'none',
    spellcheck: 'false',
    placeholder,
  });

// The form above a list: the search field and filters. `again` is called to search again.
export const searchForm = (title, search, again, ...filters) =>
  element(
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
    element(
      'div',
      { class: 'search' },
      element('label', { for: search.id, class: 'unseen' }, `Search ${title.toLowerCase()}`),
      search,
    ),
    filters,
  );

// A label above its field.
export function labelled(text, field, hint) {
  field.id ||= freshId();
  const children = [element('label', { for: field.id }, text), field];
  if (hint) {
    const line = element('p', { class: 'hint', id: freshId() }, hint);
    field.setAttribute('aria-describedby', line.id);
    children.push(line);
  }
  return element('div', { class: 'field' }, children);
}

// A field that suggests users or groups during typing (ARIA combobox). `choose` is called with the name. A complete
// name can be chosen before suggestions arrive.
export function suggesting({ label, kind, choose, chooseText }) {
  const listId = freshId();
  const input = element('input', {
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
  const list = element('ul', { id: listId, role: 'listbox', 'aria-label': label, hidden: true });
  const button = element('button', { type: 'button' }, chooseText);
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
        element(
          'li',
          {
            id: freshId(),
            role: 'option',
            'aria-selected': 'false',
            // Keeps the focus in the field, so that the list stays until the click.
            onpointerdown: (event) => event.preventDefault(),
            onclick: () => take(name),
          },
          named(name),
          note ? element('span', { class: 'note' }, note) : null,
        ),
      ),
    );
    if (found.length === 0) {
      list.append(element('li', { class: 'note', role: 'option', 'aria-disabled': 'true' }, 'no match'));
    }
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
  };
  const suggest = async () => {
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    try {
      const found = await suggestions(kind, input.value.trim(), signal);
      if (!signal.aborted && document.activeElement === input) {
        open(found);
        active = -1;
      }
    } catch {
      close();
    }
  };
  // The field is empty if a name has been chosen by then.
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
      // Closes the list, but not the dialog around it.
      event.preventDefault();
      event.stopPropagation();
      close();
    }
  });
  button.addEventListener('click', () => {
    take(input.value.trim());
    input.focus();
  });
  return { element: element('div', { class: 'suggesting' }, input, list, button), input };
}

async function suggestions(kind, text, signal) {
  const { document } = await get(`api/${kind}${query({ text, limit: 8 })}`, { signal });
  return document[kind].map((found) => ({
    name: found.name,
    note: kind === 'users' ? nameOf(found) : found.label,
  }));
}

// The display name of a user, else first and last name.
export function nameOf(user) {
  return user.display_name || [user.first_name, user.last_name].filter(Boolean).join(' ');
}

// A field for a password, with a label and a button to show it. With `made` there is a button to generate a password.
export function passwordField({ label, hint, made, ...attributes }) {
  const input = element('input', { type: 'password', autocapitalize: 'none', spellcheck: 'false', ...attributes });
  const show = element(
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
  const make = element(
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
  const node = labelled(label, input, hint);
  input.after(element('div', { class: 'with-button' }, show, made ? make : null));
  input.nextSibling.prepend(input);
  return { element: node, input };
}

// 31 letters and digits that cannot be confused: a group of five has more than 24 bits.
const LETTERS = 'abcdefghjkmnpqrstuvwxyz23456789';

// A password of four groups of five characters, which is 99 bits.
function madePassword() {
  const character = () => {
    // Bytes at the upper end are rejected, so that all characters are equally likely.
    const [byte] = crypto.getRandomValues(new Uint8Array(1));
    return byte < 256 - (256 % LETTERS.length) ? LETTERS[byte % LETTERS.length] : character();
  };
  const group = () => Array.from({ length: 5 }, character).join('');
  return Array.from({ length: 4 }, group).join('-');
}

// A button that copies a text to the clipboard, or selects the text if the browser does not allow that.
export function copyButton(source) {
  return element(
    'button',
    {
      type: 'button',
      onclick: async () => {
        try {
          await navigator.clipboard.writeText(source.textContent);
          showNotice('Copied');
        } catch {
          getSelection().selectAllChildren(source);
          showNotice('Selected: copy it with the keyboard');
        }
      },
    },
    'Copy',
  );
}
