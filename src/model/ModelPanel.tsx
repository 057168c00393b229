import { useApp } from "../app/store.ts";
import { labelOf } from "../parts/files.ts";
import { bytes, count } from "../parts/format.ts";
import { Panel } from "../parts/Panel.tsx";
import { PickButton } from "../parts/PickButton.tsx";
import { Progress } from "../parts/Progress.tsx";
import { useModel } from "./store.ts";

const phases = {
  reading: "Reading weights",
  quantising: "Packing weights into 4 bits",
  uploading: "Uploading to the GPU",
  compiling: "Compiling kernels",
};

export function ModelPanel() {
  const { source, info, progress, choose, load } = useModel();
  const usable = useApp((s) => s.capability?.usable ?? false);
  const busy = progress !== undefined;
  return (
    <Panel
      title="Model"
      place="model"
      done={info !== undefined}
      lead="The base model stays frozen, in 4 bits, on your GPU."
    >
      <div className="row">
        <label className="grow">
          <span>Model</span>
          <select
            aria-label="Model"
            value={source.kind}
            disabled={busy}
            onChange={(event) => {
              if (event.target.value === "embedded") choose({ kind: "embedded" });
            }}
          >
            <option value="embedded">Demo model (4.7 M parameters, embedded)</option>
            {source.kind === "folder" && <option value="folder">{source.label}</option>}
          </select>
        </label>
        <PickButton folder disabled={busy} onPick={(files) => choose({ kind: "folder", label: labelOf(files), files })}>
          Choose model folder
        </PickButton>
        <button type="button" className="primary" disabled={busy || !usable} onClick={load}>
          Load model
        </button>
      </div>
      {progress && <Progress label={phases[progress.phase]} fraction={progress.fraction} detail={progress.detail} />}
      <p role="status" className="status">
        {info
          ? `${info.label} is ready: ${count(info.parameters)} parameters, ${bytes(info.gpuBytes)} on the GPU${info.from === "cache" ? ", from this browser's cache" : ""}.`
          : busy
            ? ""
            : "No model is loaded."}
      </p>
      {info && (
        <p className="detail">
          {info.layers} layers of {info.hiddenSize}, pictures {info.imageSize} × {info.imageSize} as {info.imageTokens}{" "}
          tokens, vision tower on {info.vision === "onnxruntime" ? "onnxruntime-web" : "our own kernels"}.
        </p>
      )}
      {info?.demo && (
        <p className="note">
          The demo model is tiny: it knows 128 flat icons on plain backgrounds and nothing of photographs. For those,
          choose the folder of a real LLaVA checkpoint such as <code>bczhou/tiny-llava-v1-hf</code> or{" "}
          <code>llava-hf/llava-1.5-7b-hf</code>.
        </p>
      )}
    </Panel>
  );
}
