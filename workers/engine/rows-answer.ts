/** Rows that the page hands over, answered one after the other on the chat of the page: progress is each answer, a pause is a stop. */
import { answerRows } from "../chat/answer-rows.ts";
import type { Chat } from "../chat/generate.ts";
import type { RoomyChat } from "../chat/roomy-chat.ts";
import type { RowsEvent, RowsRequest, RowsResult, RowToAnswer } from "../chat/rows-request.ts";
import { picturesHere } from "../data/pictures/pool.ts";
import type { Row } from "../data/rows/row.ts";
import { TabTuneError } from "../errors.ts";
import { preparationOf } from "../models/preparation.ts";
import { asking, chatRoom, openChat, speak } from "./chat-answer.ts";
import type { EngineState } from "./state.ts";

type Next = () => Promise<RowToAnswer | undefined>;

/** @see ChatApi.answerRows in protocol/engine.ts */
export const answerAll = (
  s: EngineState,
  request: RowsRequest,
  next: Next,
  onEvent: (e: RowsEvent) => void,
): Promise<RowsResult> => asking(s, (asked) => begin(s, request, asked, next, onEvent));

async function begin(
  s: EngineState,
  request: RowsRequest,
  asked: { stopped: boolean },
  next: Next,
  onEvent: (e: RowsEvent) => void,
): Promise<() => Promise<RowsResult>> {
  const { current, chat } = await openChat(s);
  const preparation = preparationOf(current.preparation);
  let release = (): void => {};
  const stop = new Promise<undefined>((resolve) => {
    release = () => resolve(undefined);
  });
  const settings = {
    ...request,
    chat: roomOf(chat, chatRoom(current)),
    preparation,
    eosIds: current.eosIds,
    pictures: picturesHere(preparation.pictures),
    useAdapter: request.useAdapter && s.live !== undefined,
    stopped: () => asked.stopped,
  };
  const work = async (): Promise<RowsResult> => {
    const counts = { answered: 0, unanswered: 0 };
    for await (const outcome of answerRows(rowsOf(next, stop, settings.stopped), settings)) {
      const { row, fault } = outcome;
      if (fault) {
        counts.unanswered += 1;
        const message = `${fault.message} ${fault.remedy}`.trim();
        onEvent({ type: "unanswered", row: row.index, source: row.source, message });
      } else {
        counts.answered += 1;
        onEvent({ type: "answered", answered: outcome.answered });
      }
    }
    return { ...counts, ended: asked.stopped ? "stopped" : "all" };
  };
  const written = work();
  speak(s, written, () => {
    asked.stopped = true;
    release();
  });
  return () => written;
}

/** Rows as they are asked for. Whoever stops does not wait for a page that does not answer. */
async function* rowsOf(next: Next, stop: Promise<undefined>, stopped: () => boolean): AsyncGenerator<Row> {
  while (!stopped()) {
    const given = await Promise.race([next(), stop]);
    if (!given) return;
    const { row, source, messages, pictures, answers } = given;
    const images = pictures.map(({ path, blob }) => ({
      path,
      bytes: async () => new Uint8Array(await blob.arrayBuffer()),
    }));
    yield { index: row, source, messages, images, ...(answers ? { answers } : {}) };
  }
}

/** The page's chat does not grow: what has no room in it is a fault of the row. */
const roomOf = (
  chat: Chat,
  { contextRows, tiles: most }: { contextRows: number; tiles: number },
): Pick<RoomyChat, "withRoom"> => ({
  async withRoom(tokens, tiles) {
    if (tokens < contextRows && tiles <= most) return chat;
    const has =
      tiles > most
        ? `${tiles} picture tiles, and ${most} fit`
        : `${tokens} tokens, and ${contextRows} fit with the answer`;
    throw new TabTuneError("row-too-long", `The question has ${has}.`, "Shorten it, or show fewer pictures.");
  },
});
