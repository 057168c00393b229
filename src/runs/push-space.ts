/** A demo page to the hub: a new static Space of the user's own account, whole or not at all. */
import { TabTuneError } from "../../workers/errors.ts";
import { words } from "../words/index.ts";
import type { DemoFiles } from "./demo-files.ts";
import { hubOf, type PushRequest, pushFailure } from "./push.ts";

export interface SpaceRequest extends Omit<PushRequest, "zip"> {
  files: DemoFiles;
  signal: AbortSignal;
}

/**
 * Returns the address of the Space. One that is there already is never written to; what fails or is stopped takes the new one away again.
 * Throws TabTuneErrors "no-access", "network" and "cancelled".
 */
export async function pushSpace(request: SpaceRequest): Promise<string> {
  const { repo, visibility, files, title, signal } = request;
  const hub = hubOf(request);
  const say = words().demo.errors;
  const { createRepo, deleteRepo, HubApiError, uploadFiles } = await import("@huggingface/hub");
  const place = { ...hub, repo: { type: "space" as const, name: repo } };
  /** What a failure is to its user; `left` says whether an empty Space stays. */
  const told = (cause: unknown, left: boolean): TabTuneError => {
    const status = cause instanceof HubApiError ? cause.statusCode : undefined;
    const safe = left ? say.emptyStays(repo) : say.safe;
    // Who stopped it knows; not that something stays.
    if (signal.aborted)
      return new TabTuneError(left ? "network" : "cancelled", say.stopped, say.pushAgain, safe, { cause });
    if (status === 409) return new TabTuneError("no-access", say.taken(repo), say.otherName, safe, { cause });
    return pushFailure(cause, status, repo, safe);
  };
  await createRepo({ ...place, visibility, sdk: "static" }).catch((cause: unknown) => {
    throw told(cause, false);
  });
  try {
    const all = [...files].map(([path, content]) => ({ path, content }));
    await uploadFiles({ ...place, files: all, commitTitle: title, useXet: false, abortSignal: signal });
  } catch (cause) {
    const left = await deleteRepo(place).then(
      () => false,
      // Nor may it be taken away, or the hub is gone: that is told.
      () => true,
    );
    throw told(cause, left);
  }
  return `${hub.hubUrl}/spaces/${repo}`;
}
