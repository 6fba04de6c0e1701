// The demo workspace and the components in a real browser: somebody is refused, pays and goes on, with the keyboard alone; two
// tabs show the same; the overlay takes the focus and gives it back; and the components work on another origin. Every page is
// judged on the way: nothing in its console, no finding of accessibility, no sideways scroll, light and dark.
//
// `driver.mjs` says how it is pointed at a `coulomb demo`.

import assert from "node:assert/strict";
import { call as ask, judge, key, server, tell } from "./driver.mjs";

/** An origin of which the demonstration takes members' sessions; its page is made up here. */
const ELSEWHERE = "http://localhost:5173";

const call = (method, path, body) => ask(method, `/organizations${path}`, body);

/** A form of the workspace, sent as its own page does. */
async function tryOut(org, what) {
  const body = new URLSearchParams({ as: "ada", do: what });
  const answer = await fetch(`${server}/workspace/${org}/try`, { method: "POST", body, headers: { origin: server }, redirect: "manual" });
  assert.equal(answer.status, 303, what);
}

/** An organization of its own for each story, with a subscription. */
async function organization(name) {
  const id = `browser-${name}`;
  await call("PUT", `/${id}`, { name: "Halden Research" });
  const people = [["ada", "Ada Moreau", "owner"], ["bob", "Bob Okafor", "member"], ["cem", "Cem Yıldız", "member"], ["dee", "Dee Larsen", "viewer"]];
  for (const [person, called, role] of people) {
    await call("PUT", `/${id}/members/${person}`, { name: called, role, billing_admin: person === "bob" });
  }
  await tryOut(id, "subscribe");
  return id;
}

/** Owes 5,000 credits, for a refund of what was used; other credits are there, which may not settle that. */
async function inDebt(name) {
  const id = await organization(name);
  const { url } = await call("POST", `/${id}/checkout`, { pack: "small", return_url: server });
  await fetch(url, { method: "POST", body: new URLSearchParams({ do: "pay", card: "ok" }), headers: { origin: server }, redirect: "manual" });
  await tryOut(id, "overrun");
  await tryOut(id, "refund");
  await tryOut(id, "gift");
  return id;
}

/** What has the focus, also inside the components. */
const focused = (page) =>
  page.evaluate(() => {
    let element = document.activeElement;
    while (element?.shadowRoot?.activeElement) element = element.shadowRoot.activeElement;
    return element?.getAttribute("aria-label") ?? element?.id ?? element?.tagName;
  });
const hasFocus = (locator) => locator.evaluate((element) => element.getRootNode().activeElement === element);

/** Presses Tab until this has the focus. */
async function tabTo(page, locator) {
  for (let turn = 0; turn < 60; turn += 1) {
    if (await hasFocus(locator)) return;
    await page.keyboard.press("Tab");
  }
  assert.fail(`the keyboard does not reach ${locator}; it is at ${await focused(page)}`);
}

const overlay = (page) => page.getByRole("dialog");
const title = (page, text) => overlay(page).getByRole("heading", { name: text, level: 2 });

const ELEMENTS = "coulomb-badge, coulomb-usage-meter, coulomb-gate";

/** Gives every element of the page this person's session, and answers what each knows right then. */
const signIn = (page, org, person) =>
  page.evaluate(([all, address]) => {
    const session = async () => (await fetch(address, { method: "POST" })).json();
    const elements = [...document.querySelectorAll(all)];
    for (const element of elements) element.session = session;
    return elements.map((element) => element.balance);
  }, [ELEMENTS, `/workspace/${org}/session?as=${person}`]);

/** Lets the page ask for its balance, and answers it with these fields of it changed. */
async function changed(page, fields) {
  await page.route("**/stream", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }));
  await page.route("**/balance", async (route) => {
    const response = await route.fetch();
    const balance = await response.json();
    await route.fulfill({ response, json: { ...balance, ...fields(balance) } });
  });
}

const stories = {
  async "somebody is refused, pays and goes on, with the keyboard alone"(page, name) {
    const org = await inDebt(`${name}-keys`);
    await page.goto(`${server}/workspace/${org}?as=ada`);
    // A new block is shown to billing people once in a visit.
    await title(page, "New AI work is paused").waitFor();
    await page.keyboard.press("Escape");
    await overlay(page).waitFor({ state: "hidden" });

    const draft = page.getByRole("textbox", { name: "Message" });
    const send = page.getByRole("button", { name: "Send" });
    await tabTo(page, draft);
    await page.keyboard.type("Compare Brevik and Estrel");
    await tabTo(page, send);
    await page.keyboard.press("Enter");
    await title(page, "New AI work is paused").waitFor();
    assert.equal(await hasFocus(title(page, "New AI work is paused")), true, "the focus is on the title");
    await overlay(page).getByText("5,000", { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await overlay(page).waitFor({ state: "hidden" });
    assert.equal(await hasFocus(send), true, "the focus is back on what was refused");

    await page.keyboard.press("Enter");
    const pay = overlay(page).getByRole("link", { name: "Resolve shortfall" });
    await pay.waitFor();
    await tabTo(page, pay);
    await page.keyboard.press("Enter");
    await page.waitForURL(/\/sandbox\/checkout\//);
    await tabTo(page, page.getByRole("radio").first());
    await page.keyboard.press("Space");
    await tabTo(page, page.getByRole("button", { name: /^Pay / }));
    await page.keyboard.press("Enter");

    await page.waitForURL(/\/workspace\//);
    await page.getByText("Work can start again.").first().waitFor();
    assert.equal(await draft.inputValue(), "Compare Brevik and Estrel", "the draft is still there");
    await tabTo(page, send);
    await page.keyboard.press("Enter");
    await page.getByText("This workspace asks no model").waitFor();
    assert.equal(await draft.inputValue(), "", "the draft has been sent");
    await page.reload();
    await page.getByText("This workspace asks no model").waitFor();
    assert.equal(await draft.inputValue(), "", "and does not come back");
  },

  async "the button leads to the step of Billing that helps, and from there back to what was refused"(page, name) {
    const org = await organization(`${name}-billing`);
    await tryOut(org, "overrun");
    await page.goto(`${server}/workspace/${org}?as=bob`);
    await overlay(page).getByRole("button", { name: "Close" }).first().click();
    const draft = page.getByRole("textbox", { name: "Message" });
    await draft.fill("Compare Brevik and Estrel");
    await page.getByRole("button", { name: "Send" }).click();
    await overlay(page).getByRole("link", { name: "Add credits" }).click();
    await page.waitForURL(/\/console\/.*\/billing#add_credits$/);
    await page.getByRole("radio").first().check();
    await page.getByRole("button", { name: "Review purchase" }).click();
    await page.getByRole("button", { name: "Continue to payment" }).click();
    await page.waitForURL(/\/sandbox\/checkout\//);
    await page.getByRole("radio", { name: "A card that works" }).check();
    await page.getByRole("button", { name: /^Pay / }).click();
    await page.waitForURL(/\/console\//);
    await page.getByRole("link", { name: "Back to the product" }).click();
    await page.getByText("Work can start again.").first().waitFor();
    assert.equal(await draft.inputValue(), "Compare Brevik and Estrel", "the draft is still there");
  },

  async "two tabs show the same by themselves"(page, name, { context }) {
    const org = await organization(`${name}-tabs`);
    const other = await context.newPage();
    const badges = [page, other].map((tab) => tab.locator("coulomb-badge").getByRole("button").first());
    for (const tab of [page, other]) await tab.goto(`${server}/workspace/${org}?as=ada`);
    for (const badge of badges) await badge.getByText("50k").waitFor();
    const before = Date.now();
    await call("POST", `/${org}/grants`, { amount: 7_000, expires_at: "2099-01-01T00:00:00Z", reason: "A gesture" });
    for (const badge of badges) await badge.getByText("57k").waitFor();
    console.log(`        both tabs showed it ${Date.now() - before} ms after it was asked for`);
  },

  async "the badge opens its details, and everybody sees their own"(page, name) {
    const org = await inDebt(`${name}-roles`);
    const badge = page.locator("coulomb-badge").getByRole("button").first();
    const details = page.locator("coulomb-badge").getByRole("region", { name: "Credit details" });
    await page.goto(`${server}/workspace/${org}/history?as=ada`);
    await badge.locator(".also").waitFor();
    await tabTo(page, badge);
    await page.keyboard.press("Enter");
    await details.getByText("Debt: refund").waitFor();
    await judge(page, `details-${name}`);
    await page.keyboard.press("Escape");
    await details.waitFor({ state: "hidden" });
    assert.equal(await hasFocus(badge), true);

    await page.goto(`${server}/workspace/${org}/history?as=cem`);
    await badge.getByText("Paused").waitFor();
    await badge.click();
    await details.getByText("Ada Moreau or Bob Okafor can resolve it.").waitFor();
    assert.equal(await details.getByText(/owed|Debt|Locked/).count(), 0, "no amounts without billing access");
    assert.equal(await details.getByRole("link", { name: "Resolve shortfall" }).count(), 0);
  },

  async "the overlay says to each what helps, at every width"(page, name) {
    const org = await inDebt(`${name}-overlay`);
    await page.goto(`${server}/workspace/${org}?as=ada`);
    await title(page, "New AI work is paused").waitFor();
    await judge(page, `overlay-owner-${name}`);

    await page.goto(`${server}/workspace/${org}?as=cem`);
    const draft = page.getByRole("textbox", { name: "Message" });
    await draft.fill("Compare Brevik and Estrel");
    await page.getByRole("button", { name: "Send" }).click();
    await title(page, "New AI work is paused").waitFor();
    const message = await overlay(page).getByRole("textbox").inputValue();
    assert.match(message, /^Hi Ada, Bob, new AI work in Halden Research has been paused since .*Thank you, Cem Yıldız\.$/);
    assert.equal(await overlay(page).getByRole("link", { name: "Send by email" }).count(), 1);
    assert.equal(await overlay(page).getByText(/owed|5,000/).count(), 0);
    await judge(page, `overlay-member-${name}`);
    await overlay(page).getByRole("button", { name: "Keep draft and close" }).click();
    assert.equal(await draft.inputValue(), "Compare Brevik and Estrel");

    await page.goto(`${server}/workspace/${org}?as=dee`);
    await page.getByText("Viewers read, and start nothing.").waitFor();
    await page.getByRole("button", { name: "Why, and what helps" }).click();
    await title(page, "New AI work is paused").waitFor();
    assert.equal(await overlay(page).getByRole("textbox").count(), 0, "a viewer asks for nothing");
  },

  async "every page is in order"(page, name) {
    const org = await organization(`${name}-pages`);
    await page.goto(`${server}/workspace`);
    await judge(page, `welcome-${name}`);
    for (const path of ["", "/tools", "/tasks", "/history", "/try"]) {
      await page.goto(`${server}/workspace/${org}${path}?as=ada`);
      await page.locator("coulomb-badge").getByText("50k").first().waitFor();
      await judge(page, `page${path.replace("/", "-")}-${name}`);
    }
  },

  async "what cannot be loaded is said to be so, and is no zero"(page, name, { complaints }) {
    const org = await organization(`${name}-away`);
    const badge = page.locator("coulomb-badge").getByRole("button").first();
    await page.route("**/v1/**", (route) => route.abort());
    await page.goto(`${server}/workspace/${org}/history?as=ada`);
    await badge.getByText("Credits unavailable").waitFor();
    assert.doesNotMatch(await badge.innerText(), /\d/);
    await badge.click();
    await page.unroute("**/v1/**");
    await page.locator("coulomb-badge").getByRole("button", { name: "Try again" }).click();
    await badge.getByText("50k").waitFor();
    // What was cut is noted by the browser.
    complaints.length = 0;
  },

  async "without a place to follow the balance it is asked for, and a session that is over is renewed"(page, name, { complaints }) {
    const org = await organization(`${name}-polled`);
    const asked = [];
    await page.route("**/stream", (route) => route.fulfill({ status: 503, contentType: "application/problem+json", body: "{}" }));
    await page.route("**/session?as=*", (route) => {
      asked.push(route.request().url());
      return asked.length > 1 ? route.fallback() : route.fulfill({ json: { token: "coulomb_session_that_is_over" } });
    });
    page.on("request", (request) => request.url().endsWith("/balance") && asked.push("balance"));
    await page.goto(`${server}/workspace/${org}/history?as=ada`);
    await page.locator("coulomb-badge").getByText("50k").first().waitFor();
    assert.ok(asked.includes("balance"));
    // An error that is made up is noted by the browser.
    complaints.length = 0;
  },

  async "who signs in next on the same page sees nothing of the person before"(page, name) {
    const org = await inDebt(`${name}-next`);
    const badge = page.locator("coulomb-badge").getByRole("button").first();
    const tokens = new Set();
    page.on("request", (request) => request.url().endsWith("/stream") && tokens.add(request.headers().authorization));
    await page.goto(`${server}/workspace/${org}?as=ada`);
    await title(page, "New AI work is paused").waitFor();
    assert.equal(tokens.size, 1, "one session for all elements");

    assert.deepEqual(await signIn(page, org, "cem"), [null, null, null]);
    await overlay(page).waitFor({ state: "hidden" });
    await badge.getByText("Paused").waitFor();
    assert.equal(await badge.locator(".also").count(), 0, "another session shows what its person may see");
    assert.equal(tokens.size, 2, "and is not asked for with the token before");

    // The elements leave the page, and others come.
    await page.evaluate((all) => {
      globalThis.gone = [...document.querySelectorAll(all)].map((element) => [element, element.parentNode, element.nextSibling]);
      for (const [element] of globalThis.gone) element.remove();
    }, ELEMENTS);
    assert.deepEqual(await signIn(page, org, "ada"), []);
    const known = await page.evaluate((address) => {
      const session = async () => (await fetch(address, { method: "POST" })).json();
      return globalThis.gone.map(([element, place, next]) => {
        element.session = session;
        place.insertBefore(element, next?.isConnected ? next : null);
        return element.balance;
      });
    }, `/workspace/${org}/session?as=ada`);
    assert.deepEqual(known, [null, null, null]);
    await badge.locator(".also").waitFor();
    assert.equal(tokens.size, 3);
  },

  async "a token that is given anew starts over, and is not mixed with the one before"(page, name, { context }) {
    const org = await organization(`${name}-tokens`);
    await context.grantPermissions(["local-network-access"], { origin: ELSEWHERE });
    const [first, second] = [await call("POST", `/${org}/sessions`, { member: "cem" }), await call("POST", `/${org}/sessions`, { member: "ada" })];
    const body = `<!doctype html><html lang="en"><title>Elsewhere</title><link rel="icon" href="data:,">
      <script type="module" src="${server}/assets/coulomb.js"></script>
      <coulomb-badge organization="${org}" token="${first.token}"></coulomb-badge></html>`;
    await page.route(`${ELSEWHERE}/**`, (route) => route.fulfill({ contentType: "text/html", body }));
    await page.goto(`${ELSEWHERE}/`);
    const badge = page.locator("coulomb-badge");
    await badge.getByText("50k").first().waitFor();
    assert.equal(await badge.evaluate((element) => element.balance.debt), undefined);
    const known = await badge.evaluate((element, token) => {
      element.token = token;
      return element.balance;
    }, second.token);
    assert.equal(known, null);
    await badge.getByText("50k").first().waitFor();
    assert.ok(await badge.evaluate((element) => element.balance.debt));
    await badge.evaluate((element) => (element.token = null));
    await badge.getByText("Loading credits").first().waitFor();
  },

  async "a draft is put back for the person who wrote it only"(page, name) {
    const org = await inDebt(`${name}-draft`);
    await page.goto(`${server}/workspace/${org}?as=cem`);
    const draft = page.getByRole("textbox", { name: "Message" });
    await draft.fill("Compare Brevik and Estrel");
    await page.getByRole("button", { name: "Send" }).click();
    await title(page, "New AI work is paused").waitFor();
    const becomes = (person) => page.locator("coulomb-gate").evaluate((gate, member) => {
      gate.querySelector("textarea").value = "";
      gate.setAttribute("member", member);
    }, person);
    await becomes("bob");
    await overlay(page).waitFor({ state: "hidden" });
    assert.equal(await draft.inputValue(), "");
    await becomes("cem");
    assert.equal(await draft.inputValue(), "Compare Brevik and Estrel");
  },

  async "the meter counts against what was included, whatever comes next"(page, name, { complaints }) {
    const org = await organization(`${name}-meter`);
    const planned = ({ period }) => ({ included: "30000", next_grant: { at: period.end, amount: "200000" } });
    await changed(page, (balance) => ({ ...planned(balance), included_granted: "50000" }));
    await page.goto(`${server}/workspace/${org}/history?as=ada`);
    const meter = page.getByRole("meter", { name: "Included credits" });
    await meter.waitFor();
    assert.deepEqual([await meter.getAttribute("aria-valuemax"), await meter.getAttribute("aria-valuenow")], ["50000", "20000"]);
    await page.getByText("20,000 of 50,000 used, reserved or settled").waitFor();
    await page.getByText(/^The next 200,000 arrive on /).waitFor();
    assert.equal(await page.locator("coulomb-badge .ring circle").last().getAttribute("stroke-dasharray"), "60 100");

    await page.unrouteAll();
    await changed(page, (balance) => ({ ...planned(balance), included_granted: undefined }));
    await page.reload();
    await page.getByText("30,000 left").waitFor();
    assert.equal(await meter.count(), 0, "without the whole there is no bar");
    assert.equal(await page.locator("coulomb-badge .ring").count(), 0);
    complaints.length = 0;
  },

  async "what is owed is said as owed, also where it is one credit"(page, name, { complaints }) {
    const org = await organization(`${name}-owed`);
    const said = {
      outstanding_usage: /1 credit is owed for work that used more than there was\./,
      refund_debt: /1 credit is owed because a refund took back credits that had already been used\./,
      dispute_debt: /1 credit is owed because a dispute took back credits that had already been used\./,
    };
    for (const [code, text] of Object.entries(said)) {
      const debt = { total: "1", outstanding_usage: "0", refund: "0", dispute: "0", [code.replace("_debt", "")]: "1" };
      await page.unrouteAll();
      await changed(page, () => ({ can_start: false, status: code, reasons: [{ code, severity: "blocking", amount: "1" }], debt }));
      await page.goto(`${server}/workspace/${org}/history?as=ada`);
      const badge = page.locator("coulomb-badge").getByRole("button", { name: /: 1 credit owed, [\d,]+ usable\. Open credit details/ });
      await badge.click();
      await page.getByText(text).first().waitFor();
    }
    complaints.length = 0;
  },

  async "credits do not resume a task that waits for somebody"(page, name) {
    const org = await organization(`${name}-task`);
    const start = (id, hold) => fetch(`${server}/v1/organizations/${org}/runs`, {
      method: "POST", body: JSON.stringify({ id, kind: "chat_message", hold, task: "nightly" }),
      headers: { authorization: `Bearer ${key}`, "content-type": "application/json", "coulomb-member": "ada" },
    });
    await start("too-much", 60_000);
    const refused = await (await start("little", 10)).json();
    assert.equal(refused.code, "task_paused");
    await page.goto(`${server}/workspace/${org}?as=ada`);
    const badge = page.locator("coulomb-badge").getByRole("button").first();
    await badge.getByText("50k").waitFor();
    await page.locator("coulomb-gate").evaluate((gate, problem) => gate.refused(problem, { draft: "Compare Brevik and Estrel" }), refused);
    await title(page, "This task waits for someone to resume it").waitFor();
    await call("POST", `/${org}/grants`, { amount: 7_000, expires_at: "2099-01-01T00:00:00Z", reason: "A gesture" });
    await badge.getByText("57k").waitFor();
    assert.equal(await title(page, "This task waits for someone to resume it").isVisible(), true);
    assert.equal(await page.getByText("Work can start again").count(), 0);
    await page.locator("coulomb-gate").evaluate((gate) => gate.started());
    await title(page, "Work can start again").waitFor();
  },

  async "the components work on another origin that the configuration names"(page, name, { context }) {
    const org = await organization(`${name}-elsewhere`);
    // A page that is made up has no address, and Chromium would ask whether it may reach this machine.
    await context.grantPermissions(["local-network-access"], { origin: ELSEWHERE });
    const { token } = await call("POST", `/${org}/sessions`, { member: "cem" });
    const body = `<!doctype html><html lang="en"><title>Elsewhere</title><link rel="icon" href="data:,">
      <script type="module" src="${server}/assets/coulomb.js"></script>
      <main><h1>A product</h1><coulomb-badge organization="${org}" token="${token}"></coulomb-badge>
      <coulomb-usage-meter organization="${org}" token="${token}"></coulomb-usage-meter></main></html>`;
    await page.route(`${ELSEWHERE}/**`, (route) => route.fulfill({ contentType: "text/html", body }));
    await page.goto(`${ELSEWHERE}/`);
    await page.locator("coulomb-badge").getByText("50k").first().waitFor();
    await page.locator("coulomb-usage-meter").getByText("50,000 left").waitFor();
    await call("POST", `/${org}/grants`, { amount: 7_000, expires_at: "2099-01-01T00:00:00Z", reason: "A gesture" });
    await page.locator("coulomb-badge").getByText("57k").first().waitFor();
    await judge(page, `elsewhere-${name}`);
  },
};

// Browsers note every answer that is an error; a refused start is meant to be one.
await tell(stories, ["light", "dark"], (url) => /\/start$/.test(url));
