// What the workspace's pages do by themselves: give the components a session, send what starts work without leaving the page,
// and follow work that goes on. Without this script every form works, and leads back to its page.

import "/assets/coulomb.js";

const { session } = document.body.dataset;
const PACE = 700;
let following = null;

for (const element of document.querySelectorAll("coulomb-badge, coulomb-usage-meter, coulomb-gate")) {
  element.session = async () => {
    const answer = await fetch(session, { method: "POST" });
    return answer.ok ? (await answer.json()).token : null;
  };
}

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-start]")) return;
  event.preventDefault();
  if (form.dataset.busy) return;
  form.dataset.busy = "yes";
  const [gate, field, said] = [form.closest("coulomb-gate"), form.querySelector("textarea"), form.querySelector("[data-said]")];
  said.textContent = "";
  try {
    const sent = fetch(form.action, { method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams(new FormData(form)) });
    const answer = await gate.watch(sent, { draft: field?.value ?? "", control: event.submitter });
    if (answer.ok) {
      if (field) field.value = "";
      refresh();
    } else if (answer.status !== 402) {
      said.textContent = (await answer.json()).detail ?? "This was not started. Nothing was charged.";
    }
  } catch {
    said.textContent = "The workspace cannot be reached. Nothing was started.";
  }
  delete form.dataset.busy;
});

// Enter sends, as people expect of a conversation; with Shift it begins a new line.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || !event.target.matches?.("[data-start] textarea")) return;
  event.preventDefault();
  event.target.form.requestSubmit(event.target.form.querySelector("button"));
});

document.addEventListener("coulomb-change", () => following ?? refresh());
if (document.querySelector("[data-running]")) follow();

function follow() {
  following ??= setTimeout(() => {
    following = null;
    refresh();
  }, PACE);
}

/** Takes over the parts that change, as the same page shows them now. */
async function refresh() {
  try {
    const answer = await fetch(location.href, { headers: { accept: "text/html" } });
    if (!answer.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live][id]")) {
      const fresh = page.getElementById(part.id);
      if (fresh && fresh.innerHTML !== part.innerHTML && !part.contains(document.activeElement)) part.replaceChildren(...document.importNode(fresh, true).childNodes);
    }
    for (const symbol of page.querySelectorAll("body > svg[hidden] > symbol")) {
      if (!document.getElementById(symbol.id)) document.querySelector("body > svg[hidden]").append(document.importNode(symbol, true));
    }
    if (document.querySelector("[data-running]")) follow();
  } catch {
    // The next change of the balance asks again.
  }
}
