/** How far a merged model is written. */
import { bytes } from "../parts/format.ts";
import { Progress } from "../parts/Progress.tsx";
import { words } from "../words/index.ts";

export interface Written {
  bytes: number;
  total: number;
}

export function Merging({ written }: { written: Written }) {
  const say = words().runs.ways;
  return (
    <Progress
      label={say.merging}
      fraction={written.bytes / written.total}
      detail={say.written(bytes(written.bytes), bytes(written.total))}
    />
  );
}
