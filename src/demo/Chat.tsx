/** Questions with pictures, and answers as they are written. */
import { type FormEvent, useEffect, useRef, useState } from "react";
import { type ErrorReport, reportOf } from "../../workers/errors.ts";
import type { DemoFile } from "../../workers/vlm/demo-file.ts";
import type { Answer, ChatMessage, Vlm } from "../../workers/vlm/protocol.ts";
import { Failure } from "./Failure.tsx";
import { beside } from "./model.ts";
import { say } from "./words.ts";

interface Picture {
  name: string;
  blob: Blob;
  url: string;
}

interface Turn {
  question: string;
  pictures: Picture[];
  text: string;
  stopped?: Answer["stopped"];
}

const pictureOf = (name: string, blob: Blob): Picture => ({ name, blob, url: URL.createObjectURL(blob) });

const release = ({ url }: Picture): void => URL.revokeObjectURL(url);

const messagesOf = (turns: readonly Turn[]): ChatMessage[] =>
  turns.flatMap(({ question, pictures, text }, n): ChatMessage[] => [
    { role: "user", content: [...pictures.map(() => ({ type: "image" as const })), { type: "text", text: question }] },
    ...(n < turns.length - 1 ? [{ role: "assistant" as const, content: text }] : []),
  ]);

export function Chat({ vlm, examples }: { vlm: Vlm; examples: DemoFile["examples"] }) {
  const [turns, setTurns] = useState<Turn[]>([]);
  const [attached, setAttached] = useState<Picture[]>([]);
  const [question, setQuestion] = useState("");
  const [adapter, setAdapter] = useState(true);
  const [error, setError] = useState<ErrorReport>();
  const [busy, setBusy] = useState<AbortController>();
  const input = useRef<HTMLInputElement>(null);

  const ask = async (text: string, pictures: Picture[]): Promise<void> => {
    const asking = new AbortController();
    setBusy(asking);
    setError(undefined);
    const before = turns;
    const show = (turn: Partial<Turn>): void => setTurns([...before, { question: text, pictures, text: "", ...turn }]);
    show({});
    let written = "";
    try {
      const all = [...before, { question: text, pictures, text: "" }];
      const images = all.flatMap((turn) => turn.pictures.map(({ blob }) => blob));
      const answer = vlm.answer({ messages: messagesOf(all), images, adapter, signal: asking.signal });
      for (;;) {
        const { done, value } = await answer.next();
        if (done) {
          show({ text: value.text, stopped: value.stopped });
          break;
        }
        written += value;
        show({ text: written });
      }
    } catch (cause) {
      setError(reportOf(cause));
      setTurns(before);
      setQuestion(text);
      setAttached(pictures);
    }
    setBusy(undefined);
  };
  const send = (event: FormEvent): void => {
    event.preventDefault();
    if (busy || question.trim() === "") return;
    setQuestion("");
    setAttached([]);
    void ask(question.trim(), attached);
  };
  const tryExample = async ({ question: text, pictures }: DemoFile["examples"][number]): Promise<void> => {
    try {
      const found = await Promise.all(pictures.map(async (path) => pictureOf(path, await beside(path))));
      await ask(text, found);
    } catch (cause) {
      setError(reportOf(cause));
    }
  };
  const obstacle = busy ? say.busy : question.trim() === "" ? say.noQuestion : "";
  return (
    <>
      {turns.length === 0 && examples.length > 0 && (
        <section aria-label={say.examples}>
          <h2>{say.examples}</h2>
          <ul className="examples">
            {examples.map((example) => (
              <li key={`${example.question} ${example.pictures.join()}`}>
                <button type="button" onClick={() => void tryExample(example)}>
                  {example.pictures.map((path) => (
                    <img key={path} src={path} alt="" loading="lazy" />
                  ))}
                  <span>{example.question}</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <div role="log" aria-label={say.conversation}>
        {turns.map((turn, n) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: turns are only added behind.
          <TurnOf key={n} turn={turn} writing={busy !== undefined && n === turns.length - 1} />
        ))}
      </div>
      {error && <Failure error={error} />}
      <form onSubmit={send}>
        <Attached pictures={attached} onChange={setAttached} />
        <textarea
          aria-label={say.message}
          placeholder={say.message}
          rows={2}
          value={question}
          onChange={(event) => setQuestion(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && !event.shiftKey && !event.nativeEvent.isComposing) send(event);
          }}
        />
        <div className="buttons">
          <button type="button" onClick={() => input.current?.click()}>
            {say.attach}
          </button>
          <input
            ref={input}
            type="file"
            accept="image/*"
            multiple
            hidden
            onChange={(event) => {
              const files = [...(event.currentTarget.files ?? [])];
              setAttached([...attached, ...files.map((file) => pictureOf(file.name, file))]);
              event.currentTarget.value = "";
            }}
          />
          {busy ? (
            <button type="button" onClick={() => busy.abort()}>
              {say.stop}
            </button>
          ) : (
            <button type="submit" className="primary" aria-disabled={obstacle !== "" || undefined} title={obstacle}>
              {say.send}
            </button>
          )}
          {turns.length > 0 && !busy && (
            <button
              type="button"
              onClick={() => {
                turns.flatMap(({ pictures }) => pictures).forEach(release);
                setTurns([]);
              }}
            >
              {say.anew}
            </button>
          )}
          <label>
            <input type="checkbox" checked={adapter} onChange={(event) => setAdapter(event.target.checked)} />
            {say.adapter}
          </label>
        </div>
      </form>
    </>
  );
}

function TurnOf({ turn, writing }: { turn: Turn; writing: boolean }) {
  const end = useRef<HTMLDivElement>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: each new word is shown.
  useEffect(() => {
    // In newer browsers it returns a promise, which React would take for the effect's end.
    void end.current?.scrollIntoView({ block: "nearest" });
  }, [turn.text]);
  const { stopped } = turn;
  return (
    <>
      <div className="turn user">
        {turn.pictures.map(({ name, url }) => (
          <img key={url} src={url} alt={say.pictureOf(name)} />
        ))}
        <p>{turn.question}</p>
      </div>
      <div ref={end} className="turn assistant" aria-busy={writing}>
        <p>{turn.text || (writing ? say.thinking : "")}</p>
        {stopped === "user" && <small>{say.stopped}</small>}
        {(stopped === "length" || stopped === "full") && <small>{say.cut}</small>}
      </div>
    </>
  );
}

function Attached({ pictures, onChange }: { pictures: Picture[]; onChange(pictures: Picture[]): void }) {
  if (pictures.length === 0) return null;
  return (
    <ul className="attached">
      {pictures.map((picture) => (
        <li key={picture.url}>
          <img src={picture.url} alt={say.pictureOf(picture.name)} />
          <button
            type="button"
            onClick={() => {
              release(picture);
              onChange(pictures.filter((other) => other !== picture));
            }}
          >
            {say.remove(picture.name)}
          </button>
        </li>
      ))}
    </ul>
  );
}
