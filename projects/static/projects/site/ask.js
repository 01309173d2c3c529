// Asking: answers as they come, what they cite beside them, and which conversations this browser had (localStorage).
// Without it the page loads itself again until the answer is there, and a citation leads to its project.
"use strict";

(() => {
  const ASKED = "waywo.asked", MOST_KEPT = 100, LOOK_AGAIN = 3000, DAY = 24 * 3600 * 1000, KEPT_DAYS = 30;
  const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

  const element = (name, className, ...content) => {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...content);
    return made;
  };

  // -- The conversations of this browser -------------------------------------------------------------------

  /** Return those that are not deleted yet, newest first; what makes no sense is left out. */
  const kept = () => {
    let entries;
    try { entries = JSON.parse(localStorage.getItem(ASKED) || "[]"); } catch { entries = []; }
    const makesSense = (entry) => entry && UUID.test(entry.conversation) && UUID.test(entry.question)
      && typeof entry.text === "string" && Date.now() - Date.parse(entry.at) < KEPT_DAYS * DAY;
    return Array.isArray(entries) ? entries.filter(makesSense).slice(0, MOST_KEPT) : [];
  };
  const keep = (entries) => { try { localStorage.setItem(ASKED, JSON.stringify(entries)); } catch { /* keeps nothing */ } };
  const forget = (id) => keep(kept().filter((entry) => entry.conversation !== id));

  const remember = (page) => {
    const { conversation, question } = page.dataset, entries = kept();
    const known = entries.find((entry) => entry.conversation === conversation);
    const text = page.querySelector(".asked h2").textContent;
    const entry = { conversation, question, text, at: known ? known.at : new Date().toISOString() };
    keep([entry, ...entries.filter((other) => other !== known)].slice(0, MOST_KEPT));
  };

  const list = document.querySelector(".asked-before");
  /** Delete conversations here and on the server; one that is gone there already is deleted, too. */
  const remove = async (ids) => {
    let failed = 0;
    for (const id of ids) {
      const answer = await fetch(`/api/ask/conversations/${id}`, { method: "DELETE" }).catch(() => null);
      if (answer && (answer.ok || answer.status === 404)) forget(id);
      else failed += 1;
    }
    fill(failed ? `${failed} could not be deleted just now. Try again in a moment.` : "Deleted.");
  };
  const fill = (told) => {
    const rows = kept().map((entry) => {
      const link = element("a", "", entry.text || "A question"), button = element("button", "plain", "Delete");
      link.href = `/ask/${entry.question}`;
      link.dir = "auto";
      button.type = "button";
      button.setAttribute("aria-label", `Delete: ${entry.text}`);
      button.addEventListener("click", () => remove([entry.conversation]));
      return element("li", "", link, " ", button);
    });
    list.querySelector("ul").replaceChildren(...rows);
    list.querySelector("[role=status]").textContent = told;
    list.querySelector("[data-do=forget-all]").hidden = !rows.length;
    list.hidden = !rows.length && !told;
  };

  // -- An answer as it comes --------------------------------------------------------------------------------

  const isOpen = (article) => ["waiting", "running"].includes(article.dataset.status);
  const tell = (article, text) => {
    const place = article.querySelector(".connection");
    if (place.textContent !== text) place.textContent = text;
  };

  const addStep = (article, number, told) => {
    const steps = article.querySelector(".ask-steps");
    if (!steps || steps.querySelector(`[data-event="${number}"]`)) return;
    const beginning = steps.querySelector("[data-event='0']"), step = element("li", "", told);
    if (beginning) beginning.remove();
    step.dataset.event = number;
    steps.append(step);
  };

  const citation = (article, number, result) => {
    const link = element("a", "cite", `[${number}]`);
    link.href = (result && result.address) || `#${article.id}-r${number}`;
    link.dataset.result = number;
    if (result) link.title = result.label;
    if (result && result.project_id) link.dataset.opens = "";
    return link;
  };
  const addSentence = (article, sentence, results) => {
    const answer = article.querySelector(".answer");
    if (answer.querySelector(`[data-place="${sentence.place}"]`)) return;
    const made = element("span", sentence.grounded ? "sentence" : "sentence unfounded", sentence.text);
    made.dataset.place = sentence.place;
    for (const number of sentence.citations) made.append(" ", citation(article, number, results.get(number)));
    if (!sentence.grounded && sentence.why !== sentence.text) {
      made.append(" ", element("em", "unfounded-why", `(${sentence.why || "nothing in the index carries this"})`));
    }
    answer.append(made, " ");
  };

  /** Take from the server what there is of an answer now; sentences that stand there already stay, unread again. */
  const renew = async (article) => {
    const answer = await fetch(location.pathname, { cache: "no-store" });
    if (!answer.ok) {
      tell(article, answer.status === 404 ? "This conversation was deleted." : "The answer could not be loaded. Load the page again.");
      if (answer.status === 404) article.dataset.status = "deleted";
      return;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html"), now = page.getElementById(article.id);
    if (!now) return;
    for (const step of now.querySelectorAll(".ask-steps [data-event]")) addStep(article, step.dataset.event, step.textContent);
    for (const sentence of now.querySelectorAll(".sentence")) {
      if (!article.querySelector(`.answer [data-place="${sentence.dataset.place}"]`)) article.querySelector(".answer").append(sentence, " ");
    }
    for (const part of now.querySelectorAll("[data-part]")) {
      const old = article.querySelector(`[data-part="${part.dataset.part}"]`);
      if (old.innerHTML === part.innerHTML || (part.dataset.part === "steps" && isOpen(now))) continue;
      const hadFocus = old.contains(document.activeElement), wasOpen = old.querySelector("details[open]");
      old.replaceWith(part);
      if (wasOpen && part.querySelector("details")) part.querySelector("details").open = true;
      if (hadFocus) focusOn(article.querySelector("h2"));
      part.dispatchEvent(new CustomEvent("waywo:added", { bubbles: true }));
    }
    article.dataset.status = now.dataset.status;
    tell(article, "");
  };
  /** Look again and again, where no stream is to be had. */
  const poll = async (article) => {
    await renew(article).catch(() => tell(article, "The server cannot be reached. This looks again by itself."));
    if (isOpen(article)) setTimeout(() => poll(article), LOOK_AGAIN);
  };

  const follow = (article) => {
    const source = new EventSource(article.dataset.events), results = new Map();
    const on = (kind, act) => source.addEventListener(kind, (event) => act(JSON.parse(event.data), event.lastEventId));
    on("step", (step, number) => addStep(article, number, step.told));
    on("results", (found) => {
      for (const result of found.results) results.set(result.number, result);
      renew(article).catch(() => {});
    });
    on("sentence", (sentence) => addSentence(article, sentence, results));
    on("end", () => { source.close(); poll(article); });
    source.addEventListener("open", () => tell(article, ""));
    // The browser connects again by itself and asks for what it missed; where it was refused it gives up.
    source.addEventListener("error", () => {
      if (source.readyState === EventSource.CLOSED) poll(article);
      else tell(article, "The connection broke. This goes on as soon as it is there again.");
    });
  };

  const stop = async (article) => {
    const button = article.querySelector(".stopping button");
    if (!button || button.disabled) return;
    button.disabled = true;
    button.textContent = "Stopping …";
    const answer = await fetch(article.dataset.stop, { method: "POST" }).catch(() => null);
    if (answer && answer.ok) return;
    button.disabled = false;
    button.textContent = "Stop";
    tell(article, "It could not be stopped just now. Try again.");
  };

  // -- A project beside the answer ----------------------------------------------------------------------------

  let opener = null;
  const focusOn = (place) => { place.tabIndex = -1; place.focus(); };
  const close = () => {
    const panel = document.querySelector(".ask-panel:not([hidden])");
    if (!panel) return false;
    panel.hidden = true;
    panel.replaceChildren();
    if (opener && opener.isConnected) opener.focus();
    opener = null;
    return true;
  };
  const open = async (link) => {
    close();
    opener = link;
    const answer = await fetch(link.href).catch(() => null);
    if (opener !== link) return;
    const page = answer && answer.ok && new DOMParser().parseFromString(await answer.text(), "text/html");
    const project = page && page.querySelector("article.project");
    if (!project) { location.href = link.href; return; }
    const panel = link.closest(".asked").querySelector(".ask-panel"), header = project.querySelector("header");
    const title = element("a", "", header.querySelector("h1").textContent), heading = element("h3", "", title);
    const button = element("button", "quiet", "Close");
    title.href = link.href;
    button.type = "button";
    button.addEventListener("click", close);
    header.querySelector("h1").replaceWith(heading);
    const quote = project.querySelector("blockquote.comment");
    if (quote) quote.tabIndex = 0;
    panel.replaceChildren(button, ...header.children, ...project.querySelectorAll(".prose"), ...(quote ? [quote] : []));
    panel.setAttribute("aria-label", title.textContent);
    panel.hidden = false;
    focusOn(heading);
    panel.scrollIntoView({ block: "nearest" });
  };
  const light = (event, isLit) => {
    const link = event.target.closest && event.target.closest(".cite");
    const result = link && document.getElementById(`${link.closest(".asked").id}-r${link.dataset.result}`);
    if (result) result.classList.toggle("lit", isLit);
  };

  // -- Begin ----------------------------------------------------------------------------------------------------

  const form = document.querySelector("form.ask"), page = document.querySelector(".conversation");
  const articles = [...document.querySelectorAll(".asked")];
  for (const article of articles) {
    const connection = element("p", "connection faint");
    connection.setAttribute("role", "status");
    article.querySelector(".asked-main").append(connection);
    const stopping = article.querySelector(".stopping");
    if (stopping) stopping.append(" ", element("span", "faint optional", "or Escape"));
    if (article.dataset.events) follow(article);
  }
  if (page) remember(page);
  if (list) {
    const status = element("p", "faint");
    status.setAttribute("role", "status");
    list.append(status);
    list.querySelector("[data-do=forget-all]").addEventListener("click", () => {
      if (confirm("Delete all your conversations, here and on the server?")) remove(kept().map((entry) => entry.conversation));
    });
    fill("");
  }
  if (form) {
    const box = form.querySelector("textarea"), button = form.querySelector("button");
    box.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      form.requestSubmit();
    });
    form.addEventListener("submit", () => { button.disabled = true; button.textContent = "Asking …"; });
    addEventListener("pageshow", () => { button.disabled = false; button.textContent = "Ask"; });
  }
  document.addEventListener("submit", (event) => {
    if (event.target.matches(".stopping")) {
      event.preventDefault();
      stop(event.target.closest(".asked"));
    } else if (event.submitter && event.submitter.value === "delete") {
      if (confirm("Delete this conversation, here and on the server?")) forget(page.dataset.conversation);
      else event.preventDefault();
    }
  });
  document.addEventListener("click", (event) => {
    const link = event.target.closest("a[data-opens]");
    if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    open(link);
  });
  for (const [kind, isLit] of [["mouseover", true], ["focusin", true], ["mouseout", false], ["focusout", false]]) {
    document.addEventListener(kind, (event) => light(event, isLit));
  }
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || event.isComposing || event.target.closest("dialog")) return;
    const running = articles.find(isOpen);
    if (!close() && running) stop(running);
  });
})();
