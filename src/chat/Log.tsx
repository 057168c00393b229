/** The box that a conversation stands in: it scrolls to the newest words. */
import { type ReactNode, useEffect, useRef } from "react";
import { words } from "../words/index.ts";

interface LogProps {
  /** Another one when there are new words. */
  newest: unknown;
  /** What stands in place of a conversation that has not begun; "" where it has. */
  empty: string;
  children: ReactNode;
}

export function Log({ newest, empty, children }: LogProps) {
  const log = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new words scroll the log down
  useEffect(() => {
    // Not returned: newer browsers give a promise, which React would take for a clean-up.
    log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [newest]);
  return (
    <div
      ref={log}
      className="conversation"
      role="log"
      aria-live="off"
      aria-label={words().chat.conversation}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls takes the arrow keys
      tabIndex={0}
    >
      {empty && <p className="detail">{empty}</p>}
      {children}
    </div>
  );
}
