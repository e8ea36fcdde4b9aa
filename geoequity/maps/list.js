// The list of districts: from best to worst, searched, and written as far as it is read.
"use strict";

geoequity.LISTED = 100; // rows that are written at once

geoequity.list = function (data, { at, open, hover }) {
  const make = geoequity.element;
  const known = (value) => value !== null && value !== undefined;
  const bare = (name) => name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
  const bareNames = data.districts.map(({ name }) => bare(name));
  const types = Object.keys(data.types.colours);
  const alphabet = new Map(); // where each name stands, by language
  let now = null;
  let found = [];
  let written = 0;

  function inAlphabet(language) {
    if (!alphabet.has(language)) {
      const { compare } = new Intl.Collator(language);
      const order = data.districts.map((_, place) => place);
      order.sort((a, b) => compare(data.districts[a].name, data.districts[b].name));
      const places = [];
      order.forEach((place, at) => {
        places[place] = at;
      });
      alphabet.set(language, places);
    }
    return alphabet.get(language);
  }

  function rankOf(layer, place) {
    const value = layer.values[place];
    if (!known(value)) return Infinity;
    if (layer.kind === "type") return types.indexOf(value);
    if (layer.kind === "crossed") return -layer.parts.reduce((sum, part) => sum + part.values[place], 0);
    return layer.better === "lower" ? value : -value;
  }

  function row(place) {
    const value = now.layer.values[place];
    const swatch = make("span", { class: known(value) ? "swatch" : "swatch unknown" });
    if (known(value)) swatch.style.background = now.colourOf(now.layer, value);
    const button = make(
      "button",
      { type: "button", "data-place": place, "aria-current": place === now.held ? "true" : null },
      swatch,
      make("span", { class: "name", dir: "auto" }, data.districts[place].name),
      make("span", { class: "value" }, now.said(now.layer, place)),
    );
    return make("li", {}, button);
  }

  const buttonOf = (place) => (place === null ? null : at("list").querySelector(`[data-place="${place}"]`));

  function write(count) {
    at("list").append(...found.slice(written, count).map(row));
    written = Math.min(count, found.length);
    const left = found.length - written;
    at("more-districts").hidden = left === 0;
    at("more-districts").textContent = now.words.text("map.more_districts", { count: left });
  }

  const all = () => write(found.length);

  function draw(shown) {
    now = shown;
    const sought = bare(at("search").value.trim());
    const [names, ranks] = [inAlphabet(now.words.language), data.districts.map((_, place) => rankOf(now.layer, place))];
    found = bareNames.flatMap((name, place) => (name.includes(sought) ? [place] : []));
    found.sort((a, b) => (ranks[a] === ranks[b] ? names[a] - names[b] : ranks[a] - ranks[b]));
    written = 0;
    at("list").replaceChildren();
    write(geoequity.LISTED);
    at("none").hidden = found.length > 0;
  }

  function hold(place) {
    now.held = place;
    for (const button of at("list").querySelectorAll("[aria-current]")) button.removeAttribute("aria-current");
    buttonOf(place)?.setAttribute("aria-current", "true");
  }

  function point(place) {
    for (const button of at("list").querySelectorAll(".hovered")) button.classList.remove("hovered");
    buttonOf(place)?.classList.add("hovered");
  }

  const placeOf = (event) => {
    const button = event.target.closest("[data-place]");
    return button ? Number(button.dataset.place) : null;
  };
  at("list").addEventListener("click", (event) => {
    if (placeOf(event) !== null) open(placeOf(event), event.target.closest("button"));
  });
  for (const kind of ["focusin", "mouseover"]) at("list").addEventListener(kind, (event) => hover(placeOf(event)));
  for (const kind of ["focusout", "mouseleave"]) at("list").addEventListener(kind, () => hover(null));
  at("list").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const next = found.indexOf(placeOf(event)) + step;
    if (next === written && written < found.length) write(written + geoequity.LISTED);
    (buttonOf(found[next] ?? null) || at("search")).focus();
  });
  at("more-districts").addEventListener("click", () => {
    const first = found[written];
    write(written + geoequity.LISTED);
    buttonOf(first)?.focus();
  });
  at("search").addEventListener("input", () => draw(now));
  at("search").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && at("search").value && found.length) open(found[0], at("search"));
    if (event.key === "ArrowDown") buttonOf(found[0] ?? null)?.focus();
  });
  return { draw, all, hold, point, buttonOf };
};
