/** A box that scrolls by itself: keys must reach what lies below its edge. */
import type { ReactNode } from "react";

export function Scroll({ label, short, children }: { label: string; short?: boolean; children: ReactNode }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls takes the arrow keys
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be a form's
    <div className={short ? "table-scroll short" : "table-scroll"} role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
