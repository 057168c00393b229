/** Whether the page itself is kept in this browser, for use without a network. */
import { bytes } from "../parts/format.ts";
import { useShell } from "../stores/shell.ts";
import { words } from "../words/index.ts";

export function KeptPage() {
  const kept = useShell((s) => s.kept);
  const problem = useShell((s) => s.problem);
  const say = words().shell.version;
  return (
    <p className={problem ? "note" : "detail"}>
      {kept ? say.kept(bytes(kept.bytes)) : kept === null ? say.neverKept : say.notYet}
      {problem && ` ${problem}`}
    </p>
  );
}
