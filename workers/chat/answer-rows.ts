/** Rows of data, answered one after the other: greedy, so that the same row has the same answer in every run. */
import { tilesOf } from "../data/example.ts";
import { inOrder } from "../data/in-order.ts";
import type { PreparedImage } from "../data/pictures/format.ts";
import { atPlace, type RowPreparation } from "../data/prepare-example.ts";
import type { Row } from "../data/rows/row.ts";
import { isRowFault, type RowFault, type TabTuneError } from "../errors.ts";
import type { Generated, Prompt } from "./generate.ts";
import { promptOf } from "./prompt.ts";
import { type Question, questionOf } from "./question.ts";
import type { RoomyChat } from "./roomy-chat.ts";

export interface AnsweredRow {
  /** Its place in the data, and where it came from. */
  row: number;
  source: string;
  /** Paths of its pictures. */
  pictures: string[];
  question: string;
  /** What the model said. */
  answer: string;
  /** Right answers, where the data has some. */
  right: readonly string[];
  /** How the answer ended: "length" and "full" cut it off. */
  stopped: Exclude<Generated["stopped"], "user">;
}

/** A row as it is asked: how its pictures are come by is the caller's matter. */
export type RowToAsk = Pick<Row, "index" | "source" | "messages" | "answers"> & { images: readonly { path: string }[] };

/** A row that was answered, or one that cannot be, with its fault. */
export type RowAnswer<R> = { row: R; answered: AnsweredRow; fault?: undefined } | { row: R; fault: TabTuneError };

export interface AnswerSettings<R> {
  chat: Pick<RoomyChat, "withRoom">;
  preparation: RowPreparation;
  /** Ids that end an answer. */
  eosIds: number[];
  /** The pictures of a row, in their order; it throws the faults of a row. */
  picturesOf(row: R): Promise<readonly PreparedImage[]>;
  /** Rows whose pictures are prepared at once. */
  width: number;
  useAdapter: boolean;
  maxNewTokens: number;
  /** Asked in place of each row's own question. */
  prompt?: string | undefined;
  /** Becomes true where no more is wanted: the answer that is being written is not given. */
  stopped?: () => boolean;
}

interface Asked<R> {
  row: R;
  question: Question;
  prompt?: Prompt;
  fault?: TabTuneError & { code: RowFault };
}

/**
 * Answers in the order of the rows; the next rows' pictures are prepared meanwhile. Of conversations the last question is answered, after
 * the earlier answers of the data. Throws what is no fault of one row, as "gpu-error", "out-of-memory".
 */
export async function* answerRows<R extends RowToAsk>(
  rows: AsyncGenerator<R>,
  settings: AnswerSettings<R>,
): AsyncGenerator<RowAnswer<R>> {
  const { chat, preparation, width, maxNewTokens, useAdapter, stopped = () => false } = settings;
  const asked = inOrder(rows, width, (row) => ask(row, settings));
  for await (const { row, question, prompt, fault } of asked) {
    if (stopped()) return;
    if (!prompt) {
      yield { row, fault: fault! };
      continue;
    }
    try {
      const made = await atPlace(row.source, () =>
        chat.withRoom(prompt.inputIds.length, tilesOf(prompt), maxNewTokens),
      );
      const { ids, stopped: end } = await made.generate(prompt, useAdapter, {
        maxNewTokens,
        eosIds: settings.eosIds,
        temperature: 0,
        topP: 1,
        seed: 0,
        onToken: stopped,
      });
      if (end === "user") return;
      const answer = preparation.tokenizer.decode(ids).trim();
      yield { row, answered: { ...recordOf(row, question), answer, stopped: end } };
    } catch (error) {
      if (!isRowFault(error)) throw error;
      yield { row, fault: error };
    }
  }
}

/** What is known of a row before it is answered. */
export const recordOf = (row: RowToAsk, { text, right }: Question): Omit<AnsweredRow, "answer" | "stopped"> => ({
  row: row.index,
  source: row.source,
  pictures: row.images.map(({ path }) => path),
  question: text,
  right,
});

async function ask<R extends RowToAsk>(
  row: R,
  { preparation, picturesOf, prompt: words, useAdapter }: AnswerSettings<R>,
): Promise<Asked<R>> {
  const question = questionOf(row, words);
  try {
    const images = await picturesOf(row);
    const prompt = await atPlace(row.source, async () =>
      promptOf(question.messages, images, preparation, { asTrained: useAdapter }),
    );
    return { row, question, prompt };
  } catch (fault) {
    if (!isRowFault(fault)) throw fault;
    return { row, question, fault };
  }
}
