export async function main(args: string[]): Promise<number> {
  const { nodeGpu } = await import("./gpu/node.ts");
  const { openGpu } = await import("./gpu/device.ts");
  const gpu = await openGpu(await nodeGpu());
  console.log(args, gpu.facts.description);
  return 0;
}
