// Metrics of the server: the newest values, and plots of the values since the view was opened.

import { svgElement, element, moment, number } from './dom.js';
import { get, isNothing } from './api.js';
import { wrong } from './components.js';

// Milliseconds between two samples, and the number of samples that are kept: five minutes.
const EVERY = 2000;
const KEPT = 150;
// Size of a plot, in its own units.
const WIDTH = 300;
const HEIGHT = 60;

// Samples outlive the view, so that the user can leave it and come back.
let looks = [];

const named = (look, name, wanted = () => true) =>
  look.figures.filter((figure) => figure.name === name && wanted(figure.labels));
const sum = (look, name, wanted) => named(look, name, wanted).reduce((total, { value }) => total + value, 0);
const has = (look, name) => look.figures.some((figure) => figure.name === name);

// The present value of a metric; `null` if the server does not have it.
const level = (name) => (look) => (has(look, name) ? sum(look, name) : null);

// The rate of a counter in a second; `null` at the first sample and after a restart of the server.
const rate = (name, wanted) => (look, last) => {
  const grown = last ? sum(look, name, wanted) - sum(last, name, wanted) : -1;
  return grown < 0 ? null : grown / ((look.at - last.at) / 1000);
};

// The ratio of the growth of two counters; `null` if the second has not grown.
const ratio = (name, other) => (look, last) => {
  const grown = last ? sum(look, other) - sum(last, other) : 0;
  return grown > 0 ? (sum(look, name) - sum(last, name)) / grown : null;
};

// The quantile of a histogram since the last sample: the upper bound of its bucket, or the highest bound for values
// above all bounds.
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
  const about = element('p', { class: 'under' });
  const problem = element('p', { class: 'problem', role: 'alert' });
  const table = element('tbody', {});
  const all = element(
    'details',
    { class: 'card', ontoggle: () => list() },
    element('summary', {}, 'All figures'),
    element(
      'div',
      { class: 'wide' },
      element(
        'table',
        { class: 'all' },
        element(
          'thead',
          {},
          element(
            'tr',
            {},
            element('th', { scope: 'col' }, 'Figure'),
            element('th', { scope: 'col' }, 'Labels'),
            element('th', { scope: 'col', class: 'number' }, 'Value'),
          ),
        ),
        table,
      ),
    ),
  );
  const pause = element(
    'button',
    { type: 'button', 'aria-pressed': 'false', onclick: () => setPaused(!paused) },
    'Pause',
  );
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
          element(
            'tr',
            {},
            element('th', { scope: 'row' }, name),
            element(
              'td',
              {},
              Object.entries(labels)
                .map(([label, text]) => `${label}=${text}`)
                .join(', '),
            ),
            element('td', { class: 'number' }, String(value)),
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
      element(
        'span',
        {},
        last
          ? [`Version ${last.version}`, begun ? ', running since ' : '', begun ? moment(begun * 1000) : '']
          : 'Loading …',
      ),
    );
  };
  // Takes a sample, draws, and repeats that. A page in the background takes no samples.
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
      element(
        'div',
        { class: 'title' },
        element('div', {}, element('h1', { tabindex: '-1' }, 'Figures'), about),
        pause,
      ),
      problem,
      element(
        'div',
        { class: 'plots' },
        cards.map(({ element: node }) => node),
      ),
      all,
    ],
    leave() {
      gone = true;
      clearTimeout(timer);
    },
    // Continues after a new sign-in, because sampling stops when a session is over.
    resume: () => setPaused(false),
  };
}

// A plot with its newest value, and a text of the same for screen readers.
function card({ title, of, unit }) {
  const value = element('p', { class: 'value' }, '–');
  const line = svgElement('path', { class: 'line', fill: 'none', 'vector-effect': 'non-scaling-stroke' });
  const area = svgElement('path', { class: 'area' });
  const plot = svgElement(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': title },
    area,
    line,
  );
  const range = element('p', { class: 'range' });
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
    element: element(
      'section',
      { class: 'card plot', 'aria-label': title },
      element('h2', {}, title),
      value,
      plot,
      range,
    ),
    draw,
  };
}

function span(points) {
  const seconds = Math.round((points.at(-1).at - points[0].at) / 1000);
  return seconds < 120 ? `the last ${seconds} seconds` : `the last ${Math.round(seconds / 60)} minutes`;
}

// The newest sample is at the right edge. The line has a gap where values or samples are missing.
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

// The next user who signs in must not see the samples.
export function forgetFigures() {
  looks = [];
}
