/** The run of this tab: how far it is, what can be done with it, its curve and its answers in one screen; the rest below. */
import { memo, useState } from "react";
import { featureWords } from "../../workers/models/kept/feature-words.ts";
import { Spoken } from "../parts/Spoken.tsx";
import { isAtRest, isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { Answers } from "./Answers.tsx";
import { type Drawing, LossChart } from "./LossChart.tsx";
import { PaceSelect } from "./PaceSelect.tsx";
import { AdviceSign, RunAdvice, useRunAdvice } from "./RunAdvice.tsx";
import { RunButtons } from "./RunButtons.tsx";
import { RunFigures } from "./RunFigures.tsx";
import { RunTools } from "./RunTools.tsx";
import { oddRowsWords, spokenOf, statusOf } from "./status.ts";
import { TellWhenDone } from "./TellWhenDone.tsx";
import "./run.css";

/** What else is to be told of a run, a sentence or two each. */
const Notes = memo(() => {
  const note = useTraining((s) => s.note);
  const about = useTraining((s) => s.about);
  const oddRows = useTraining((s) => s.oddRows);
  const features = useTraining((s) => s.features);
  const odd = oddRowsWords(oddRows);
  return (
    <>
      {about && <p className="note">{about}</p>}
      {note && <p className="note">{note}</p>}
      {odd && <p className="note">{odd}</p>}
      {features && <p className="detail">{featureWords(features)}</p>}
    </>
  );
});

/** Drawn anew with each step; those of its parts that stay as they are have `memo`. */
export function LiveRun() {
  const run = useTraining();
  const { state, step, maxSteps, records, evaluations, resumedAt, checkpoints } = run;
  const [drawn, setDrawn] = useState<Drawing>({ smoothing: 0.8, log: false });
  const advice = useRunAdvice();
  const begun = state !== "idle";
  const running = isRunning(state);
  return (
    <div className="live-run" data-begun={begun || undefined}>
      <div className="run-screen">
        <RunButtons />
        <div className="run-status">
          {/* For eyes and tests it changes with each step; Spoken says it at the pace of speech. */}
          <p role="status" aria-live="off" className="status">
            {statusOf(run)}
          </p>
          <AdviceSign items={advice} />
        </div>
        <Spoken text={spokenOf(run)} atOnce={isAtRest(state)} />
        {begun && (
          <>
            <progress
              aria-label={words().run.status.steps}
              max={Math.max(1, maxSteps)}
              {...(running && maxSteps === 0 ? {} : { value: step })}
            />
            <RunFigures records={records} evaluations={evaluations} maxSteps={maxSteps} running={running} />
            <div className="in-sight">
              <LossChart
                records={records}
                evaluations={evaluations}
                resumedAt={resumedAt}
                checkpoints={checkpoints}
                drawn={drawn}
              />
              <Answers />
            </div>
          </>
        )}
      </div>
      <PaceSelect />
      {begun && (
        <>
          <p className="detail">{words().recipe.lead}</p>
          {running && <TellWhenDone />}
          <RunAdvice items={advice} />
          <Notes />
          <RunTools drawn={drawn} onDraw={setDrawn} />
        </>
      )}
    </div>
  );
}
