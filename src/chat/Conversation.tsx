/** Who said what, as a log that scrolls to the newest words. */
import { useEffect, useRef } from "react";
import { Action } from "../parts/Action.tsx";
import { Spoken } from "../parts/Spoken.tsx";
import { useChat } from "../stores/chat.ts";
import { canGoOn, type Turn } from "../stores/turns.ts";
import { spokenAnswer } from "./status.ts";

interface TurnViewProps {
  turn: Turn;
  /** The last answer may go on; why it cannot just now ("" when it can). */
  goOn?: { reason: string } | undefined;
}

function TurnView({ turn, goOn }: TurnViewProps) {
  const { role, speaker, pictures, text, footnote } = turn;
  return (
    <div className={`turn ${role}`}>
      <span className={role === "user" ? "visually-hidden" : "author"}>{role === "user" ? "You:" : speaker.name}</span>
      {pictures.map(({ url }, i) => (
        <img key={url} src={url} alt={`Attached ${i + 1}`} />
      ))}
      <p dir="auto">{text || "…"}</p>
      {footnote && <small>{footnote}</small>}
      {goOn && canGoOn(turn) && (
        <Action kind="quiet" reason={goOn.reason} onPress={() => void useChat.getState().goOn(turn)}>
          Go on
        </Action>
      )}
    </div>
  );
}

interface ConversationProps {
  /** What stands in place of a conversation that has not begun. */
  empty: string;
  /** Why nothing can be asked now; "" when it can. */
  obstacle: string;
}

export function Conversation({ empty, obstacle }: ConversationProps) {
  const turns = useChat((s) => s.turns);
  const log = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: new words scroll the log down
  useEffect(() => {
    // Not returned: newer browsers give a promise, which React would take for a clean-up.
    log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [turns]);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls takes the arrow keys */}
      <div ref={log} className="conversation" role="log" aria-live="off" aria-label="Conversation" tabIndex={0}>
        {turns.length === 0 && <p className="detail">{empty}</p>}
        {turns.map((turn) => (
          <TurnView key={turn.id} turn={turn} goOn={turn === turns.at(-1) ? { reason: obstacle } : undefined} />
        ))}
      </div>
      <Spoken text={spokenAnswer(turns)} atOnce />
    </>
  );
}
