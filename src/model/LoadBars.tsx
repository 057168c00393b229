/** Two verbs, two bars: what the network brings, and what of it is ready for the GPU. */
import type { LoadProgress } from "../../workers/protocol/model.ts";
import { bytes, duration } from "../parts/format.ts";
import { Progress } from "../parts/Progress.tsx";
import { useModel } from "../stores/model.ts";
import { words } from "../words/index.ts";

function speedWords({ bytes: done, total, bytesPerSecond, secondsLeft }: NonNullable<LoadProgress["fetched"]>): string {
  const say = words().model.bars;
  const speed = say.speed(bytes(done), bytes(total), bytes(bytesPerSecond));
  return secondsLeft === null ? speed : `${speed}, ${say.left(duration(secondsLeft))}`;
}

export function LoadBars({ progress: { phase, fraction, detail, fetched } }: { progress: LoadProgress }) {
  const fromHub = useModel((s) => s.source.kind === "hub");
  const stop = useModel((s) => s.stop);
  const asking = phase === "asking";
  const say = words().model.bars;
  return (
    <>
      {fetched && (
        <Progress label={say.fetched} fraction={fetched.bytes / fetched.total} detail={speedWords(fetched)} />
      )}
      <Progress
        label={fetched ? say.prepared : say.phases[phase]}
        {...(asking ? {} : { fraction })}
        detail={asking ? say.asking : detail}
      />
      <div className="row">
        <button type="button" onClick={stop}>
          {asking ? say.stopAsking : fromHub ? say.pause : say.stop}
        </button>
        {!asking && <p className="detail">{say.kept}</p>}
      </div>
    </>
  );
}
