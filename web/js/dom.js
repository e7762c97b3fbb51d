// Elements, texts and times. What people have entered becomes text nodes and attributes, never markup.

// An element with attributes and children. Functions are listeners (`onclick`), true and false set an attribute or leave
// it out, and children that are texts become text nodes.
export function h(tag, attributes = {}, ...children) {
  return filled(document.createElement(tag), attributes, children);
}

// The same for SVG.
export function drawn(tag, attributes = {}, ...children) {
  return filled(document.createElementNS('http://www.w3.org/2000/svg', tag), attributes, children);
}

function filled(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), value);
    } else if (name === 'value') {
      element.value = value;
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (value !== false && value !== null && value !== undefined) {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

// An identifier for `for`, `aria-controls` and the like that no other element has.
export function freshId() {
  freshId.last = (freshId.last ?? 0) + 1;
  return `e${freshId.last}`;
}

// Text of unknown direction must not turn around what stands beside it.
export const named = (text) => h('bdi', { class: 'name' }, text);

export const userLink = (name) => h('a', { href: userAddress(name) }, named(name));
export const groupLink = (name) => h('a', { href: groupAddress(name) }, named(name));
export const userAddress = (name) => `#/users/${encodeURIComponent(name)}`;
export const groupAddress = (name) => `#/groups/${encodeURIComponent(name)}`;

export const badge = (text, kind = '') => h('span', { class: `badge ${kind}` }, text);

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'full' });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: 'medium' });
const BOTH = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

export const dayOf = (time) => DAY.format(new Date(time));

// A time as it is here; what it is exactly, in UTC, is told on pointing at it.
export function moment(time, format = BOTH) {
  if (!time) {
    return h('span', {}, '–');
  }
  const date = new Date(time);
  return h(
    'time',
    { datetime: date.toISOString(), title: `${date.toISOString().replace('T', ' ').replace('Z', '')} UTC` },
    format.format(date),
  );
}

export const clock = (time) => moment(time, CLOCK);

const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });
export const number = (value) => NUMBER.format(value);
export const counted = (count, one, many = `${one}s`) => `${number(count)} ${count === 1 ? one : many}`;

// Calls once there has been no other call for so many milliseconds.
export function later(milliseconds, action) {
  let timer = 0;
  return (...values) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...values), milliseconds);
  };
}
