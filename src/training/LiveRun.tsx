/** The run of this tab: what can be done with it, how far it is, and how its loss falls, in one screen. */
import { featureWords } from "../../workers/models/kept/feature-words.ts";
import { Spoken } from "../parts/Spoken.tsx";
import { isAtRest, isRunning } from "../stores/run-state.ts";
import { useTraining } from "../stores/training.ts";
import { words } from "../words/index.ts";
import { Answers } from "./Answers.tsx";
import { LossChart } from "./LossChart.tsx";
import { RunAdvice } from "./RunAdvice.tsx";
import { RunButtons } from "./RunButtons.tsx";
import { RunFigures } from "./RunFigures.tsx";
import { oddRowsWords, spokenOf, statusOf } from "./status.ts";
import { TellWhenDone } from "./TellWhenDone.tsx";

export function LiveRun() {
  const run = useTraining();
  const { state, step, maxSteps, records, evaluations, resumedAt, checkpoints, note, oddRows } = run;
  const features = run.features ? featureWords(run.features) : "";
  const odd = oddRowsWords(oddRows);
  return (
    <div className="live-run">
      <RunButtons />
      {/* For eyes and tests it changes with each step; Spoken says it at the pace of speech. */}
      <p role="status" aria-live="off" className="status">
        {statusOf(run)}
      </p>
      <Spoken text={spokenOf(run)} atOnce={isAtRest(state)} />
      {isRunning(state) && maxSteps > 0 && (
        <progress aria-label={words().run.status.steps} max={maxSteps} value={step} />
      )}
      <RunAdvice />
      <RunFigures records={records} evaluations={evaluations} maxSteps={maxSteps} running={isRunning(state)} />
      <div className="in-sight">
        {records.length + evaluations.length > 0 && (
          <LossChart records={records} evaluations={evaluations} resumedAt={resumedAt} checkpoints={checkpoints} />
        )}
        <Answers />
      </div>
      {isRunning(state) && <TellWhenDone />}
      {note && <p className="note">{note}</p>}
      {odd && <p className="note">{odd}</p>}
      {features && <p className="detail">{features}</p>}
    </div>
  );
}
