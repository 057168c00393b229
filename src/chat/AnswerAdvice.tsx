/** What answers show of themselves, with buttons that set how the next ones are written. */
import { adviceOnAnswers } from "../../workers/metrics/answer-advice.ts";
import { type AdviceItem, AdviceList } from "../parts/AdviceList.tsx";
import { useChat } from "../stores/chat.ts";
import { completeAnswers } from "../stores/turns.ts";
import { words } from "../words/index.ts";

export function AnswerAdvice({ answers }: { answers: Parameters<typeof completeAnswers>[0] }) {
  const { maxNewTokens, temperature } = useChat();
  const { change } = useChat.getState();
  const advice = adviceOnAnswers(completeAnswers(answers, maxNewTokens), { maxNewTokens, temperature });
  const say = words().chat.advice;
  const items = advice.map(({ about, words: sentence, set }): AdviceItem => {
    const { max_new_tokens, temperature: warmer } = set ?? {};
    return {
      about,
      words: sentence,
      buttons: [
        ...(max_new_tokens === undefined
          ? []
          : [{ label: say.allow(max_new_tokens), onPress: () => change({ maxNewTokens: max_new_tokens }) }]),
        ...(warmer === undefined
          ? []
          : [{ label: say.warmer(warmer), onPress: () => change({ temperature: warmer }) }]),
      ],
    };
  });
  return <AdviceList label={say.label} items={items} />;
}
