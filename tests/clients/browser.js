// The page in a real browser, against a real server, as people use it: with the mouse, with the keyboard alone, on a phone.
'use strict';

const { deepStrictEqual: same, strictEqual: is, ok } = require('node:assert');
const { mkdirSync } = require('node:fs');
const { join } = require('node:path');
const { chromium } = require('playwright-core');
require('./checks.js');

// What is tried: `people` for all that people do, `many` for what depends on how many users there are.
const PART = process.argv[2];
const URL_ = process.env.ROLLBOOK_URL;
// A server whose sessions end after some seconds.
const BRIEF_URL = process.env.ROLLBOOK_BRIEF_URL;
const ADMIN_PASSWORD = process.env.ROLLBOOK_ADMIN_PASSWORD;
const CHROMIUM = process.env.ROLLBOOK_CHROMIUM;
const PICTURES = process.env.ROLLBOOK_PICTURES;
// Users who were imported: user000000@example.com and so on.
const USERS = Number(process.env.ROLLBOOK_USERS);
// How long anything is waited for, in milliseconds: far longer than it takes on a busy machine.
const PATIENCE = 120000;

const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Containers give little of the memory that processes share.
  '--disable-dev-shm-usage',
];

// Whatever must not happen on any page: scripts that fail, rules that are broken, dialogs of the browser, other origins.
const problems = [];

async function watched(context) {
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) =>
      console.error(`policy: ${event.violatedDirective} ${event.sample}`),
    );
  });
  context.on('page', (page) => {
    page.on('console', (message) => {
      // Chromium tells of each refused request; refusals are what some of these tests ask for.
      const refusal = /^Failed to load resource: the server responded with a status of 4/.test(message.text());
      if (['error', 'warning'].includes(message.type()) && !refusal) {
        problems.push(message.text());
      }
    });
    page.on('pageerror', (error) => problems.push(error.stack));
    page.on('dialog', (dialog) => {
      problems.push(`a dialog of the browser: ${dialog.message()}`);
      dialog.dismiss();
    });
    page.on('request', (request) => {
      if (![URL_, BRIEF_URL].includes(new URL(request.url()).origin)) {
        problems.push(`a request to ${request.url()}`);
      }
    });
  });
  return context;
}

// A call to the server beside the page, as the administrator.
async function api(method, path, body, credentials = `Administrator:${ADMIN_PASSWORD}`) {
  const headers = {
    Authorization: `Basic ${Buffer.from(credentials).toString('base64')}`,
    'Content-Type': 'application/json',
  };
  const response = await fetch(`${URL_}/nuxeo/api/v1/${path}`, { method, headers, body: body && JSON.stringify(body) });
  const text = await response.text();
  ok(response.ok, `${method} ${path}: ${response.status} ${text}`);
  return text.startsWith('{') ? JSON.parse(text) : text;
}
const makeUser = (username, properties = {}) =>
  api('POST', 'user', { 'entity-type': 'user', properties: { username, ...properties } });
const makeGroup = (groupname, properties = {}) =>
  api('POST', 'group', { 'entity-type': 'group', groupname, ...properties });
const changeUser = (id, properties) => api('PUT', `user/${id}`, { 'entity-type': 'user', id, properties });
const properties = async (id) => (await api('GET', `user/${encodeURIComponent(id)}`)).properties;

// Fills in the way in.
async function signIn(page, user, password, url = URL_) {
  if (!page.url().startsWith(url)) {
    await page.goto(`${url}/ui/`);
  }
  const form = page.locator('#sign-in');
  await form.getByLabel('User').fill(user);
  await form.getByLabel('Password').fill(password);
  await form.getByRole('button', { name: 'Sign in' }).click();
}
const heading = (page, name) => page.getByRole('heading', { level: 1, name, exact: true }).waitFor();
const visit = async (page, address, name) => {
  await page.evaluate((hash) => {
    location.hash = hash;
  }, address);
  await heading(page, name);
};
// Looks until there is what is wanted. Pages draw, and move the focus, some time after what they are asked for.
async function eventually(look, wanted) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found === wanted) {
      return;
    }
    if (Date.now() > end) {
      is(found, wanted);
    }
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
const told = (page, text) => page.locator('#notice.shown', { hasText: text }).waitFor();
// A picture for people to look at.
const picture = (page, name) => page.screenshot({ path: join(PICTURES, `${name}.png`) });
// What has the focus, in a few words.
const focused = (page) =>
  page.evaluate(() => {
    const element = document.activeElement;
    return `${element.localName}: ${element.getAttribute('aria-label') ?? element.innerText.trim().split('\n')[0]}`;
  });
const hasFocus = (page, wanted) => eventually(() => focused(page), wanted);
// Nothing is on its way from the server.
const settled = (page) =>
  page.waitForFunction(
    () => !document.querySelector('[aria-busy]') && !document.getElementById('main').innerText.includes('Loading'),
  );
// Presses two keys that belong together if they come soon one after the other, until they lead to a view. On a busy
// machine they may come too late.
async function pressBoth(page, [first, second], name) {
  for (const end = Date.now() + PATIENCE; ; ) {
    await page.keyboard.press(first);
    await page.keyboard.press(second);
    try {
      return await page.getByRole('heading', { level: 1, name, exact: true }).waitFor({ timeout: 2000 });
    } catch (error) {
      if (Date.now() > end) {
        throw error;
      }
    }
  }
}

async function signsIn(page) {
  // Without the slash too, and from where people look first.
  for (const path of ['/', '/nuxeo/', '/nuxeo', '/ui']) {
    await page.goto(`${URL_}${path}`);
    is(new URL(page.url()).pathname, '/ui/');
  }
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  is(await page.getByText('session is over').count(), 0);
  await picture(page, 'sign-in');
  await signIn(page, 'Administrator', 'wrong');
  await page.getByRole('alert').getByText('the user name or the password is wrong').waitFor();
  is(await page.locator('#header').isVisible(), false);
  await page.keyboard.type(ADMIN_PASSWORD);
  await page.keyboard.press('Enter');
  await heading(page, 'Users');
  await page.locator('#who', { hasText: 'Administrator' }).waitFor();
  is(await page.title(), 'Users – Rollbook');
  // Nothing that scripts can read tells of the session.
  same(await page.evaluate(() => [document.cookie, localStorage.length, sessionStorage.length]), ['', 0, 0]);
}

async function creates(page) {
  await page.getByRole('link', { name: 'New user' }).click();
  await page.getByLabel('Login').fill('ada@example.com');
  await page.getByLabel('First name').fill('Ada');
  await page.getByLabel('Last name').fill('Lovelace');
  await page.getByRole('button', { name: 'Make one up' }).click();
  const password = await page.getByRole('textbox', { name: 'Password' }).inputValue();
  ok(/^([a-z2-9]{5}-){3}[a-z2-9]{5}$/.test(password), password);
  await page.getByRole('button', { name: 'Add a property' }).click();
  await page.keyboard.type('badge');
  await page.keyboard.press('Tab');
  await page.keyboard.type('12345678901234567890');
  await page.getByRole('combobox', { name: 'Add a group' }).fill('memb');
  await page.getByRole('option', { name: 'members' }).click();
  await page.getByRole('button', { name: 'Create' }).click();
  await heading(page, 'Ada Lovelace');
  is(new URL(page.url()).hash, '#/users/ada%40example.com');
  const { firstName, lastName, groups } = await properties('ada@example.com');
  same([firstName, lastName, groups], ['Ada', 'Lovelace', ['members']]);
  // A number that is longer than those of JavaScript stays what it is.
  const value = page.getByRole('textbox', { name: 'Value of badge' });
  is(await value.inputValue(), '12345678901234567890');
  await api('GET', 'me', undefined, `ada@example.com:${password}`);

  await page.getByRole('link', { name: 'Users', exact: true }).last().click();
  await page.getByRole('link', { name: 'New user' }).click();
  await page.getByLabel('Login').fill('ADA@example.com');
  await page.getByRole('button', { name: 'Create' }).click();
  await page
    .getByRole('alert')
    .getByText('user ada@example.com exists')
    .or(page.getByRole('alert').getByText('already exists'))
    .waitFor();
  // What was typed is not lost by a slip.
  await page.getByRole('link', { name: 'Cancel' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  is(await page.getByLabel('Login').inputValue(), 'ADA@example.com');
  await page.getByRole('link', { name: 'Cancel' }).click();
  await page.getByRole('button', { name: 'Leave without saving' }).click();
  await heading(page, 'Users');
}

async function searches(page) {
  const box = page.getByRole('searchbox', { name: 'Search users' });
  await page.keyboard.press('/');
  await page.keyboard.type('lovelace');
  await page.getByText(/^1 user$/).waitFor();
  await page.waitForFunction(() => location.hash === '#/users?text=lovelace');
  await page.getByRole('link', { name: 'ada@example.com' }).click();
  await heading(page, 'Ada Lovelace');
  await page.goBack();
  await page.getByText(/^1 user$/).waitFor();
  is(await box.inputValue(), 'lovelace');
  await page.getByLabel('State').selectOption('disabled');
  await page.getByText('no user is like that').waitFor();
  await page.getByLabel('State').selectOption('');
  await page.getByText(/^1 user$/).waitFor();
  await page.reload();
  await page.getByText(/^1 user$/).waitFor();
  is(await box.inputValue(), 'lovelace');
  await box.fill('');
  await page.getByRole('checkbox', { name: 'Administrators' }).check();
  await page.getByText(/^1 user$/).waitFor();
  await page.getByRole('checkbox', { name: 'Administrators' }).uncheck();
  await page.getByRole('combobox', { name: 'In the group' }).fill('members');
  await page.getByRole('button', { name: 'Filter' }).click();
  await page.getByText(/^1 user$/).waitFor();
  await page.getByRole('button', { name: 'No longer only the group members' }).click();
}

async function edits(page) {
  await visit(page, '#/users/ada%40example.com', 'Ada Lovelace');
  is(await page.getByRole('button', { name: 'Save' }).isEnabled(), false);
  await page.getByLabel('Title', { exact: true }).fill('Countess');
  await page.getByRole('textbox', { name: 'Value of badge' }).fill('{"a": [1, true]}');
  const sent = page.waitForRequest((request) => request.method() === 'PATCH');
  await page.getByRole('button', { name: 'Save' }).click();
  const request = await sent;
  same(request.postDataJSON(), { title: 'Countess', properties: { badge: { a: [1, true] } } });
  ok(/^"\w+"$/.test(request.headers()['if-match']), 'the tag of what was shown');
  await told(page, 'Saved ada@example.com');
  // What is no JSON is a text; what was meant as JSON and is none is not sent.
  await page.getByRole('textbox', { name: 'Value of badge' }).fill('plain words');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForFunction(() => !document.querySelector('.save .note').textContent);
  is(await page.getByRole('textbox', { name: 'Value of badge' }).inputValue(), '"plain words"');
  await page.getByRole('textbox', { name: 'Value of badge' }).fill('{"a":');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('the property badge is not JSON').waitFor();
  await page.getByRole('button', { name: 'Discard' }).click();
  await page.getByRole('button', { name: 'Remove the property badge' }).click();
  await page.getByLabel('Title', { exact: true }).fill('');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.waitForFunction(() => !document.querySelector('.save .note').textContent);
  const { title, badge } = await properties('ada@example.com');
  same([title ?? null, badge], [null, undefined]);
}

async function meetsAnotherEditor(page) {
  await visit(page, '#/users', 'Users');
  await visit(page, '#/users/ada%40example.com', 'Ada Lovelace');
  await page.getByLabel('Title', { exact: true }).fill('Mine');
  await changeUser('ada@example.com', { title: 'Theirs', company: 'Engines' });
  await page.getByRole('button', { name: 'Save' }).click();
  const clash = page.locator('.clash');
  await clash.getByText('another user has changed this user in the meantime').waitFor();
  same(await clash.locator('tbody tr').allInnerTexts(), ['Company\t–\tEngines\t–', 'Title\t–\tTheirs\tMine']);
  is(await page.getByLabel('Company', { exact: true }).inputValue(), 'Engines');
  is((await properties('ada@example.com')).title, 'Theirs');
  await clash.scrollIntoViewIfNeeded();
  await picture(page, 'clash');
  await clash.getByRole('button', { name: 'Save mine anyway' }).click();
  await clash.waitFor({ state: 'detached' });
  const { title, company } = await properties('ada@example.com');
  same([title, company], ['Mine', 'Engines']);
  await page.getByLabel('Title', { exact: true }).fill('Mine again');
  await changeUser('ada@example.com', { title: 'Theirs again' });
  await page.getByRole('button', { name: 'Save' }).click();
  await clash.getByRole('button', { name: 'Drop mine' }).click();
  is(await page.getByLabel('Title', { exact: true }).inputValue(), 'Theirs again');
  is(await page.getByRole('button', { name: 'Save' }).isEnabled(), false);
}

async function joinsGroups(page) {
  await makeGroup('engines', { grouplabel: 'The engines' });
  await makeGroup('works');
  await makeGroup('company');
  await makeGroup('difference');
  await visit(page, '#/groups/company', 'company');
  await page.getByLabel('Description').fill('All of it');
  const sent = page.waitForRequest((request) => request.method() === 'PATCH');
  await page.getByRole('button', { name: 'Save' }).click();
  same((await sent).postDataJSON(), { description: 'All of it' });
  await told(page, 'Saved company');
  await visit(page, '#/groups/works', 'works');
  await page.getByRole('combobox', { name: 'Add a subgroup' }).fill('engines');
  await page.getByRole('option', { name: /engines/ }).click();
  await page.getByRole('treeitem', { name: 'engines' }).waitFor();
  await page.getByRole('combobox', { name: 'Put into a group' }).fill('company');
  await page.keyboard.press('Enter');
  await page.getByRole('treeitem', { name: 'company' }).waitFor();
  // A circle is refused where it was tried, and what was typed is not lost silently.
  await page.getByRole('combobox', { name: 'Add a subgroup' }).fill('company');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'Subgroups' }).getByRole('alert').filter({ hasText: 'company' }).waitFor();
  await page.getByRole('combobox', { name: 'Add a user' }).fill('ada@');
  await page.getByRole('option', { name: /ada@example.com/ }).waitFor();
  await page.keyboard.press('ArrowDown');
  await picture(page, 'suggestions');
  await page.keyboard.press('Enter');
  await page.getByText(/^1 member$/).waitFor();
  await page.getByRole('button', { name: 'Remove ada@example.com' }).click();
  await page.getByText('no members').waitFor();

  await visit(page, '#/users/ada%40example.com', 'Ada Lovelace');
  // What is typed beside it stays, and can still be saved.
  await page.getByLabel('Title', { exact: true }).fill('Countess');
  const box = page.getByRole('combobox', { name: 'Add to a group' });
  await box.fill('eng');
  await page.getByRole('option', { name: /engines/ }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await told(page, 'ada@example.com is in engines now');
  await hasFocus(page, 'input: Add to a group');
  is(await page.locator('.inherited').innerText(), 'Through those also in works, company');
  await page.getByRole('button', { name: 'Save' }).click();
  await told(page, 'Saved');
  await page.keyboard.press('Escape');
}

async function walksTrees(page) {
  await makeGroup('deep');
  await api('PUT', 'group/engines', { 'entity-type': 'group', groupname: 'engines', memberGroups: ['difference'] });
  await api('PUT', 'group/difference', { 'entity-type': 'group', groupname: 'difference', memberGroups: ['deep'] });
  await visit(page, '#/groups/works', 'works');
  const item = (name) => page.getByRole('region', { name: 'Subgroups' }).getByRole('treeitem', { name, exact: true });
  await item('engines').focus();
  await page.keyboard.press('ArrowRight');
  await item('difference').waitFor();
  is(await item('engines').getAttribute('aria-expanded'), 'true');
  is(await item('difference').getAttribute('aria-level'), '2');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowRight');
  await item('deep').waitFor();
  await page.keyboard.press('End');
  await page.keyboard.press('ArrowRight');
  await page.getByText('nothing more').waitFor();
  await picture(page, 'tree');
  await page.keyboard.press('ArrowLeft');
  await page.keyboard.press('ArrowLeft');
  is(await item('deep').isVisible(), false);
  await page.keyboard.press('Home');
  await eventually(() => page.evaluate(() => document.activeElement.group?.name), 'engines');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await heading(page, 'difference');
  // And upwards, from the user.
  await visit(page, '#/users/ada%40example.com', 'Ada Lovelace');
  const above = (name) => page.getByRole('tree').getByRole('treeitem', { name, exact: true });
  await above('engines').focus();
  await page.keyboard.press('ArrowRight');
  await above('works').waitFor();
  await above('members').focus();
  await page.keyboard.press('Delete');
  await told(page, 'ada@example.com is no longer in members');
  same((await properties('ada@example.com')).groups, ['engines']);
}

async function disables(page, newContext) {
  await changeUser('ada@example.com', { password: 'secret words' });
  await visit(page, '#/users', 'Users');
  await visit(page, '#/users/ada%40example.com', 'Ada Lovelace');
  await page.getByRole('button', { name: 'Disable' }).click();
  // Enter on what has the focus first does nothing.
  await hasFocus(page, 'button: Cancel');
  await page.keyboard.press('Escape');
  await hasFocus(page, 'button: Disable');
  await page.getByRole('button', { name: 'Disable' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Disable' }).click();
  await page.getByRole('button', { name: 'Re-enable' }).waitFor();
  const context = await newContext();
  const other = await context.newPage();
  await signIn(other, 'ada@example.com', 'secret words');
  await other.getByText('the user name or the password is wrong').waitFor();
  await page.getByRole('button', { name: 'Re-enable' }).click();
  await page.getByRole('button', { name: 'Disable' }).waitFor();
  await signIn(other, 'ada@example.com', 'secret words');
  await heading(other, 'Users');
  await context.close();
}

async function resetsPasswords(page, newContext) {
  await page.getByRole('button', { name: 'Reset password' }).click();
  const dialog = page.getByRole('dialog');
  // Without a password it is refused in the dialog, which stays.
  await dialog.getByRole('button', { name: 'Set the password' }).click();
  await dialog.getByRole('alert').filter({ hasText: 'password' }).waitFor();
  await dialog.getByRole('button', { name: 'Make one up' }).click();
  await dialog.getByRole('button', { name: 'Set the password' }).click();
  const password = await page.locator('.secret').innerText();
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  await page.locator('.secret').waitFor({ state: 'detached' });
  const context = await newContext();
  const other = await context.newPage();
  await signIn(other, 'ada@example.com', password);
  await heading(other, 'Users');
  // The own one needs the present one.
  await other.getByTitle('Your account').click();
  await other.getByLabel('Present password').fill('wrong');
  await other.getByLabel('New password').fill('other words');
  await other.getByRole('button', { name: 'Change the password' }).click();
  await other.getByText('the old password is wrong').waitFor();
  await other.getByLabel('Present password').fill(password);
  await other.getByRole('button', { name: 'Change the password' }).click();
  await told(other, 'Your password is changed');
  // The session goes on.
  await visit(other, '#/groups', 'Groups');
  await other.locator('.entry').first().waitFor();
  await api('GET', 'me', undefined, 'ada@example.com:other words');
  await context.close();
}

async function showsChanges(page) {
  await visit(page, '#/changes', 'Changes');
  const lines = page.locator('.change');
  for (const text of [
    'Administrator disabled the user ada@example.com',
    'Administrator enabled the user ada@example.com again',
    'Administrator set the password of ada@example.com',
    'Administrator added ada@example.com to the group engines',
    'Administrator put the group engines into works',
    'title Theirs → Mine',
  ]) {
    await lines.filter({ hasText: 'by ui' }).filter({ hasText: text }).first().waitFor();
  }
  // More come as one scrolls.
  await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
  await page.getByText('the last 100 changes').waitFor();
  const stamp = await lines.first().locator('time').getAttribute('title');
  ok(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} UTC$/.test(stamp), stamp);
  await makeUser('late');
  await page.getByRole('button', { name: 'Refresh' }).click();
  await lines.first().getByText('created the user').waitFor();
  await lines.first().getByRole('link', { name: 'late' }).click();
  await heading(page, 'late');
  await page.getByRole('button', { name: 'Delete' }).click();
  await page.getByRole('button', { name: 'Delete for good' }).click();
  await heading(page, 'Users');
  await visit(page, '#/users/late', 'late');
  await page.getByRole('alert').filter({ hasText: 'user does not exist: late' }).waitFor();
}

async function showsFigures(page) {
  const polled = page.waitForRequest((request) => request.url().endsWith('api/figures'));
  await visit(page, '#/figures', 'Figures');
  is((await polled).headers()['rollbook-background'], '1');
  const users = page.getByRole('region', { name: 'Users' });
  await users.getByText(String(USERS + 2).replace(/\B(?=(\d{3})+$)/g, ',')).waitFor();
  // A rate needs two looks.
  await page.getByRole('img', { name: /^Requests: [\d.]+\/s now, .* in the last \d+ seconds$/ }).waitFor();
  ok(/^M[\d.]+ /.test(await users.locator('path.line').getAttribute('d')), 'a line');
  await page.getByText('All figures').click();
  await page.getByRole('rowheader', { name: 'rollbook_users', exact: true }).waitFor();
  await picture(page, 'all-figures');
  await page.getByRole('button', { name: 'Pause' }).click();
}

async function signsOut(newContext) {
  const context = await newContext();
  const page = await context.newPage();
  await signIn(page, 'Administrator', ADMIN_PASSWORD);
  await heading(page, 'Users');
  await visit(page, '#/users/ada%40example.com', 'Ada Lovelace');
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByText('You are signed out.').waitFor();
  // Nothing is left to be looked at, and going back does not bring it.
  is(await page.locator('#main').innerText(), '');
  await page.goBack();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  is(await page.getByText('Ada').count(), 0);
  await page.goto('about:blank').catch(() => {});
  await page.goBack();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  is(await page.getByText('Ada').count(), 0);
  await context.close();
}

async function losesItsSession(newContext) {
  await makeUser('boss', { password: 'one', groups: ['administrators'] });
  const context = await newContext();
  const page = await context.newPage();
  await signIn(page, 'boss', 'one');
  await heading(page, 'Users');
  await visit(page, '#/users/ada%40example.com', 'Ada Lovelace');
  await page.getByLabel('Company', { exact: true }).fill('typed before the end');
  await changeUser('boss', { password: 'two' });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Your session is over').waitFor();
  is(await page.locator('#main').isVisible(), false);
  is(await page.locator('#sign-in').getByLabel('User').inputValue(), 'boss');
  await page.keyboard.type('two');
  await page.keyboard.press('Enter');
  await heading(page, 'Ada Lovelace');
  is(await page.getByLabel('Company', { exact: true }).inputValue(), 'typed before the end');
  await page.getByRole('button', { name: 'Save' }).click();
  await told(page, 'Saved');
  is((await properties('ada@example.com')).company, 'typed before the end');
  // Somebody else begins anew.
  await page.getByLabel('Company', { exact: true }).fill('of the boss');
  await changeUser('boss', { password: 'three' });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('Your session is over').waitFor();
  await signIn(page, 'Administrator', ADMIN_PASSWORD);
  await heading(page, 'Ada Lovelace');
  is(await page.getByLabel('Company', { exact: true }).inputValue(), 'typed before the end');
  await context.close();
}

// A session that nobody uses is told to end, and the page goes to the way in by itself.
async function runsOut(newContext) {
  const context = await newContext();
  const page = await context.newPage();
  await signIn(page, 'Administrator', ADMIN_PASSWORD, BRIEF_URL);
  await page.getByRole('button', { name: 'Stay signed in' }).waitFor();
  await page.getByText('Your session is over').waitFor();
  await context.close();
}

async function onlyReads(newContext) {
  await makeUser('reader', { password: 'secret words' });
  const context = await newContext();
  const page = await context.newPage();
  await signIn(page, 'reader', 'secret words');
  await heading(page, 'Users');
  for (const [address, title] of [
    ['#/users/ada%40example.com', 'Ada Lovelace'],
    ['#/groups/works', 'works'],
    ['#/users', 'Users'],
    ['#/groups', 'Groups'],
  ]) {
    await visit(page, address, title);
    await settled(page);
    const buttons = await page.locator('#main button:visible:not(.more)').allInnerTexts();
    same(
      buttons.filter((text) => !['Filter'].includes(text)),
      [],
      address,
    );
  }
  await visit(page, '#/users/ada%40example.com', 'Ada Lovelace');
  same(await page.locator('.fields input:not([readonly])').count(), 0);
  same(await page.locator('#header nav a:visible').allInnerTexts(), ['Users', 'Groups']);
  for (const address of ['#/changes', '#/figures', '#/no/such', '#/users/%ff']) {
    await visit(page, address, 'Nothing here');
  }
  await context.close();
}

async function changesSome(newContext) {
  await makeUser('power', { password: 'secret words', groups: ['powerusers'] });
  const context = await newContext();
  const page = await context.newPage();
  await signIn(page, 'power', 'secret words');
  await heading(page, 'Users');
  const actions = page.locator('.actions button');
  await visit(page, '#/users/boss', 'boss');
  await page.getByText('Identifier').waitFor();
  same([await actions.allInnerTexts(), await page.getByLabel('Role').inputValue()], [[], 'admin']);
  await visit(page, '#/users/ada%40example.com', 'Ada Lovelace');
  await page.getByText('Identifier').waitFor();
  same(await actions.allInnerTexts(), ['Disable', 'Reset password …', 'Delete …']);
  same(await page.getByLabel('Role').locator('option').allInnerTexts(), ['Standard', 'Read only']);
  await page.getByLabel('Role').selectOption('Read only');
  await page.getByRole('button', { name: 'Save' }).click();
  await told(page, 'Saved ada@example.com');
  // What the page offers and the server refuses is told where it was tried.
  await page.getByRole('combobox', { name: 'Add to a group' }).fill('administrators');
  await page.keyboard.press('Enter');
  await page.getByRole('region', { name: 'Groups' }).getByRole('alert').filter({ hasText: /./ }).waitFor();

  // Another window of the browser, in which somebody else signs in.
  const other = await context.newPage();
  await other.goto(`${URL_}/ui/`);
  await other.getByRole('button', { name: 'Sign out' }).click();
  await signIn(other, 'Administrator', ADMIN_PASSWORD);
  await heading(other, 'Users');
  await page.evaluate(() => dispatchEvent(new Event('visibilitychange')));
  await page.locator('#who', { hasText: 'Administrator' }).waitFor();
  await page.getByLabel('Role').locator('option', { hasText: 'Administrator' }).waitFor({ state: 'attached' });
  await context.close();
}

// Texts that would run as a script wherever they were taken for markup, an address or a template.
const ATTACKS = [
  '<img src=x onerror=alert(1)>',
  '"><script>alert(2)</script>',
  "'-alert(3)-'",
  '<svg/onload=alert(4)>',
  'javascript:alert(5)',
  '${alert(6)}{{alert(7)}}',
  '</textarea></title><iframe srcdoc="<script>parent.alert(8)</script>">',
];
const all = ATTACKS.join(' ');

async function isAttacked(page) {
  const login = `"><img src=x onerror=alert(0)>/..%2f?#&`;
  const groupName = `<script>alert(9)</script>/"'?#`;
  await visit(page, '#/new/group', 'New group');
  await page.getByLabel('Name').fill(groupName);
  await page.getByLabel('Label').fill(all);
  await page.getByLabel('Description').fill(all);
  await page.getByRole('button', { name: 'Add a property' }).click();
  await page.keyboard.insertText(all);
  await page.keyboard.press('Tab');
  await page.keyboard.insertText(JSON.stringify({ [all]: all }));
  await page.getByRole('button', { name: 'Create' }).click();
  await heading(page, all);
  is(decodeURIComponent(new URL(page.url()).hash), `#/groups/${groupName}`);

  await visit(page, '#/new/user', 'New user');
  await page.getByLabel('Login').fill(login);
  for (const label of ['Display name', 'E-mail', 'First name', 'Last name', 'Company', 'Title', 'External id']) {
    await page.getByLabel(label).fill(all);
  }
  for (const name of [all, '__proto__']) {
    await page.getByRole('button', { name: 'Add a property' }).click();
    await page.keyboard.insertText(name);
    await page.keyboard.press('Tab');
    await page.keyboard.insertText(JSON.stringify({ [all]: [all] }));
  }
  await page.getByRole('combobox', { name: 'Add a group' }).fill(groupName);
  await page.getByRole('option', { name: groupName }).click();
  await page.getByRole('button', { name: 'Create' }).click();
  await heading(page, all);
  is(await page.getByLabel('Company', { exact: true }).inputValue(), all);
  is(await page.getByRole('textbox', { name: 'Value of __proto__' }).count(), 1);
  await page.getByRole('treeitem', { name: groupName }).focus();
  await page.keyboard.press('ArrowRight');
  await page.getByText('nothing more').waitFor();

  // All that shows them: lists, suggestions, dialogs, refusals that repeat what was sent, another's changes, the record.
  await visit(page, '#/users?text=%3Cimg', 'Users');
  await page.getByText(/^1 user$/).waitFor();
  await visit(page, '#/groups?text=script', 'Groups');
  await page.getByText(/^1 group$/).waitFor();
  await page.locator('.entry').click();
  await heading(page, all);
  await page.getByText(/^1 member$/).waitFor();
  await page.getByRole('combobox', { name: 'Add a user' }).fill('<img');
  await page.getByRole('option', { name: login }).waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('combobox', { name: 'Add a user' }).fill(all);
  await page.keyboard.press('Enter');
  await page.getByRole('alert').filter({ hasText: 'alert(8)' }).waitFor();
  await page.getByRole('link', { name: login }).click();
  await heading(page, all);
  await page.getByRole('button', { name: 'Reset password' }).click();
  await page.getByRole('dialog').getByLabel('New password').fill(all);
  await page.getByRole('dialog').getByRole('button', { name: 'Set the password' }).click();
  is(await page.locator('.secret').innerText(), all);
  await page.getByRole('button', { name: 'Done' }).click();
  await page.getByLabel('Title', { exact: true }).fill('<b>mine</b>');
  await api('PUT', `user/${encodeURIComponent(login)}`, {
    'entity-type': 'user',
    properties: { title: `${all} again` },
  });
  await page.getByRole('button', { name: 'Save' }).click();
  await page.locator('.clash').getByText('<b>mine</b>').waitFor();
  await page.getByRole('button', { name: 'Drop mine' }).click();
  await visit(page, '#/changes', 'Changes');
  await page.locator('.change', { hasText: login }).first().waitFor();
  await visit(page, `#/users/${encodeURIComponent('<img src=x onerror=alert(10)>')}`, '<img src=x onerror=alert(10)>');
  await page.getByRole('alert').filter({ hasText: 'alert(10)' }).waitFor();
  await visit(page, '#/users/..', '..');
  await page.getByRole('alert').filter({ hasText: 'cannot be part of an address' }).waitFor();
  await page.evaluate((hash) => {
    location.hash = hash;
  }, `#/${all}`);
  await heading(page, 'Nothing here');
  // Nothing of it became an element, and a page of the same origin is all that there is.
  same(
    await page.evaluate(() => [
      document.querySelectorAll('main img, main script, main iframe, main svg').length,
      frames.length,
    ]),
    [0, 0],
  );

  // Deleting them in the page closes the circle: the names are taken to the letter in every address.
  for (const [address, name] of [
    [`#/users/${encodeURIComponent(login)}`, 'Users'],
    [`#/groups/${encodeURIComponent(groupName)}`, 'Groups'],
  ]) {
    await visit(page, address, all);
    await page.getByRole('button', { name: 'Delete' }).click();
    await page.getByRole('button', { name: 'Delete for good' }).click();
    await heading(page, name);
  }
}

async function walksByKeyboard(newContext) {
  const context = await newContext();
  const page = await context.newPage();
  const press = async (...keys) => {
    for (const key of keys) {
      await page.keyboard.press(key);
    }
  };
  await page.goto(`${URL_}/ui/`);
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await page.keyboard.type('Administrator');
  await press('Tab');
  await page.keyboard.type(ADMIN_PASSWORD);
  await press('Enter');
  await heading(page, 'Users');
  await hasFocus(page, 'h1: Users');
  // From the start of the page: over the way past the head.
  await page.evaluate(() => {
    document.activeElement.blur();
    getSelection().removeAllRanges();
    document.body.focus();
  });
  await press('Shift+Tab', 'Home');
  await page.locator('#skip').focus();
  await press('Enter');
  await eventually(() => page.evaluate(() => document.activeElement.id), 'main');
  is(new URL(page.url()).hash, '');
  await press('/');
  await page.keyboard.type('ada@example');
  await page.getByText(/^1 user$/).waitFor();
  for (let step = 0; step < 12 && (await focused(page)) !== 'a: ada@example.com'; step += 1) {
    await press('Tab');
    // Whatever has the focus shows it.
    ok(
      await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle !== 'none'),
      await focused(page),
    );
  }
  await press('Enter');
  await heading(page, 'Ada Lovelace');
  await hasFocus(page, 'h1: Ada Lovelace');
  for (let step = 0; step < 12 && (await focused(page)) !== 'button: Disable'; step += 1) {
    await press('Tab');
  }
  await press('Enter');
  await hasFocus(page, 'button: Cancel');
  // The dialog keeps the focus to itself.
  for (let step = 0; step < 4; step += 1) {
    await press('Tab');
    ok(
      await page.evaluate(
        () => document.activeElement === document.body || document.activeElement.closest('dialog') !== null,
      ),
      await focused(page),
    );
  }
  await press('Escape', 'Escape');
  await hasFocus(page, 'button: Disable');
  await pressBoth(page, ['g', 'g'], 'Groups');
  await press('n');
  await heading(page, 'New group');
  await eventually(() => page.evaluate(() => document.activeElement.name), 'name');
  await press('Escape', '?');
  await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor();
  await picture(page, 'keys');
  await press('Escape');
  await pressBoth(page, ['g', 'c'], 'Changes');
  await pressBoth(page, ['g', 'f'], 'Figures');
  await press('/');
  await heading(page, 'Users');
  // The last search is there, and the next takes its place.
  await eventually(() => page.evaluate(() => getSelection().toString()), 'ada@example');
  await press('Backspace');
  await page.locator('.entry').nth(1).waitFor();
  await page.locator('.entry').first().focus();
  const second = await page.locator('.entry').nth(1).innerText();
  await press('ArrowDown');
  await hasFocus(page, `a: ${second.split('\n')[0]}`);
  await context.close();
}

async function stays(page) {
  await visit(page, '#/users', 'Users');
  const elements = () => page.evaluate(() => document.querySelectorAll('*').length);
  await page.getByText('the first 50 users').waitFor();
  // The middle of the list is found at once, and typing shows the last that was typed.
  await page.keyboard.press('/');
  const wanted = `user${String(Math.floor(USERS / 2)).padStart(6, '0')}`;
  await page.keyboard.type(wanted, { delay: 5 });
  await page.getByText(/^1 user$/).waitFor();
  is(await page.locator('.entry .login').innerText(), `${wanted}@example.com`);
  await page.getByRole('searchbox').fill('');
  await page.getByText('the first 50 users').waitFor();
  const before = await elements();
  // However far one scrolls, there is about as much in the document as before.
  for (const shown of [100, 150, 200, 250, 300, 350, 400, 450, 500]) {
    await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
    await page.waitForFunction(
      (count) => Number(/\d+/.exec(document.querySelector('.endless .status').textContent)?.[0]) >= count,
      shown,
    );
  }
  await page.waitForFunction(() => document.querySelectorAll('.entry').length <= 300);
  ok((await elements()) < before * 6, `${before} elements have become ${await elements()}`);
  await page.evaluate(() => scrollTo(0, 0));
  // What was emptied is filled again.
  await page.locator('.pages ul').first().locator('li').first().waitFor();
}

// Every view on paper, in the dark, and on a phone, where nothing may be wider than it.
async function isLookedAt(page) {
  const views = {
    users: ['#/users', 'Users'],
    user: ['#/users/ada%40example.com', 'Ada Lovelace'],
    'new-user': ['#/new/user', 'New user'],
    groups: ['#/groups', 'Groups'],
    group: ['#/groups/works', 'works'],
    'new-group': ['#/new/group', 'New group'],
    changes: ['#/changes', 'Changes'],
    figures: ['#/figures', 'Figures'],
    account: ['#/account', 'Your account'],
  };
  await changeUser('ada@example.com', {
    address: { street: '12 St James’s Square', city: 'London', since: 1843 },
    wide: 'x'.repeat(200),
  });
  await api('POST', 'user/ada@example.com/group/works');
  for (const [name, colorScheme, width, height] of [
    ['light', 'light', 1280, 800],
    ['dark', 'dark', 1280, 800],
    ['phone', 'light', 360, 740],
    ['phone-dark', 'dark', 360, 740],
  ]) {
    await page.emulateMedia({ colorScheme });
    await page.setViewportSize({ width, height });
    for (const [view, [address, title]] of Object.entries(views)) {
      await visit(page, address, title);
      await settled(page);
      const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      is(over <= 0, true, `${view} is ${over} pixels wider than ${width}`);
      await picture(page, `${view}-${name}`);
    }
    const [ink, paper] = await page.evaluate(() => [
      getComputedStyle(document.body).color,
      getComputedStyle(document.body).backgroundColor,
    ]);
    ok(contrast(ink, paper) > 7, `${ink} on ${paper}`);
    same(await page.evaluate(faintTexts), [], name);
    await visit(page, '#/users/ada%40example.com', 'Ada Lovelace');
    await page.getByRole('button', { name: 'Reset password' }).click();
    await picture(page, `dialog-${name}`);
    await page.keyboard.press('Escape');
  }
  await page.emulateMedia({ reducedMotion: 'reduce' });
  is(await page.evaluate(() => getComputedStyle(document.getElementById('notice')).transitionDuration), '0s');
}

// The ratio of WCAG for two colours as browsers write them.
function contrast(one, other) {
  const light = (color) => {
    const [r, g, b] = color
      .match(/[\d.]+/g)
      .map(Number)
      .map((part) => {
        const value = part / 255;
        return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
      });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [low, high] = [light(one), light(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

// Runs in the page: texts whose contrast with what is behind them is under 4.5.
function faintTexts() {
  const parts = (color) => color.match(/[\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = parts(color).map((part) =>
      part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4,
    );
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (element) => {
    const color = getComputedStyle(element).backgroundColor;
    return parts(color)[3] === 0 && element.parentElement ? behind(element.parentElement) : color;
  };
  const faint = [];
  for (const element of document.querySelectorAll('body *')) {
    const text = [...element.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim() !== '');
    if (text && element.checkVisibility() && !element.matches('[disabled], #notice, .skip, option')) {
      const [low, high] = [light(getComputedStyle(element).color), light(behind(element))].sort((a, b) => a - b);
      const ratio = (high + 0.05) / (low + 0.05);
      if (ratio < 4.5) {
        faint.push(
          `${element.localName}.${element.className} ${element.textContent.slice(0, 30)}: ${ratio.toFixed(2)}`,
        );
      }
    }
  }
  return faint;
}

async function main() {
  mkdirSync(PICTURES, { recursive: true });
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS, timeout: PATIENCE });
  const newContext = async () => {
    const context = await watched(
      await browser.newContext({
        locale: 'en-GB',
        viewport: { width: 1280, height: 800 },
        // The certificate is one of the test's own.
        ignoreHTTPSErrors: URL_.startsWith('https://'),
      }),
    );
    context.setDefaultTimeout(PATIENCE);
    return context;
  };
  const step = async (action, ...values) => {
    const begun = Date.now();
    await action(...values).catch((error) => {
      error.message = `${action.name}: ${error.message}\n${problems.join('\n')}`;
      throw error;
    });
    same(problems, [], action.name);
    console.log(`${action.name}: ${Date.now() - begun} ms`);
  };
  try {
    const context = await newContext();
    const page = await context.newPage();
    try {
      await step(signsIn, page);
      await step(creates, page);
      await step(searches, page);
      if (PART === 'many') {
        await step(showsFigures, page);
        await step(stays, page);
        console.log('ok');
        return;
      }
      await step(edits, page);
      if (PART === 'tls') {
        const cookies = await context.cookies();
        same(
          cookies.map(({ secure, httpOnly }) => [secure, httpOnly]),
          [[true, true]],
        );
        await step(signsOut, newContext);
        console.log('ok');
        return;
      }
      await step(meetsAnotherEditor, page);
      await step(joinsGroups, page);
      await step(walksTrees, page);
      await step(disables, page, newContext);
      await step(resetsPasswords, page, newContext);
      await step(showsChanges, page);
      // Both have to wait.
      await Promise.all([step(showsFigures, page), step(runsOut, newContext)]);
      await step(signsOut, newContext);
      await step(losesItsSession, newContext);
      await step(onlyReads, newContext);
      await step(changesSome, newContext);
      await step(isAttacked, page);
      await step(walksByKeyboard, newContext);
      await step(isLookedAt, page);
    } catch (error) {
      // Of the page that was opened last.
      await picture(
        browser
          .contexts()
          .flatMap((one) => one.pages())
          .at(-1),
        'failed',
      ).catch(() => {});
      throw error;
    }
  } finally {
    await browser.close();
  }
  console.log('ok');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
