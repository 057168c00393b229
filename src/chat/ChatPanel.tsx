import { useEffect, useRef, useState } from "react";
import { useModel } from "../model/store.ts";
import { Panel } from "../parts/Panel.tsx";
import { PickButton } from "../parts/PickButton.tsx";
import { isRunning, useTraining } from "../training/store.ts";
import { AttachedPictures, SamplePictures } from "./Pictures.tsx";
import { type Turn, useChat } from "./store.ts";

const examples = ["Describe the picture.", "What do you see?", "What color is the background?"];

function TurnView({ turn }: { turn: Turn }) {
  return (
    <div className={`turn ${turn.role}`}>
      <span className="hidden">{turn.role === "user" ? "You:" : "Model:"}</span>
      {turn.previews.map((url, i) => (
        <img key={url} src={url} alt={`Attached ${i + 1}`} />
      ))}
      <p dir="auto">{turn.text || "…"}</p>
      {turn.footnote && <small>{turn.footnote}</small>}
    </div>
  );
}

export function ChatPanel() {
  const { turns, attached, useAdapter, adapterRun, temperature, busy } = useChat();
  const { attach, detach, setUseAdapter, setTemperature, send, stop, clear } = useChat();
  const model = useModel((s) => s.info);
  const training = useTraining((s) => isRunning(s.state) && s.state !== "paused");
  const [text, setText] = useState("");
  const log = useRef<HTMLDivElement>(null);
  const ready = model !== undefined && !busy && !training;
  const submit = (words: string): void => {
    if (!ready || (!words.trim() && attached.length === 0)) return;
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
      <div ref={log} className="conversation" role="log" aria-label="Conversation">
        {turns.length === 0 && (
          <p className="detail">
            {!model ? "Load a model to talk to it." : attached.length > 0 ? "Now ask." : "Attach a picture and ask."}
          </p>
        )}
        {turns.map((turn) => (
          <TurnView key={turn.id} turn={turn} />
        ))}
      </div>
      <AttachedPictures pictures={attached} onRemove={detach} />
      {model?.demo && attached.length === 0 && !turns.some((turn) => turn.previews.length > 0) && (
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
          <button type="submit" className="primary" disabled={!ready}>
            Send
          </button>
          <button type="button" disabled={!busy} onClick={stop}>
            Stop
          </button>
          <span className="grow" />
          <label className="inline">
            <input
              type="checkbox"
              role="switch"
              aria-checked={useAdapter && adapterRun !== undefined}
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
          <button key={words} type="button" className="quiet" disabled={!ready} onClick={() => submit(words)}>
            {words}
          </button>
        ))}
        {turns.length > 0 && (
          <button type="button" className="quiet" disabled={busy} onClick={clear}>
            New conversation
          </button>
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
