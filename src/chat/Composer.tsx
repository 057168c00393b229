/** The message box with its buttons, and questions to begin with. */
import { type ReactNode, useId, useState } from "react";
import { Action } from "../parts/Action.tsx";
import { PickButton } from "../parts/PickButton.tsx";
import { useChat } from "../stores/chat.ts";
import { words } from "../words/index.ts";

export function AdapterSwitch() {
  const there = useChat((s) => s.adapterRun !== undefined);
  const wanted = useChat((s) => s.useAdapter);
  const { setUseAdapter } = useChat.getState();
  const id = useId();
  return (
    <>
      <label className="inline">
        <input
          type="checkbox"
          // biome-ignore lint/a11y/useAriaPropsForRole: a check box tells its state by itself
          role="switch"
          aria-describedby={there ? undefined : id}
          checked={wanted && there}
          disabled={!there}
          onChange={(event) => setUseAdapter(event.target.checked)}
        />
        <span>{words().chat.composer.useAdapter}</span>
      </label>
      {!there && (
        <span id={id} className="hint">
          {words().chat.composer.noAdapter}
        </span>
      )}
    </>
  );
}

interface ComposerProps {
  /** Why nothing can be asked now; "" when it can. */
  obstacle: string;
  placeholder: string;
  /** There is a conversation. */
  begun: boolean;
  /** Who answers, where that is said here. */
  children?: ReactNode;
  onAsk(text: string): Promise<void>;
  onClear(): void;
}

export function Composer({ obstacle, placeholder, begun, children, onAsk, onClear }: ComposerProps) {
  const attached = useChat((s) => s.attached);
  const busy = useChat((s) => s.busy);
  const { attach, stop } = useChat.getState();
  const [text, setText] = useState("");
  const keys = useId();
  const say = words().chat.composer;
  const submit = (question: string): void => {
    if (obstacle || (!question.trim() && attached.length === 0)) return;
    setText("");
    void onAsk(question.trim());
  };
  return (
    <>
      <form
        className="composer"
        onSubmit={(event) => {
          event.preventDefault();
          submit(text);
        }}
      >
        <textarea
          aria-label={say.label}
          aria-describedby={keys}
          dir="auto"
          rows={2}
          value={text}
          placeholder={placeholder}
          onChange={(event) => setText(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
              event.preventDefault();
              submit(text);
            }
            if (event.key === "Escape" && busy) void stop();
          }}
        />
        <span id={keys} className="hint">
          {say.keys}
        </span>
        <div className="row centred">
          <PickButton accept="image/*" onPick={(files) => attach(files.map((file) => file.blob as File))}>
            {say.attach}
          </PickButton>
          <Action type="submit" kind="primary" reason={obstacle}>
            {say.send}
          </Action>
          <Action reason={busy ? "" : say.nothingToStop} onPress={() => void stop()}>
            {say.stop}
          </Action>
          <span className="grow" />
          {children}
        </div>
      </form>
      <div className="row examples">
        {say.examples.map((question) => (
          <Action key={question} kind="quiet" reason={obstacle} onPress={() => submit(question)}>
            {question}
          </Action>
        ))}
        {begun && (
          <Action kind="quiet" reason={busy ? words().chat.obstacles.busy : ""} onPress={onClear}>
            {say.new}
          </Action>
        )}
      </div>
    </>
  );
}
