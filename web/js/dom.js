// Elements, texts and times. Values of users become text nodes and attributes, never markup.

// An element with attributes and children. Functions are listeners (`onclick`). True sets an attribute without a value,
// false leaves it out. Texts become text nodes.
export function element(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

// The same as `element`, for SVG.
export function svgElement(tag, attributes = {}, ...children) {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function filled(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      node.addEventListener(name.slice(2), value);
    } else if (name === 'value') {
      node.value = value;
    } else if (value === true) {
      node.setAttribute(name, '');
    } else if (value !== false && value !== null && value !== undefined) {
      node.setAttribute(name, value);
    }
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

export const byId = (id) => document.getElementById(id);

// A unique identifier for `for`, `aria-controls` and similar attributes.
export function freshId() {
  freshId.last = (freshId.last ?? 0) + 1;
  return `e${freshId.last}`;
}

// A name, isolated: text from right to left does not change the order of the text around it.
export const named = (text) => element('bdi', { class: 'name' }, text);

export const userLink = (name) => element('a', { href: userAddress(name) }, named(name));
export const groupLink = (name) => element('a', { href: groupAddress(name) }, named(name));
export const userAddress = (name) => `#/users/${encodeURIComponent(name)}`;
export const groupAddress = (name) => `#/groups/${encodeURIComponent(name)}`;

export const badge = (text, kind = '') => element('span', { class: `badge ${kind}` }, text);

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const BOTH = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export const dayOf = (time) => DAY.format(new Date(time));

// A time in the time zone of the browser. Its title has the exact time in UTC.
export function moment(time, format = BOTH) {
  if (!time) {
    return element('span', {}, '–');
  }
  const date = new Date(time);
  return element(
    'time',
    { datetime: date.toISOString(), title: `${date.toISOString().replace('T', ' ').replace('Z', '')} UTC` },
    format.format(date),
  );
}

export const clock = (time) => moment(time, CLOCK);

const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
export const number = (value) => NUMBER.format(value);
export const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

// Debounces: calls `action` after so many milliseconds without another call.
export function later(milliseconds, action) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), milliseconds);
  };
}
