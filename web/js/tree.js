// Groups within groups, as the tree pattern of ARIA has it: one entry in the order of Tab, arrow keys for the rest.

import { freshId, groupAddress, h, named } from './dom.js';
import { isNothing } from './api.js';
import { wrong } from './components.js';

// More entries than this are shown on demand.
const SHOWN_AT_ONCE = 200;

// A tree that begins with these names. `below(name)` tells what comes below one, when it is opened first; `remove` is what
// takes one of the first entries out, if that can be done.
export function tree({ label, names, below, remove, none }) {
  if (names.length === 0) {
    return h('p', { class: 'none' }, none);
  }
  const root = h('ul', { role: 'tree', 'aria-label': label, class: 'tree' });
  const context = { root, below, remove };
  fill(context, root, names, []);
  focusable(root, root.querySelector('[role=treeitem]'));
  root.addEventListener('keydown', (event) => pressed(context, event));
  root.addEventListener('focusin', (event) => focusable(root, event.target.closest('[role=treeitem]')));
  return root;
}

function fill(context, list, names, above) {
  list.append(...names.slice(0, SHOWN_AT_ONCE).map((name) => item(context, name, above)));
  if (names.length > SHOWN_AT_ONCE) {
    const rest = h(
      'button',
      {
        type: 'button',
        class: 'link',
        onclick: () => {
          const entry = rest.parentElement;
          list.append(...names.slice(SHOWN_AT_ONCE).map((name) => item(context, name, above)));
          entry.remove();
        },
      },
      `show ${names.length - SHOWN_AT_ONCE} more`,
    );
    list.append(h('li', { role: 'none' }, rest));
  }
}

function item(context, name, above) {
  // The server lets no circle come about; a file from elsewhere may have one all the same.
  const circle = above.includes(name);
  const text = h('a', { href: groupAddress(name), tabindex: '-1', id: freshId() }, named(name));
  const element = h('li', {
    role: 'treeitem',
    tabindex: '-1',
    'aria-level': above.length + 1,
    'aria-labelledby': text.id,
    'aria-expanded': circle ? null : 'false',
  });
  const knob = h('span', { class: 'knob', 'aria-hidden': 'true', onclick: () => toggle(context, element) });
  const line = h('div', { class: 'line' }, knob, text, circle ? h('span', { class: 'note' }, 'again: a circle') : null);
  element.append(line);
  if (context.remove && above.length === 0) {
    element.remover = h(
      'button',
      {
        type: 'button',
        class: 'quiet',
        tabindex: '-1',
        'aria-label': `Remove ${name}`,
        onclick: () => context.remove(name),
      },
      'Remove',
    );
    line.append(element.remover);
  }
  element.group = { name, above };
  return element;
}

async function toggle(context, element, wanted = element.getAttribute('aria-expanded') === 'false') {
  if (!element.hasAttribute('aria-expanded')) {
    return;
  }
  if (wanted && !element.querySelector(':scope > ul')) {
    await open(context, element);
  } else {
    element.setAttribute('aria-expanded', String(wanted));
  }
}

// Asks for what is below, once.
async function open(context, element) {
  if (element.hasAttribute('aria-busy')) {
    return;
  }
  element.setAttribute('aria-busy', 'true');
  element.querySelector(':scope > .note')?.remove();
  const { name, above } = element.group;
  try {
    const names = await context.below(name);
    if (names.length === 0) {
      element.removeAttribute('aria-expanded');
      element.append(note('nothing more'));
      return;
    }
    const list = h('ul', { role: 'group' });
    fill(context, list, names, [...above, name]);
    element.append(list);
    element.setAttribute('aria-expanded', 'true');
  } catch (error) {
    if (!isNothing(error)) {
      element.append(note(wrong(error)));
    }
  } finally {
    element.removeAttribute('aria-busy');
  }
}

const note = (text) => h('div', { class: 'note', role: 'status' }, text);

// Only one entry, and its button, are in the order of Tab.
function focusable(root, element) {
  if (!element) {
    return;
  }
  root.querySelectorAll('[tabindex="0"]').forEach((other) => other.setAttribute('tabindex', '-1'));
  element.setAttribute('tabindex', '0');
  element.remover?.setAttribute('tabindex', '0');
}

function pressed(context, event) {
  const element = event.target;
  if (element.getAttribute('role') !== 'treeitem' || event.ctrlKey || event.altKey || event.metaKey) {
    return;
  }
  const visible = [...context.root.querySelectorAll('[role=treeitem]')].filter((other) => other.offsetParent !== null);
  const at = visible.indexOf(element);
  const parent = element.parentElement.closest('[role=treeitem]');
  const opened = element.getAttribute('aria-expanded');
  const actions = {
    ArrowDown: () => visible[at + 1]?.focus(),
    ArrowUp: () => visible[at - 1]?.focus(),
    Home: () => visible[0].focus(),
    End: () => visible.at(-1).focus(),
    ArrowRight: () => (opened === 'true' ? visible[at + 1]?.focus() : toggle(context, element, true)),
    ArrowLeft: () => (opened === 'true' ? toggle(context, element, false) : parent?.focus()),
    Enter: () => element.querySelector('a').click(),
    ' ': () => toggle(context, element),
    Delete: () => element.remover?.click(),
  };
  const action = actions[event.key];
  if (action) {
    event.preventDefault();
    event.stopPropagation();
    action();
  }
}
