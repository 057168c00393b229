/** Why what is kept cannot be deleted or mended now. */
import type { StorageDamage } from "../../workers/protocol/engine.ts";
import { useModel } from "../stores/model.ts";
import { useStorage } from "../stores/storage.ts";
import { words } from "../words/index.ts";

/** Of a kind of thing; "" when it can. `whole`: all of it would go, and not only what is damaged. */
export function useObstacle(): (kind: StorageDamage["kind"], whole?: boolean) => string {
  const busy = useStorage((s) => s.busy !== undefined);
  const loading = useModel((s) => s.progress !== undefined);
  const say = words().storage;
  return (kind, whole = true) => {
    if (busy) return say.busy;
    return loading && whole && (kind === "model" || kind === "data") ? say.loading : "";
  };
}
