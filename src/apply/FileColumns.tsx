/** Which column of the files to answer is what. */
import { ColumnForm } from "../parts/ColumnForm.tsx";
import { isUnsure } from "../parts/columns.ts";
import { useApplyFiles } from "../stores/apply-files.ts";
import { useApplyColumns } from "../stores/columns.ts";
import { words } from "../words/index.ts";

/** Open of itself where the reader is unsure. */
export function FileColumns() {
  const { look, draft, source, fromBefore, choose } = useApplyColumns();
  // Rows of other files say nothing about these.
  const skipped = useApplyFiles((s) => (s.source === source ? s.info?.skipped : undefined));
  const busy = useApplyFiles((s) => s.progress !== undefined);
  const { readAgain } = useApplyFiles.getState();
  if (!source) return null;
  return (
    <ColumnForm
      {...{ look, draft, fromBefore, used: source.reading ?? {} }}
      toAnswer
      open={!busy && isUnsure(skipped)}
      obstacle={busy ? words().apply.files.preparing : ""}
      onChoose={(reading) => void choose(reading)}
      onRead={() => void readAgain()}
    />
  );
}
