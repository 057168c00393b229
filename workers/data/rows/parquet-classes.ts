/** Names of the classes that `datasets` keeps as numbers (ClassLabel), in a column or anywhere inside of it, as in lists of boxes. */
import type { FileMetaData } from "hyparquet";
import { isRecord } from "./values.ts";

/** What a feature is made of: names where it is a class, else what lies under its keys; lists are looked through. */
export interface Classes {
  names?: string[];
  inside?: Map<string, Classes>;
}

/** Features nest at most so deep. */
const DEPTH = 16;

/** Undefined where no class is inside. */
function classesOf(feature: unknown, depth = 0): Classes | undefined {
  if (depth > DEPTH) return undefined;
  if (Array.isArray(feature)) return classesOf(feature[0], depth + 1);
  if (!isRecord(feature)) return undefined;
  const { names } = feature;
  if (Array.isArray(names) && names.every((name) => typeof name === "string")) return { names };
  // A list; a field of a struct may be called so too, and is then no feature by itself.
  if (typeof feature._type === "string" && isRecord(feature.feature)) return classesOf(feature.feature, depth + 1);
  const inside = new Map<string, Classes>();
  for (const [key, below] of Object.entries(feature)) {
    const found = classesOf(below, depth + 1);
    if (found) inside.set(key, found);
  }
  return inside.size > 0 ? { inside } : undefined;
}

/** Of each column that has some; what is damaged there is as if not there. */
export function classNames({ key_value_metadata: described }: Pick<FileMetaData, "key_value_metadata">): Classes {
  try {
    const json = JSON.parse(described?.find(({ key }) => key === "huggingface")?.value ?? "{}");
    return classesOf(json.info?.features) ?? {};
  } catch {
    // not what `datasets` writes
    return {};
  }
}

/** A cell with the names of its classes in place of numbers. */
export function named(cell: unknown, { names, inside }: Classes): unknown {
  if (Array.isArray(cell))
    return names || inside ? cell.map((item) => named(item, { names, inside } as Classes)) : cell;
  if (names) return (typeof cell === "number" || typeof cell === "bigint" ? names[Number(cell)] : undefined) ?? cell;
  if (!inside || !isRecord(cell)) return cell;
  return Object.fromEntries(
    Object.entries(cell).map(([key, value]) => [key, inside.has(key) ? named(value, inside.get(key)!) : value]),
  );
}
