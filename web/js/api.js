// Calls to the server: all of them go below `api/` beside the page.

// The server has refused, or could not be reached (status 0).
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let sessionIsOver = () => {};
let sessionGoesOn = () => {};

// What to do when a call finds that there is no session any more, and when one has made it last longer.
export function watchSession(over, goesOn) {
  sessionIsOver = over;
  sessionGoesOn = goesOn;
}

// A path whose inserted parts are one segment each.
export function path(texts, ...names) {
  return String.raw({ raw: texts }, ...names.map(segment));
}

// Browsers take these two for steps up and down, escaped or not: a call about a member would become one about the group.
function segment(name) {
  if (name === '.' || name === '..') {
    throw new Refusal(400, `the name ${name} cannot be part of an address; use the command line for it`);
  }
  return encodeURIComponent(name);
}

// A query string of those parameters that have a value.
export function query(parameters) {
  const given = Object.entries(parameters).filter(([, value]) => value !== '' && value !== null && value !== undefined);
  const text = new URLSearchParams(given).toString();
  return text && `?${text}`;
}

// Makes a call. Answers with the document and its tag, throws a refusal. A call in the background is one that nobody has
// asked for: it does not make the session last longer. Where the document is to be reckoned with, its numbers are plain
// ones; otherwise those that would lose something are kept as they are written.
export async function call(method, target, { body, tag, signal, background, plain } = {}) {
  const headers = new Headers({ Accept: 'application/json' });
  if (method !== 'GET') {
    // No other site can make a browser send this.
    headers.set('X-Requested-With', 'rollbook');
  }
  if (body !== undefined) {
    headers.set('Content-Type', 'application/json');
  }
  if (tag) {
    headers.set('If-Match', tag);
  }
  if (background) {
    headers.set('Rollbook-Background', '1');
  }
  const response = await reached(target, {
    method,
    headers,
    signal,
    body: body === undefined ? null : JSON.stringify(body),
  });
  const text = await response.text();
  const document = parsed(text, plain);
  if (!response.ok) {
    if (response.status === 401 && !(method === 'POST' && target === 'api/session')) {
      sessionIsOver();
    }
    throw new Refusal(response.status, document?.error ?? `the server answers ${response.status}`);
  }
  if (!background) {
    sessionGoesOn();
  }
  return { document, tag: response.headers.get('ETag') };
}

export const get = (target, options) => call('GET', target, options);

async function reached(target, options) {
  try {
    return await fetch(target, { ...options, cache: 'no-store', credentials: 'same-origin', redirect: 'error' });
  } catch (error) {
    if (error.name === 'AbortError') {
      throw error;
    }
    throw new Refusal(0, 'the server cannot be reached');
  }
}

// JSON, in which whole numbers stay exact that are too long for a number here, where the browser can do that.
export function parsed(text, plain = false) {
  const exact = (_, value, context) =>
    typeof value === 'number' && context && JSON.rawJSON && String(value) !== context.source
      ? JSON.rawJSON(context.source)
      : value;
  try {
    return text === '' ? null : JSON.parse(text, plain ? undefined : exact);
  } catch {
    return null;
  }
}

// Whether somebody else was faster, the call was broken off on purpose, or the session is over: nothing to complain of.
export const isNothing = (error) => error.name === 'AbortError' || error.status === 401;
