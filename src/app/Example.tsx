/** A recorded run of the demo: its curve, and what the model says to pictures that it has not seen, step by step. Loads nothing of the engine. */
import { useEffect, useState } from "react";
import { Action } from "../parts/Action.tsx";
import { words } from "../words/index.ts";
import { ExampleCurve } from "./ExampleCurve.tsx";
import example from "./example.json";

const { evaluations, losses, pictures, rows } = example;
const LAST = evaluations.length - 1;
/** Long enough to read a short answer. */
const PAUSE_MS = 1200;

const wantsNoMotion = (): boolean => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

/** Plays once by itself, from before the first step on; whoever wants no motion sees the end. */
function useReplay(): { at: number; playing: boolean; show(at: number): void; play(): void; stop(): void } {
  const [at, setAt] = useState(() => (wantsNoMotion() ? LAST : 0));
  const [playing, setPlaying] = useState(() => !wantsNoMotion());
  useEffect(() => {
    if (!playing) return;
    const timer = setTimeout(() => (at < LAST ? setAt(at + 1) : setPlaying(false)), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [playing, at]);
  return {
    at,
    playing,
    show(next) {
      setPlaying(false);
      setAt(next);
    },
    play() {
      setAt(0);
      setPlaying(true);
    },
    stop: () => setPlaying(false),
  };
}

export function Example() {
  const { at, playing, show, play, stop } = useReplay();
  const { step, right, of } = evaluations[at]!;
  const say = words().welcome.example;
  return (
    <div className="example">
      <div className="example-head">
        <h3>{say.title}</h3>
        <Action kind="quiet" onPress={playing ? stop : play}>
          {playing ? say.stop : say.again}
        </Action>
      </div>
      <p className="detail">{say.what(rows.trained, rows.heldOut)}</p>
      <ExampleCurve losses={losses} evaluations={evaluations} at={step} />
      <label>
        <span className="when">{say.when(step, right, of)}</span>
        <input
          type="range"
          aria-label={say.slider}
          aria-valuetext={say.when(step, right, of)}
          min={0}
          max={LAST}
          step={1}
          value={at}
          onChange={({ target }) => show(target.valueAsNumber)}
        />
      </label>
      <ul className="example-answers" aria-label={say.answers}>
        {pictures.map(({ file, question, right: wanted, answers }) => {
          const answer = answers[at]!;
          return (
            <li key={file}>
              <img src={`demo/data/${file}`} alt={say.picture(wanted)} width={96} height={96} />
              <div>
                <p className="asked" lang="en">
                  {question}
                </p>
                <p className="answer" lang="en" data-right={answer.right}>
                  {answer.text}
                </p>
                <p className={answer.right ? "mark right" : "mark"}>
                  {answer.right ? `✓ ${say.right}` : say.wanted(wanted)}
                </p>
              </div>
            </li>
          );
        })}
      </ul>
    </div>
  );
}
