/**
 * A button that says why it cannot be pressed: it stays in the way of Tab, screen readers are told the reason, and who presses it all the
 * same reads the reason beside it. A button that is `disabled` would be skipped by the one and lose the focus that is on it.
 */
import type { LucideIcon } from "lucide-react";
import { type ReactNode, useId, useState } from "react";

interface ActionProps {
  children: ReactNode;
  /** Why it cannot be pressed now, one sentence; "" when it can. */
  reason?: string;
  /** Id of an element that is on show and has the reason, or what pressing brings along: nothing is said twice. */
  describedBy?: string | undefined;
  kind?: "primary" | "quiet" | undefined;
  /** Before the words, which say the same. */
  icon?: LucideIcon | undefined;
  type?: "button" | "submit";
  /** Accessible name, where the words on it do not say enough. */
  label?: string;
  /** Of a button that stays down. */
  pressed?: boolean;
  onPress?(): void;
}

export function Action({
  children,
  reason = "",
  describedBy,
  kind,
  icon: Icon,
  type = "button",
  label,
  pressed,
  onPress,
}: ActionProps) {
  const id = useId();
  /** The reason that somebody met by pressing. */
  const [met, setMet] = useState("");
  const ownReason = reason !== "" && describedBy === undefined;
  return (
    <>
      <button
        type={type}
        className={kind}
        aria-label={label}
        aria-pressed={pressed}
        aria-disabled={reason !== "" || undefined}
        aria-describedby={ownReason ? id : describedBy}
        onBlur={() => setMet("")}
        onClick={(event) => {
          setMet(reason);
          if (reason) event.preventDefault();
          else onPress?.();
        }}
      >
        {Icon && <Icon className="icon" aria-hidden />}
        {children}
      </button>
      {ownReason && (
        <span id={id} className={met === reason ? "hint" : "visually-hidden"}>
          {reason}
        </span>
      )}
    </>
  );
}
