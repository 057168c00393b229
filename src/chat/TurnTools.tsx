/** What can be done with a question or an answer that stands in the conversation. */
import { type KeyboardEvent, useState } from "react";
import { Action } from "../parts/Action.tsx";
import { CopyButton } from "../parts/CopyButton.tsx";
import { useChat } from "../stores/chat.ts";
import { words } from "../words/index.ts";

/** Without leave to write to the clipboard it says so: the words are there to be marked. */
export function CopyAnswer({ text, whose }: { text: string; whose: string }) {
  const say = words().chat.turns;
  return (
    <CopyButton
      kind="quiet"
      label={say.copyLabel(whose)}
      text={() => text}
      copied={say.copied}
      refused={say.cannotCopy}
    >
      {say.copy}
    </CopyButton>
  );
}

/** `temperature`: at 0 the same answer comes again, and whoever asks for it reads so before. */
export function Regenerate({ temperature, reason, onPress }: RegenerateProps) {
  const seed = useChat((s) => s.seed);
  const say = words().chat.turns;
  return (
    <>
      <Action kind="quiet" reason={reason} describedBy={reason ? undefined : REGENERATE_HINT} onPress={onPress}>
        {say.regenerate}
      </Action>
      <span id={REGENERATE_HINT} className="hint">
        {temperature === 0 ? say.sameAgain : seed === undefined ? say.newSeed : say.chosenSeed}
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
  const say = words().chat.turns;
  if (draft === undefined) {
    return (
      <>
        <p dir="auto">{text || "…"}</p>
        <Action kind="quiet" label={say.editLabel} reason={reason} onPress={() => setDraft(text)}>
          {say.edit}
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
        aria-label={say.question}
        dir="auto"
        rows={2}
        // biome-ignore lint/a11y/noAutofocus: whoever pressed Edit goes on in the words
        autoFocus
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        onKeyDown={onKeyDown}
      />
      <span className="hint">{say.anew(later)}</span>
      <div className="row">
        <Action reason={reason || (draft.trim() ? "" : say.noWords)} onPress={ask}>
          {say.askAgain}
        </Action>
        <Action kind="quiet" onPress={() => setDraft(undefined)}>
          {say.cancel}
        </Action>
      </div>
    </div>
  );
}

/** What the data holds to be the right answer, beside what was answered. */
export function RightAnswer({ text }: { text: string | undefined }) {
  if (text === undefined) return null;
  return (
    <div className="right-answer">
      <span className="author">{words().chat.turns.rightAnswer}</span> <span dir="auto">{text}</span>
    </div>
  );
}
