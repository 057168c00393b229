/**
 * The layout of the browser's database, as a number, and what brings an older one to it. Whoever changes what lies under a key so that
 * the version before would misread it raises the number and adds a step; a step works within the upgrade's transaction, so a cut leaves
 * the old layout whole. Records have numbers of their own where they outlive a layout: a run's (training/saved/run-info.ts), a checkpoint's,
 * a data set's, a job's.
 *
 *     1   all releases up to November 2026
 *     2   verdicts on kernels and chosen tiles are sealed as everything else is: those of before are not believed
 */
export const STORE_VERSION = 2;

type Step = (table: Pick<IDBObjectStore, "delete">) => void;

/** By the version that it leads to. */
const steps: Record<number, Step> = {
  2: (table) => {
    for (const prefix of ["self-test/", "tuned/"]) table.delete(IDBKeyRange.bound(prefix, `${prefix}\uffff`));
  },
};

/** Brings `table` from the layout of `from` (0: it is new) to that of today. */
export function migrate(table: Pick<IDBObjectStore, "delete">, from: number): void {
  if (from === 0) return;
  for (let version = from + 1; version <= STORE_VERSION; version++) steps[version]?.(table);
}
