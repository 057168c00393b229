/** The message box with its buttons, and questions to begin with. */
import { type ReactNode, useId, useState } from "react";
import { Action } from "../parts/Action.tsx";
import { PickButton } from "../parts/PickButton.tsx";
import { useChat } from "../stores/chat.ts";

const examples = ["Describe the picture.", "What do you see?", "What color is the background?"];

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
        <span>Use adapter</span>
      </label>
      {!there && (
        <span id={id} className="hint">
          There is no adapter yet: train one, or press Use in chat of a run.
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
  const submit = (words: string): void => {
    if (obstacle || (!words.trim() && attached.length === 0)) return;
    setText("");
    void onAsk(words.trim());
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
          aria-label="Message"
          rows={2}
          value={text}
          placeholder={placeholder}
          onChange={(event) => setText(event.target.value)}
          onPaste={(event) => {
            const pictures = [...event.clipboardData.files].filter((file) => file.type.startsWith("image/"));
            if (pictures.length > 0) attach(pictures);
          }}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) {
              event.preventDefault();
              submit(text);
            }
            if (event.key === "Escape" && busy) void stop();
          }}
        />
        <div className="row centred">
          <PickButton accept="image/*" onPick={(files) => attach(files.map((file) => file.blob as File))}>
            Attach picture
          </PickButton>
          <Action type="submit" kind="primary" reason={obstacle}>
            Send
          </Action>
          <Action reason={busy ? "" : "No answer is being written."} onPress={() => void stop()}>
            Stop
          </Action>
          <span className="grow" />
          {children}
        </div>
      </form>
      <div className="row examples">
        {examples.map((words) => (
          <Action key={words} kind="quiet" reason={obstacle} onPress={() => submit(words)}>
            {words}
          </Action>
        ))}
        {begun && (
          <Action kind="quiet" reason={busy ? "An answer is being written." : ""} onPress={onClear}>
            New conversation
          </Action>
        )}
      </div>
    </>
  );
}
