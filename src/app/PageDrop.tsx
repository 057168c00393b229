/** The whole page takes drops: pictures over the chat are asked about, files over Apply are answered, everything else is data, a model, an adapter or a recipe. */
import { useEffect, useState } from "react";
import { isPictureName } from "../../workers/data/rows/sidecar.ts";
import { filesOfDrop } from "../parts/files.ts";
import { useApply } from "../stores/apply.ts";
import { useApplyFiles } from "../stores/apply-files.ts";
import { useChat } from "../stores/chat.ts";
import { takeFiles } from "../stores/drops.ts";
import { words } from "../words/index.ts";

const isOver = (place: string, event: DragEvent): boolean =>
  event.target instanceof Element && event.target.closest(`[data-place="${place}"]`) !== null;

/** What the browser tells of files before they are let go: kinds, no names; a folder or a rare picture has none. */
const seemPictures = ({ dataTransfer }: DragEvent): boolean => {
  const types = [...(dataTransfer?.items ?? [])].map((item) => item.type);
  return types.length > 0 && types.every((type) => type === "" || type.startsWith("image/"));
};

async function take(event: DragEvent): Promise<void> {
  if (!event.dataTransfer) return;
  const forChat = isOver("chat", event);
  const forApply = isOver("apply", event);
  const files = await filesOfDrop(event.dataTransfer);
  if (files.length === 0) return;
  if (forChat && files.every(({ path }) => isPictureName(path))) {
    useChat.getState().attach(files.map(({ path, blob }) => (blob instanceof File ? blob : new File([blob], path))));
  } else if (forApply) {
    useApply.getState().change({ rows: "files" });
    await useApplyFiles.getState().take(files);
  } else await takeFiles(files);
}

type Target = "chat" | "apply" | "page";

const targetOf = (event: DragEvent): Target =>
  isOver("chat", event) && seemPictures(event) ? "chat" : isOver("apply", event) ? "apply" : "page";

/** Follows a drag over the window; the counter tells entering a child from leaving the window. */
function useDrag(): Target | undefined {
  const [target, setTarget] = useState<Target>();
  useEffect(() => {
    let depth = 0;
    const enter = (event: DragEvent): void => {
      event.preventDefault();
      depth += 1;
      setTarget(targetOf(event));
    };
    const leave = (): void => {
      depth = Math.max(0, depth - 1);
      if (depth === 0) setTarget(undefined);
    };
    const over = (event: DragEvent): void => event.preventDefault();
    const drop = (event: DragEvent): void => {
      event.preventDefault();
      depth = 0;
      setTarget(undefined);
      void take(event);
    };
    window.addEventListener("dragenter", enter);
    window.addEventListener("dragleave", leave);
    window.addEventListener("dragover", over);
    window.addEventListener("drop", drop);
    return () => {
      window.removeEventListener("dragenter", enter);
      window.removeEventListener("dragleave", leave);
      window.removeEventListener("dragover", over);
      window.removeEventListener("drop", drop);
    };
  }, []);
  return target;
}

export function PageDrop() {
  const target = useDrag();
  useEffect(() => {
    if (target === undefined) return;
    const panels = [...document.querySelectorAll<HTMLElement>('[data-place="chat"], [data-place="apply"]')];
    for (const panel of panels) panel.dataset.dropping = target === panel.dataset.place ? target : "page";
    return () => {
      for (const panel of panels) delete panel.dataset.dropping;
    };
  }, [target]);
  if (target === undefined) return null;
  const say = words().shell.drop;
  return (
    <div className="drop-overlay" data-target={target} aria-hidden="true">
      {say[target]}
      <small>{target === "page" && say.elsewhere}</small>
    </div>
  );
}
