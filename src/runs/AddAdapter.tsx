/** The way in for adapters of others: chosen here, or dropped anywhere on the page. */
import type { DroppedFile } from "../../workers/protocol/dataset.ts";
import { useApp } from "../page/store.ts";
import { Action } from "../parts/Action.tsx";
import { PickButton } from "../parts/PickButton.tsx";
import { useAdapters } from "../stores/adapters.ts";
import { words } from "../words/index.ts";

async function take(files: DroppedFile[]): Promise<void> {
  if (await useAdapters.getState().take(files)) return;
  const { noAdapter, noAdapterRemedy } = words().runs.add;
  useApp.getState().fail("runs", { code: "bad-adapter", message: noAdapter, remedy: noAdapterRemedy, safe: "" });
}

export function AddAdapter() {
  const { waiting, told } = useAdapters();
  const { dismiss } = useAdapters.getState();
  const say = words().runs.add;
  return (
    <>
      <details>
        <summary>{say.title}</summary>
        <div className="row">
          <PickButton onPick={(files) => void take(files)} accept=".zip,.safetensors,.json,.bin">
            {say.files}
          </PickButton>
          <PickButton folder onPick={(files) => void take(files)}>
            {say.folder}
          </PickButton>
        </div>
        <p className="detail">{say.help}</p>
      </details>
      <p role="status" className="status">
        {waiting ? say.waits(waiting.label) : told}
      </p>
      {waiting && (
        <Action kind="quiet" onPress={dismiss}>
          {say.leaveOut}
        </Action>
      )}
    </>
  );
}
