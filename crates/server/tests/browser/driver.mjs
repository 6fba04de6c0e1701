// What all browser checks share: the server they are pointed at, a browser, windows whose complaints are kept, and how a page
// is judged.
//
// URL and KEY name a server; MODULES is the folder in which the packages of package-lock.json are, CHROMIUM the browser, and
// SHOTS, where it is set, a folder for pictures of the pages.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { join } from "node:path";

export const { URL: server, KEY: key, MODULES: modules, CHROMIUM: chromiumPath, SHOTS: shots } = process.env;
const require = createRequire(join(modules, "package.json"));
const { chromium } = require("playwright-core");
const { AxeBuilder } = require("@axe-core/playwright");

/** A phone, a tablet, a desk. */
export const WIDTHS = [320, 768, 1280];

/** Calls the API with the host's key. */
export async function call(method, path, body) {
  const headers = { authorization: `Bearer ${key}`, "content-type": "application/json" };
  const answer = await fetch(`${server}/v1${path}`, { method, headers, body: body && JSON.stringify(body) });
  const said = await answer.json();
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${JSON.stringify(said)}`);
  return said;
}

export const browser = await chromium.launch({ executablePath: chromiumPath, args: ["--no-sandbox"] });

/** A window of its own; whatever its console says is kept as a complaint, unless `isHost` knows the address. */
export async function open(colorScheme, isHost = () => false) {
  const context = await browser.newContext({ colorScheme, reducedMotion: "reduce", viewport: { width: 1280, height: 900 } });
  const complaints = [];
  context.on("console", (message) => isHost(message.location().url) || complaints.push(`${message.text()} ${message.location().url}`));
  context.on("weberror", (error) => complaints.push(String(error.error())));
  return { context, page: await context.newPage(), complaints, close: () => context.close() };
}

/** Judges the page that is shown, at these widths: nothing scrolls sideways, and axe finds nothing. */
export async function judge(page, name, widths = WIDTHS) {
  for (const width of widths) {
    await page.setViewportSize({ width, height: 900 });
    const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]);
    assert.ok(wide <= room, `${name} scrolls sideways at ${width} px: ${wide} > ${room}`);
    const { violations } = await new AxeBuilder({ page }).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(" | ")}`);
    assert.deepEqual(found, [], `${name} at ${width} px`);
    if (shots) await page.screenshot({ path: join(shots, `${name}-${width}.png`), fullPage: true });
  }
}

/** Tells these stories, each in a window of its own, in each of these schemes; the process fails if one does. */
export async function tell(stories, schemes = ["light", "dark"], isHost) {
  let failed = 0;
  for (const scheme of schemes) {
    for (const [moral, story] of Object.entries(stories)) {
      const window = await open(scheme, isHost);
      try {
        await story(window.page, scheme, window);
        assert.deepEqual(window.complaints, [], "the console is silent");
        console.log(`passed  ${moral} (${scheme})`);
      } catch (error) {
        failed += 1;
        console.error(`FAILED  ${moral} (${scheme})\n${error.stack}`);
      }
      await window.close();
    }
  }
  await browser.close();
  process.exitCode = failed === 0 ? 0 : 1;
}
