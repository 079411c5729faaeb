// Runs the browser's check under node: a line of JSON in for each receipt, one out.
import { createInterface } from "node:readline";

const { checkReceipt } = await import(process.argv[2]);
const bytes = (text) => new Uint8Array(Buffer.from(text, "base64"));

for await (const line of createInterface({ input: process.stdin })) {
  const { receipt, history, keys } = JSON.parse(line);
  try {
    const found = await checkReceipt(bytes(receipt), history.map(bytes), keys);
    const { index, size } = found;
    console.log(JSON.stringify({ index: String(index), size: String(size), kind: found.kind }));
  } catch (error) {
    console.log(JSON.stringify({ step: error.step ?? null, detail: String(error) }));
  }
}
