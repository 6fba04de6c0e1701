// The types of the components: what each element takes, says and can be asked. For JSX, react.d.ts has them as elements.

/** Credits: a decimal text, such as "1200.5". */
export type Credits = string;
/** An instant, RFC 3339 in UTC. */
export type Instant = string;

export interface Reason {
  code: string;
  severity: "blocking" | "warning" | "info";
  amount?: Credits;
  since?: Instant;
}

export interface NextStep {
  action:
    | "add_credits"
    | "resume_subscription"
    | "start_subscription"
    | "update_payment_method"
    | "resolve_shortfall"
    | "wait_for_grant"
    | "enable_auto_recharge"
    | "ask_billing_admin";
  url: string;
  amount?: Credits;
  at?: Instant;
  debt_after?: Credits;
}

export interface Contact {
  member: string;
  name: string;
  role: "owner" | "admin" | "member" | "viewer";
}

/** What is owed. */
export interface Debts {
  total: Credits;
  outstanding_usage: Credits;
  refund: Credits;
  dispute: Credits;
}

/** The balance as this member may see it. What they may not see is absent, never zero. */
export interface Balance {
  organization: string;
  available: Credits;
  included: Credits;
  /** What the included credits that can be used now came to in all. */
  included_granted?: Credits;
  purchased: Credits;
  promotional: Credits;
  held: Credits;
  locked?: Credits;
  locked_expires_at?: Instant;
  frozen?: Credits;
  debt?: Debts;
  status: string;
  can_start: boolean;
  reasons: Reason[];
  next_steps: NextStep[];
  ask: Contact[];
  period: { start: Instant; end: Instant } | null;
  next_grant: { at: Instant; amount: Credits } | null;
  next_expiry: { at: Instant; amount: Credits } | null;
  low_threshold: Credits;
  version: number;
  as_of: Instant;
}

/** The body of a refused start (402). What this member may not see is absent. */
export interface StartRefused {
  code: string;
  detail: string;
  reasons: Reason[];
  available: Credits;
  required: Credits;
  shortfall?: Credits;
  debt?: Debts;
  locked?: { amount: Credits; expires_at: Instant | null };
  next_steps: NextStep[];
  ask: Contact[];
  /** `in_progress` while an automatic purchase is on its way. */
  auto_recharge: "in_progress" | null;
  balance_version: number;
}

/** A member's token, or what `POST …/sessions` answers. */
export type Session = string | { token: string };

export type CoulombChange = CustomEvent<{ balance: Balance | null; state: "loading" | "live" | "away" | "over" }>;
export type CoulombResumed = CustomEvent<{ draft: string }>;

declare class CoulombElement extends HTMLElement {
  /** A member's token. Another one starts over: nothing of the person before is kept. */
  token: string | null;
  /** Fetches a token when there is none, or when the last is over. Another function starts over, so keep it while the person stays. */
  session: (() => Promise<Session | null>) | null | undefined;
  /** What is known of the account; null where nothing is. */
  readonly balance: Balance | null;
}

/** The credit badge, with its popover. */
export class CoulombBadge extends CoulombElement {}

/** How much of the included credits is used. */
export class CoulombUsageMeter extends CoulombElement {}

export interface Attempt {
  /** What the person wrote; the text of the first field inside the gate unless given. */
  draft?: string;
  /** What was pressed, to which the focus goes back; the focused element unless given. */
  control?: Element | null;
}

/** Around what starts work. */
export class CoulombGate extends CoulombElement {
  /** Whether nothing can start, as far as is known. */
  readonly blocked: boolean;
  /** Shows a refused start: the body of the 402. */
  refused(problem: StartRefused, attempt?: Attempt): void;
  /** Looks at an answer of your server: a 402 is shown, one that worked lets go of the draft. Answers the response. */
  watch(answer: Response | Promise<Response>, attempt?: Attempt): Promise<Response>;
  /** Says that work has started, or that a paused task was resumed, so that the draft is let go of. `watch` does it by itself. */
  started(): void;
}

/** A sentence, or one for each plural category of the language. */
export type Message = string | string[] | Partial<Record<Intl.LDMLPluralRule, string>>;

/** Every sentence, by language. */
export const messages: Record<string, Record<string, Message>>;

export const Coulomb: {
  messages: typeof messages;
  CoulombBadge: typeof CoulombBadge;
  CoulombUsageMeter: typeof CoulombUsageMeter;
  CoulombGate: typeof CoulombGate;
};

/** What every element takes in HTML. */
export interface CoulombAttributes {
  /** Where Coulomb is; unless given, where this module came from. */
  server?: string;
  organization: string;
  /** Who is signed in: the host's id of the member. Needed where somebody else may sign in on the same page. */
  member?: string;
  token?: string;
  session?: CoulombElement["session"];
  /** Your own addresses of these pages; the step that helps is added as `#add_credits` and the like. */
  "billing-url"?: string;
  "usage-url"?: string;
  "help-url"?: string;
  lang?: string;
}

export interface CoulombGateAttributes extends CoulombAttributes {
  "organization-name"?: string;
  "member-name"?: string;
  /** The person starts nothing: they are shown whom to ask, and no message. */
  viewer?: boolean | "";
  /** The overlay opens only after a refused start. */
  quiet?: boolean | "";
}

declare global {
  interface HTMLElementTagNameMap {
    "coulomb-badge": CoulombBadge;
    "coulomb-usage-meter": CoulombUsageMeter;
    "coulomb-gate": CoulombGate;
  }
  interface GlobalEventHandlersEventMap {
    "coulomb-change": CoulombChange;
    "coulomb-resumed": CoulombResumed;
  }
}
