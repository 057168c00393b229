/** What the browser's tab shows of a run while somebody looks elsewhere: icon, title, and a notice at the end. */
import type { RunState } from "../../workers/training/events.ts";
import { isRunning } from "../stores/run-state.ts";
import { words } from "../words/index.ts";

interface Run {
  state: RunState;
  step: number;
  /** 0: not known yet. */
  maxSteps: number;
}

/** Parts of a turn that the ring of the icon shows: an icon is drawn anew for these only. */
const PARTS = 16;

const GROUND = '<rect width="32" height="32" rx="8" fill="#2f5d50"/>';
const LINE = 'fill="none" stroke="#fff" stroke-width="4" stroke-linecap="round" stroke-linejoin="round"';

/** A ring of which so many parts are full. */
function ring(parts: number): string {
  const round = 2 * Math.PI * 10;
  const full = (round * parts) / PARTS;
  return `<circle cx="16" cy="16" r="10" fill="none" stroke="#8fb3a6" stroke-width="4"/><circle cx="16" cy="16" r="10" fill="none" stroke="#f2b84b" stroke-width="4" stroke-dasharray="${full.toFixed(1)} ${round.toFixed(1)}" transform="rotate(-90 16 16)"/>`;
}

function drawing({ state, step, maxSteps }: Run): string | undefined {
  if (state === "paused") return `<path d="M12 10v12M20 10v12" ${LINE}/>`;
  if (isRunning(state)) return ring(maxSteps > 0 ? Math.floor((PARTS * step) / maxSteps) : 0);
  if (state === "done") return `<path d="M9 17l5 5 9-11" ${LINE}/>`;
  if (state === "failed") return `<path d="M16 9v9M16 23v.1" ${LINE}/>`;
  return undefined;
}

/** Address of the icon: the page's own while there is nothing to say of a run. */
export function iconOf(run: Run): string {
  const drawn = drawing(run);
  if (drawn === undefined) return "./icon.svg";
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32">${GROUND}${drawn}</svg>`;
  return `data:image/svg+xml,${encodeURIComponent(svg)}`;
}

/** The title of a tab that nobody looks at when its run ends; undefined: as always. */
export function titleAtEnd(state: RunState, hidden: boolean): string | undefined {
  if (!hidden) return undefined;
  const { done, failed } = words().tab;
  return state === "done" ? done : state === "failed" ? failed : undefined;
}

/** What a notice says of a run that ended; undefined where it has not. */
export function noticeOf({ state, step, maxSteps }: Run): { title: string; body: string } | undefined {
  if (state !== "done" && state !== "stopped" && state !== "failed") return undefined;
  const say = words().tab;
  return { title: say.notice[state], body: maxSteps > 0 ? say.steps(step, maxSteps) : "" };
}
