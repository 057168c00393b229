/** The rows as a Parquet file that other tools load: what was dropped in any form, read, mapped and mended, is a data set from here on. */
import { useState } from "react";
import { counted } from "../../workers/words.ts";
import { useApp } from "../page/store.ts";
import { callback, dataset } from "../page/workers.ts";
import { Action } from "../parts/Action.tsx";
import { download } from "../parts/download.ts";
import { useDataset } from "../stores/dataset.ts";

export function DownloadDataSet() {
  const source = useDataset((s) => s.source);
  const { label = "data", id = "" } = useDataset((s) => s.info) ?? {};
  const busy = useDataset((s) => s.progress !== undefined);
  const [words, setWords] = useState("");
  const [writing, setWriting] = useState(false);
  if (!source) return null;
  const reason = writing ? "The file is being written." : busy ? "Rows are being prepared: wait, or press Cancel." : "";

  async function write(): Promise<void> {
    if (!source) return;
    setWriting(true);
    setWords("0 rows written");
    try {
      const written = await dataset((api, alive) =>
        api.asDataSet(
          source,
          id,
          callback((rows: number, place: string) => {
            alive(place);
            setWords(`${counted(rows, "row")} written`);
          }),
        ),
      );
      download(written.file, `${label.replace(/[^\p{L}\p{N}._-]+/gu, "-")}.parquet`);
      const leftOut = written.leftOut > 0 ? `, ${written.leftOut} that cannot be read left out` : "";
      setWords(`${counted(written.rows, "row")} written${leftOut}.`);
    } catch (error) {
      setWords("");
      useApp.getState().fail("data", error);
    } finally {
      setWriting(false);
    }
  }

  return (
    <div className="row centred">
      <Action kind="quiet" reason={reason} onPress={() => void write()}>
        Download as data set
      </Action>
      <span className="hint" aria-live="polite">
        {words || "Parquet, as datasets of the hub have it"}
      </span>
    </div>
  );
}
