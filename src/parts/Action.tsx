/**
 * A button that says why it cannot be pressed: it stays in the way of Tab, and screen readers and pointers are told the reason. A button
 * that is `disabled` would be skipped by the one and lose the focus that is on it.
 */
import { type ReactNode, useId } from "react";

interface ActionProps {
  children: ReactNode;
  /** Why it cannot be pressed now, one sentence; "" when it can. */
  reason?: string;
  /** What pressing it brings along, for those who would not expect it. */
  hint?: string;
  kind?: "primary" | "quiet" | undefined;
  type?: "button" | "submit";
  /** Accessible name, where the words on it do not say enough. */
  label?: string;
  onPress?(): void;
}

export function Action({ children, reason = "", hint = "", kind, type = "button", label, onPress }: ActionProps) {
  const id = useId();
  const words = reason || hint;
  return (
    <>
      <button
        type={type}
        className={kind}
        aria-label={label}
        aria-disabled={reason !== "" || undefined}
        aria-describedby={words ? id : undefined}
        title={words || undefined}
        onClick={(event) => {
          if (reason) event.preventDefault();
          else onPress?.();
        }}
      >
        {children}
      </button>
      {words && (
        <span id={id} className="visually-hidden">
          {words}
        </span>
      )}
    </>
  );
}
