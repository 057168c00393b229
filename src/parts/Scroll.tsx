/** A box that scrolls by itself: keys must reach what lies below its edge. */
import type { ReactNode } from "react";

interface ScrollProps {
  label: string;
  short?: boolean;
  /** Of the panel's own rules. */
  className?: string;
  children: ReactNode;
}

export function Scroll({ label, short, className = "", children }: ScrollProps) {
  const classes = ["table-scroll", short && "short", className].filter(Boolean).join(" ");
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls takes the arrow keys
    // biome-ignore lint/a11y/useSemanticElements: a fieldset would be a form's
    <div className={classes} role="group" aria-label={label} tabIndex={0}>
      {children}
    </div>
  );
}
