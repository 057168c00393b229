/** A result to the hub: signing in by the redirect, what the hub may answer, the push, signing out, and no network. */
import type { Page } from "@playwright/test";
import { type FakeAccount, startFakeAccount } from "../workers/testing/fake-account.ts";
import {
  alertIn,
  button,
  expect,
  panel,
  prepare,
  setRecipe,
  shortRecipe,
  test,
  waitForStatus,
  waitForStep,
} from "./fixtures.ts";

let hub: FakeAccount;
test.beforeAll(async () => {
  hub = await startFakeAccount("ann");
});
test.afterAll(() => hub.close());

const signIn = (page: Page) => button(page, "Sign in to the hub");
const push = (page: Page) => button(page, "Push to the hub");
const name = (page: Page) => page.getByLabel("Name of the result on the hub");

async function stopAndSave(page: Page): Promise<void> {
  await button(page, "Stop and save").click();
  await waitForStatus(page, "Training", "Stopped and saved");
}

/** To the hub and back; the form is open again. */
async function visitHub(page: Page): Promise<void> {
  const asked = hub.asked.length;
  await signIn(page).click();
  await expect.poll(() => hub.asked.length).toBe(asked + 1);
  await expect(name(page)).toBeVisible();
}

test("a result is pushed with a sign-in", async ({ page }) => {
  await prepare(page);
  await setRecipe(page, shortRecipe(500, 1));
  await button(page, "Start training").click();
  await waitForStep(page, 1);
  await stopAndSave(page);

  await test.step("a site that the hub does not know cannot be signed in from; an app of one's own can", async () => {
    await expect(signIn(page)).toBeDisabled();
    await expect(panel(page, "Runs")).toContainText("not registered at the hub");
    await panel(page, "Model").getByText("Hub settings").click();
    await page.getByLabel("Hub address").fill(`${hub.endpoint}/`);
    await page.getByLabel("OAuth client id").fill("an-app");
    await expect(signIn(page)).toBeEnabled();
  });

  await test.step("a run that is going on is not left", async () => {
    await button(page, "Resume run").click();
    await expect(panel(page, "Runs")).toContainText("stop and save the run first");
    await expect(signIn(page)).toBeDisabled();
    await waitForStatus(page, "Training", /^Step/);
    await stopAndSave(page);
  });

  await test.step("without network the button says so", async () => {
    await page.context().setOffline(true);
    await expect(signIn(page)).toBeDisabled();
    await expect(panel(page, "Runs")).toContainText("There is no network");
    await page.context().setOffline(false);
    await expect(signIn(page)).toBeEnabled();
  });

  await test.step("a no at the hub is told, and what was typed is there", async () => {
    await name(page).fill("ann/tuned");
    await page.getByLabel("Private").uncheck();
    hub.says = "deny";
    await visitHub(page);
    await expect(alertIn(page, "Runs")).toContainText("not allowed to let TabTune in");
    await expect(name(page)).toHaveValue("ann/tuned");
    await expect(page.getByLabel("Private")).not.toBeChecked();
    expect(new URL(page.url()).search).toBe("");
  });

  await test.step("there, back, and pushed", async () => {
    hub.says = "allow";
    await page.getByLabel("Private").check();
    await visitHub(page);
    await expect(panel(page, "Runs")).toContainText("Signed in as ann");
    expect(Object.fromEntries(hub.asked.at(-1)!)).toMatchObject({
      client_id: "an-app",
      scope: "openid profile contribute-repos",
      redirect_uri: new URL("/", page.url()).href,
    });
    expect(new URL(page.url()).search).toBe("");
    expect(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }]))).not.toMatch(
      /hf_|nonce/,
    );
    await push(page).click();
    await expect(panel(page, "Runs").getByRole("link", { name: `${hub.endpoint}/ann/tuned` })).toBeVisible();
    expect(hub.made.get("ann/tuned")).toBe("private");
    expect([...hub.pushed.keys()].sort()).toEqual([
      "ann/tuned/README.md",
      "ann/tuned/adapter_config.json",
      "ann/tuned/adapter_model.safetensors",
    ]);
  });

  await test.step("another's account, and a sign-in that the hub has withdrawn", async () => {
    await name(page).fill("bob/tuned");
    await push(page).click();
    await expect(alertIn(page, "Runs")).toContainText("does not let you write to bob/tuned");
    hub.revoke();
    await push(page).click();
    await expect(alertIn(page, "Runs")).toContainText("does not know this token");
  });

  await test.step("signed out, nothing is pushed; a sign-in that has run out says so", async () => {
    await button(page, "Sign out").click();
    await push(page).click();
    await expect(alertIn(page, "Runs")).toContainText("needs to know who you are");
    hub.lasts = 30;
    await visitHub(page);
    await push(page).click();
    await expect(alertIn(page, "Runs")).toContainText("has run out");
    await expect(signIn(page)).toBeEnabled();
  });
});
