import "@coulomb/components/react";
import type { CoulombGate } from "@coulomb/components/react";
import { type FormEvent, useRef, useState } from "react";

const organization = new URLSearchParams(location.search).get("org") ?? "ok";
const member = new URLSearchParams(location.search).get("as") ?? "ada";

/** Your server gives the browser a session of the signed-in member; here the demo workspace does. */
const session = async () => {
  const answer = await fetch(`/workspace/${organization}/session?as=${member}`, { method: "POST" });
  return answer.ok ? ((await answer.json()) as { token: string }) : null;
};

const credits = {
  server: location.origin,
  organization,
  member,
  session,
  "billing-url": `/workspace/${organization}/open?to=billing&as=${member}`,
};

export function App() {
  return (
    <>
      <header>
        <h1>Notes</h1>
        <coulomb-badge {...credits} />
      </header>
      <Composer />
      <coulomb-usage-meter {...credits} />
    </>
  );
}

/** What starts work stands inside the gate. Your server asks Coulomb, and hands its 402 through. */
function Composer() {
  const gate = useRef<CoulombGate>(null);
  const [sent, setSent] = useState<string[]>([]);

  async function send(event: FormEvent<HTMLFormElement>) {
    event.preventDefault();
    const form = event.currentTarget;
    const text = new FormData(form).get("text") as string;
    const body = new URLSearchParams({ as: member, work: "chat", text });
    const start = fetch(`/workspace/${organization}/start`, { method: "POST", headers: { accept: "application/json" }, body });
    const answer = await gate.current!.watch(start, { draft: text });
    if (!answer.ok) return;
    setSent((before) => [...before, text]);
    form.reset();
  }

  return (
    <coulomb-gate {...credits} ref={gate} id="composer">
      <ul>{sent.map((text, at) => <li key={at}>{text}</li>)}</ul>
      <form onSubmit={send}>
        <label htmlFor="text">Note</label>
        <textarea id="text" name="text" rows={3} required />
        <button>Summarize</button>
      </form>
    </coulomb-gate>
  );
}
