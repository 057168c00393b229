/** The way in for adapters of others: chosen here, or dropped anywhere on the page. */
import type { DroppedFile } from "../../workers/protocol/dataset.ts";
import { useApp } from "../page/store.ts";
import { Action } from "../parts/Action.tsx";
import { PickButton } from "../parts/PickButton.tsx";
import { useAdapters } from "../stores/adapters.ts";

async function take(files: DroppedFile[]): Promise<void> {
  if (await useAdapters.getState().take(files)) return;
  useApp.getState().fail("runs", {
    code: "bad-adapter",
    message: "There is no PEFT adapter among these files.",
    remedy: "Choose adapter_model.safetensors and adapter_config.json together, or a zip or folder with both in it.",
    safe: "",
  });
}

export function AddAdapter() {
  const { waiting, told } = useAdapters();
  const { dismiss } = useAdapters.getState();
  return (
    <>
      <details>
        <summary>Add an adapter</summary>
        <div className="row">
          <PickButton onPick={(files) => void take(files)} accept=".zip,.safetensors,.json,.bin">
            Choose adapter files
          </PickButton>
          <PickButton folder onPick={(files) => void take(files)}>
            Choose adapter folder
          </PickButton>
        </div>
        <p className="detail">
          A PEFT adapter that was made for the model that is loaded: its two files, their folder, or a zip. It can be
          dropped anywhere on this page too.
        </p>
      </details>
      <p role="status" className="status">
        {waiting ? `${waiting.label} waits for a model: load the one that it was made for.` : told}
      </p>
      {waiting && (
        <Action kind="quiet" onPress={dismiss}>
          Leave it out
        </Action>
      )}
    </>
  );
}
