// New entries at the top, as the server sends them. Everything is put in as text, never as markup.
"use strict";
const ROWS_MAX = 500;
const rows = document.getElementById("rows");
const state = document.getElementById("status");
const pause = document.getElementById("pause");
let waiting = [];

function shown(entry) {
  const row = document.createElement("tr");
  for (const name of ["time", "log", "number", "kind", "gist"]) {
    const cell = row.insertCell();
    cell.textContent = entry[name];
    if (name === "number") {
      cell.className = "number";
      const link = document.createElement("a");
      link.href = "/logs/" + encodeURIComponent(entry.log) + "/entries/" + entry.number;
      link.textContent = entry.number;
      cell.replaceChildren(link);
    }
    if (name !== "gist" && name !== "number") cell.className = "whole";
    if (entry.bad) cell.className += " bad";
  }
  rows.prepend(row);
  while (rows.rows.length > ROWS_MAX) rows.lastElementChild.remove();
}

function paused() {
  return pause.getAttribute("aria-pressed") === "true";
}

pause.addEventListener("click", () => {
  pause.setAttribute("aria-pressed", String(!paused()));
  [pause.textContent, pause.dataset.go] = [pause.dataset.go, pause.textContent];
  if (!paused()) waiting.splice(0).forEach(shown);
});

const events = new EventSource("/live/events?after=" + encodeURIComponent(rows.dataset.after));
events.addEventListener("open", () => { state.textContent = state.dataset.open; });
events.addEventListener("error", () => { state.textContent = state.dataset.lost; });
events.addEventListener("message", (event) => {
  for (const entry of JSON.parse(event.data)) paused() ? waiting.push(entry) : shown(entry);
  waiting = waiting.slice(-ROWS_MAX);
});
