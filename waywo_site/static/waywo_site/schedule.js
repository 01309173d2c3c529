// The form of a schedule: shows the arguments of the chosen task alone, and what the time means while it is typed.
"use strict";

document.addEventListener("DOMContentLoaded", () => {
  const task = document.querySelector("select[name=task]");
  const when = document.querySelector("input[name=when]");
  const zone = document.querySelector("select[name=zone]");
  if (!task || !when || !zone) return;

  const sets = [...document.querySelectorAll("fieldset.task-arguments")];
  const showArguments = () => {
    for (const set of sets) {
      const field = set.querySelector("[name^='argument-']");
      set.classList.toggle("waywo-hidden", field.name.split("-")[1] !== task.value);
    }
  };
  task.addEventListener("change", showArguments);
  showArguments();

  const box = document.querySelector(".waywo-when");
  box.querySelector("button").hidden = true;
  let asked = 0;
  const show = (answer) => {
    const put = (part, text) => {
      const element = box.querySelector(part);
      element.textContent = text || "";
      element.hidden = !text;
    };
    put(".waywo-when-error", answer.error);
    put(".waywo-when-words", answer.words);
    box.querySelector(".waywo-when-head").hidden = !answer.runs;
    box.querySelector(".waywo-when-runs").replaceChildren(
      ...(answer.runs || []).map((run) => {
        const item = document.createElement("li");
        item.textContent = run;
        return item;
      }),
    );
  };
  const preview = async () => {
    const mine = ++asked;
    if (!when.value.trim()) return show({});
    const query = new URLSearchParams({ when: when.value, zone: zone.value });
    try {
      const answer = await fetch(`${box.dataset.previewUrl}?${query}`, { headers: { Accept: "application/json" } });
      if (mine === asked && answer.ok) show(await answer.json());
    } catch {
      if (mine === asked) show({ error: "The server does not answer: the next runs are not known." });
    }
  };
  let timer;
  when.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(preview, 250);
  });
  zone.addEventListener("change", preview);
  // Select2 tells only jQuery.
  if (window.django && django.jQuery) django.jQuery(zone).on("change", preview);
});
