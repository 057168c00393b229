/**
 * The store in a directory, for headless runs: one file a value, and a write-ahead list so that a process killed at any point
 * leaves the old values or the new ones, never a mix.
 *
 *   values/<safe name of the key>    what is stored
 *   pending/<n>                      values of a `set` under way
 *   journal.json                     { moves: [[pending, value]], removes: [value] }: the commit point; from the moment this name
 *                                    exists the change counts, and whoever opens the directory next carries it through
 *
 * A strict write flushes files and directories before and after that point, and with them every relaxed write before it, so that
 * a manifest never reaches the disk ahead of the chunks it lists. One process a directory.
 */
import * as nodeFs from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { makeDirectory } from "./fs-directory.ts";
import { keyOfSafeName, safeName } from "./safe-name.ts";
import { parsed } from "./sealed.ts";
import { describeEntries, orStorageFull, type Store, storeClosed } from "./store.ts";

/** The file operations in use: a test passes its own to die at each of them. */
export type FileSystem = Pick<typeof nodeFs, "mkdir" | "readdir" | "readFile" | "writeFile" | "rename" | "rm" | "open">;

interface Journal {
  /** [name under pending/, name under values/] */
  moves: [string, string][];
  removes: string[];
}

/** Opens (or creates) the store in `directory`, first finishing or forgetting what a killed process left behind. */
export async function openFsStore(directory: string, fs: FileSystem = nodeFs): Promise<Store> {
  const valuesDirectory = join(directory, "values");
  const pendingDirectory = join(directory, "pending");
  const journalFile = join(directory, "journal.json");
  const newJournalFile = join(pendingDirectory, "journal.json");
  /** Files written since the last strict write, by name under values/. */
  const unflushed = new Set<string>();
  let closed = false;
  let serial = 0;
  let unsettled = false;
  let queue: Promise<unknown> = Promise.resolve();

  async function recover(): Promise<void> {
    await makeDirectory(valuesDirectory);
    await makeDirectory(pendingDirectory);
    const text = await readIfThere(fs, journalFile);
    if (text !== undefined) await carryOut(parseJournal(text), false);
    for (const name of await fs.readdir(pendingDirectory)) await fs.rm(join(pendingDirectory, name));
  }

  /** Repeatable: a move whose source is gone has been made before. */
  async function carryOut(journal: Journal, strict: boolean): Promise<void> {
    for (const [from, to] of journal.moves) {
      try {
        await fs.rename(join(pendingDirectory, from), join(valuesDirectory, to));
      } catch (error) {
        if (!isMissing(error)) throw error;
      }
    }
    for (const name of journal.removes) await fs.rm(join(valuesDirectory, name), { force: true });
    if (strict) await flushDirectory(fs, valuesDirectory);
    await fs.rm(journalFile);
  }

  async function commit(journal: Journal, strict: boolean): Promise<void> {
    await fs.writeFile(newJournalFile, JSON.stringify(journal), { flush: strict });
    if (strict) await flushDirectory(fs, pendingDirectory);
    await fs.rename(newJournalFile, journalFile);
    if (strict) await flushDirectory(fs, directory);
    await carryOut(journal, strict);
  }

  async function write(entries: [string, Uint8Array][], strict: boolean): Promise<void> {
    // A key given twice keeps its last value, as in a Map.
    const moves: [string, string][] = [];
    for (const [key, bytes] of new Map(entries)) {
      const pending = String(serial++);
      await fs.writeFile(join(pendingDirectory, pending), bytes, { flush: strict });
      moves.push([pending, safeName(key)]);
    }
    if (strict) {
      for (const name of unflushed) await flushFile(fs, join(valuesDirectory, name));
      await flushDirectory(fs, valuesDirectory);
    }
    await commit({ moves, removes: [] }, strict);
    if (strict) unflushed.clear();
    else for (const [, name] of moves) unflushed.add(name);
  }

  /** One operation at a time; after a failed one, what it left half done is settled before the next. */
  function inTurn<T>(operation: () => Promise<T>): Promise<T> {
    const result = queue.then(async () => {
      if (closed) throw storeClosed();
      if (unsettled) await recover();
      unsettled = true;
      const value = await operation();
      unsettled = false;
      return value;
    });
    queue = result.catch(() => undefined); // the caller gets the rejection; the queue goes on
    return result;
  }

  await recover();
  return {
    get: (key) => inTurn(() => readIfThere(fs, join(valuesDirectory, safeName(key)))),
    set: (entries, durability) =>
      inTurn(async () => {
        if (entries.length === 0) return;
        await orStorageFull(describeEntries(entries), () => write(entries, durability === "strict"));
      }),
    delete: (keys) =>
      inTurn(async () => {
        if (keys.length === 0) return;
        const removes = keys.map(safeName);
        await commit({ moves: [], removes }, false);
        for (const name of removes) unflushed.delete(name);
      }),
    keys: (prefix) =>
      inTurn(async () => {
        const names = await fs.readdir(valuesDirectory);
        return names
          .flatMap((name) => keyOfSafeName(name) ?? [])
          .filter((key) => key.startsWith(prefix))
          .sort();
      }),
    close() {
      closed = true;
    },
  };
}

async function readIfThere(fs: FileSystem, file: string): Promise<Uint8Array | undefined> {
  try {
    const bytes = await fs.readFile(file);
    // Small files may lie in Node's shared pool.
    return bytes.byteLength === bytes.buffer.byteLength ? new Uint8Array(bytes.buffer) : new Uint8Array(bytes);
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

const fileName = v.pipe(v.string(), v.regex(/^[a-z0-9_%-]+$/));
const journalForm = v.object({ moves: v.array(v.strictTuple([fileName, fileName])), removes: v.array(fileName) });

/** A journal that was never flushed may be empty after a power cut: then its relaxed change is lost, as relaxed changes may be. */
function parseJournal(text: Uint8Array): Journal {
  const read = v.safeParse(journalForm, parsed(text));
  return read.success ? read.output : { moves: [], removes: [] };
}

/** fsync of a file. */
async function flushFile(fs: FileSystem, path: string, flags = "r+"): Promise<void> {
  const handle = await fs.open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** fsync of a directory: of the names in it. Windows has none, and needs none. */
async function flushDirectory(fs: FileSystem, path: string): Promise<void> {
  if (process.platform !== "win32") await flushFile(fs, path, "r");
}

function isMissing(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ENOENT";
}
