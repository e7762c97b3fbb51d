// The server's figures: the newest values, and how they went while this page has been looking.

import { drawn, h, moment, number } from './dom.js';
import { get, isNothing } from './api.js';
import { wrong } from './components.js';

// Milliseconds from one look to the next, and how many looks are kept: five minutes.
const EVERY = 2000;
const KEPT = 150;
// Of a plot, in its own units.
const WIDTH = 300;
const HEIGHT = 60;

// Looks outlive the view, so that one can go away and come back.
let looks = [];

const named = (look, name, wanted = () => true) =>
  look.figures.filter((figure) => figure.name === name && wanted(figure.labels));
const sum = (look, name, wanted) => named(look, name, wanted).reduce((total, { value }) => total + value, 0);
const has = (look, name) => look.figures.some((figure) => figure.name === name);

// What a figure is now; `null` where the server does not tell it.
const level = (name) => (look) => (has(look, name) ? sum(look, name) : null);

// How much a counter grows in a second; `null` at the first look and where it began anew.
const rate = (name, wanted) => (look, last) => {
  const grown = last ? sum(look, name, wanted) - sum(last, name, wanted) : -1;
  return grown < 0 ? null : grown / ((look.at - last.at) / 1000);
};

// The ratio of how much two counters have grown; `null` where the second has not.
const ratio = (name, other) => (look, last) => {
  const grown = last ? sum(look, other) - sum(last, other) : 0;
  return grown > 0 ? (sum(look, name) - sum(last, name)) / grown : null;
};

// The upper bound of a histogram's bucket below which such a part of what has come since the last look lies; the
// highest there is for what lies above all of them.
const quantile = (name, part) => (look, last) => {
  if (!last) {
    return null;
  }
  const bounds = new Map();
  for (const [one, sign] of [
    [look, 1],
    [last, -1],
  ]) {
    for (const { labels, value } of named(one, `${name}_bucket`)) {
      bounds.set(labels.le, (bounds.get(labels.le) ?? 0) + sign * value);
    }
  }
  const counts = [...bounds]
    .map(([bound, count]) => [bound === '+Inf' ? Infinity : Number(bound), count])
    .sort(([a], [b]) => a - b);
  const all = counts.at(-1)?.[1] ?? 0;
  const finite = counts.filter(([bound]) => bound !== Infinity);
  return all > 0 ? (finite.find(([, count]) => count >= all * part) ?? finite.at(-1))[0] : null;
};

const bytes = (value) => {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const step = value > 0 ? Math.min(units.length - 1, Math.floor(Math.log2(value) / 10)) : 0;
  return `${number(Number((value / 1024 ** step).toPrecision(3)))} ${units[step]}`;
};
const milliseconds = (value) => `${number(value * 1000)} ms`;
const perSecond = (value) => `${number(value)}/s`;
const percent = (value) => `${number(value * 100)} %`;

const PLOTS = [
  { title: 'Requests', of: rate('rollbook_http_requests_total'), unit: perSecond },
  {
    title: 'Duration, 95 of 100 within',
    of: quantile('rollbook_http_request_duration_seconds', 0.95),
    unit: milliseconds,
  },
  {
    title: 'Refused requests (4xx)',
    of: rate('rollbook_http_requests_total', ({ status }) => /^4/.test(status)),
    unit: perSecond,
  },
  {
    title: 'Failed requests (5xx)',
    of: rate('rollbook_http_requests_total', ({ status }) => /^5/.test(status)),
    unit: perSecond,
  },
  { title: 'Refused passwords and keys', of: rate('rollbook_refused_credentials_total'), unit: perSecond },
  { title: 'Open connections', of: level('rollbook_connections_open'), unit: number },
  { title: 'Commits', of: rate('rollbook_writer_commits_total'), unit: perSecond },
  {
    title: 'Operations in a commit',
    of: ratio('rollbook_writer_operations_total', 'rollbook_writer_commits_total'),
    unit: number,
  },
  { title: 'Waiting for the writer', of: level('rollbook_writer_queue_length'), unit: number },
  { title: 'Write-ahead log', of: level('rollbook_wal_size_bytes'), unit: bytes },
  { title: 'Memory', of: level('process_resident_memory_bytes'), unit: bytes },
  { title: 'Processor', of: rate('process_cpu_seconds_total'), unit: percent },
  { title: 'Users', of: level('rollbook_users'), unit: number },
  { title: 'Groups', of: level('rollbook_groups'), unit: number },
];

export function figures() {
  const cards = PLOTS.map(card);
  const about = h('p', { class: 'under' });
  const problem = h('p', { class: 'problem', role: 'alert' });
  const table = h('tbody', {});
  const all = h(
    'details',
    { class: 'card', ontoggle: () => list() },
    h('summary', {}, 'All figures'),
    h(
      'div',
      { class: 'wide' },
      h(
        'table',
        { class: 'all' },
        h(
          'thead',
          {},
          h(
            'tr',
            {},
            h('th', { scope: 'col' }, 'Figure'),
            h('th', { scope: 'col' }, 'Labels'),
            h('th', { scope: 'col', class: 'number' }, 'Value'),
          ),
        ),
        table,
      ),
    ),
  );
  const pause = h('button', { type: 'button', 'aria-pressed': 'false', onclick: () => setPaused(!paused) }, 'Pause');
  let paused = false;
  let timer = 0;
  let gone = false;

  const setPaused = (on) => {
    paused = on;
    pause.setAttribute('aria-pressed', String(on));
    look();
  };
  const list = () => {
    if (all.open && looks.length > 0) {
      table.replaceChildren(
        ...looks.at(-1).figures.map(({ name, labels, value }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, name),
            h(
              'td',
              {},
              Object.entries(labels)
                .map(([label, text]) => `${label}=${text}`)
                .join(', '),
            ),
            h('td', { class: 'number' }, String(value)),
          ),
        ),
      );
    }
  };
  const draw = () => {
    cards.forEach((one) => one.draw());
    list();
    const last = looks.at(-1);
    const begun = last && sum(last, 'process_start_time_seconds');
    about.replaceChildren(
      h(
        'span',
        {},
        last
          ? [`Version ${last.version}`, begun ? ', running since ' : '', begun ? moment(begun * 1000) : '']
          : 'Loading …',
      ),
    );
  };
  // Looks, draws, and looks again after a while. Nobody looks at a page in the background.
  const look = async () => {
    clearTimeout(timer);
    if (gone || paused) {
      return;
    }
    if (!document.hidden) {
      await take();
    }
    clearTimeout(timer);
    if (!gone && !paused) {
      timer = setTimeout(look, EVERY);
    }
  };
  const take = async () => {
    try {
      const { document: answer } = await get('api/figures', { background: true, plain: true });
      looks = [...looks, { at: performance.now(), ...answer }].slice(-KEPT);
      problem.replaceChildren();
      draw();
    } catch (error) {
      if (isNothing(error)) {
        setPaused(true);
      } else {
        problem.replaceChildren(wrong(error));
      }
    }
  };

  draw();
  look();
  return {
    title: 'Figures',
    body: [
      h('div', { class: 'title' }, h('div', {}, h('h1', { tabindex: '-1' }, 'Figures'), about), pause),
      problem,
      h(
        'div',
        { class: 'plots' },
        cards.map(({ element }) => element),
      ),
      all,
    ],
    leave() {
      gone = true;
      clearTimeout(timer);
    },
    // After another sign-in, as nobody looks any more once a session is over.
    resume: () => setPaused(false),
  };
}

// A plot with its newest value, and the same in words for those who do not see it.
function card({ title, of, unit }) {
  const value = h('p', { class: 'value' }, '–');
  const line = drawn('path', { class: 'line', fill: 'none', 'vector-effect': 'non-scaling-stroke' });
  const area = drawn('path', { class: 'area' });
  const plot = drawn(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': title },
    area,
    line,
  );
  const range = h('p', { class: 'range' });
  const draw = () => {
    const points = looks.map((look, at) => ({ at: look.at, value: of(look, looks[at - 1]) }));
    const known = points.filter((point) => point.value !== null);
    if (known.length === 0) {
      plot.setAttribute('aria-label', `${title}: no value yet`);
      return;
    }
    const values = known.map((point) => point.value);
    const [least, most] = [Math.min(...values), Math.max(...values)];
    const now = points.at(-1).value;
    value.textContent = now === null ? '–' : unit(now);
    range.textContent = known.length === 1 ? '' : least === most ? 'steady' : `${unit(least)} to ${unit(most)}`;
    const current = now === null ? 'no value now' : `${unit(now)} now`;
    const course = range.textContent && `, ${range.textContent} in ${span(points)}`;
    plot.setAttribute('aria-label', `${title}: ${current}${course}`);
    const shape = curve(points, least, most);
    line.setAttribute('d', shape.line);
    area.setAttribute('d', shape.area);
  };
  return {
    element: h('section', { class: 'card plot', 'aria-label': title }, h('h2', {}, title), value, plot, range),
    draw,
  };
}

function span(points) {
  const seconds = Math.round((points.at(-1).at - points[0].at) / 1000);
  return seconds < 120 ? `the last ${seconds} seconds` : `the last ${Math.round(seconds / 60)} minutes`;
}

// The newest look is at the right edge. Where there is no value, or nobody has looked for a while, the line breaks.
function curve(points, least, most) {
  const end = points.at(-1).at;
  const begin = Math.min(points[0].at, end - 30 * EVERY);
  const low = least === most ? Math.min(0, least) : least - (most - least) * 0.1;
  const high = most === low ? low + 1 : most;
  const x = (at) => (((at - begin) / (end - begin)) * WIDTH).toFixed(1);
  const y = (value) => (HEIGHT - 4 - ((value - low) / (high - low)) * (HEIGHT - 8)).toFixed(1);
  const parts = [];
  let last = null;
  for (const point of points) {
    if (point.value !== null) {
      if (last === null || point.at - last > 3 * EVERY) {
        parts.push([]);
      }
      parts.at(-1).push([x(point.at), y(point.value)]);
      last = point.at;
    }
  }
  return {
    line: parts.map((part) => `M${part.map((point) => point.join(' ')).join('L')}`).join(''),
    area: parts
      .map(
        (part) =>
          `M${part[0][0]} ${HEIGHT}L${part.map((point) => point.join(' ')).join('L')}L${part.at(-1)[0]} ${HEIGHT}Z`,
      )
      .join(''),
  };
}

// Figures are not for the next who signs in here.
export function forgetFigures() {
  looks = [];
}
