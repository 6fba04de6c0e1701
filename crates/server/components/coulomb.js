// Custom elements that show an organization's credits with a member's session, over one connection. Nothing here starts or
// meters work: that is the host's server's, with its own key. coulomb.d.ts says what each takes.

/** Every sentence, by language; to be changed before the first element is on the page. */
export const messages = {
  en: {
    "ready": "Ready", "paused": "Paused", "low": "Low", "card-problem": "Card problem", "expires-soon": "Expires soon",
    "ends": "Ends {date}", "disputed": "Disputed", "loading": "Loading credits",
    "loading-text": "Reading your balance…", "away": "Credits unavailable",
    "away-text": "Credits cannot be loaded just now. Nothing is lost.",
    "over-text": "Your session is over. Reload the page to see your credits.",
    "try-again": "Try again", "credits": { one: "credit", other: "credits" },
    "badge-usable": ": {amount} usable", "badge-open": ". Open credit details",
    "badge-owed": { one: ": {amount} credit owed, {available} usable", other: ": {amount} credits owed, {available} usable" },
    "badge-locked": { one: ": {amount} credit locked, nothing usable", other: ": {amount} credits locked, nothing usable" },
    "owed": "owed", "locked-short": "locked", "details": "Credit details", "as-of": "As of",
    "unit-usable": { one: "usable credit", other: "usable credits" },
    "unit-owed": { one: "credit owed", other: "credits owed" },
    "unit-locked": { one: "credit locked", other: "credits locked" },
    "usable": "Usable", "reserved": "Reserved by running work", "locked": "Locked", "frozen": "Disputed", "debt": "Debt",
    "debt-outstanding_usage": "Debt: outstanding usage", "debt-refund": "Debt: refund", "debt-dispute": "Debt: dispute",
    "next-refill": "Next refill", "next-expiry": "Next expiry", "amount-on": "{amount} on {date}", "none": "none",
    "billing": "Billing", "usage": "Usage", "help": "Help",
    "cause-organization_suspended": "The operator has paused new work. What is running goes on.",
    "cause-dispute_debt": {
      one: "{amount} credit is owed because a dispute took back credits that had already been used.",
      other: "{amount} credits are owed because a dispute took back credits that had already been used.",
    },
    "cause-refund_debt": {
      one: "{amount} credit is owed because a refund took back credits that had already been used.",
      other: "{amount} credits are owed because a refund took back credits that had already been used.",
    },
    "cause-outstanding_usage": {
      one: "{amount} credit is owed for work that used more than there was.",
      other: "{amount} credits are owed for work that used more than there was.",
    },
    "cause-payment_past_due": "A payment for the subscription failed. A payment method that works lets work start again.",
    "cause-credits_locked": {
      one: "{amount} purchased credit is locked since your subscription ended.",
      other: "{amount} purchased credits are locked since your subscription ended.",
    },
    "locked-until": "Until {date}, resuming makes them usable again.",
    "cause-subscription_required": "There is no subscription, and no credits that work could start with.",
    "cause-credits_depleted": "All credits are used.",
    "cause-insufficient_credits": "This work sets aside {required} before it starts, and {available} can be used.",
    "cause-task_paused": "This task was refused for lack of credits, and starts again when someone resumes it.",
    "cause-payment_failing": "A payment for the subscription failed and is tried again. Until then everything works.",
    "cause-balance_low": { one: "You are below {amount} credit.", other: "You are below {amount} credits." },
    "cause-credits_expiring": "Some credits expire soon, the first on {date}: {amount} in all.",
    "cause-auto_recharge_suspended": "Automatic purchases were declined, and have stopped until someone looks at the payment method.",
    "cause-subscription_ending": "The subscription ends on {date}. Purchased credits are locked from then on, and come back if it does.",
    "cause-credits_frozen": "Credits that a dispute keeps out of reach: {amount}. They come back if it is won.",
    "next-grant": "The next {amount} arrive on {date}.",
    "others-attention": "Your organization’s balance needs attention.",
    "others-ask": "{names} can resolve it.",
    "action-add_credits": "Add credits", "action-resume_subscription": "Resume subscription",
    "action-start_subscription": "Start a subscription", "action-update_payment_method": "Update payment method",
    "action-resolve_shortfall": "Resolve shortfall", "action-enable_auto_recharge": "Turn on auto-recharge",
    "title-paused": "New AI work is paused", "title-insufficient_credits": "This work needs more credits than are left",
    "title-task_paused": "This task waits for someone to resume it", "title-resumed": "Work can start again",
    "not-started": "Nothing was started and nothing was charged.", "draft-stays": "What you wrote is kept here.",
    "unblocks": { one: "credit lets work start again", other: "credits let work start again" },
    "unblocks-more": "owed; anything beyond that lets work start again",
    "settles": "{debt} settle debt, {usable} can be used.",
    "wait": "Or wait: {amount} arrive on {date}.", "wait-debt": "Or wait: {amount} arrive on {date} and leave {debt} owed.",
    "recharging": "An automatic purchase is on its way. Work can start again in a moment.",
    "stays-open": "Stays open",
    "list-paused": ["Chat messages", "Tool and workflow runs", "Browser sessions", "Scheduled runs"],
    "list-open": ["Work that is already running", "History and results", "Usage"],
    "open-billing": "Billing and settings", "open-others": "Settings",
    "who": "Who can resolve it", "role-owner": "Owner", "role-other": "Billing admin",
    "ask-label": "A message for them, ready to send",
    "ask-text": "Hi {names}, new AI work{place} has been paused{since}: our credit balance needs attention. Could you resolve it on the Billing page? Thank you{me}.",
    "ask-place": " in {place}", "ask-since": " since {date}",
    "copy": "Copy message", "copied": "Message copied.", "email": "Send by email",
    "keep": "Keep draft and close", "close": "Close", "back": "Back to your draft", "why-help": "Why a balance needs attention",
    "nothing-charged": "Nothing is charged yet, and you come back here afterwards.",
    "note-paused": "New AI work is paused.",
    "note-why": "Why, and what helps", "note-resumed": "Work can start again.",
    "included": "Included credits", "included-left": "{left} left", "included-used": "{used} of {whole} used, reserved or settled",
  },
};

const PATIENCE = { first: 500, most: 30_000, silence: 45_000, poll: 5_000, polls: 12, hidden: 30_000 };

const en = (tag) => (/^en$/i.test(tag) ? "en-GB" : tag);
const sentence = (lang, key) => [lang, lang.split("-")[0], "en"].map((tag) => messages[tag]?.[key]).find((found) => found != null) ?? key;

function say(lang, key, values = {}) {
  const found = sentence(lang, key);
  const text = typeof found === "string" ? found : (found[new Intl.PluralRules(lang).select(values.n ?? 0)] ?? found.other);
  return text.replace(/\{(\w+)\}/g, (_, name) => values[name] ?? "");
}

/** Whole credits of a decimal text: usable ones rounded down, owed ones up. */
const down = (text) => Number(String(text ?? "0").split(".")[0]);
const up = (text) => down(text) + (/\.\d*[1-9]/.test(String(text ?? "")) ? 1 : 0);
const isZero = (text) => !/[1-9]/.test(String(text ?? "0"));

/** Every digit there is: a text is never a float. */
const grouped = (lang, number) => new Intl.NumberFormat(en(lang), { maximumFractionDigits: 6 }).format(number);

function short(lang, whole, owes) {
  if (whole < 10_000) return grouped(lang, whole);
  const [unit, letter] = whole < 1e6 ? [1e3, "k"] : whole < 1e9 ? [1e6, "M"] : [1e9, "B"];
  const tenths = (owes ? Math.ceil : Math.floor)(whole / (unit / 10));
  return grouped(lang, tenths / 10) + letter;
}

const dated = (lang, at, more) =>
  new Intl.DateTimeFormat(en(lang), { day: "numeric", month: "short", timeZone: "UTC", ...more }).format(new Date(at));

const day = (lang, at, now) => dated(lang, at, at.slice(0, 4) === now.slice(0, 4) ? {} : { year: "numeric" });
const moment = (lang, at) => dated(lang, at, { hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZoneName: "short" });

/** One organization's balance as one person sees it, followed for every element that shows it. */
class Account {
  static #known = new Map();

  static of(...who) {
    const key = who.join(" ");
    if (!Account.#known.has(key)) Account.#known.set(key, new Account(key, who));
    return Account.#known.get(key);
  }

  static {
    // Browsers have few connections to give.
    let timer;
    globalThis.document?.addEventListener("visibilitychange", () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        for (const account of Account.#known.values()) document.hidden ? account.#stop?.abort() : account.#start();
      }, document.hidden ? PATIENCE.hidden : 0);
    });
  }

  balance = null;
  /** `loading`, `live`, `away` (tried again) or `over` (the session). */
  state = "loading";
  #elements = new Set();
  #stop = null;
  #token = null;

  constructor(key, who) {
    Object.assign(this, { key, who });
  }

  join(element) {
    this.#elements.add(element);
    this.#start();
  }

  /** With the last element everything goes: whoever comes next may be somebody else. */
  leave(element) {
    if (!this.#elements.delete(element) || this.#elements.size) return;
    Account.#known.delete(this.key);
    this.#stop?.abort();
    this.#token = this.spent = this.balance = null;
  }

  /** Starts over, as somebody else may be here now; what this element was given comes first. */
  reset(element, spent) {
    const all = new Set([element, ...this.#elements]);
    for (const one of all) this.leave(one);
    Account.of(...this.who).spent = spent;
    for (const one of all) one.join();
  }

  again() {
    this.#stop?.abort();
    this.#start();
  }

  /** A session that is over is renewed once. */
  async ask(path, options = {}, mayRenew = true) {
    const token = (this.#token ??= await this.#renewed());
    const [server, organization] = this.who;
    const answer = await fetch(`${server}/v1/organizations/${encodeURIComponent(organization)}${path}`, {
      ...options, credentials: "omit", cache: "no-store",
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    });
    if (answer.status !== 401 || !mayRenew) return answer;
    if (this.#token === token) this.#token = null;
    return this.ask(path, options, false);
  }

  async #renewed() {
    const first = (what) => [...this.#elements].map((element) => element[what]).find(Boolean);
    const [token, session] = [first("token"), first("session")];
    if (token && token !== this.spent) return (this.spent = token);
    const given = await session?.();
    if (given) return given.token ?? given;
    throw token || session ? { over: true } : { isWaiting: true };
  }

  #start() {
    if ((this.#stop && !this.#stop.signal.aborted) || !this.#elements.size) return;
    this.#stop = new AbortController();
    this.#follow(this.#stop.signal);
  }

  async #follow(signal) {
    // Whoever brought this script gives a session.
    await rest(0, signal);
    for (let wait = PATIENCE.first; !signal.aborted; ) {
      try {
        const followed = await this.#events(signal);
        if (!followed) await this.#polls(signal);
        wait = PATIENCE.first;
      } catch (error) {
        if (signal.aborted) return;
        if (!error.isWaiting) {
          this.#is(error.over ? "over" : "away");
          wait = Math.min(wait * 2, PATIENCE.most);
        }
      }
      await rest(wait * (0.5 + Math.random() / 2), signal);
    }
  }

  /** Reads the stream. False: there is no place for another. */
  async #events(signal) {
    const over = new AbortController();
    signal.addEventListener("abort", () => over.abort(), { signal: over.signal });
    let silence;
    const heard = () => {
      clearTimeout(silence);
      silence = setTimeout(() => over.abort(), PATIENCE.silence);
    };
    try {
      heard();
      const answer = await this.ask("/stream", { signal: over.signal });
      if (answer.status === 503) return false;
      told(answer);
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
      for (let text = ""; ; ) {
        const { done, value } = await reader.read();
        if (done) return true;
        heard();
        const lines = (text + value).split("\n");
        text = lines.pop();
        // A balance is one line.
        for (const line of lines) if (line.startsWith("data:")) this.#read(JSON.parse(line.slice(5)));
      }
    } finally {
      clearTimeout(silence);
      over.abort();
    }
  }

  async #polls(signal) {
    for (let turn = 0; turn < PATIENCE.polls && !signal.aborted; turn += 1) {
      const answer = await this.ask("/balance", { signal });
      told(answer);
      this.#read(await answer.json());
      await rest(PATIENCE.poll * (0.75 + Math.random() / 2), signal);
    }
  }

  #read(balance) {
    if (balance.version < this.balance?.version) return;
    this.balance = balance;
    this.#is("live");
  }

  #is(state) {
    this.state = state;
    for (const element of [...this.#elements]) element.changed(this);
  }
}

function told(answer) {
  if (!answer.ok) throw { over: answer.status === 401 };
}

const rest = (ms, signal) =>
  new Promise((done) => {
    if (signal.aborted) return done();
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => (clearTimeout(timer), done()), { once: true });
  });

const round = "M1.75 8a6.25 6.25 0 1 0 12.5 0a6.25 6.25 0 1 0-12.5 0";
const icons = {
  cardstop: "M14.25 7V3.5H1.75v9h5.5M1.75 6.5h12.5M10.75 10.25l3.5 3.5M14.25 10.25l-3.5 3.5",
  check: `${round}m3.65.2 1.8 1.8 3.4-3.8`, clock: `${round}M8 4.5V8l2.4 1.6`,
  copy: "M5.25 5.25h8v8h-8ZM10.75 2.75h-8v8",
  day: "M2.25 3.25h11.5v10.5H2.25ZM2.25 6.5h11.5M5.25 1.75v3M10.75 1.75v3",
  lock: "M3.25 7h9.5v6.75h-9.5ZM5.25 7V5a2.75 2.75 0 0 1 5.5 0v2",
  low: "M2.2 11.5a6.25 6.25 0 1 1 11.6 0M8 9 5 6.2M6.5 13h3", none: round, pause: `${round}M6.4 5.9v4.2M9.6 5.9v4.2`,
  refund: "M2.5 8a5.5 5.5 0 1 0 1.9-4.2L2.5 5.5M2.5 2.25V5.5h3.25M8 5v3.2l2 1.3",
  unknown: `${round}M6.3 6.3A1.75 1.75 0 1 1 8 8.3v.6M8 11.2v.05`, wait: "M8 1.75A6.25 6.25 0 1 1 1.75 8", x: "m4 4 8 8M12 4l-8 8",
};

function h(name, attributes = {}, ...children) {
  const made = /^(svg|path|circle|rect)$/.test(name) ? document.createElementNS("http://www.w3.org/2000/svg", name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value == null || value === false) continue;
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children.flat().filter(Boolean));
  return made;
}

const icon = (name) =>
  h("svg", { class: "i", viewBox: "0 0 16 16", "aria-hidden": "true" }, h("path", { d: icons[name], "stroke-dasharray": name === "none" && "2.2 2.2" }));

function ring({ included, included_granted: whole }) {
  const left = Math.round((down(included) * 100) / down(whole));
  const circle = { cx: 8, cy: 8, r: 6, "stroke-width": 2.5 };
  return h("svg", { class: "i ring", viewBox: "0 0 16 16", "aria-hidden": "true" },
    h("circle", { class: "rest", ...circle }),
    h("circle", { ...circle, pathLength: 100, "stroke-dasharray": `${left} 100`, transform: "rotate(-90 8 8)" }));
}

const bar = (tall, ...parts) =>
  h("svg", { class: tall ? "bar tall" : "bar", viewBox: "0 0 100 10", preserveAspectRatio: "none", "aria-hidden": "true" },
    parts.map(([kind, x, width]) => h("rect", { class: kind, x, width, height: 10 })));

const seesBilling = (balance) => balance.debt !== undefined;
const block = (shown) => `${shown?.reasons[0]?.code} ${shown?.reasons[0]?.since}`;
const waits = ({ code }) => code === "task_paused";
const isEnough = (balance, { required, version = 0 }) => balance.can_start && balance.version >= version && down(balance.available) >= up(required);
const isDebt = (code) => /^(dispute_debt|refund_debt|outstanding_usage)$/.test(code);

function look(lang, balance) {
  const [reason] = balance.reasons;
  if (!reason) return ["check", "ok", say(lang, "ready")];
  const drawn = { dispute_debt: "refund", refund_debt: "refund", payment_past_due: "cardstop", credits_locked: "lock",
    subscription_required: "none", credits_depleted: "none", insufficient_credits: "none" }[reason.code];
  if (reason.severity === "blocking") {
    return [(!isDebt(reason.code) || seesBilling(balance)) && drawn || "pause", "stop", say(lang, "paused")];
  }
  switch (reason.code) {
    case "balance_low": return ["low", "warn", say(lang, "low")];
    case "credits_expiring": return ["clock", "warn", say(lang, "expires-soon")];
    case "subscription_ending": return ["day", "info", say(lang, "ends", { date: reason.since ? day(lang, reason.since, balance.as_of) : "" })];
    case "credits_frozen": return ["lock", "info", say(lang, "disputed")];
    default: return ["cardstop", "warn", say(lang, "card-problem")];
  }
}

/** The first reason. Debts are told together: they are settled together. */
function cause(lang, { reasons, ask = [], next_grant: next, locked_expires_at: until, low_threshold: threshold, as_of, required, available }, billing) {
  const [first] = reasons;
  if (!first) return null;
  const date = (at) => (at ? day(lang, at, as_of) : "");
  const refill = next && first.code === "credits_depleted" ? ` ${say(lang, "next-grant", { amount: grouped(lang, down(next.amount)), date: date(next.at) })}` : "";
  if (!billing) {
    if (first.severity !== "blocking") return null;
    const said = first.code === "credits_depleted" ? say(lang, "cause-credits_depleted") + refill : say(lang, "others-attention");
    return ask.length ? `${said} ${say(lang, "others-ask", { names: new Intl.ListFormat(en(lang), { type: "disjunction" }).format(ask.map(({ name }) => name)) })}` : said;
  }
  const alike = reasons.filter((reason) => reason.code === first.code || (isDebt(first.code) && isDebt(reason.code)));
  const one = ({ code, amount, since }) => {
    const n = up(code === "balance_low" ? threshold : amount);
    const more = code === "credits_locked" && until ? ` ${say(lang, "locked-until", { date: date(until) })}` : "";
    return say(lang, `cause-${code}`, { n, amount: grouped(lang, n), required: grouped(lang, up(required)), available: grouped(lang, down(available)), date: date(since) }) + more;
  };
  return alike.map(one).join(" ") + refill;
}

/** Whether work starts again when exactly what is owed is paid. */
const paysOff = ({ available, shortfall, debt }) => !isZero(available) && (!shortfall || up(shortfall) <= up(debt.total));
const pays = ({ action }) => /^(resolve_shortfall|add_credits)$/.test(action);
const stepOf = ({ next_steps: steps }) => steps.find(({ action }) => !/^(wait_for_grant|ask_billing_admin)$/.test(action));

const STYLE = `
:host { --_surface: var(--coulomb-surface, light-dark(#fff, #171a21)); --_sunken: var(--coulomb-sunken, light-dark(#f4f2ed, #1e222b));
  --_line: var(--coulomb-line, light-dark(#e6e3db, #2a2f3a)); --_edge: var(--coulomb-edge, light-dark(#8a8880, #6d7585));
  --_ink: var(--coulomb-ink, light-dark(#15171f, #eef0f4)); --_ink-2: var(--coulomb-ink-2, light-dark(#575a66, #a6adbb));
  --_accent: var(--coulomb-accent, light-dark(#0b2fb3, #9db2ff)); --_accent-on: var(--coulomb-accent-on, light-dark(#fff, #0b1233));
  --_track: var(--coulomb-track, light-dark(#e2dfd6, #333947));
  --_ok: var(--coulomb-ok, light-dark(#0f6b43, #6fd3a3));
  --_warn: var(--coulomb-warn, light-dark(#84500a, #f0bf68));
  --_stop: var(--coulomb-stop, light-dark(#ad2418, #ff9b8f));
  --_font: var(--coulomb-font, system-ui, "Segoe UI", Roboto, sans-serif); --_r: var(--coulomb-radius, 8px);
  --_lift: 0 0 0 1px light-dark(#15171f14, #fff2), 0 12px 32px -8px light-dark(#15171f38, #000c);
  display: block; font: .9375rem/1.5 var(--_font); font-variant-numeric: tabular-nums; color: var(--_ink) }
:host([hidden]) { display: none }
:host(coulomb-badge) { display: inline-block }
*, ::before, ::after { box-sizing: border-box; margin: 0; padding: 0 }
ul { list-style: none }
button, textarea { font: inherit; color: inherit }
.note:empty { display: none }
b, h2, h3 { font-weight: 600; line-height: 1.25; letter-spacing: -.015em }
h2 { font-size: 1.375rem; padding-right: 2rem; text-wrap: balance }
h2:focus { outline: 0 }
h3 { font-size: .8125rem }
a { color: var(--_accent); text-underline-offset: .2em; text-decoration-thickness: 1px }
:focus-visible { outline: 2px solid var(--_accent); outline-offset: 2px; border-radius: 6px }
[data-tone]:not([data-tone=""]) { --soft: color-mix(in srgb, var(--tone) 12%, var(--_surface)) }
[data-tone=ok] { --tone: var(--_ok) } [data-tone=info] { --tone: var(--_accent) } [data-tone=warn] { --tone: var(--_warn) } [data-tone=stop] { --tone: var(--_stop) }
.sr { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap }
.i { display: block; width: 1rem; height: 1rem; flex: none; fill: none; stroke: currentColor; stroke-width: 1.5; stroke-linecap: round; stroke-linejoin: round }
.small, .lines, .sides, .btn, .badge { font-size: .8125rem }
.quiet, dt, .unit { color: var(--_ink-2) } .owed { color: var(--_stop) }
.row { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem .75rem }
.btn, .badge { display: inline-flex; align-items: center; justify-content: center; gap: .5rem; min-height: 2.25rem; padding: .25rem .75rem;
  border: 1px solid color-mix(in srgb, var(--_edge) 55%, #0000); border-radius: var(--_r); background: var(--_surface); color: var(--_ink); text-decoration: none; cursor: pointer; white-space: nowrap }
.btn { font-weight: 500 } .btn:hover { background: var(--_sunken) }
.go { background: var(--_accent); border-color: #0000; color: var(--_accent-on) } .go:hover { background: var(--_accent); filter: brightness(1.15) }
.bare { border-color: #0000; background: none; color: var(--_accent); padding-inline: .5rem }
.badge { background: var(--soft, var(--_surface)) } .badge:not([data-tone=""]) { border-color: #0000 }
.badge :is(.i, .word) { color: var(--tone, var(--_ink-2)); font-weight: 500 } .badge .ring { color: var(--_accent); stroke-linecap: butt } .rest { stroke: var(--_track) }
.badge b + .word, .also { padding-left: .5rem; border-left: 1px solid var(--_edge) }
.tag { display: inline-flex; align-items: center; gap: .3125rem; padding: 0 .4375rem 0 .3125rem; border-radius: 6px; background: var(--soft, var(--_sunken)); color: var(--tone, var(--_ink-2)); font-size: .75rem; font-weight: 500; line-height: 1.375rem }
.tag .i { width: .875rem; height: .875rem }
.pop, .overlay { border: 0; border-radius: calc(var(--_r) * 1.75); background: var(--_surface); color: var(--_ink); box-shadow: var(--_lift); text-align: start; white-space: normal }
.pop { --_w: min(21rem, 100vw - 2rem); position: fixed; inset: auto; left: clamp(1rem, var(--_x, 1rem), 99vw - var(--_w) - .5rem); width: var(--_w); max-height: calc(100dvh - 2rem); overflow: auto; padding: 1rem } .pop > * + * { margin-top: .75rem } .pop .btn { width: 100% }
.fig { font-size: 1.625rem; font-weight: 600; letter-spacing: -.03em; line-height: 1.1 } .fig.xl { font-size: 2.25rem; letter-spacing: -.045em }
.inset { padding: .75rem; border-radius: var(--_r); background: var(--soft, var(--_sunken)) } .inset > * + * { margin-top: .5rem }
.lines > div { display: flex; justify-content: space-between; gap: 1rem; padding: .375rem 0; border-top: 1px solid var(--_line) } .lines > :first-child { border: 0 }
.lines dd { text-align: end; font-weight: 500 }
.overlay { position: fixed; inset: 0; margin: auto; width: min(33rem, 100% - 2rem); height: fit-content; max-height: calc(100dvh - 2rem); overflow: auto; padding: 1.5rem }
.overlay::backdrop { background: light-dark(#15171f73, #000000a6) } .overlay > * + * { margin-top: 1rem }
.shut { position: absolute; top: .75rem; right: .75rem; width: 2.25rem; margin: 0 !important }
.sides { display: grid; grid-template-columns: 1fr 1fr; gap: 1rem; padding: 1rem } .sides > * + * { margin: 0 } .sides h3 { display: flex; align-items: center; gap: .5rem } .sides li { padding-top: .25rem; color: var(--_ink-2) }
.list li { display: flex; align-items: center; justify-content: space-between; gap: .75rem; padding: .5rem 0; border-top: 1px solid var(--_line) } .list li:first-child { border: 0 }
.field { display: grid; gap: .25rem } label { font-size: .8125rem; font-weight: 500 }
textarea { width: 100%; padding: .3125rem .625rem; border: 1px solid var(--_edge); border-radius: var(--_r); background: var(--_surface); resize: vertical }
.bar { display: block; width: 100%; height: .625rem; background: var(--_track); mask: repeating-linear-gradient(90deg, #000 0 3px, #0000 3px 5px) } .tall { height: 1.75rem }
.used, .plus { fill: var(--_accent) } .debt { fill: var(--_stop) }
.note { display: flex; flex-wrap: wrap; align-items: center; gap: .25rem .5rem; margin-top: .5rem; font-size: .8125rem } .note .i { color: var(--tone) }
.meter > * + * { margin-top: .375rem } .meter .row { justify-content: space-between; align-items: baseline }
@media (max-width: 30rem) { .overlay { padding: 1rem } .sides { gap: .5rem; padding: .75rem } }
@media (forced-colors: active) { .tag, .badge, .pop, .overlay, .inset { border: 1px solid } .bar { forced-color-adjust: none; --_accent: Highlight; --_stop: LinkText; --_track: GrayText } }
`;
let sheet = null;

const HTMLElement = globalThis.HTMLElement ?? class {};

class Base extends HTMLElement {
  static observedAttributes = ["server", "organization", "token", "member", "billing-url", "usage-url", "help-url", "lang"];

  #account = null;
  #told = null;
  #session;

  constructor() {
    super();
    this.attachShadow({ mode: "open" });
    if (!sheet) (sheet = new CSSStyleSheet()).replaceSync(STYLE);
    this.shadowRoot.adoptedStyleSheets = [sheet];
    // A host may have set it before this script was there.
    const { session } = this;
    delete this.session;
    this.session = session;
  }

  get session() { return this.#session; }
  set session(value) {
    if (value === this.#session) return;
    this.#session = value;
    this.#account?.reset(this, this.#account.spent);
  }

  get token() { return this.getAttribute("token"); }
  set token(value) { value == null ? this.removeAttribute("token") : this.setAttribute("token", value); }
  get from() { return (this.getAttribute("server") ?? new URL(import.meta.url).origin).replace(/\/+$/, ""); }
  get whose() { return this.getAttribute("organization"); }
  get whom() { return `${this.whose} ${this.getAttribute("member") ?? ""}`; }
  get balance() { return this.#account?.balance ?? null; }
  get account() { return this.#account; }
  get speaks() { return this.closest("[lang]")?.lang || globalThis.navigator?.language || "en"; }

  connectedCallback() {
    this.join();
  }

  disconnectedCallback() {
    this.#account?.leave(this);
    this.#account = null;
  }

  attributeChangedCallback(name, before, now) {
    if (!this.isConnected || before === now) return;
    if (/^(server|organization|member)$/.test(name)) this.join();
    else if (name === "token") this.#account?.reset(this);
    else if (this.#account) this.render();
  }

  join() {
    this.#account?.leave(this);
    this.#account = this.whose ? Account.of(this.from, this.whose, this.whom) : null;
    if (this.#told && this.#account) this.changed(this.#account);
    else this.render();
    this.#account?.join(this);
  }

  changed(account) {
    if (account !== this.#account) return;
    this.render();
    const { balance, state, key } = account;
    const told = [key, state, balance?.version, balance?.available, balance?.status].join(" ");
    if (told === this.#told) return;
    this.#told = told;
    this.tell("change", { balance, state });
  }

  say(key, values) { return say(this.speaks, key, values); }
  date(at) { return day(this.speaks, at, this.balance?.as_of ?? at); }
  figure(number) { return grouped(this.speaks, number); }

  to(page, place, url) {
    const own = this.getAttribute(`${page}-url`) ?? url?.replace(/#.*/, "") ?? `${this.from}/console/${this.whose}/${page}`;
    return place ? `${own.replace(/#.*/, "")}#${place}` : own;
  }

  tell(what, detail) { this.dispatchEvent(new CustomEvent(`coulomb-${what}`, { detail, bubbles: true, composed: true })); }

  /** A step's button. Paying what is owed and changing the card lead straight there, and back here. */
  way(step, isEnough) {
    const href = this.to("billing", step.action, step.url);
    const direct = { resolve_shortfall: isEnough && ["/checkout", { shortfall: true }], update_payment_method: ["/portal", { step: "payment_method" }] }[step.action];
    const go = async (event) => {
      if (!direct || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      try {
        const body = JSON.stringify({ ...direct[1], return_url: location.href.replace(/#.*/, "") });
        const answer = await this.account.ask(direct[0], { method: "POST", body });
        location.assign(answer.ok ? (await answer.json()).url : href);
      } catch {
        location.assign(href);
      }
    };
    return h("a", { class: "btn go", part: "button", href, onclick: go }, this.say(`action-${step.action}`));
  }

  links() {
    const help = this.getAttribute("help-url");
    return h("p", { class: "row small" }, h("a", { href: this.to("billing") }, this.say("billing")), h("a", { href: this.to("usage") }, this.say("usage")),
      help && h("a", { href: help }, this.say("help")));
  }

  /** Keeps the focus. */
  show(place, ...children) {
    const fresh = h("div", {}, ...children);
    if (fresh.innerHTML === place.innerHTML) return;
    const places = () => [...place.querySelectorAll("a, button, textarea, h2")];
    const focused = places().indexOf(this.shadowRoot.activeElement);
    place.replaceChildren(...fresh.childNodes);
    places()[focused]?.focus();
  }
}

class CoulombBadge extends Base {
  #button = null;
  #pop = null;
  #said = null;
  #state = null;

  join() {
    this.#state = null;
    super.join();
  }

  render() {
    if (!this.#button) this.#build();
    this.#pop.ariaLabel = this.say("details");
    const { balance, state } = this.account ?? { state: "away" };
    if (!balance) return this.#unknown(state);
    const lang = this.speaks;
    const [drawn, tone, word] = look(lang, balance);
    const billing = seesBilling(balance);
    const debt = billing && !isZero(balance.debt.total) ? balance.debt.total : null;
    const locked = billing && isZero(balance.available) && !isZero(balance.locked) ? balance.locked : null;
    const available = down(balance.available);
    const also = (text, key, owes) => [h("span", { class: "also" }, h("b", {}, short(lang, owes ? up(text) : down(text), owes)), " ", this.say(key))];
    this.#button.ariaBusy = false;
    this.#button.dataset.tone = tone === "ok" ? "" : tone;
    this.show(this.#button,
      ...(tone === "ok"
        ? [down(balance.included_granted) ? ring(balance) : icon(drawn), h("b", {}, short(lang, available)), h("span", {}, this.say("credits", { n: available }))]
        : [icon(drawn), balance.can_start && h("b", {}, short(lang, available)), h("span", { class: "word" }, word),
           ...(debt ? also(debt, "owed", true) : locked ? also(locked, "locked-short") : [])]),
      h("span", { class: "sr" }, debt ? this.say("badge-owed", { n: debt, amount: grouped(lang, debt), available: grouped(lang, balance.available) })
        : locked ? this.say("badge-locked", { n: locked, amount: grouped(lang, locked) }) : this.say("badge-usable", { amount: grouped(lang, balance.available) }), this.say("badge-open")));
    this.#details(balance, { drawn, tone, word, billing, debt, locked });
    this.#announce(balance, word);
  }

  #build() {
    this.#pop = h("section", { class: "pop", id: "details", popover: "auto", part: "popover", ontoggle: (event) => event.newState === "open" && this.#place() });
    this.#button = h("button", { class: "badge", type: "button", popovertarget: "details", part: "badge" });
    this.#said = [h("span", { class: "sr", role: "status" }), h("span", { class: "sr", role: "alert" })];
    this.shadowRoot.replaceChildren(this.#button, this.#pop, ...this.#said);
  }

  #place() {
    const { bottom, right } = this.#button.getBoundingClientRect();
    const { style, offsetWidth: wide, offsetHeight: tall } = this.#pop;
    style.setProperty("--_x", `${right - wide}px`);
    style.top = `${Math.max(8, Math.min(bottom + 8, innerHeight - tall - 8))}px`;
  }

  #unknown(state) {
    const loading = state === "loading";
    this.#button.ariaBusy = loading;
    this.#button.dataset.tone = "";
    const [drawn, word] = loading ? ["wait", "loading"] : ["unknown", "away"];
    this.show(this.#button, icon(drawn), h("span", { class: "word" }, this.say(word)),
      h("span", { class: "sr" }, this.say("badge-open")));
    this.show(this.#pop, h("p", {}, h("span", { class: "tag" }, icon(drawn), this.say(word))),
      h("p", { class: "quiet" }, this.say(`${state}-text`)),
      !loading && state !== "over" && h("button", { class: "btn", type: "button", onclick: () => this.account?.again() }, this.say("try-again")),
      this.links());
  }

  #details(balance, { drawn, tone, word, billing, debt, locked }) {
    const lang = this.speaks;
    const credits = (text, round = down) => this.figure(round(text));
    const upcoming = (next) => (next ? this.say("amount-on", { amount: credits(next.amount), date: this.date(next.at) }) : this.say("none"));
    const line = (name, value) => h("div", {}, h("dt", {}, this.say(name)), h("dd", {}, value));
    const [hero, unit, n] = debt ? [credits(debt, up), "unit-owed", up(debt)] : locked ? [credits(locked), "unit-locked", down(locked)]
      : [credits(balance.available), "unit-usable", down(balance.available)];
    const why = cause(lang, balance, billing);
    const step = billing && stepOf(balance);
    const kinds = ["outstanding_usage", "refund", "dispute"].filter((kind) => debt && !isZero(balance.debt[kind]));
    this.show(this.#pop,
      h("p", { class: "row" }, h("span", { class: "tag", "data-tone": tone }, icon(drawn), word), h("span", { class: "quiet small" }, this.say("as-of"), " ",
        h("time", { datetime: balance.as_of }, moment(lang, balance.as_of)))),
      h("p", {}, h("span", { class: debt ? "fig xl owed" : "fig xl" }, hero), " ", h("span", { class: "unit" }, this.say(unit, { n }))),
      why && h("p", { class: "inset small", "data-tone": tone }, why),
      step && this.way(step, paysOff(balance)),
      h("dl", { class: "lines" },
        (debt || locked) && line("usable", credits(balance.available)), line("reserved", credits(balance.held)),
        balance.locked !== undefined && line("locked", credits(balance.locked)),
        balance.frozen !== undefined && !isZero(balance.frozen) && line("frozen", credits(balance.frozen)),
        ...kinds.map((kind) => line(`debt-${kind}`, credits(balance.debt[kind], up))), billing && !debt && line("debt", "0"),
        line("next-refill", upcoming(balance.next_grant)), line("next-expiry", upcoming(balance.next_expiry))),
      this.account.state !== "live" && h("p", { class: "small quiet" }, this.say(`${this.account.state}-text`)), this.links());
    if (this.#pop.matches(":popover-open")) this.#place();
  }

  #announce(balance, word) {
    const state = `${balance.can_start} ${word}`;
    if (this.#state !== null && this.#state !== state) {
      const [polite, urgent] = this.#said;
      polite.textContent = balance.can_start ? (this.#state.startsWith("false") ? this.say("note-resumed") : word) : "";
      urgent.textContent = balance.can_start ? "" : this.say("note-paused");
    }
    this.#state = state;
  }
}

class CoulombUsageMeter extends Base {
  render() {
    const { balance, state } = this.account ?? { state: "away" };
    if (!balance) return this.shadowRoot.replaceChildren(h("p", { class: "quiet small", role: "status" }, this.say(`${state}-text`)));
    const left = down(balance.included);
    // What comes next may be another plan's, and without the whole a bar would be a guess.
    const whole = down(balance.included_granted);
    const used = whole - left;
    const words = { left: this.figure(left), used: this.figure(used), whole: this.figure(whole) };
    const next = balance.next_grant;
    this.shadowRoot.replaceChildren(h("div", { class: "meter", part: "meter" },
      h("p", { class: "row" }, h("b", {}, this.say("included")), h("span", {}, this.say("included-left", words))),
      whole ? h("div", { role: "meter", "aria-label": this.say("included"), "aria-valuemin": 0, "aria-valuemax": whole, "aria-valuenow": used, "aria-valuetext": `${this.say("included-used", words)}, ${this.say("included-left", words)}` },
        bar(false, ["used", 0, (used * 100) / whole])) : "",
      h("p", { class: "row small quiet" }, h("span", {}, whole ? this.say("included-used", words) : ""),
        next ? h("span", {}, this.say("next-grant", { amount: this.figure(down(next.amount)), date: this.date(next.at) })) : "")));
  }
}

class CoulombGate extends Base {
  static observedAttributes = [...Base.observedAttributes, "organization-name", "member-name", "viewer"];
  #dialog = null;
  #note = null;
  #refusal = null;
  #control = null;

  get blocked() { return this.balance?.can_start === false; }

  refused(problem, { draft = this.#field()?.value ?? "", control = document.activeElement } = {}) {
    this.#refusal = { problem, draft };
    this.#keep({ draft, required: problem.required ?? "0", version: problem.balance_version ?? 0, waits: problem.reasons.some(waits) });
    this.#control = control;
    this.render();
    this.#open();
  }

  async watch(answer, options) {
    const { whom } = this;
    const response = await answer;
    if (whom !== this.whom) return response;
    if (response.status === 402) this.refused(await response.clone().json(), options);
    else if (response.ok) this.started();
    return response;
  }

  started() {
    this.#refusal = null;
    this.#keep(null);
    this.render();
  }

  join() {
    // What was refused to one person is not told to another.
    this.#refusal = null;
    this.#dialog?.close();
    super.join();
    this.#restore();
  }

  changed(account) {
    super.changed(account);
    const { balance } = account;
    if (!balance || account !== this.account) return;
    const kept = this.#kept();
    if (kept && !kept.waits && !kept.resumed && isEnough(balance, kept)) {
      this.#keep({ draft: kept.draft, resumed: true });
      this.#refusal = null;
      this.#restore();
      this.render();
      if (this.#dialog.open) this.#dialog.querySelector("h2").focus();
      this.tell("resumed", { draft: kept.draft });
    } else this.#showOnce(balance);
  }

  /** A new block is shown to billing people once a visit, not while they write. */
  #showOnce(balance) {
    if (balance.can_start || !seesBilling(balance) || this.#dialog.open || this.hasAttribute("quiet")) return;
    if (stored(`coulomb-seen:${this.whom}`) === block(balance) || document.activeElement?.matches("input, textarea, select, [contenteditable]")) return;
    this.#control = document.activeElement;
    this.#open();
  }

  #open() {
    stored(`coulomb-seen:${this.whom}`, block(this.#shown()));
    // Whoever leaves by the button finds what they wrote as well.
    this.#refusal || this.#keep({ draft: this.#field()?.value });
    if (!this.#dialog.open) this.#dialog.showModal();
    this.#dialog.querySelector("h2").focus();
  }

  #shown() {
    const { balance } = this;
    const problem = this.#refusal?.problem;
    if (!problem) return balance && !balance.can_start ? balance : null;
    const waiting = problem.reasons.filter(waits);
    const isNewer = balance?.version > problem.balance_version && (!balance.can_start || (waiting.length && isEnough(balance, problem)));
    return { ...balance, ...problem, ...(problem.locked && { locked: problem.locked.amount, locked_expires_at: problem.locked.expires_at }),
      ...(isNewer && { reasons: balance.can_start ? waiting : balance.reasons, next_steps: balance.next_steps, ask: balance.ask, debt: balance.debt, shortfall: null }) };
  }

  #build() {
    this.#note = h("div", { class: "note", part: "note", role: "status" });
    this.#dialog = h("dialog", { class: "overlay", part: "dialog", "aria-labelledby": "title", onclose: () => this.#back() });
    this.shadowRoot.replaceChildren(h("slot"), this.#note, this.#dialog);
  }

  render() {
    if (!this.#dialog) this.#build();
    const shown = this.#shown();
    const kept = this.#kept();
    const close = (inside, more) => h("button", { class: "btn", type: "button", onclick: () => this.#dialog.close(), ...more }, inside);
    const shut = close(icon("x"), { class: "btn bare shut", "aria-label": this.say("close") });
    if (shown) {
      this.show(this.#dialog, ...this.#told(shown, close), shut);
      this.show(this.#note, icon("pause"), h("span", {}, this.say("note-paused"), " ", kept?.draft && this.say("draft-stays")),
        h("button", { class: "btn bare", type: "button", onclick: (event) => { this.#control = event.currentTarget; this.#open(); } }, this.say("note-why")));
      this.#note.dataset.tone = "stop";
    } else {
      this.show(this.#dialog, h("h2", { id: "title", tabindex: "-1" }, this.say("title-resumed")), kept?.draft && h("p", {}, this.say("draft-stays")),
        h("div", { class: "row" }, close(this.say("back"), { class: "btn go" })), shut);
      this.show(this.#note, kept?.resumed && icon("check"), kept?.resumed && h("span", {}, this.say("note-resumed")));
      this.#note.dataset.tone = "ok";
    }
  }

  #told(shown, close) {
    const [reason] = shown.reasons;
    // Their own balance says what they may see.
    const billing = seesBilling(this.balance ?? shown);
    const title = ["insufficient_credits", "task_paused"].includes(reason?.code) ? reason.code : "paused";
    const refused = this.#refusal && `${this.say("not-started")}${this.#refusal.draft ? ` ${this.say("draft-stays")}` : ""}`;
    const why = billing ? cause(this.speaks, shown, true) : cause(this.speaks, { ...shown, ask: [] }, false);
    const help = this.getAttribute("help-url");
    const done = close(this.say(this.#refusal?.draft ? "keep" : "close"));
    const list = (key, ...more) => h("ul", {}, [...sentence(this.speaks, key), ...more].map((item) => h("li", {}, item)));
    return [
      h("h2", { id: "title", tabindex: "-1" }, this.say(`title-${title}`)),
      h("p", {}, [why, refused].filter(Boolean).join(" "), " ", help && h("a", { href: help }, this.say("why-help"))),
      billing && this.#amount(shown),
      h("div", { class: "sides inset" },
        h("div", {}, h("h3", {}, icon("pause"), this.say("paused")), list("list-paused")),
        h("div", {}, h("h3", {}, icon("check"), this.say("stays-open")), list("list-open", this.say(billing ? "open-billing" : "open-others")))),
      ...(billing ? this.#wayOut(shown, done) : this.#ask(shown, done)),
    ];
  }

  #amount(shown) {
    const lang = this.speaks;
    if (shown.auto_recharge === "in_progress") return h("p", { class: "inset" }, this.say("recharging"));
    const steps = shown.next_steps.filter(pays);
    const missing = up(shown.shortfall ?? steps.find(({ amount }) => amount)?.amount);
    if (!missing || !steps.length) return null;
    const debt = Math.min(up(shown.debt.total), missing);
    const share = (debt * 100) / missing;
    const wait = shown.next_steps.find(({ action }) => action === "wait_for_grant");
    const left = wait && !isZero(wait.debt_after) ? "wait-debt" : "wait";
    return h("div", { class: "inset" },
      h("p", {}, h("span", { class: "fig" }, this.figure(missing)), " ", h("span", { class: "unit" }, this.say(debt < missing || paysOff(shown) ? "unblocks" : "unblocks-more", { n: missing }))),
      debt > 0 && bar(true, ["debt", 0, share], ["plus", share, 100 - share]),
      debt > 0 && debt < missing && h("p", { class: "small" }, this.say("settles", { debt: this.figure(debt), usable: this.figure(missing - debt) })),
      wait && h("p", { class: "small quiet" }, this.say(left, { amount: grouped(lang, down(wait.amount)), date: this.date(wait.at), debt: grouped(lang, up(wait.debt_after)) })));
  }

  #wayOut(shown, done) {
    const step = stepOf(shown);
    return [h("div", { class: "row" }, step && this.way(step, paysOff(shown)), done,
      h("a", { class: "small", href: this.to("billing") }, this.say("billing"))),
      step && pays(step) && h("p", { class: "small quiet" }, this.say("nothing-charged"))];
  }

  /** A viewer starts nothing and asks for nothing. */
  #ask(shown, done) {
    const people = shown.ask ?? [];
    const who = people.length > 0 && h("div", {}, h("h3", {}, this.say("who")), h("ul", { class: "list" },
      people.map(({ name, role }) => h("li", {}, h("b", {}, name), h("span", { class: "small quiet" }, this.say(role === "owner" ? "role-owner" : "role-other"))))));
    if (!people.length || this.hasAttribute("viewer")) return [who, h("div", { class: "row" }, done)];
    const text = this.#message(shown, people);
    const said = h("span", { class: "small quiet", role: "status" });
    const field = h("textarea", { id: "ask", rows: "4", readonly: true }, text);
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(text);
        said.textContent = this.say("copied");
      } catch {
        field.select();
      }
    };
    const mail = `mailto:?subject=${encodeURIComponent(this.say("title-paused"))}&body=${encodeURIComponent(text)}`;
    return [who, h("div", { class: "field" }, h("label", { for: "ask" }, this.say("ask-label")), field),
      h("div", { class: "row" }, h("button", { class: "btn go", type: "button", onclick: copy }, icon("copy"), this.say("copy")),
        h("a", { class: "btn", href: mail }, this.say("email")), done, said)];
  }

  #message({ reasons }, people) {
    const [place, me] = [this.getAttribute("organization-name"), this.getAttribute("member-name")];
    const since = reasons[0]?.since;
    return this.say("ask-text", {
      names: people.map(({ name }) => name.split(" ")[0]).join(", "),
      place: place ? this.say("ask-place", { place }) : "", since: since ? this.say("ask-since", { date: moment(this.speaks, since) }) : "",
      me: me ? `, ${me}` : "",
    });
  }

  #back() {
    const control = this.#control?.isConnected && this.#control !== document.body ? this.#control : this.#field();
    control?.focus();
  }

  #field() { return this.querySelector("textarea, input[type=text], input:not([type])"); }

  #place() { return `coulomb-draft:${this.whom}:${this.id || location.pathname}`; }

  #kept() {
    try { return JSON.parse(stored(this.#place()) ?? "null"); } catch { return null; }
  }

  #keep(draft) { stored(this.#place(), draft && JSON.stringify(draft)); }

  #restore() {
    const kept = this.#kept();
    const field = this.#field();
    if (!kept?.draft || !field || field.value) return;
    field.value = kept.draft;
    field.dispatchEvent(new Event("input", { bubbles: true }));
  }
}

/** What this tab keeps; it may have no place for it. */
function stored(key, value) {
  try {
    if (value === undefined) return sessionStorage.getItem(key);
    value === null ? sessionStorage.removeItem(key) : sessionStorage.setItem(key, value);
  } catch {
    return null;
  }
}

export const Coulomb = { messages, CoulombBadge, CoulombUsageMeter, CoulombGate };
export { CoulombBadge, CoulombUsageMeter, CoulombGate };

if (globalThis.customElements) {
  const elements = { "coulomb-badge": CoulombBadge, "coulomb-usage-meter": CoulombUsageMeter, "coulomb-gate": CoulombGate };
  for (const [name, element] of Object.entries(elements)) if (!customElements.get(name)) customElements.define(name, element);
}
