// A list that loads more entries when the user scrolls to its end.

import { element } from './dom.js';
import { isNothing } from './api.js';
import { wrong } from './components.js';

// Distance from the visible part within which entries are kept, in pixels.
const NEAR = 1200;

// A list over pages of answers: `fetchPage(after, signal)` gives `{ entries, next }`, `row(entry)` the content of one.
// The status is `none` for an empty list, `counted(count)` for a whole list, and `some` with that for a part.
// Pages far from the visible part are emptied and keep their height, so that the document stays small.
export function infiniteList({ label, fetchPage, row, none, counted, some = 'the first ' }) {
  const pages = element('div', { class: 'pages' });
  const status = element('p', { class: 'status', role: 'status' });
  const more = element('button', { type: 'button', class: 'more', hidden: true, onclick: () => load() }, 'Show more');
  const node = element('div', { class: 'endless', onkeydown: moveByArrows }, status, pages, more);
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
    const list = element('ul', { role: 'list', 'aria-label': shown === 0 ? label : `${label}, from ${shown + 1} on` });
    list.fill = () => {
      if (list.childElementCount === 0) {
        list.append(...entries.map((entry) => element('li', {}, row(entry))));
        list.style.height = '';
      }
    };
    list.empty = () => {
      // The page with the focus is not emptied.
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

  // Loads the next page, or the first one, which replaces all entries.
  const load = async (first = false) => {
    if (loading && !first) {
      return;
    }
    asking.abort();
    asking = new AbortController();
    const { signal } = asking;
    loading = true;
    node.setAttribute('aria-busy', 'true');
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
        node.removeAttribute('aria-busy');
      }
    }
    // Observed again, so that the observer reports whether the end is still visible.
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

  return { element: node, load: () => load(true), leave };
}

// Arrow keys move from entry to entry, Home and End to the first and the last loaded one.
function moveByArrows(event) {
  const links = [...event.currentTarget.querySelectorAll('li > a, li > .row > a')];
  const at = links.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[event.key];
  if (at !== -1 && links[to]) {
    event.preventDefault();
    links[to].focus();
  }
}
