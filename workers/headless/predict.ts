/** `predict`: every row of the data answered by the model, into a file that goes on where it was cut off, and how right the answers are. */
import { type AnsweredRow, answerRows, recordOf } from "../chat/answer-rows.ts";
import { questionOf } from "../chat/question.ts";
import { roomyChat } from "../chat/roomy-chat.ts";
import { preparePictures } from "../data/prepare-example.ts";
import { widthOf } from "../data/prepare-rows.ts";
import { readRows } from "../data/rows/read-rows.ts";
import type { Row } from "../data/rows/row.ts";
import { TabTuneError } from "../errors.ts";
import { metricNamed } from "../metrics/metrics.ts";
import type { LoadedModel } from "../models/open.ts";
import { preparationOf } from "../models/preparation.ts";
import { sha256, sha256InPieces } from "../storage/sha256.ts";
import { markOfWeights } from "../training/saved/weights-mark.ts";
import { counted } from "../words.ts";
import { adapterAt, adapterOnGpu } from "./adapter.ts";
import { type AnswersFile, checkAnswersFile, openAnswersFile } from "./answers-file.ts";
import type { Arguments } from "./arguments.ts";
import { dataOf } from "./data.ts";
import { stopInOrder, stopped } from "./interrupt.ts";
import { loadedModel, note, skipped } from "./open.ts";
import { openPictureThreads } from "./picture-threads.ts";
import { summaryOf } from "./predict-summary.ts";
import { terminal } from "./terminal.ts";

/** Tokens of an answer where the command line does not say. */
const MAX_NEW_TOKENS = 256;
const TOLD_EVERY_MS = 10_000;

export async function predict(args: Arguments): Promise<void> {
  const out = args.text("out");
  checkAnswersFile(out);
  const metric = args.maybe("metric") === undefined ? undefined : metricNamed(args.text("metric"));
  const maxNewTokens = args.whole("max-new-tokens", 1) ?? MAX_NEW_TOKENS;
  const prompt = args.maybe("prompt");
  const { files, reading, first } = await dataOf(args);
  const { model } = await loadedModel(args);
  const preparation = preparationOf(model.preparation);
  const file = await openAnswersFile(out, await jobOf(model, args.maybe("adapter"), maxNewTokens));
  if (file.done.length > 0)
    note(`${counted(file.done.length, "row")} of ${out} were answered before; it goes on behind them.`);
  const adapter = await adapterOnGpu(model, args.maybe("adapter"));
  const chat = roomyChat(model.vlm, adapter);
  const pictures = openPictureThreads(model.preparation);
  const stop = stopInOrder(() => note("it stops after the answer under way; once more stops at once."));
  const answered: AnsweredRow[] = [...file.done];
  const told = { unanswered: 0, replaced: 0, historied: 0 };
  const tell = nowAndThen(first?.rows);
  try {
    const asked = prompt === undefined ? {} : { instruction: prompt };
    const options = { ...reading, first, toAnswer: true, boxTarget: preparation.boxes, ...asked };
    const rows = rowsToAnswer(readRows(files, options), file, prompt, told);
    const settings = {
      chat,
      preparation,
      eosIds: model.eosIds,
      picturesOf: (row: Row) => preparePictures(row, pictures),
      width: widthOf(pictures),
      useAdapter: adapter !== undefined,
      maxNewTokens,
      prompt,
    };
    for await (const outcome of answerRows(rows, { ...settings, stopped: () => stop.asked })) {
      const { row, fault } = outcome;
      if (fault) {
        told.unanswered += 1;
        skipped(row.source, `${fault.message} ${fault.remedy}`.trim());
      } else {
        await file.add(outcome.answered);
        answered.push(outcome.answered);
        tell(answered.length);
      }
    }
  } finally {
    stop.dispose();
    pictures.dispose();
    await chat.dispose();
  }
  if (stop.asked) {
    throw stopped(
      `It was stopped after ${counted(answered.length, "answer")}.`,
      "Give the same command once more to go on.",
      `${out} has them.`,
    );
  }
  terminal.clear();
  if (answered.length === 0) {
    throw new TabTuneError(
      "no-rows",
      `No row of ${args.text("data")} could be answered.`,
      "Correct the rows named above.",
    );
  }
  if (told.replaced > 0)
    note(`${counted(told.replaced, "row")} had a question of their own; --prompt was asked in its place.`);
  if (told.historied > 0)
    note(
      `Of ${counted(told.historied, "conversation")} the last question was answered, after the earlier answers of the data.`,
    );
  for (const line of summaryOf(answered, { metric, unanswered: told.unanswered, maxNewTokens })) terminal.tell(line);
}

/** What the answers of a file depend on beside its rows: weights, adapter, how rows are prepared, how long an answer may be. */
async function jobOf(model: LoadedModel, adapter: string | undefined, maxNewTokens: number): Promise<string> {
  const parts: unknown[] = [model.id, model.preparation.id, await markOfWeights(model.checkpoint), maxNewTokens];
  if (adapter !== undefined) {
    const { weights, config } = await adapterAt(adapter);
    parts.push(await sha256InPieces(weights), config);
  }
  return (await sha256(new TextEncoder().encode(JSON.stringify(parts)))).slice(0, 16);
}

/**
 * The rows that have no answer yet; what is skipped is told. Rows that an earlier call came to are held against its lines.
 * Throws TabTuneError "bad-argument" where they are others.
 */
async function* rowsToAnswer(
  events: ReturnType<typeof readRows>,
  { done }: AnswersFile,
  prompt: string | undefined,
  told: { unanswered: number; replaced: number; historied: number },
): AsyncGenerator<Row> {
  const before = new Map(done.map((line) => [line.row, line]));
  const last = done.at(-1)?.row ?? -1;
  const others = (place: string): TabTuneError =>
    new TabTuneError(
      "bad-argument",
      `--out has answers to other rows than those of --data or --prompt (${place}).`,
      "Give another --out, or the data with which it was begun.",
      "Nothing was written to it.",
    );
  let met = 0;
  for await (const event of events) {
    if (event.type === "format" && event.format === "note") note(event.detail);
    if (event.type === "skipped") {
      skipped(event.skipped.source, event.skipped.message);
      told.unanswered += 1;
    }
    if (event.type !== "row") continue;
    const { row } = event;
    const question = questionOf(row, prompt);
    if (prompt !== undefined && questionOf(row).text !== prompt.trim()) told.replaced += 1;
    if (question.messages.some(({ role }) => role === "assistant")) told.historied += 1;
    const line = before.get(row.index);
    if (line) {
      const { source, pictures, question: asked, right } = recordOf(row, question);
      const { answer, stopped, ...known } = line;
      if (JSON.stringify(known) !== JSON.stringify({ row: row.index, source, pictures, question: asked, right }))
        throw others(row.source);
      met += 1;
    } else if (row.index < last) told.unanswered += 1;
    else {
      if (met < before.size) throw others(`${before.size - met} of its rows are missing`);
      yield row;
    }
  }
  if (met < before.size) throw others(`${before.size - met} of its rows are missing`);
}

/** The terminal's line, or one on stderr every ten seconds. `rows` is how many there are at most, where somebody said so. */
function nowAndThen(rows: number | undefined): (answers: number) => void {
  let told = Date.now();
  return (answers) => {
    terminal.show("Answering rows", { done: answers, total: rows });
    if (terminal.live || Date.now() - told < TOLD_EVERY_MS) return;
    told = Date.now();
    terminal.tell(`${counted(answers, "row")} answered`);
  };
}
