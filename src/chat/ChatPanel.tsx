import { useEffect, useRef, useState } from "react";
import { Action } from "../parts/Action.tsx";
import { Panel } from "../parts/Panel.tsx";
import { PickButton } from "../parts/PickButton.tsx";
import { Spoken } from "../parts/Spoken.tsx";
import { useChat } from "../stores/chat.ts";
import { useModel } from "../stores/model.ts";
import { isWorking } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { canGoOn, type Turn } from "../stores/turns.ts";
import { AttachedPictures, SamplePictures } from "./Pictures.tsx";
import "./chat.css";

const NO_ADAPTER = "There is no adapter yet: train one, or press Use in chat of a run.";
const examples = ["Describe the picture.", "What do you see?", "What color is the background?"];

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

/** The last answer once it is whole: a log that is written word by word would be read out word by word. */
function spokenAnswer(turns: readonly Turn[]): string {
  const last = turns.at(-1);
  return last?.role === "assistant" && last.footnote ? `${last.speaker.name}: ${last.text}` : "";
}

export function ChatPanel() {
  const { turns, attached, useAdapter, adapterRun, temperature, busy } = useChat();
  const { attach, detach, setUseAdapter, setTemperature, send, stop, clear } = useChat();
  const model = useModel((s) => s.info);
  const training = useTraining((s) => isWorking(s.state));
  const [text, setText] = useState("");
  const log = useRef<HTMLDivElement>(null);
  const reason = !model
    ? "Load a model first."
    : training
      ? "Pause the training to chat."
      : busy
        ? "An answer is being written."
        : "";
  const submit = (words: string): void => {
    if (reason || (!words.trim() && attached.length === 0)) return;
    setText("");
    void send(words.trim());
  };
  // biome-ignore lint/correctness/useExhaustiveDependencies: new words scroll the log down
  useEffect(() => {
    // Not returned: newer browsers give a promise, which React would take for a clean-up.
    log.current?.scrollTo({ top: log.current.scrollHeight });
  }, [turns]);
  return (
    <Panel title="Chat" place="chat" lead="Ask the model about a picture, with and without what it has learnt.">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls takes the arrow keys */}
      <div ref={log} className="conversation" role="log" aria-live="off" aria-label="Conversation" tabIndex={0}>
        {turns.length === 0 && (
          <p className="detail">
            {!model ? "Load a model to talk to it." : attached.length > 0 ? "Now ask." : "Attach a picture and ask."}
          </p>
        )}
        {turns.map((turn) => (
          <TurnView key={turn.id} turn={turn} goOn={turn === turns.at(-1) ? { reason } : undefined} />
        ))}
      </div>
      <Spoken text={spokenAnswer(turns)} atOnce />
      <AttachedPictures pictures={attached} onRemove={detach} />
      {model?.demo && attached.length === 0 && !turns.some((turn) => turn.pictures.length > 0) && (
        <SamplePictures onPick={(file) => attach([file])} />
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          submit(text);
        }}
      >
        <textarea
          aria-label="Message"
          rows={2}
          value={text}
          placeholder={training ? "Pause the training to chat." : "Message"}
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
          <Action type="submit" kind="primary" reason={reason}>
            Send
          </Action>
          <Action reason={busy ? "" : "No answer is being written."} onPress={() => void stop()}>
            Stop
          </Action>
          <span className="grow" />
          <label className="inline" title={adapterRun === undefined ? NO_ADAPTER : undefined}>
            <input
              type="checkbox"
              role="switch"
              aria-checked={useAdapter && adapterRun !== undefined}
              aria-description={adapterRun === undefined ? NO_ADAPTER : undefined}
              checked={useAdapter && adapterRun !== undefined}
              disabled={adapterRun === undefined}
              onChange={(event) => setUseAdapter(event.target.checked)}
            />
            <span>Use adapter</span>
          </label>
        </div>
      </form>
      <div className="row examples">
        {examples.map((words) => (
          <Action key={words} kind="quiet" reason={reason} onPress={() => submit(words)}>
            {words}
          </Action>
        ))}
        {turns.length > 0 && (
          <Action kind="quiet" reason={busy ? "An answer is being written." : ""} onPress={clear}>
            New conversation
          </Action>
        )}
      </div>
      <details>
        <summary>Sampling</summary>
        <label>
          <span>Temperature {temperature === 0 ? "(0: always the likeliest word)" : temperature.toFixed(1)}</span>
          <input
            type="range"
            min={0}
            max={1.5}
            step={0.1}
            value={temperature}
            onChange={(event) => setTemperature(event.target.valueAsNumber)}
          />
        </label>
      </details>
    </Panel>
  );
}
