/** Before anything else: can this browser and GPU do it, and if not, the one thing to do about it. */
import { useApp } from "../page/store.ts";
import { ErrorNote } from "../parts/ErrorNote.tsx";
import { useWithheldGpu } from "../stores/withheld-gpu.ts";
import { words } from "../words/index.ts";
import { useFirstVisit } from "./first-visit.ts";

function remedy(): string {
  const say = words().welcome.gate;
  if (!window.isSecureContext) return say.https;
  const agent = navigator.userAgent;
  if (/Android|iPhone|iPad/.test(agent)) return say.phone;
  if (/Firefox/.test(agent)) return say.firefox;
  if (/Safari/.test(agent) && !/Chrome/.test(agent)) return say.safari;
  return /Linux/.test(agent) ? say.linux : say.chrome;
}

export function Gate() {
  const capability = useApp((s) => s.capability);
  const isFirst = useFirstVisit();
  // It can be used as soon as the GPU is back, which is told where the run is.
  const waiting = useWithheldGpu((s) => s.waiting !== undefined);
  const problem = capability && !capability.usable && !waiting ? capability.problem : undefined;
  // What befell the page itself, as a part of it that could not be fetched.
  if (!problem) return <ErrorNote place="page" />;
  const say = words().welcome.gate;
  return (
    <div className="error-note" role="alert">
      <p>
        <strong>{problem.message}</strong> {say.needs}
      </p>
      <p>{problem.code === "no-webgpu" ? remedy() : problem.remedy}</p>
      <p className="detail">{isFirst ? say.elsewhere : say.elsewhereLater}</p>
    </div>
  );
}
