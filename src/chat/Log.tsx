/** The box that a conversation stands in. It follows the newest words as long as its end is in sight; who reads further up is left there. */
import { ArrowDown } from "lucide-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { words } from "../words/index.ts";

interface LogProps {
  /** Another one when there are new words. */
  newest: unknown;
  /** How many questions there are: one that is asked is shown, wherever its asker had scrolled to. */
  questions: number;
  children: ReactNode;
}

/** So many pixels above the end still count as the end. */
const NEAR = 32;

export function Log({ newest, questions, children }: LogProps) {
  const log = useRef<HTMLDivElement>(null);
  const [atEnd, setAtEnd] = useState(true);
  const follows = useRef(true);
  const toEnd = (): void => {
    // Not returned: newer browsers give a promise, which React would take for a clean-up.
    log.current?.scrollTo({ top: log.current.scrollHeight });
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: new words scroll the log down
  useEffect(() => {
    if (follows.current) toEnd();
  }, [newest]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a new question scrolls the log down
  useEffect(() => {
    follows.current = true;
    toEnd();
  }, [questions]);
  return (
    <div className="log">
      <div
        ref={log}
        className="conversation"
        role="log"
        aria-live="off"
        aria-label={words().chat.conversation}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls takes the arrow keys
        tabIndex={0}
        onScroll={({ currentTarget: { scrollHeight, scrollTop, clientHeight } }) => {
          follows.current = scrollHeight - scrollTop - clientHeight <= NEAR;
          setAtEnd(follows.current);
        }}
      >
        {children}
      </div>
      {!atEnd && (
        <button type="button" className="to-end" aria-label={words().chat.toEnd} onClick={toEnd}>
          <ArrowDown className="icon" aria-hidden />
        </button>
      )}
    </div>
  );
}
