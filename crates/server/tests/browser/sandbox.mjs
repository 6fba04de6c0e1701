// The sandbox's pages in a real browser: a person buys, is declined, confirms, presses Pay twice, cancels, resumes, and tries
// out refunds and disputes. Every page is judged on the way: nothing in its console, no finding of accessibility, no sideways
// scroll on the narrowest screen, light and dark.
//
// `driver.mjs` says how it is pointed at a server, which runs with the sandbox and the demonstration's catalogue.

import assert from "node:assert/strict";
import { call, judge, server, tell } from "./driver.mjs";

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

// The host's own page, with its icon, is not there, and nobody minds.
await tell(stories, ["light", "dark"], (url) => /\/(host\/|favicon\.ico)/.test(url));
