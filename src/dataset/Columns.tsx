/** Which column of the training data is what. */
import { ColumnForm } from "../parts/ColumnForm.tsx";
import { isUnsure } from "../parts/columns.ts";
import { useColumns } from "../stores/columns.ts";
import { useDataset } from "../stores/dataset.ts";
import { words } from "../words/index.ts";

/** Open of itself where the reader is unsure. */
export function Columns() {
  const { look, draft, source, fromBefore, choose, keep } = useColumns();
  // Rows of another drop say nothing about this one.
  const skipped = useDataset((s) => (s.source === source ? s.info?.skipped : undefined));
  const busy = useDataset((s) => s.progress !== undefined);
  const { use } = useDataset.getState();
  if (!source) return null;
  const read = (): void => {
    const files = keep();
    if (files) void use(files);
  };
  return (
    <ColumnForm
      {...{ look, draft, fromBefore, used: source.reading ?? {} }}
      open={!busy && isUnsure(skipped)}
      obstacle={busy ? words().data.preparing : ""}
      onChoose={(reading) => void choose(reading)}
      onRead={read}
    />
  );
}
