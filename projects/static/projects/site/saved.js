// What a visitor saved and saw, kept in this browser alone (localStorage). Without it all pages work as well.
"use strict";

(() => {
  const SAVED = "waywo.saved", SEEN = "waywo.seen", MOST_SEEN = 5000, MOST_SAVED = 2000, LARGEST_FILE = 5_000_000;
  const TITLE = 300;

  // -- What is kept ---------------------------------------------------------------------------------------

  /** Return what is kept under a name, or what ``empty`` says: of a broken text, or where nothing can be kept. */
  const read = (name, empty) => {
    try {
      const value = JSON.parse(localStorage.getItem(name) || "null");
      return Array.isArray(value) ? value : empty;
    } catch { return empty; }
  };
  /** Keep a list, and return whether that could be done. */
  const write = (name, value) => {
    try { localStorage.setItem(name, JSON.stringify(value)); return true; } catch { return false; }
  };
  const isId = (id) => Number.isSafeInteger(id) && id > 0;
  /** Return the entries that make sense, each project once: what is kept may come from a file. */
  const cleaned = (entries) => {
    const found = new Map();
    for (const entry of entries) {
      if (!entry || !isId(entry.id) || found.has(entry.id)) continue;
      const when = typeof entry.saved_at === "string" && !Number.isNaN(Date.parse(entry.saved_at)) ? entry.saved_at : null;
      found.set(entry.id, { id: entry.id, title: String(entry.title || "").slice(0, TITLE), saved_at: when });
    }
    return [...found.values()].slice(0, MOST_SAVED);
  };
  const saved = () => cleaned(read(SAVED, []));
  const seen = () => read(SEEN, []).filter(isId);

  const said = document.createElement("p");
  said.className = "said";
  said.setAttribute("role", "status");
  /** Tell what was done, to eyes and to screen readers. */
  let silence;
  const say = (text) => {
    said.textContent = text;
    clearTimeout(silence);
    silence = setTimeout(() => { said.textContent = ""; }, 8000);
  };

  // -- Stars ----------------------------------------------------------------------------------------------

  const titleOf = (place) => (place.querySelector("h1, :is(h2, h3, h4) a") || place.querySelector("a") || place).innerText.trim().slice(0, TITLE);
  const show = (button, isSaved, title) => {
    button.setAttribute("aria-pressed", String(isSaved));
    button.textContent = isSaved ? "★" : "☆";
    button.setAttribute("aria-label", `Save ${title}`);
    button.title = isSaved ? "Saved: click to forget (key s)" : "Save in this browser (key s)";
  };
  const toggle = (id, title, button) => {
    const entries = saved();
    const others = entries.filter((entry) => entry.id !== id);
    const isSaved = others.length === entries.length;
    if (isSaved) others.unshift({ id, title, saved_at: new Date().toISOString() });
    if (!write(SAVED, others)) { say("This browser keeps nothing for this site, so nothing was saved."); return; }
    show(button, isSaved, title);
    say(isSaved ? `Saved: ${title}` : `Forgotten: ${title}`);
  };
  /** Give each project below ``root`` its star, and mark those that were seen. */
  const dress = (root) => {
    const ids = new Set(saved().map((entry) => entry.id)), known = new Set(seen());
    for (const place of root.querySelectorAll("[data-project]")) {
      const id = Number(place.dataset.project);
      if (!isId(id) || place.querySelector(":scope button.star")) continue;
      const title = titleOf(place), button = document.createElement("button");
      button.type = "button";
      button.className = "star";
      show(button, ids.has(id), title);
      button.addEventListener("click", () => toggle(id, title, button));
      if (known.has(id) && !place.matches(".project")) {
        place.classList.add("seen");
        const mark = document.createElement("span");
        mark.className = "seen-mark";
        mark.textContent = "seen";
        (place.querySelector("h2, h3, h4") || place).append(" ", mark);
      }
      const heading = place.querySelector("h1");
      // Beside a heading, not in it: its name would be read twice.
      if (heading) heading.after(button);
      else place.append(button);
    }
  };

  // -- The page of the list --------------------------------------------------------------------------------

  const list = document.getElementById("saved"), tools = document.querySelector(".saved-tools");
  const tell = (number, gone) => {
    const text = number ? `${number} saved` : "Nothing saved yet: press the star beside a project.";
    tools.querySelector(".count").textContent = gone ? `${text}; ${gone} of them no longer here` : text;
    for (const button of tools.querySelectorAll("[data-do=export], [data-do=share], [data-do=clear]")) button.disabled = !number;
  };
  const fill = async () => {
    const ids = saved().map((entry) => entry.id), most = Number(list.dataset.most);
    list.replaceChildren();
    tell(ids.length, 0);
    for (let start = 0; start < ids.length; start += most) {
      const answer = await fetch(`${location.pathname}?ids=${ids.slice(start, start + most).join(",")}`);
      if (!answer.ok) { say(`The list could not be loaded (${answer.status}). Load the page again.`); return; }
      const rows = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("saved");
      dress(rows);
      list.append(...rows.children);
    }
    tell(ids.length, ids.length - list.querySelectorAll("[data-project]").length);
  };
  const acts = {
    export() {
      const file = new Blob([JSON.stringify({ format: "waywo-saved", version: 1, saved: saved() }, null, 2)], { type: "application/json" });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = "waywo-saved.json";
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
    },
    import() { tools.querySelector("input[type=file]").click(); },
    share() {
      const ids = saved().slice(0, Number(list.dataset.most)).map((entry) => entry.id);
      location.href = `${location.pathname}?ids=${ids.join(",")}`;
    },
    clear() {
      if (!confirm("Forget all saved projects? An export brings them back.")) return;
      write(SAVED, []);
      fill();
      say("All forgotten.");
    },
  };
  const take = async (file) => {
    if (file.size > LARGEST_FILE) { say(`${file.name} is too large to be a list of saved projects.`); return; }
    let content;
    try { content = JSON.parse(await file.text()); } catch { say(`${file.name} is no JSON file.`); return; }
    const entries = Array.isArray(content) ? content : content && content.saved;
    if (!Array.isArray(entries)) { say(`${file.name} is no list of saved projects: it has no "saved".`); return; }
    const before = saved(), merged = cleaned([...before, ...entries]);
    if (!write(SAVED, merged)) { say("This browser keeps nothing for this site, so nothing was imported."); return; }
    await fill();
    say(`${merged.length - before.length} imported, ${merged.length} saved in all.`);
  };
  const openList = () => {
    document.querySelector(".without-script").remove();
    tools.hidden = false;
    tools.addEventListener("click", (event) => {
      const act = acts[event.target.dataset.do];
      if (act) act();
    });
    tools.querySelector("input[type=file]").addEventListener("change", (event) => {
      const [file] = event.target.files;
      event.target.value = "";
      if (file) take(file);
    });
    if (!new URLSearchParams(location.search).get("ids")) fill();
    else tools.hidden = true;
  };

  // -- Begin -----------------------------------------------------------------------------------------------

  document.body.append(said);
  for (const whole of document.querySelectorAll("article.project[data-project]")) {
    const id = Number(whole.dataset.project);
    if (isId(id)) write(SEEN, [id, ...seen().filter((other) => other !== id)].slice(0, MOST_SEEN));
  }
  dress(document);
  if (list) openList();
  // What htmx brings, as results of a search, and an answer (ask.js) gets its stars; another tab's change shows here.
  for (const added of ["htmx:afterSwap", "waywo:added"]) document.body.addEventListener(added, (event) => dress(event.target));
  addEventListener("storage", (event) => {
    if (event.key !== SAVED) return;
    const ids = new Set(saved().map((entry) => entry.id));
    for (const star of document.querySelectorAll("button.star")) {
      const place = star.closest("[data-project]");
      show(star, ids.has(Number(place.dataset.project)), titleOf(place));
    }
    if (list && !tools.hidden) fill();
  });
})();
