// Has the browser check the entry of this page, and shows each step. Whatever does not end in
// "passed" is shown as failed or as not confirmed.

import { Refused, cannotCheck, checkReceipt } from "./check.js";

const section = document.getElementById("browser");
const steps = document.getElementById("steps");
const result = document.getElementById("result");
const words = document.getElementById("words");

function word(name) {
  return words.content.querySelector(`[data-word="${name}"]`).textContent;
}

function mark(step, passed) {
  const item = steps.querySelector(`[data-step="${step}"]`);
  if (item === null) return;
  item.className = passed ? "passed" : "failed";
  item.querySelector("b").textContent = word(passed ? "passed" : "failed");
}

function conclude(text, standing) {
  result.textContent = text;
  result.className = `state ${standing === "good" ? "good" : standing === "bad" ? "bad" : "warn"}`;
  section.dataset.result = standing;
}

async function receipts() {
  const answer = await fetch(section.dataset.receipts, { redirect: "error" });
  const { receipt, history } = await answer.json();
  const bytes = (text) => new TextEncoder().encode(text);
  return [bytes(receipt), history.map(bytes)];
}

async function check() {
  delete section.dataset.result;
  steps.hidden = false;
  for (const item of steps.children) {
    item.className = "";
    item.querySelector("b").textContent = "";
  }
  document.getElementById("entry-text").hidden = true;
  if ((await cannotCheck()) !== null) {
    mark("browser", false);
    conclude(word("unable"), "unable");
    return;
  }
  mark("browser", true);
  let given;
  try {
    given = await receipts();
  } catch {
    conclude(word("unread"), "unread");
    return;
  }
  const keys = document.getElementById("keys").value.split("\n").map((line) => line.trim());
  try {
    const used = keys.filter((line) => line !== "");
    const found = await checkReceipt(given[0], given[1], used, (step) => mark(step, true));
    if (String(found.index) !== section.dataset.index) throw new Refused("entry", "another one");
    const text = word("good").replace("{index}", found.index).replace("{size}", found.size);
    const shown = document.getElementById("entry-text");
    shown.textContent = new TextDecoder().decode(found.entry);
    shown.hidden = false;
    conclude(text, "good");
  } catch (error) {
    mark(error instanceof Refused ? error.step : "entry", false);
    conclude(word("bad"), "bad");
  }
}

if (section !== null) {
  document.getElementById("check").addEventListener("click", () => {
    check().catch(() => conclude(word("bad"), "bad"));
  });
}
