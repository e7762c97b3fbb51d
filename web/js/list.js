// A list that grows while one scrolls to its end.

import { h } from './dom.js';
import { isNothing } from './api.js';
import { wrong } from './components.js';

// How far from what can be seen entries are kept, in pixels.
const NEAR = 1200;

// A list over pages of answers: `fetchPage(after, signal)` gives `{ entries, next }`, `row(entry)` the inside of an entry.
// `none` is said of an empty list, `counted(count)` of a whole one, after `some` of the beginning of one.
// Pages that are far from what can be seen are emptied and keep only their height, so that the document stays small
// however far one scrolls.
export function endless({ label, fetchPage, row, none, counted, some = 'the first ' }) {
  const pages = h('div', { class: 'pages' });
  const status = h('p', { class: 'status', role: 'status' });
  const more = h('button', { type: 'button', class: 'more', hidden: true, onclick: () => load() }, 'Show more');
  const element = h('div', { class: 'endless', onkeydown: moveByArrows }, status, pages, more);
  let asking = new AbortController();
  let next = null;
  let shown = 0;
  let loading = false;

  const visibility = new IntersectionObserver(
    (changes) =>
      changes.forEach(({ target, isIntersecting }) => {
        isIntersecting ? target.fill() : target.empty();
      }),
    { rootMargin: `${NEAR}px` },
  );
  const end = new IntersectionObserver(
    (changes) => {
      if (changes.some((change) => change.isIntersecting)) {
        load();
      }
    },
    { rootMargin: '600px' },
  );
  end.observe(more);

  const add = (entries) => {
    const list = h('ul', { role: 'list', 'aria-label': shown === 0 ? label : `${label}, from ${shown + 1} on` });
    list.fill = () => {
      if (list.childElementCount === 0) {
        list.append(...entries.map((entry) => h('li', {}, row(entry))));
        list.style.height = '';
      }
    };
    list.empty = () => {
      // What has the focus stays where it is.
      if (list.childElementCount > 0 && !list.contains(document.activeElement)) {
        list.style.height = `${list.offsetHeight}px`;
        list.replaceChildren();
      }
    };
    list.fill();
    pages.append(list);
    visibility.observe(list);
    shown += entries.length;
  };

  // Asks for the next page, or for the first, whose answer replaces what is there.
  const load = async (first = false) => {
    if (loading && !first) {
      return;
    }
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    loading = true;
    element.setAttribute('aria-busy', 'true');
    try {
      const page = await fetchPage(first ? null : next, signal);
      if (signal.aborted) {
        return;
      }
      if (first) {
        clear();
      }
      if (page.entries.length > 0) {
        add(page.entries);
      }
      next = page.next ?? null;
      more.hidden = next === null;
      more.textContent = 'Show more';
      status.classList.remove('problem');
      status.replaceChildren(shown === 0 ? none : `${next === null ? '' : some}${counted(shown)}`);
    } catch (error) {
      if (signal.aborted || isNothing(error)) {
        return;
      }
      status.classList.add('problem');
      status.replaceChildren(wrong(error));
      more.hidden = false;
      more.textContent = 'Try again';
      end.unobserve(more);
      return;
    } finally {
      if (!signal.aborted) {
        loading = false;
        element.removeAttribute('aria-busy');
      }
    }
    // Told anew whether the end can still be seen.
    end.unobserve(more);
    end.observe(more);
  };

  const clear = () => {
    visibility.disconnect();
    pages.replaceChildren();
    shown = 0;
    next = null;
  };

  const leave = () => {
    asking.abort();
    visibility.disconnect();
    end.disconnect();
  };

  return { element, load: () => load(true), leave };
}

// Arrow keys go from entry to entry, Home and End to the first and the last that is there.
function moveByArrows(event) {
  const links = [...event.currentTarget.querySelectorAll('li > a, li > .row > a')];
  const at = links.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (at !== -1 && links[to]) {
    event.preventDefault();
    links[to].focus();
  }
}
