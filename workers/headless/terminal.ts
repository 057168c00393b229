/**
 * What a command says on stderr: whole lines, and on a terminal one line more, which is rewritten as the work goes on. Where stderr goes into
 * a file or another program there is no such line.
 */

/** How far a stage is. */
export interface Progress {
  done: number;
  /** Left out where nobody knows. */
  total?: number | undefined;
  /** How `done` and `total` are written; else as they are. */
  as?: (value: number) => string;
  /** Said behind them: the loss. */
  more?: string | undefined;
}

type Screen = Pick<NodeJS.WriteStream, "write" | "isTTY" | "columns">;

const BAR = 20;
const DRAWN_EVERY_MS = 100;
/** What came in the last of these many reports says how fast it goes. */
const WINDOW = 20;

/** "about 5 s", "about 12 min", "about 3 h 20 min". */
export function timeLeft(seconds: number): string {
  const minutes = Math.round(seconds / 60);
  if (seconds < 90) return `about ${Math.max(1, Math.round(seconds))} s`;
  return minutes < 90 ? `about ${minutes} min` : `about ${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

export class Terminal {
  readonly #screen: () => Screen;
  readonly #now: () => number;
  #stage = "";
  /** The newest reports of each stage: between steps there are saves. */
  readonly #marks = new Map<string, { done: number; at: number }[]>();
  #line = "";
  #drawnAt = Number.NEGATIVE_INFINITY;

  constructor(screen: () => Screen, now: () => number = () => performance.now()) {
    this.#screen = screen;
    this.#now = now;
  }

  /** Somebody looks, and lines can be rewritten. */
  get live(): boolean {
    return this.#screen().isTTY === true && process.env.TERM !== "dumb";
  }

  /** A line that stays, above the one that is rewritten. */
  tell(text: string): void {
    this.#screen().write(`${this.#line && "\r\x1b[K"}${text}\n${this.#line}`);
  }

  /** What goes on now. A stage alone, or how far it is; the time that is left is told once a second report has come. */
  show(stage: string, progress?: Progress): void {
    if (!this.live) return;
    const isNew = stage !== this.#stage;
    this.#stage = stage;
    if (progress) this.#mark(stage, progress.done);
    const isLast = progress?.total !== undefined && progress.done >= progress.total;
    if (!isNew && !isLast && this.#now() - this.#drawnAt < DRAWN_EVERY_MS) return;
    this.#drawnAt = this.#now();
    // The last column stays empty: some terminals go to the next line with it.
    this.#line = this.#words(stage, progress).slice(0, (this.#screen().columns || 80) - 1);
    this.#screen().write(`\r\x1b[K${this.#line}`);
  }

  /** Takes the line away: the work has ended, or something else is printed. */
  clear(): void {
    if (this.#line) this.#screen().write("\r\x1b[K");
    this.#line = "";
    this.#stage = "";
    this.#marks.clear();
  }

  #mark(stage: string, done: number): void {
    const marks = this.#marks.get(stage) ?? [];
    const last = marks.at(-1);
    if (last?.done === done) return;
    const before = last && done < last.done ? [] : marks;
    this.#marks.set(stage, [...before, { done, at: this.#now() }].slice(-WINDOW));
  }

  #words(stage: string, progress: Progress | undefined): string {
    if (!progress) return `${stage} …`;
    const { done, total, as = String, more } = progress;
    if (total === undefined) return [stage, as(done), more].filter(Boolean).join("  ");
    const filled = total > 0 ? Math.round((BAR * Math.min(done, total)) / total) : BAR;
    const bar = `${"█".repeat(filled)}${"░".repeat(BAR - filled)}`;
    const marks = this.#marks.get(stage)!;
    const [first, last] = [marks[0]!, marks.at(-1)!];
    const each = last.done > first.done ? (last.at - first.at) / 1000 / (last.done - first.done) : undefined;
    const left = each === undefined || done >= total ? undefined : `${timeLeft(each * (total - done))} left`;
    return [stage, bar, `${as(done)} of ${as(total)}`, more, left].filter(Boolean).join("  ");
  }
}

/** Looked up at each turn: tests put another stream in its place. */
export const terminal = new Terminal(() => process.stderr);
