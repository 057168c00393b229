/** A run's whole model for llama.cpp and Ollama, into a folder. */
import { useState } from "react";
import { callback, engine } from "../page/workers.ts";
import { Action } from "../parts/Action.tsx";
import { words } from "../words/index.ts";
import { pickedFolder } from "./folder.ts";
import { Merging, type Written } from "./Merging.tsx";

interface LlamaCppProps {
  runId: string;
  /** Why it cannot be written now; "" when it can. */
  obstacle: string;
  /** Does the work, and tells what goes wrong in the panel. */
  attempt(work: () => Promise<void>): Promise<void>;
}

type WeightType = "f16" | "q8_0";

export function LlamaCpp({ runId, obstacle, attempt }: LlamaCppProps) {
  const [type, setType] = useState<WeightType>("f16");
  const [progress, setProgress] = useState<Written>();
  const [notes, setNotes] = useState<string[]>();
  const say = words().runs.ways;
  const save = async (): Promise<void> => {
    const folder = await pickedFolder();
    if (!folder) return;
    setNotes(undefined);
    await attempt(async () => {
      setNotes(await engine((api) => api.llamaCppInto(runId, { folder, type }, callback(setProgress))));
    });
    setProgress(undefined);
  };
  return (
    <>
      <div className="row">
        <label>
          <span>{say.weights}</span>
          <select value={type} onChange={(event) => setType(event.target.value as WeightType)}>
            <option value="f16">{say.weightsF16}</option>
            <option value="q8_0">{say.weightsQ8}</option>
          </select>
        </label>
        <Action reason={obstacle} onPress={() => void save()}>
          {say.saveLlamaCpp}
        </Action>
      </div>
      {progress && <Merging written={progress} />}
      {notes && <p className="note">{say.llamaCppWritten}</p>}
      {notes?.map((note) => (
        <p key={note} className="note">
          {note}
        </p>
      ))}
    </>
  );
}
