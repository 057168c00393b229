/** A demo page to the hub: a new static Space of the user's own account, whole or not at all. */
import { TabTuneError, wordsOf } from "../../workers/errors.ts";
import { hubAddress } from "../../workers/hub/address.ts";
import { words } from "../words/index.ts";
import type { DemoFiles } from "./demo-files.ts";

export interface SpaceRequest {
  /** owner/name */
  repo: string;
  token: string;
  endpoint: string;
  visibility: "private" | "public";
  files: DemoFiles;
  title: string;
  signal: AbortSignal;
  fetchFile?: typeof fetch;
}

/**
 * Returns the address of the Space. One that is there already is never written to; what fails or is stopped takes the new one away again.
 * Throws TabTuneErrors "no-access", "network" and "cancelled".
 */
export async function pushSpace(request: SpaceRequest): Promise<string> {
  const { repo, token, visibility, files, title, signal, fetchFile = (...call) => fetch(...call) } = request;
  const endpoint = hubAddress(request.endpoint);
  const say = { ...words().runs.pushErrors, ...words().demo.errors };
  if (!token.startsWith("hf_")) throw refused(say.unknown, say.unknownRemedy);
  if (!/^[\w.-]{1,96}\/[\w.-]{1,96}$/.test(repo)) throw refused(say.badName(repo), say.badNameRemedy);
  const { createRepo, deleteRepo, HubApiError, uploadFiles } = await import("@huggingface/hub");
  const place = {
    repo: { type: "space" as const, name: repo },
    accessToken: token,
    hubUrl: endpoint,
    fetch: fetchFile,
  };
  /** What a failure is to its user; `left` says whether an empty Space stays. */
  const told = (cause: unknown, left: boolean): TabTuneError => {
    const status = cause instanceof HubApiError ? cause.statusCode : undefined;
    const safe = left ? say.emptyStays(repo) : say.safe;
    if (signal.aborted) return new TabTuneError("cancelled", say.stopped, say.pushAgain, safe, { cause });
    if (status === 409) return new TabTuneError("no-access", say.taken(repo), say.otherName, safe, { cause });
    if (status === 401) return new TabTuneError("no-access", say.token, say.tokenRemedy, safe, { cause });
    if (status === 403) return new TabTuneError("no-access", say.forbidden(repo), say.forbiddenRemedy, safe, { cause });
    return new TabTuneError("network", say.failed(repo, wordsOf(cause)), say.failedRemedy, safe, { cause });
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
  return `${endpoint}/spaces/${repo}`;
}

const refused = (message: string, remedy: string): TabTuneError =>
  new TabTuneError("no-access", message, remedy, words().runs.pushErrors.safe);
