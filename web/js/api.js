// Calls to the server, all below `api/` in the folder of the page.

// The server has answered with an error, or the page could not reach it (status 0).
class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let sessionIsOver = () => {};
let sessionGoesOn = () => {};

// Functions to call when the session is over, and when a call has prolonged it.
export function watchSession(over, goesOn) {
  sessionIsOver = over;
  sessionGoesOn = goesOn;
}

// A path in which each inserted value is one segment.
export function path(texts, ...names) {
  return String.raw({ raw: texts }, ...names.map(segment));
}

// Browsers resolve `.` and `..` even if escaped: a call about a member would become one about the group.
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

// Makes a call. Returns the document and its tag; throws a Refusal. A call in the background is one that no person has
// caused: it does not prolong the session. With plain numbers the document can be calculated with; otherwise long
// numbers keep their digits.
export async function call(method, target, { body, tag, signal, background, plain } = {}) {
  const headers = new Headers({ Accept: 'application/json' });
  if (method !== 'GET') {
    // CSRF header: pages of other sites cannot make a browser send it.
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

// Parses JSON. Whole numbers that are too long for JavaScript keep their digits, if the browser supports that.
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

// True for errors that the page does not show: the call was aborted, or the session is over.
export const isNothing = (error) => error.name === 'AbortError' || error.status === 401;
