/** Before anything else: can this browser and GPU do it, and if not, the one thing to do about it. */
import { useApp } from "../page/store.ts";

function remedy(): string {
  if (!window.isSecureContext)
    return "Open it by https, or on the machine that serves it as http://localhost: browsers give WebGPU to no other address.";
  const agent = navigator.userAgent;
  if (/Android|iPhone|iPad/.test(agent)) return "Open this page on a computer: a phone has too little memory to train.";
  if (/Firefox/.test(agent)) return "Open this page in Chrome or Edge; Firefox has no complete WebGPU yet.";
  if (/Safari/.test(agent) && !/Chrome/.test(agent)) return "Update to Safari 26, or open this page in Chrome.";
  if (/Linux/.test(agent))
    return "Update Chrome to 144 or newer, and switch on chrome://flags/#enable-unsafe-webgpu if your GPU is older.";
  return "Update Chrome, and switch on hardware acceleration in its system settings.";
}

export function Gate() {
  const capability = useApp((s) => s.capability);
  const error = useApp((s) => s.errors.page);
  const problem = error ?? (capability && !capability.usable ? capability.problem : undefined);
  if (!problem) {
    if (!capability?.adapter?.software) return null;
    return (
      <p className="note">
        This browser computes WebGPU on the processor, not on a graphics card. The demo model trains, at a few seconds a
        step; real models need a GPU.
      </p>
    );
  }
  return (
    <div className="error-note" role="alert">
      <p>
        <strong>{problem.message}</strong> Training needs WebGPU; everything below explains itself but cannot run here.
      </p>
      <p>{problem.code === "no-webgpu" ? remedy() : problem.remedy}</p>
      <p className="detail">
        What it does elsewhere: load a SmolVLM or LLaVA model, drop in pictures and texts, train a LoRA adapter, chat
        with the result, and download an adapter that loads in PEFT.
      </p>
    </div>
  );
}
