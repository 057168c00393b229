/**
 * The service worker of the page: it answers for the page's own files, and for nothing else. A version waits until every tab of the one
 * before is closed, or until somebody presses for it: code is never swapped under a run.
 */
import { reportOf } from "./errors.ts";
import type { FromShell, ToShell, Version } from "./protocol/shell.ts";
import { Shell } from "./shell/shell.ts";

/** Written in by the build. */
declare const PAGE_VERSION: Version;

const me = self as unknown as ServiceWorkerGlobalScope;
const shell = new Shell(PAGE_VERSION, me.registration.scope, me.caches, (input, init) => fetch(input, init));

/** Says in every tab why something is not kept. */
async function tell(error: unknown): Promise<void> {
  const { message } = reportOf(error);
  const told: FromShell = { type: "not-kept", reason: message };
  for (const client of await me.clients.matchAll({ includeUncontrolled: true })) client.postMessage(told);
}

const told = (work: Promise<void>): Promise<void> => work.catch(tell);

me.addEventListener("install", (event) =>
  event.waitUntil(
    shell.install().catch(async (error: unknown) => {
      await tell(error);
      // The version of before stays.
      throw error;
    }),
  ),
);

/** Deletes what other versions left, where no tab needs it: at most `tabs` are open, and no newer version waits. */
async function sweepIfUnused(tabs: number): Promise<void> {
  if (me.registration.waiting || me.registration.installing) return;
  const open = await me.clients.matchAll({ type: "window", includeUncontrolled: true });
  if (open.length <= tabs) await shell.sweep();
}

me.addEventListener("activate", (event) => event.waitUntil(me.clients.claim().then(() => sweepIfUnused(0))));

me.addEventListener("fetch", (event) => {
  const answer = shell.answer(event.request, (work) => event.waitUntil(told(work)));
  if (answer) event.respondWith(answer);
});

me.addEventListener("message", (event) => {
  const word = event.data as ToShell;
  if (word.type === "take-over") event.waitUntil(me.skipWaiting());
  else if (word.type === "keep") event.waitUntil(told(shell.keep(word.under)));
  else if (word.type === "opened") event.waitUntil(sweepIfUnused(1));
  else event.waitUntil(shell.kept().then((kept) => event.ports[0]?.postMessage(kept)));
});
