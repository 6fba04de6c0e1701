// The components as elements of JSX: `import "@coulomb/components/react"`. Give `member`, and a `session` that is made once for
// each person: another function means another person.

import type { CoulombAttributes, CoulombBadge, CoulombGate, CoulombGateAttributes, CoulombUsageMeter } from "./coulomb.js";

export * from "./coulomb.js";

type ReactProps<Of, Attributes> = Attributes & {
  children?: unknown;
  key?: string | number;
  ref?: { current: Of | null } | ((element: Of | null) => void);
  id?: string;
  className?: string;
};

interface Elements {
  "coulomb-badge": ReactProps<CoulombBadge, CoulombAttributes>;
  "coulomb-usage-meter": ReactProps<CoulombUsageMeter, CoulombAttributes>;
  "coulomb-gate": ReactProps<CoulombGate, CoulombGateAttributes>;
}

declare module "react" {
  namespace JSX {
    interface IntrinsicElements extends Elements {}
  }
}
