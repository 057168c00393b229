/** A server that behaves like the hub, for tests: listing, resolve with a redirect to "CDN" addresses, ranges, and faults on demand. */
import { createHash } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

export const COMMIT = "0123456789abcdef0123456789abcdef01234567";
/** Of the branch that the hub's own conversion to Parquet writes. */
export const CONVERTED = "fedcba9876543210fedcba9876543210fedcba98";

export interface FakeHub {
  endpoint: string;
  /** Path of every request to the API, in order. */
  listed: string[];
  /** "path range" of every request for file content, in order. */
  asked: string[];
  /** Bytes sent of file content. */
  sent: number;
  /** Answers a request in place of the server; returns true when it did. */
  fault:
    | ((request: { file: string; range: string | undefined; nth: number }, response: ServerResponse) => boolean)
    | undefined;
  /** Ends the connection of the next content request after this many bytes. */
  cutAfter: number | undefined;
  /** Sends other content for a file than the listing tells of. */
  serve(file: string, bytes: Uint8Array): void;
  close(): Promise<void>;
}

export interface FakeRepo {
  name: string;
  /** A model where nothing is said. */
  kind?: "models" | "datasets";
  /** A name that leads to it. */
  formerly?: string;
  /** What lies in refs/convert/parquet. */
  converted?: Map<string, Uint8Array>;
  files: Map<string, Uint8Array>;
  /** Requests without "Bearer <this>" are refused: with 401, or 403 for another token. */
  token?: string;
  /** What the refusal calls it: a gated model says so. */
  gated?: boolean;
  cardData?: Record<string, unknown>;
}

/** Serves `repos` on a free port of this machine. */
export async function startFakeHub(...repos: FakeRepo[]): Promise<FakeHub> {
  const server = createServer((request, response) => {
    response.setHeader("Access-Control-Allow-Origin", "*");
    response.setHeader("Access-Control-Allow-Headers", "*");
    response.setHeader("Access-Control-Expose-Headers", "*");
    if (request.method === "OPTIONS") {
      response.end();
      return;
    }
    answer(request, response);
  });
  const served = new Map<string, Uint8Array>();
  const fail = (response: ServerResponse, status: number, code = ""): void => {
    if (code) response.setHeader("X-Error-Code", code);
    response.statusCode = status;
    response.end();
  };

  function answer(request: IncomingMessage, response: ServerResponse): void {
    const path = decodeURIComponent(new URL(request.url!, "http://x").pathname);
    if (path.startsWith("/cdn/")) {
      const [, , n, branch, ...file] = path.split("/");
      const files = filesAt(repos[Number(n)]!, branch!)!;
      // By these huggingface_hub knows a hub, and names what it keeps.
      response.setHeader("X-Repo-Commit", branch === "main" ? COMMIT : branch!);
      response.setHeader(
        "X-Linked-Etag",
        `"${createHash("sha256")
          .update(files.get(file.join("/"))!)
          .digest("hex")}"`,
      );
      content(file.join("/"), files, request, response);
      return;
    }
    const asked =
      /^\/(api\/(?:models|datasets)|datasets)?\/?([^/]+\/[^/]+)\/(revision|resolve)\/(refs\/convert\/parquet|[^/]+)(?:\/(.+))?$/.exec(
        path,
      );
    const [, room = "models", name = "", view, revision = "", file] = asked ?? [];
    if (view === "revision") hub.listed.push(path);
    const kind = room.endsWith("datasets") ? "datasets" : "models";
    const repo = repos.find((r) => (r.kind ?? "models") === kind && (r.name === name || r.formerly === name));
    if (!asked || !repo) {
      fail(response, 404, view === "revision" ? "RepoNotFound" : "EntryNotFound");
      return;
    }
    if (repo.name !== name) {
      response.statusCode = 307;
      response.setHeader("Location", path.replace(name, repo.name));
      response.end();
      return;
    }
    if (repo.token !== undefined && request.headers.authorization !== `Bearer ${repo.token}`) {
      fail(response, request.headers.authorization ? 403 : 401, repo.gated ? "GatedRepo" : "");
      return;
    }
    const files = filesAt(repo, revision);
    if (!files) {
      fail(response, 404, "RevisionNotFound");
      return;
    }
    if (view === "revision") {
      response.setHeader("Content-Type", "application/json");
      response.end(JSON.stringify(listing(repo, files)));
      return;
    }
    if (!files.has(file!)) {
      fail(response, 404, "EntryNotFound");
      return;
    }
    response.statusCode = 302;
    response.setHeader("Location", `/cdn/${repos.indexOf(repo)}/${revision}/${encodeURIComponent(file!)}`);
    response.end();
  }

  function content(
    file: string,
    files: Map<string, Uint8Array>,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const { range } = request.headers;
    hub.asked.push(`${file} ${range ?? "whole"}`);
    if (hub.fault?.({ file, range, nth: hub.asked.length }, response)) return;
    const whole = served.get(file) ?? files.get(file)!;
    const asked = /^bytes=(\d+)-(\d+)$/.exec(range ?? "");
    const [start, end] = asked ? [Number(asked[1]), Number(asked[2]) + 1] : [0, whole.byteLength];
    response.statusCode = asked ? 206 : 200;
    if (asked) response.setHeader("Content-Range", `bytes ${start}-${end - 1}/${whole.byteLength}`);
    response.setHeader("Content-Length", end - start);
    response.setHeader("ETag", `"${file}-1"`);
    let bytes = whole.subarray(start, end);
    if (hub.cutAfter !== undefined) {
      bytes = bytes.subarray(0, hub.cutAfter);
      hub.cutAfter = undefined;
      hub.sent += bytes.byteLength;
      response.write(bytes, () => response.destroy());
      return;
    }
    hub.sent += bytes.byteLength;
    response.end(bytes);
  }

  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const hub: FakeHub = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    listed: [],
    asked: [],
    sent: 0,
    fault: undefined,
    cutAfter: undefined,
    serve: (file, bytes) => void served.set(file, bytes),
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  return hub;
}

function filesAt(repo: FakeRepo, revision: string): Map<string, Uint8Array> | undefined {
  if (revision === "main" || revision === COMMIT) return repo.files;
  return revision === "refs/convert/parquet" || revision === CONVERTED ? repo.converted : undefined;
}

/** What the hub's API tells of a repository: git hashes of small files, SHA-256 of the large ones. */
function listing(repo: FakeRepo, files: Map<string, Uint8Array>): object {
  const { name, gated = false, cardData = { license: "apache-2.0" } } = repo;
  return {
    id: name,
    sha: files === repo.files ? COMMIT : CONVERTED,
    gated: gated ? "auto" : false,
    private: repo.token !== undefined && !gated,
    cardData,
    siblings: [...files].map(([rfilename, bytes]) => ({
      rfilename,
      size: bytes.byteLength,
      blobId: createHash("sha1").update(`blob ${bytes.byteLength}\0`).update(bytes).digest("hex"),
      ...(/\.(safetensors|parquet)$/.test(rfilename)
        ? { lfs: { sha256: createHash("sha256").update(bytes).digest("hex"), size: bytes.byteLength } }
        : {}),
    })),
  };
}
