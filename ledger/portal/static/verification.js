// Shows how far a verification is, and loads the page again when it has ended.

const bar = document.getElementById("progress");

async function look() {
  const answer = await fetch(bar.dataset.state, { redirect: "error" });
  if (!answer.ok) throw new Error("no answer");
  const state = await answer.json();
  if (!state.running) {
    location.reload();
    return;
  }
  if (state.total > 0) {
    bar.max = state.total;
    bar.value = state.done;
    const parts = [state.done, state.total].map((count) => count.toLocaleString("en"));
    document.getElementById("done").textContent = parts.join(" / ");
  }
  setTimeout(again, 500);
}

function again() {
  look().catch(() => setTimeout(again, 5000));
}

if (bar !== null) again();
