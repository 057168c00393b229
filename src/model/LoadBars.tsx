/** Two verbs, two bars: what the network brings, and what of it is ready for the GPU. */
import type { LoadProgress } from "../../workers/protocol/model.ts";
import { bytes, duration } from "../parts/format.ts";
import { Progress } from "../parts/Progress.tsx";
import { useModel } from "../stores/model.ts";

const phases: Record<LoadProgress["phase"], string> = {
  asking: "Asking the hub",
  reading: "Reading weights",
  quantising: "Packing weights into 4 bits",
  uploading: "Uploading to the GPU",
};

function words({ bytes: done, total, bytesPerSecond, secondsLeft }: NonNullable<LoadProgress["fetched"]>): string {
  const speed = `${bytes(done)} of ${bytes(total)}, ${bytes(bytesPerSecond)}/s`;
  return secondsLeft === null ? speed : `${speed}, ${duration(secondsLeft)} left`;
}

export function LoadBars({ progress: { phase, fraction, detail, fetched } }: { progress: LoadProgress }) {
  const fromHub = useModel((s) => s.source.kind === "hub");
  const stop = useModel((s) => s.stop);
  const asking = phase === "asking";
  return (
    <>
      {fetched && <Progress label="Fetched" fraction={fetched.bytes / fetched.total} detail={words(fetched)} />}
      <Progress
        label={fetched ? "Prepared" : phases[phase]}
        {...(asking ? {} : { fraction })}
        detail={asking ? "What the model costs is asked first; no weight is fetched yet." : detail}
      />
      <div className="row">
        <button type="button" onClick={stop}>
          {asking ? "Stop asking" : fromHub ? "Pause download" : "Stop loading"}
        </button>
        {!asking && (
          <p className="detail">
            What is prepared stays here: Load model goes on where it stopped, also after a reload.
          </p>
        )}
      </div>
    </>
  );
}
