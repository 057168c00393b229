/** What can be done with a question or an answer that stands in the conversation. */
import { type KeyboardEvent, useState } from "react";
import { Action } from "../parts/Action.tsx";

/** Without leave to write to the clipboard it says so: the words are there to be marked. */
export function CopyAnswer({ text, whose }: { text: string; whose: string }) {
  const [told, setTold] = useState("");
  return (
    <>
      <Action
        kind="quiet"
        label={`Copy the answer, ${whose}`}
        onPress={() =>
          void navigator.clipboard.writeText(text).then(
            () => setTold("Copied."),
            () => setTold("This browser does not let the page copy: mark the words instead."),
          )
        }
      >
        Copy
      </Action>
      <span aria-live="polite" className="hint">
        {told}
      </span>
    </>
  );
}

/** `temperature`: at 0 the same answer comes again, and whoever asks for it reads so before. */
export function Regenerate({ temperature, reason, onPress }: RegenerateProps) {
  return (
    <>
      <Action kind="quiet" reason={reason} describedBy={reason ? undefined : REGENERATE_HINT} onPress={onPress}>
        Regenerate
      </Action>
      <span id={REGENERATE_HINT} className="hint">
        {temperature === 0 ? "At temperature 0 the same words come again." : "With a new seed."}
      </span>
    </>
  );
}

/** One answer at most has the button. */
const REGENERATE_HINT = "regenerate-hint";

interface RegenerateProps {
  temperature: number;
  reason: string;
  onPress(): void;
}

interface EditableProps {
  text: string;
  /** Questions that stand behind it and would be cut. */
  later: number;
  reason: string;
  onAsk(text: string): void;
}

/** A question's words with a button to change them. */
export function EditableQuestion({ text, later, reason, onAsk }: EditableProps) {
  const [draft, setDraft] = useState<string>();
  if (draft === undefined) {
    return (
      <>
        <p dir="auto">{text || "…"}</p>
        <Action kind="quiet" label="Edit the question" reason={reason} onPress={() => setDraft(text)}>
          Edit
        </Action>
      </>
    );
  }
  const ask = (): void => {
    if (reason || !draft.trim()) return;
    setDraft(undefined);
    onAsk(draft.trim());
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === "Escape") setDraft(undefined);
    if (event.key !== "Enter" || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    ask();
  };
  return (
    <div className="edit">
      <textarea
        aria-label="Question"
        rows={2}
        // biome-ignore lint/a11y/noAutofocus: whoever pressed Edit goes on in the words
        autoFocus
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <span className="hint">
        Its answer is written anew
        {later > 0 &&
          `, and what follows is cut: ${later === 1 ? "1 question" : `${later} questions`} with the answers`}
        .
      </span>
      <div className="row">
        <Action reason={reason || (draft.trim() ? "" : "There are no words.")} onPress={ask}>
          Ask again
        </Action>
        <Action kind="quiet" onPress={() => setDraft(undefined)}>
          Cancel
        </Action>
      </div>
    </div>
  );
}
