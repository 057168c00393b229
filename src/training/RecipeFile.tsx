/** The recipe as a file and as a link, and what one that came from outside has changed. */
import { useState } from "react";
import { Action } from "../parts/Action.tsx";
import { download } from "../parts/download.ts";
import { PickButton } from "../parts/PickButton.tsx";
import { useRecipeFile } from "../stores/recipe-file.ts";
import { LONGEST_LINK, recipeLink, recipeObstacle, recipeText } from "../stores/recipe-text.ts";
import { useTraining } from "../stores/training.ts";

function CopyLink({ obstacle }: { obstacle: string }) {
  const fields = useTraining((s) => s.fields);
  const [copied, setCopied] = useState("");
  const link = obstacle ? "" : recipeLink(fields, location.href);
  const tooLong = link.length > LONGEST_LINK ? "The recipe is too long for a link: save it as a file." : "";
  return (
    <>
      <Action
        reason={obstacle || tooLong}
        onPress={() => {
          void navigator.clipboard.writeText(link).then(
            () => setCopied("Copied."),
            // Without leave to write to the clipboard the link is shown, to be copied by hand.
            () => setCopied(link),
          );
        }}
      >
        Copy link
      </Action>
      <span aria-live="polite" className="detail">
        {copied}
      </span>
    </>
  );
}

export function RecipeFile() {
  const fields = useTraining((s) => s.fields);
  const { told } = useRecipeFile();
  const { fill, undo, dismiss } = useRecipeFile.getState();
  const obstacle = recipeObstacle(fields);
  const open = async (blob: Blob, name: string): Promise<void> => fill(await blob.text(), name);
  return (
    <>
      <details>
        <summary>Recipe as a file or link</summary>
        <div className="row centred">
          <Action
            reason={obstacle}
            onPress={() => download(new Blob([recipeText(fields)], { type: "application/json" }), "recipe.json")}
          >
            Save recipe
          </Action>
          <PickButton accept=".json" onPick={([file]) => void open(file!.blob, file!.path)}>
            Open recipe
          </PickButton>
          <CopyLink obstacle={obstacle} />
        </div>
        <p className="detail">
          Settings only, under Hugging Face's names: no rows, no pictures, no model. A link fills in this form where it
          is opened, and starts nothing. A recipe file can be dropped anywhere on this page too.
        </p>
      </details>
      <div aria-live="polite" className="live">
        {told && (
          <div className="note row centred">
            <span>{told} Nothing was started.</span>
            <Action onPress={undo}>Take it back</Action>
            <Action kind="quiet" onPress={dismiss}>
              Keep it
            </Action>
          </div>
        )}
      </div>
    </>
  );
}
