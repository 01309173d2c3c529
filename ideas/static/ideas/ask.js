// The page that asks for ideas: completes tags with their counts, shows what creativity means and what is combined.
"use strict";

const form = document.getElementById("ask");
const input = document.getElementById("id_tags");
const list = document.getElementById("tag-choices");
const preview = document.getElementById("preview");
const slider = document.getElementById("id_creativity");

// -- Creativity ----------------------------------------------------------------------------------------------

const meanings = [...document.querySelectorAll(".ideas-meanings li")];
document.querySelector(".ideas-meanings").hidden = true;

function showCreativity() {
    document.getElementById("creativity-value").value = slider.value;
    const fitting = meanings.filter((item) => Number(item.dataset.from) <= Number(slider.value)).pop();
    document.getElementById("creativity-meaning").textContent = fitting ? fitting.textContent.split(": ").slice(1).join(": ") : "";
}
slider.addEventListener("input", showCreativity);
showCreativity();

// -- Tags ----------------------------------------------------------------------------------------------------

let selected = -1;
let waiting = 0;
let asked = 0;

const typed = () => input.value.split(",").pop().trim();
const chosen = () => input.value.split(",").slice(0, -1).map((name) => name.trim()).filter(Boolean);

function close() {
    list.hidden = true;
    selected = -1;
    input.setAttribute("aria-expanded", "false");
    input.removeAttribute("aria-activedescendant");
}

function choose(name) {
    input.value = [...chosen(), name].join(", ") + ", ";
    close();
    input.focus();
    showPreview();
}

function mark(index) {
    const items = [...list.children];
    selected = (index + items.length) % items.length;
    items.forEach((item, place) => item.setAttribute("aria-selected", String(place === selected)));
    input.setAttribute("aria-activedescendant", items[selected].id);
    items[selected].scrollIntoView({ block: "nearest" });
}

async function complete() {
    const number = ++asked;
    const answer = await fetch(`${form.dataset.tagsUrl}?q=${encodeURIComponent(typed())}`);
    if (!answer.ok || number !== asked) return;
    const already = new Set(chosen());
    const tags = (await answer.json()).tags.filter((tag) => !already.has(tag.name));
    list.replaceChildren(...tags.map((tag, place) => {
        const item = document.createElement("li");
        item.id = `tag-choice-${place}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        const name = document.createElement("span");
        name.textContent = tag.name;
        const count = document.createElement("span");
        count.textContent = tag.projects === 1 ? "1 project" : `${tag.projects} projects`;
        item.append(name, count);
        item.addEventListener("mousedown", (event) => { event.preventDefault(); choose(tag.name); });
        return item;
    }));
    selected = -1;
    list.hidden = tags.length === 0 || document.activeElement !== input;
    input.setAttribute("aria-expanded", String(!list.hidden));
}

async function showPreview() {
    const answer = await fetch(`${form.dataset.previewUrl}?tags=${encodeURIComponent(input.value)}`);
    if (answer.ok) preview.innerHTML = await answer.text();
}

input.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(complete, 120);
});
input.addEventListener("focus", complete);
input.addEventListener("blur", () => { close(); showPreview(); });
input.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown") mark(selected + 1);
    else if (event.key === "ArrowUp") mark(selected - 1);
    else if (event.key === "Escape") close();
    else if (event.key === "Enter" && selected >= 0) choose(list.children[selected].firstChild.textContent);
    else return;
    event.preventDefault();
});
form.querySelector("[name=preview]").addEventListener("click", (event) => { event.preventDefault(); showPreview(); });
form.addEventListener("submit", () => {
    // A second click would ask twice.
    setTimeout(() => form.querySelectorAll("button").forEach((button) => { button.disabled = true; }));
});
window.addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });
