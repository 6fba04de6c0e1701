// Keeps an open page true: follows the account and, after each change, takes over what the same page would show now. Without
// it every page works; it only stands still.

const { stream, version } = document.body.dataset;
let blocked = isBlocked(document);
let usable = usableOf(document);
let events = null;
let refreshing = false;
let changed = false;
let failures = 0;

/** Between two looks at the page, so that a busy account is not looked at all the time. Milliseconds, as all of these. */
const REST = 1000;
/** How long after a failure it is tried again: twice as long each time, up to a minute. */
const AGAIN = 1000;
const AGAIN_MAX = 60_000;
/** How long a page that nobody sees goes on following. */
const UNSEEN = 30_000;

if (stream) {
  follow(version);
  let unseen = null;
  document.addEventListener("visibilitychange", () => {
    clearTimeout(unseen);
    if (document.hidden) {
      unseen = setTimeout(() => {
        events?.close();
        events = null;
      }, UNSEEN);
    } else if (!events) {
      follow(null);
      refresh();
    }
  });
}

/** Hears of each change. What is shown already, `seen`, is no change. */
function follow(seen) {
  const opened = (events = new EventSource(stream));
  opened.addEventListener("balance", ({ lastEventId }) => {
    if (lastEventId === seen) stale(false);
    else refresh();
    seen = null;
  });
  opened.addEventListener("error", () => {
    stale(true);
    // A connection that breaks is made again by the browser. One that is refused is not: the page itself says why.
    if (opened.readyState !== EventSource.CLOSED || opened !== events) return;
    setTimeout(() => {
      if (opened !== events) return;
      refresh();
      follow(null);
    }, later());
  });
}

function later() {
  failures += 1;
  return Math.min(AGAIN * 2 ** failures, AGAIN_MAX) * (0.5 + Math.random() / 2);
}

/** Says that the figures may be older than they look, while nothing can be heard of newer ones. */
function stale(is) {
  const shown = document.getElementById("stale");
  if (shown) shown.hidden = !is;
}

/** Fetches the page as it is now and takes over the parts that follow the account; one look at a time. */
async function refresh() {
  changed = true;
  if (refreshing) return;
  refreshing = true;
  while (changed) {
    changed = false;
    try {
      const here = new URL(location.href);
      here.searchParams.delete("done");
      const answer = await fetch(here, { headers: { accept: "text/html" }, credentials: "same-origin" });
      // The session is over, or the reader may not read this any more.
      if (answer.status === 401 || answer.status === 403) return location.reload();
      if (!answer.ok) throw new Error(String(answer.status));
      takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"));
      failures = 0;
      stale(false);
      await pause(REST);
    } catch {
      stale(true);
      changed = true;
      await pause(later());
    }
  }
  refreshing = false;
}

const pause = (milliseconds) => new Promise((over) => setTimeout(over, milliseconds));

/** Whether somebody is in the middle of something here. */
function isInUse(part) {
  if (part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) return true;
  return [...part.querySelectorAll("input, select, textarea")].some(isChanged);
}

function isChanged(field) {
  if (field.type === "hidden") return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (field.tagName === "SELECT") return [...field.options].some((option) => option.selected !== option.defaultSelected && field.querySelector("[selected]"));
  return field.value !== field.defaultValue;
}

const LIVE = "[data-live][id]";

function takeOver(page) {
  prepare(page);
  for (const part of document.querySelectorAll(LIVE)) {
    const fresh = page.getElementById(part.id);
    // What the reader may not see any more goes, whatever they were doing there.
    if (!fresh) part.remove();
    else if (fresh.outerHTML !== part.outerHTML && !isInUse(part)) replace(part, fresh);
  }
  const main = document.getElementById("main");
  const isNew = ({ id }) => !document.getElementById(id);
  if ([...page.querySelectorAll(LIVE)].some(isNew) && !isInUse(main)) replace(main, page.getElementById("main"));
  drawings(page);
  document.title = page.title;
  announce(page);
}

/** Puts the new part in the old one's place and keeps what the reader did: what is open, and where the focus is. */
function replace(part, fresh) {
  const wasShown = part.matches("[popover]") && part.matches(":popover-open");
  const open = [...part.querySelectorAll("details")].map((details) => details.open);
  const focused = part.contains(document.activeElement) ? places(part).indexOf(document.activeElement) : -1;
  if (part.matches("[popover], button")) {
    // The element itself stays, or an open popover would close and a focused badge lose its focus.
    for (const { name } of [...part.attributes]) if (!fresh.hasAttribute(name)) part.removeAttribute(name);
    for (const { name, value } of fresh.attributes) part.setAttribute(name, value);
    part.replaceChildren(...document.importNode(fresh, true).childNodes);
  } else {
    part.replaceWith((part = document.importNode(fresh, true)));
  }
  if (wasShown && !part.matches(":popover-open")) part.showPopover();
  part.querySelectorAll("details").forEach((details, place) => {
    if (place in open) details.open = open[place];
  });
  if (focused >= 0) places(part)[focused]?.focus();
}

const places = (part) => [part, ...part.querySelectorAll("a[href], button, summary, input, select, textarea")];

/** Icons that the page had no use for until now. */
function drawings(page) {
  const known = document.querySelector("body > svg[hidden]");
  for (const symbol of page.querySelectorAll("body > svg[hidden] > symbol")) {
    if (known && !document.getElementById(symbol.id)) known.append(document.importNode(symbol, true));
  }
}

function isBlocked(page) {
  return page.querySelector("#banner[data-tone=stop] h2")?.textContent ?? "";
}

/** What the badge says. */
function usableOf(page) {
  return page.getElementById("badge")?.textContent.trim().replaceAll(/\s+/g, " ") ?? "";
}

/** That work is paused, and that it goes on, is said at once; other changes of the balance politely. */
function announce(page) {
  const [before, now] = [blocked, isBlocked(page)];
  const [was, is] = [usable, usableOf(page)];
  [blocked, usable] = [now, is];
  const announcer = document.getElementById("announcer");
  if (now !== before) announcer.textContent = now || announcer.dataset.again;
  else if (was !== is) document.getElementById("spoken").textContent = is;
}

// A warning may be put away for a day; what blocks stays.
const DAY = 24 * 60 * 60 * 1000;
const putAway = (banner) => `coulomb-put-away:${location.pathname.split("/")[2]}:${banner.dataset.code}`;

function warnings(page) {
  const banner = page.querySelector("#banner:has([data-dismiss])");
  if (!banner) return;
  banner.hidden = Date.now() - Number(localStorage.getItem(putAway(banner)) ?? 0) < DAY;
  banner.querySelector("[data-dismiss]").hidden = false;
}

document.addEventListener("click", (event) => {
  const banner = event.target.closest?.("[data-dismiss]")?.closest("#banner");
  if (!banner) return;
  localStorage.setItem(putAway(banner), Date.now());
  banner.hidden = true;
});

// Where a script can copy, a message can be copied.
function copies(page) {
  for (const button of page.querySelectorAll("[data-copy]")) button.hidden = !navigator.clipboard;
}

document.addEventListener("click", async (event) => {
  const button = event.target.closest?.("[data-copy]");
  if (!button) return;
  const text = document.getElementById(button.dataset.copy)?.value ?? "";
  await navigator.clipboard.writeText(text);
  const said = button.parentElement.querySelector("[data-said]");
  if (said) said.textContent = said.dataset.said;
});

/** What a page has only where a script runs. */
function prepare(page) {
  warnings(page);
  copies(page);
}

prepare(document);
