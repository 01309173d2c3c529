// The page of a run: follows it until it ends, and takes what a person says about an idea without leaving the page.
"use strict";

const run = document.getElementById("run");
const cards = document.getElementById("cards");

// -- Progress ------------------------------------------------------------------------------------------------

async function follow() {
    let pause = 1000;
    try {
        const answer = await fetch(run.dataset.stateUrl);
        if (answer.ok) {
            const state = await answer.json();
            if (state.finished) { location.reload(); return; }
            document.getElementById("run-text").textContent = state.text;
            document.getElementById("run-status").textContent = state.status;
            document.getElementById("run-bar").value = state.done;
            if (String(state.saved) !== run.dataset.saved && !cards.contains(document.activeElement)) {
                const fresh = await fetch(run.dataset.cardsUrl);
                if (fresh.ok) cards.innerHTML = await fresh.text();
                run.dataset.saved = String(state.saved);
            }
        } else {
            pause = 5000;
        }
    } catch {
        pause = 5000; // The server is away for a moment; the run goes on without us.
    }
    setTimeout(follow, pause);
}
if (run.dataset.finished === "0") setTimeout(follow, 500);

// -- Decisions -----------------------------------------------------------------------------------------------

cards.addEventListener("submit", async (event) => {
    event.preventDefault();
    const form = event.target;
    const card = form.closest("article");
    const body = new FormData(form, event.submitter);
    form.querySelectorAll("button").forEach((button) => { button.disabled = true; });
    let answer;
    try {
        answer = await fetch(form.action, { method: "POST", body, headers: { "X-Requested-With": "fetch" } });
    } catch {
        answer = { ok: false };
    }
    if (!answer.ok) { location.reload(); return; }
    const id = card.id;
    card.outerHTML = await answer.text();
    document.getElementById(id)?.focus();
});

cards.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !event.target.matches("article")) return;
    event.target.querySelector(`[data-key="${CSS.escape(event.key)}"]`)?.click();
});
