// Keeps an open page true: follows the account and, after each change, takes over what the same page would show now. Without
// it every page works; it only stands still.

const { stream, version } = document.body.dataset;
let blocked = isBlocked(document);
let loading = null;

/** How long after a connection was refused another one is asked for. */
const AGAIN = 5000;

if (stream) follow(true);

function follow(first) {
  const events = new EventSource(stream);
  events.addEventListener("balance", (event) => {
    stale(false);
    // What came first is what the page was shown from, unless something has happened since.
    if (!first || event.lastEventId !== version) refresh();
    first = false;
  });
  events.addEventListener("error", () => {
    stale(true);
    first = false;
    // A connection that breaks is made again by the browser; one that is refused is not.
    if (events.readyState === EventSource.CLOSED) setTimeout(() => follow(false), AGAIN);
  });
}

/** Says that the figures may be older than they look, while nothing can be heard of newer ones. */
function stale(is) {
  document.getElementById("stale").hidden = !is;
}

/** Fetches the page as it is now and takes over the parts that follow the account. */
async function refresh() {
  if (loading) {
    loading.again = true;
    return;
  }
  const work = (loading = { again: false });
  try {
    const here = new URL(location.href);
    here.searchParams.delete("done");
    const answer = await fetch(here, { headers: { accept: "text/html" }, credentials: "same-origin" });
    if (answer.status === 401) return location.reload();
    if (answer.ok) takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"));
  } catch {
    // The stream connects again by itself, and with it the page is fetched again.
  } finally {
    loading = null;
    if (work.again) refresh();
  }
}

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

function takeOver(page) {
  prepare(page);
  for (const part of document.querySelectorAll("[data-live][id]")) {
    const fresh = page.getElementById(part.id);
    if (!fresh || fresh.outerHTML === part.outerHTML || isInUse(part)) continue;
    replace(part, fresh);
  }
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

/** That work is paused, and that it goes on, is said at once; other changes politely, by the line with the time. */
function announce(page) {
  const now = isBlocked(page);
  if (now === blocked) return;
  blocked = now;
  const word = page.querySelector("#badge .word, #badge")?.textContent ?? "";
  document.getElementById("announcer").textContent = now || word.trim();
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
