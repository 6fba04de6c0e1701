// The sandbox's pages in a real browser: a person buys, is declined, confirms, presses Pay twice, cancels, resumes, and tries
// out refunds and disputes. Every page is judged on the way: nothing in its console, no finding of accessibility, no sideways
// scroll on the narrowest screen, light and dark.
//
// URL and KEY name a server that runs with the sandbox and the demonstration's catalogue; MODULES is the folder in which the
// packages of package-lock.json are, CHROMIUM the browser, and SHOTS, where it is set, a folder for pictures of the pages.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

const { URL: server, KEY: key, MODULES: modules, CHROMIUM: chromiumPath, SHOTS: shots } = process.env;
const require = createRequire(join(modules, "package.json"));
const { chromium } = require("playwright-core");
const { AxeBuilder } = require("@axe-core/playwright");

const WIDTHS = [320, 768, 1280];

async function call(method, path, body) {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const answer = await fetch(`${server}/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  const said = await answer.json();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${JSON.stringify(said)}`);
  return said;
}

/** An organization of its own for each story, and the addresses that a host would send its people to. */
async function organization(name) {
  const id = `browser-${name}`;
  await call("PUT", `/organizations/${id}`, { name: "Halden Research" });
  const url = async (what, body) =>
    (await call("POST", `/organizations/${id}/${what}`, { return_url: `${server}/host/billing?tab=credits`, ...body })).url;
  return {
    checkout: (wanted) => url("checkout", wanted),
    portal: () => url("portal", {}),
    balance: () => call("GET", `/organizations/${id}/balance`),
    payments: async () => (await call("GET", `/organizations/${id}/payments`)).data,
  };
}

const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });

/** A window of its own; whatever its console says is kept as a complaint. */
async function open(colorScheme) {
  const context = await browser.newContext({ colorScheme, reducedMotion: "reduce" });
  const page = await context.newPage();
  const complaints = [];
  // The host's own page, with its icon, is not there, and nobody minds.
  const isHost = (message) => /\/(host\/|favicon\.ico)/.test(message.location().url);
  page.on("console", (message) => isHost(message) || complaints.push(`${message.text()} ${message.location().url}`));
  page.on("pageerror", (error) => complaints.push(String(error)));
  return { page, complaints, close: () => context.close() };
}

/** Judges the page that is shown, at every width. */
async function judge(page, name) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(wide <= room, `${name} scrolls sideways at ${width} px: ${wide} > ${room}`);
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
    assert.deepEqual(found, [], `${name} at ${width} px`);
    if (shots) await page.screenshot({ path: join(shots, `${name}-${width}.png`), fullPage: true });
  }
}

const pay = async (page, card) => {
  await page.getByRole("radio", { name: card }).check();
  await page.getByRole("button", { name: /^Pay / }).click();
};

const cameBack = (page) => page.waitForURL(/host\/billing\?tab=credits&checkout=done$/);

const stories = {
  async "a pack is bought with a card that works"(page, name) {
    const org = await organization(`${name}-pack`);
    await page.goto(await org.checkout({ pack: "small" }));
    assert.equal(await page.locator(":checked").count(), 0, "nothing is ticked beforehand");
    await judge(page, `checkout-${name}`);
    await pay(page, "A card that works");
    await cameBack(page);
    assert.equal((await org.balance()).locked, "10000");
  },

  async "a card that is declined charges nothing, and another one may be tried"(page, name) {
    const org = await organization(`${name}-declined`);
    await page.goto(await org.checkout({ plan: "team" }));
    await pay(page, "A card that is declined");
    await page.getByText("The card was declined. Nothing was charged.").waitFor();
    await judge(page, `declined-${name}`);
    assert.deepEqual(await org.payments(), []);
    await pay(page, "A card that works");
    await cameBack(page);
    assert.equal((await org.balance()).included, "50000");
  },

  async "a card that needs action is asked about first"(page, name) {
    const org = await organization(`${name}-action`);
    await page.goto(await org.checkout({ pack: "small" }));
    await pay(page, "A card that needs action");
    await judge(page, `confirm-${name}`);
    await page.getByRole("button", { name: "Do not confirm" }).click();
    await page.getByText("The payment was not confirmed.").waitFor();
    assert.deepEqual(await org.payments(), []);
    await pay(page, "A card that needs action");
    await page.getByRole("button", { name: "Confirm", exact: true }).click();
    await cameBack(page);
    assert.equal((await org.payments()).length, 1);
  },

  async "pressing Pay twice, and going back to pay again, pays once"(page, name) {
    const org = await organization(`${name}-twice`);
    const url = await org.checkout({ pack: "small" });
    await page.goto(url);
    await page.getByRole("radio", { name: "A card that works" }).check();
    await page.getByRole("button", { name: /^Pay / }).dblclick({ noWaitAfter: true });
    await cameBack(page);
    await page.goto(url);
    await page.getByRole("heading", { name: "Paid" }).waitFor();
    await judge(page, `paid-${name}`);
    assert.equal((await org.payments()).length, 1);
  },

  async "in the portal a subscription is cancelled and resumed, and money goes back"(page, name) {
    const org = await organization(`${name}-portal`);
    for (const wanted of [{ plan: "team" }, { pack: "small" }]) {
      await page.goto(await org.checkout(wanted));
      await pay(page, "A card that works");
      await cameBack(page);
    }
    await page.goto(await org.portal());
    await judge(page, `portal-${name}`);
    const press = (button) => page.getByRole("button", { name: button }).first().click();
    const says = (text) => page.getByText(text, { exact: true }).first().waitFor();
    await press("Cancel subscription");
    await says("Ends with its period");
    await press("Resume subscription");
    await says("Active");
    await press("Let it fail");
    await says("The next renewal will fail.");
    await page.getByLabel(/^Refund of 10,000 credits/).fill("4.00");
    await press(/^Refund: 10,000 credits/);
    await says("The money was refunded.");
    assert.equal((await org.balance()).purchased, "6000");
    await press("Open a dispute");
    await says("The dispute is open.");
    assert.equal((await org.balance()).frozen, "6000");
    await judge(page, `portal-dispute-${name}`);
    await press("Win the dispute");
    await press("Let the refund fail");
    await says("The refund has failed.");
    assert.equal((await org.balance()).purchased, "10000");
    await press("Remove");
    await says("The card was removed.");
    await page.getByRole("radio", { name: "A card that needs action" }).check();
    await page.getByRole("checkbox").check();
    await press("Save card");
    await says("For automatic purchases");
    await page.getByRole("link", { name: /-0002$/ }).click();
    await page.getByRole("heading", { name: /^Invoice / }).waitFor();
    await judge(page, `invoice-${name}`);
  },
};

let failed = 0;
for (const colorScheme of ["light", "dark"]) {
  for (const [moral, story] of Object.entries(stories)) {
    const { page, complaints, close } = await open(colorScheme);
    try {
      await story(page, colorScheme);
      assert.deepEqual(complaints, [], "the console is silent");
      console.log(`passed  ${moral} (${colorScheme})`);
    } catch (error) {
      failed += 1;
      console.error(`FAILED  ${moral} (${colorScheme})\n${error.stack}`);
    }
    await close();
  }
}
await browser.close();
process.exitCode = failed === 0 ? 0 : 1;
