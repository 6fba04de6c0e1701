// The console in a real browser, on the demonstration's organizations: one in every state of R9, each with an owner, a
// billing admin, a member and a viewer. Every page is opened for every state and role; nothing on it may lead nowhere, its
// figures are the API's, and what changes is seen without a reload.
//
// `driver.mjs` says how it is pointed at a server: here, `coulomb demo`.

import assert from "node:assert/strict";
import { browser, call, judge, key, open, server, tell } from "./driver.mjs";

const PAGES = ["billing", "usage", "history", "settings", "help"];
const PEOPLE = ["ada", "bob", "cem", "dee"];

/** The demonstration's organizations: those that stories change are their own. */
const STATES = (await call("GET", "/organizations?limit=500")).data.map(({ id }) => id).filter((id) => !id.startsWith("walk-"));

/** Signs a member in, as a host does. */
async function enter(page, organization, member, to = "billing") {
  const { url } = await call("POST", `/organizations/${organization}/sessions`, { member });
  const answer = await page.goto(`${url}?to=${to}`);
  assert.equal(answer.status(), 200, `${organization} ${member} ${to}`);
}

/** An organization of a story's own: with an owner and a member, a plan that is paid, and so many credits used. */
async function organization(name, used = 0) {
  const id = `walk-${name}`;
  await call("PUT", `/organizations/${id}`, { name: "Halden Research" });
  await call("PUT", `/organizations/${id}/members/ada`, { name: "Ada Marek", role: "owner" });
  await call("PUT", `/organizations/${id}/members/cem`, { name: "Cem Aydin", role: "member" });
  await call("POST", `/organizations/${id}/grants`, { credits: 1000 });
  if (used) await call("POST", `/organizations/${id}/charges`, { id: "used", kind: "background", used });
  return id;
}

const number = (text) => text.replaceAll(/[^0-9]/g, "");

/** Everything on the page that can be pressed or followed leads somewhere; gives what the page led to that was not known yet. */
async function follows(page, known, where) {
  const found = await page.evaluate(() => ({
    links: [...document.querySelectorAll("a[href]")].map((link) => link.href),
    anchors: [...document.querySelectorAll("a[href]")]
      .filter((link) => link.hash && link.pathname === location.pathname && !document.getElementById(decodeURIComponent(link.hash.slice(1))))
      .map((link) => link.outerHTML),
    // A button does something only in a form, or where a popover or the page's script takes it.
    idle: [...document.querySelectorAll("button")]
      .filter((button) => !button.form && !button.popoverTargetElement && !button.matches("[data-copy], [data-dismiss]"))
      .map((button) => button.outerHTML),
    nameless: [...document.querySelectorAll("input:not([type=hidden]), select, textarea")]
      .filter((field) => !field.labels?.length && !field.ariaLabel && !field.getAttribute("aria-labelledby"))
      .map((field) => field.outerHTML),
    bytes: document.documentElement.outerHTML.length,
  }));
  assert.deepEqual([found.anchors, found.idle, found.nameless], [[], [], []], where);
  assert.ok(found.bytes < 100_000, `${where} has ${found.bytes} bytes`);
  for (const link of found.links.filter((link) => link.startsWith(server))) {
    const path = new URL(link).pathname + new URL(link).search;
    if (known.has(path)) continue;
    known.add(path);
    const answer = await page.request.get(link, { maxRedirects: 0 });
    assert.ok(answer.status() < 400, `${where} leads to ${path}, which answers ${answer.status()}`);
  }
}

/** The figures of the badge, the popover and the page are the API's, as this member may see them. */
async function agrees(page, organization, member) {
  const headers = { authorization: `Bearer ${key}`, "coulomb-member": member };
  const balance = await (await fetch(`${server}/v1/organizations/${organization}/balance`, { headers })).json();
  const available = String(BigInt(balance.available.split(".")[0]));
  const owed = balance.debt && Number(balance.debt.total) > 0 ? String(Math.ceil(Number(balance.debt.total))) : null;
  const popover = await page.locator("#balance").evaluate((shown) => shown.textContent);
  assert.ok(number(popover).includes(owed ?? available), `${organization} ${member}: ${popover}`);
  if (owed === null && member !== "ada" && member !== "bob") assert.ok(!/owed|locked|debt/i.test(popover), popover);
  const badge = await page.locator("#badge").evaluate((shown) => shown.textContent);
  assert.ok(number(badge).includes(owed ?? available), `${organization} ${member}: ${badge}`);
  assert.equal(/Paused/.test(badge), !balance.can_start, `${organization}: ${badge}`);
}

const stories = {
  async "every page reads well for everybody in every state, and nothing on it leads nowhere"(page, scheme, window) {
    // Where links lead does not depend on how they look.
    if (scheme === "dark") return;
    for (const state of STATES) {
      for (const member of PEOPLE) {
        await enter(page, state, member);
        const known = new Set();
        for (const name of PAGES) {
          await page.goto(`${server}/console/${state}/${name}`);
          await follows(page, known, `${state} ${member} ${name}`);
          await agrees(page, state, member);
          assert.deepEqual(window.complaints, [], `${state} ${member} ${name}`);
        }
        await window.context.clearCookies();
      }
    }
  },

  async "nothing on any page stands in the way of anybody"(page, scheme) {
    const roles = scheme === "light" ? ["ada"] : ["cem"];
    for (const state of STATES) {
      for (const member of roles) {
        await enter(page, state, member);
        await judge(page, `billing-${state}-${member}-${scheme}`, [320, 1280]);
      }
    }
    for (const name of PAGES.slice(1)) {
      for (const state of ["ok", "refund-debt", "no-subscription"]) {
        await enter(page, state, scheme === "light" ? "ada" : "dee", name);
        await judge(page, `${name}-${state}-${scheme}`, [320, 768, 1280]);
      }
    }
  },

  async "the operator sees every organization, why each is as it is, and what readers thought of help"(page, scheme, { context }) {
    const entered = await context.request.post(`${server}/operator/enter`, { form: { key, to: "/operator" }, maxRedirects: 0 });
    assert.equal(entered.status(), 303);
    await page.goto(`${server}/operator`);
    await judge(page, `operator-${scheme}`);
    for (const state of ["in-debt", "suspended"]) {
      await page.goto(`${server}/operator/organizations/${state}`);
      await judge(page, `operator-${state}-${scheme}`);
      const balance = await call("GET", `/organizations/${state}/balance`);
      assert.ok(number(await page.locator("main").textContent()).includes(balance.available));
    }
    await page.goto(`${server}/operator/organizations/in-debt`);
    await page.getByRole("link", { name: /Write off/ }).click();
    await judge(page, `operator-write-off-${scheme}`, [320, 1280]);
    await page.goto(`${server}/operator/help`);
    await judge(page, `operator-help-${scheme}`, [320, 1280]);
  },

  async "two tabs show a change by themselves, without a reload"(page, scheme) {
    const id = await organization(`tabs-${scheme}`);
    const tabs = [];
    for (const member of ["ada", "cem"]) {
      const tab = await open(scheme);
      await enter(tab.page, id, member, member === "ada" ? "billing" : "usage");
      await tab.page.evaluate(() => (window.stayed = true));
      tabs.push(tab);
    }
    await call("POST", `/organizations/${id}/charges`, { id: "now", kind: "background", used: 400 });
    const asked = performance.now();
    const shows = () => /600/.test(document.getElementById("badge").textContent);
    await Promise.all(tabs.map((tab) => tab.page.waitForFunction(shows)));
    console.log(`        both tabs showed it ${Math.round(performance.now() - asked)} ms after it was answered`);
    for (const tab of tabs) {
      assert.equal(await tab.page.evaluate(() => window.stayed), true, "nothing was reloaded");
      assert.deepEqual(tab.complaints, []);
      await tab.close();
    }
  },

  async "a block shows by itself and so does its end, and both are announced"(page, scheme) {
    const id = await organization(`unblocked-${scheme}`);
    await enter(page, id, "ada");
    await call("POST", `/organizations/${id}/charges`, { id: "over", kind: "background", used: 1320 });
    await page.locator("#badge .word", { hasText: "Paused" }).waitFor();
    assert.match(await page.locator("#announcer").textContent(), /paused/i);
    await judge(page, `became-blocked-${scheme}`, [1280]);
    await call("POST", `/organizations/${id}/grants`, { credits: 1000 });
    await page.waitForFunction(() => !/Paused/.test(document.getElementById("badge").textContent));
    assert.match(await page.locator("#badge").textContent(), /680/);
    await page.locator("#announcer", { hasText: "Work can start again." }).waitFor({ state: "attached" });
    assert.doesNotMatch(await page.title(), /paused/);
  },

  async "with the keyboard alone debt is paid and work can start again"(page, scheme) {
    const id = await organization(`keyboard-${scheme}`, 1320);
    await enter(page, id, "ada");
    const press = async (wanted) => {
      await wanted.waitFor();
      for (let presses = 0; presses < 200; presses += 1) {
        if (await wanted.evaluate((element) => element === document.activeElement)) return page.keyboard.press("Enter");
        await page.keyboard.press("Tab");
      }
      assert.fail(`${wanted} is not reached with the keyboard`);
    };
    await press(page.locator("#banner").getByRole("link", { name: "Resolve shortfall" }));
    await page.waitForURL(/#resolve_shortfall$/);
    await press(page.locator("#outstanding").getByRole("link", { name: "Resolve shortfall" }));
    await page.getByRole("heading", { level: 1, name: "Review purchase" }).waitFor();
    await judge(page, `review-${scheme}`, [320, 1280]);
    await press(page.getByRole("button", { name: "Continue to payment" }));
    await page.waitForURL(/sandbox\/checkout/);
    await page.getByRole("radio", { name: "A card that works" }).focus();
    await page.keyboard.press("Space");
    await press(page.getByRole("button", { name: /^Pay / }));
    await page.waitForURL(new RegExp(`/console/${id}/billing`));
    await page.waitForFunction(() => !/owed/.test(document.getElementById("badge").textContent));
    // What was owed is paid exactly; the plan's credits let work start.
    await call("POST", `/organizations/${id}/grants`, { credits: 100 });
    await page.waitForFunction(() => !/Paused/.test(document.getElementById("badge").textContent));
    const started = await call("POST", `/organizations/${id}/runs`, { id: "again", kind: "chat_message", hold: 1 });
    assert.equal(started.run.status, "running");
  },

  async "everything is there without a script"(_page, scheme) {
    const plain = await browser.newContext({ javaScriptEnabled: false, colorScheme: scheme });
    const still = await plain.newPage();
    await enter(still, "refund-debt", "ada");
    await still.getByRole("heading", { level: 1, name: "Billing" }).waitFor();
    assert.ok(await still.getByRole("link", { name: "Resolve shortfall" }).count());
    await plain.close();
  },
};

await tell(stories);
