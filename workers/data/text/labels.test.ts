import { describe, expect, test } from "vitest";
import type { Message } from "../rows/row.ts";
import { compileTemplate } from "./chat-template.ts";
import golden from "./fixtures/chats.json" with { type: "json" };
import demoTokenizer from "./fixtures/demo-tokenizer.json?raw";
import { answerSpans, tokenizeChat } from "./labels.ts";
import { placeholderIds } from "./slot-text.ts";
import { loadTokenizer } from "./tokenizer.ts";

const tokenizer = loadTokenizer({ tokenizerJson: demoTokenizer }, 3);
const chats = golden.chats as Record<string, Message[]>;
const templates = golden.templates as Record<string, string>;
const say = (role: Message["role"], text: string): Message => ({ role, content: [{ type: "text", text }] });

/** A picture's slots: the image token so many times. */
const run = (slots: number): Int32Array => new Int32Array(slots).fill(3);

test.each(golden.rendered)("$template / $chat: ids, kinds and slots", ({ template, chat, ids, kinds }) => {
  const spec = { tokenizer, template: compileTemplate(templates[template]!, "recipe") };
  const pictures = ids.filter((id) => id === 3).length;
  const slots = Array.from({ length: pictures }, (_, picture) => 2 + picture);
  const result = tokenizeChat(chats[chat]!, spec, slots.map(run));

  let picture = 0;
  const repeats = ids.map((id) => (id === 3 ? slots[picture++]! : 1));
  const expand = (values: number[]) => values.flatMap((value, i) => Array<number>(repeats[i]!).fill(value));
  expect(Array.from(result.inputIds)).toEqual(expand(ids));
  expect(Array.from(result.kinds)).toEqual(expand(kinds));
});

test("a picture whose slots stand between special tokens, which are text of the turn that shows it", () => {
  const template = compileTemplate(templates.mistral!, "recipe");
  const parts = ["<s>", { slots: 2 }, "</s>", { slots: 1 }, "<s>"];
  const ids = placeholderIds(parts, tokenizer);
  expect([...ids]).toEqual([1, 3, 3, 2, 3, 1]);
  const messages: Message[] = [{ role: "user", content: [{ type: "image" }] }, say("assistant", "Yes")];
  const plain = tokenizeChat(messages, { tokenizer, template }, [run(1)]);
  const marked = tokenizeChat(messages, { tokenizer, template }, [ids]);
  const at = plain.inputIds.indexOf(3);
  expect([...marked.inputIds]).toEqual([...plain.inputIds.slice(0, at), ...ids, ...plain.inputIds.slice(at + 1)]);
  expect([...marked.kinds.slice(at, at + ids.length)]).toEqual([0, 0, 0, 1, 0, 0]);
  expect([...marked.kinds.slice(at + ids.length)]).toEqual([...plain.kinds.slice(at + 1)]);
});

test("a BOS that the template writes is not doubled", () => {
  const template = compileTemplate("{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}", "recipe");
  const { inputIds } = tokenizeChat([say("user", "Hi"), say("assistant", "Yes")], { tokenizer, template }, []);
  expect(inputIds.filter((id) => id === 1)).toHaveLength(1);
});

describe("image tokens and pictures", () => {
  const template = compileTemplate(templates.mistral!, "recipe");
  test.each([
    [
      "a text that says <image>",
      [say("user", "an <image>?"), say("assistant", "No.")],
      [],
      "1 image token for 0 pictures",
    ],
    ["a picture without its mark", [say("user", "Hi"), say("assistant", "No.")], [4], "0 image tokens for 1 picture"],
  ])("%s", (_, messages, slots, words) => {
    expect(() => tokenizeChat(messages, { tokenizer, template }, slots.map(run))).toThrow(
      expect.objectContaining({ code: "bad-row", message: expect.stringContaining(words) }),
    );
  });
});

describe("answer spans of templates with habits", () => {
  const messages = [say("user", "q"), say("assistant", " a "), say("user", "q"), say("assistant", "b")];
  const tokens = { bosToken: "", eosToken: "</s>", endTokens: ["</s>", "<|end|>"] };
  const loop = (body: string) => compileTemplate(`{% for m in messages %}${body}{% endfor %}`, "recipe");
  test.each([
    [
      "only the last answer is closed",
      "{{m.role[0]}}:{{m.content}}{% if loop.last %}{{eos_token}}{% endif %}",
      [" a ", "b</s>"],
    ],
    ["answers are trimmed", "{{m.role[0]}}: {{m.content|trim}}{{eos_token}}", [" a</s>", " b</s>"]],
    ["a line break before the end token", "{{m.role[0]}}:{{m.content}}\n{{eos_token}}", [" a \n</s>", "b\n</s>"]],
    ["answers end with what generation stops at", "{{m.role[0]}}:{{m.content}}<|end|>\n", [" a <|end|>", "b<|end|>"]],
  ])("%s", (_, body, expected) => {
    const template = loop(body);
    const text = template.compiled.render({
      messages: messages.map(({ role, content }) => ({
        role,
        content: content[0]!.type === "text" ? content[0]!.text : "",
      })),
      bos_token: "",
      eos_token: "</s>",
    });
    const spans = answerSpans(messages, template, tokens);
    expect(spans.map(([start, end]) => text.slice(start, end))).toEqual(expected);
  });

  test("an answer that is printed twice is refused", () => {
    expect(() => answerSpans(messages, loop("{{m.content}}{{m.content}}"), tokens)).toThrow(
      expect.objectContaining({ code: "bad-row" }),
    );
  });
});
