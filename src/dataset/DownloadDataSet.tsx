/** The rows as a Parquet file that other tools load: what was dropped in any form, read, mapped and mended, is a data set from here on. */
import { useState } from "react";
import { useApp } from "../page/store.ts";
import { callback, dataset } from "../page/workers.ts";
import { Action } from "../parts/Action.tsx";
import { download } from "../parts/download.ts";
import { useDataset } from "../stores/dataset.ts";
import { words } from "../words/index.ts";

export function DownloadDataSet() {
  const source = useDataset((s) => s.source);
  const model = useDataset((s) => s.preparedFor);
  const { label = "data", id = "" } = useDataset((s) => s.info) ?? {};
  const busy = useDataset((s) => s.progress !== undefined);
  const [told, setTold] = useState("");
  const [writing, setWriting] = useState(false);
  if (!source || !model) return null;
  const { download: say, preparing } = words().data;
  const reason = writing ? say.writing : busy ? preparing : "";

  async function write(): Promise<void> {
    if (!source || !model) return;
    setWriting(true);
    setTold(say.written(0));
    try {
      const written = await dataset((api, alive) =>
        api.asDataSet(
          source,
          id,
          model.preparation,
          callback((rows: number, place: string) => {
            alive(place);
            setTold(say.written(rows));
          }),
        ),
      );
      download(written.file, `${label.replace(/[^\p{L}\p{N}._-]+/gu, "-")}.parquet`);
      setTold(say.done(written.rows, written.leftOut));
    } catch (error) {
      setTold("");
      useApp.getState().fail("data", error);
    } finally {
      setWriting(false);
    }
  }

  return (
    <div className="row centred">
      <Action kind="quiet" reason={reason} onPress={() => void write()}>
        {say.button}
      </Action>
      <span className="hint" aria-live="polite">
        {told || say.form}
      </span>
    </div>
  );
}
