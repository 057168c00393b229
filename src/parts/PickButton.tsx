/** A button that opens the browser's file or folder chooser. */
import { FilePlus, FolderOpen } from "lucide-react";
import { type ReactNode, useRef } from "react";
import type { DroppedFile } from "../../workers/protocol/dataset.ts";
import { Action } from "./Action.tsx";
import { filesOfInput } from "./files.ts";

interface PickButtonProps {
  children: ReactNode;
  folder?: boolean;
  accept?: string;
  /** Why nothing can be chosen now; "" when it can. */
  reason?: string;
  onPick(files: DroppedFile[]): void;
}

export function PickButton({ children, folder, accept, reason = "", onPick }: PickButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <Action icon={folder ? FolderOpen : FilePlus} reason={reason} onPress={() => input.current?.click()}>
        {children}
      </Action>
      <input
        ref={input}
        type="file"
        hidden
        multiple
        accept={accept}
        {...(folder ? { webkitdirectory: "" } : {})}
        onChange={(event) => {
          const files = event.currentTarget.files;
          if (files?.length) onPick(filesOfInput(files));
          // The same choice must count as a new one next time.
          event.currentTarget.value = "";
        }}
      />
    </>
  );
}
