// A tree of groups (ARIA tree): Tab reaches one entry, arrow keys the others.

import { freshId, groupAddress, element, named } from './dom.js';
import { isNothing } from './api.js';
import { wrong } from './components.js';

// Further entries are shown on demand.
const SHOWN_AT_ONCE = 200;

// A tree with these names at the top. `below(name)` fetches the names below one when it is opened first. `remove`
// removes one of the top entries, if that is allowed.
export function tree({ label, names, below, remove, none }) {
  if (names.length === 0) {
    return element('p', { class: 'none' }, none);
  }
  const root = element('ul', { role: 'tree', 'aria-label': label, class: 'tree' });
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
    const rest = element(
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
    list.append(element('li', { role: 'none' }, rest));
  }
}

function item(context, name, above) {
  // The server prevents cycles, but an imported file may have one.
  const cycle = above.includes(name);
  const text = element('a', { href: groupAddress(name), tabindex: '-1', id: freshId() }, named(name));
  const node = element('li', {
    role: 'treeitem',
    tabindex: '-1',
    'aria-level': above.length + 1,
    'aria-labelledby': text.id,
    'aria-expanded': cycle ? null : 'false',
  });
  const knob = element('span', { class: 'knob', 'aria-hidden': 'true', onclick: () => toggle(context, node) });
  const line = element(
    'div',
    { class: 'line' },
    knob,
    text,
    cycle ? element('span', { class: 'note' }, 'again: a cycle') : null,
  );
  node.append(line);
  if (context.remove && above.length === 0) {
    node.remover = element(
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
    line.append(node.remover);
  }
  node.group = { name, above };
  return node;
}

async function toggle(context, node, wanted = node.getAttribute('aria-expanded') === 'false') {
  if (!node.hasAttribute('aria-expanded')) {
    return;
  }
  if (wanted && !node.querySelector(':scope > ul')) {
    await open(context, node);
  } else {
    node.setAttribute('aria-expanded', String(wanted));
  }
}

// Fetches the names below an entry, once.
async function open(context, node) {
  if (node.hasAttribute('aria-busy')) {
    return;
  }
  node.setAttribute('aria-busy', 'true');
  node.querySelector(':scope > .note')?.remove();
  const { name, above } = node.group;
  try {
    const names = await context.below(name);
    if (names.length === 0) {
      node.removeAttribute('aria-expanded');
      node.append(note('nothing more'));
      return;
    }
    const list = element('ul', { role: 'group' });
    fill(context, list, names, [...above, name]);
    node.append(list);
    node.setAttribute('aria-expanded', 'true');
  } catch (error) {
    if (!isNothing(error)) {
      node.append(note(wrong(error)));
    }
  } finally {
    node.removeAttribute('aria-busy');
  }
}

const note = (text) => element('div', { class: 'note', role: 'status' }, text);

// Tab reaches one entry and its button only.
function focusable(root, node) {
  if (!node) {
    return;
  }
  root.querySelectorAll('[tabindex="0"]').forEach((other) => other.setAttribute('tabindex', '-1'));
  node.setAttribute('tabindex', '0');
  node.remover?.setAttribute('tabindex', '0');
}

function pressed(context, event) {
  const node = event.target;
  if (node.getAttribute('role') !== 'treeitem' || event.ctrlKey || event.altKey || event.metaKey) {
    return;
  }
  const visible = [...context.root.querySelectorAll('[role=treeitem]')].filter((other) => other.offsetParent !== null);
  const at = visible.indexOf(node);
  const parent = node.parentElement.closest('[role=treeitem]');
  const opened = node.getAttribute('aria-expanded');
  const actions = {
    ArrowDown: () => visible[at + 1]?.focus(),
    ArrowUp: () => visible[at - 1]?.focus(),
    Home: () => visible[0].focus(),
    End: () => visible.at(-1).focus(),
    ArrowRight: () => (opened === 'true' ? visible[at + 1]?.focus() : toggle(context, node, true)),
    ArrowLeft: () => (opened === 'true' ? toggle(context, node, false) : parent?.focus()),
    Enter: () => node.querySelector('a').click(),
    ' ': () => toggle(context, node),
    Delete: () => node.remover?.click(),
  };
  const action = actions[event.key];
  if (action) {
    event.preventDefault();
    event.stopPropagation();
    action();
  }
}
