/** The demo model and sample data that are served with the page, listed in demo/files.json. */

import { TabTuneError } from "../errors.ts";
import type { InputFile } from "./rows/read-rows.ts";

interface Listing {
  model: { name: string; bytes: number }[];
  data: { name: string; bytes: number }[];
}

/** Folder of the embedded files: beside the page, whatever path it is served from. */
const base = (): string => {
  // A worker's address is /assets/… in a build and /workers/… while developing; the page's root is one level up in both.
  return new URL("../demo/", self.location.href).href;
};

/** Throws "missing-file" when the server does not have it. */
async function fetchOk(url: string): Promise<Response> {
  const response = await fetch(url).catch((cause) => {
    throw missing(url, cause);
  });
  if (!response.ok) throw missing(url);
  return response;
}

const missing = (url: string, cause?: unknown): TabTuneError =>
  new TabTuneError(
    "missing-file",
    `${new URL(url).pathname} could not be fetched.`,
    "Check that the server is still running.",
    "",
    {
      cause,
    },
  );

/** All embedded files of one kind that `wanted` names. */
export async function embeddedFiles(
  kind: keyof Listing,
  wanted: (name: string) => boolean = () => true,
): Promise<InputFile[]> {
  const listing = (await (await fetchOk(`${base()}files.json`)).json()) as Listing;
  return Promise.all(
    listing[kind]
      .filter(({ name }) => wanted(name))
      .map(async ({ name }) => ({ path: name, blob: await (await fetchOk(`${base()}${kind}/${name}`)).blob() })),
  );
}

/** A small JSON file of the demo; undefined where it has none. */
export async function embeddedJson(name: string): Promise<Record<string, unknown> | undefined> {
  const response = await fetch(`${base()}${name}`);
  const json = response.headers.get("content-type")?.includes("json");
  return response.ok && json ? ((await response.json()) as Record<string, unknown>) : undefined;
}
