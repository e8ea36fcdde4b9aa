// Two districts side by side, with the city beside them.
"use strict";

geoequity.versus = function (data, words, { place, beside, layers, shown, showLayer }) {
  const make = geoequity.element;
  const { text, number, percent, quantity } = words;
  const known = (value) => value !== null && value !== undefined;
  const pair = [place, beside];
  const score = (value) => quantity(value, "score");
  const MOST = 10;

  // Two marks on one scale; the thin tick is the city.
  function track(values, mean) {
    const made = make("span", { class: "bar versus", "aria-hidden": "true" });
    const put = (kind, value) => {
      if (!known(value)) return;
      const mark = make("span", { class: kind });
      mark.style.left = `${value}%`;
      made.append(mark);
    };
    put("bar-tick", mean);
    put("mark one", values[0]);
    put("mark other", values[1]);
    return made;
  }

  function row(head, cells, city = null) {
    const made = cells.map((cell) => make("td", {}, ...[cell].flat()));
    return make("tr", {}, make("th", { scope: "row" }, ...[head].flat()), ...made, make("td", { class: "city" }, city));
  }

  const layerButton = (layer) => make("button", { type: "button", class: "plain", onclick: () => showLayer(layer.id) }, layer.label[words.language]);

  function withRange(found, write) {
    const value = known(found?.value) ? write(found.value) : words.text("unknown");
    const kind = found?.method ? "method" : "sampling";
    const { low, high } = found?.[kind] || {};
    const range = known(low) && known(high) ? text(`map.range.${kind}`, { low: write(low), high: write(high) }) : null;
    return [value, range ? make("small", { class: "between" }, range) : null].filter(Boolean);
  }

  function scoreRow(id) {
    const layer = shown(id);
    const values = pair.map((one) => layer.values[one]);
    return row([layerButton(layer), track(values, layer.mean)], values.map(score), known(layer.mean) ? score(layer.mean) : "");
  }

  function indicatorRow(layer) {
    const figure = (value, unit) => (unit === "share" ? percent(value) : number(value));
    const unit = words.unitName(layer.unit, layer.base).replace(/^%$/, "");
    const values = pair.map((one) => {
      const between = words.betweenOf(layer, one);
      return [words.valueOf(layer, one, figure), between ? make("small", { class: "between" }, between) : null].filter(Boolean);
    });
    return row([layerButton(layer), make("small", {}, unit)], values, figure(layer.mean, layer.unit));
  }

  const apart = (layer) => {
    const [here, there] = pair.map((one) => layer.scores?.[one]);
    return known(here) && known(there) ? Math.abs(here - there) : -1;
  };
  const all = data.layers.filter((layer) => layer.kind === "indicator").sort((a, b) => apart(b) - apart(a));
  const districts = pair.map((one) => data.districts[one]);
  const type = (one) => text(`type.${layers.get("type").values[one] || "unknown"}`);
  const heads = ["one", "other"].map((kind, at) =>
    make("th", { scope: "col" }, make("span", { class: `mark-key ${kind}`, "aria-hidden": "true" }), make("span", { dir: "auto" }, districts[at].name)),
  );
  const body = make("tbody");
  const overview = [
    row(text("map.versus.type"), pair.map(type)),
    row(text("map.people"), districts.map((one) => number(one.population, 0))),
    row(text("map.index"), districts.map((one) => withRange(one.score, score)), score(layers.get("index").mean)),
    row(text("map.rank"), districts.map((one) => withRange(one.rank, (value) => number(value)))),
    ...["structures", "technologies"].map(scoreRow),
    ...data.layers.filter((layer) => layer.group === "areas").map((layer) => scoreRow(layer.id)),
  ];
  const more = make("button", { type: "button", class: "show-all", "aria-expanded": "false" });
  function fill(open) {
    const listed = open ? all : all.slice(0, MOST);
    body.replaceChildren(...overview, make("tr", { class: "part" }, make("th", { colspan: 4, scope: "rowgroup" }, text("map.versus.indicators"))), ...listed.map(indicatorRow));
    more.setAttribute("aria-expanded", String(open));
    more.textContent = open ? text("map.show_top") : text("map.show_all", { number: number(all.length, 0) });
  }
  more.addEventListener("click", () => fill(more.getAttribute("aria-expanded") !== "true"));
  fill(false);
  const corner = make("th", { scope: "col" }, make("span", { class: "unseen" }, text("map.column.indicator")));
  return make(
    "section",
    { class: "versus-table" },
    make("table", {}, make("thead", {}, make("tr", {}, corner, ...heads, make("th", { scope: "col" }, text("map.column.city")))), body),
    all.length > MOST ? more : null,
    make("p", { class: "note" }, make("span", { class: "tick-key", "aria-hidden": "true" }), text("map.city_tick")),
  );
};

// Chooses the district to compare with; null for none.
geoequity.versusChoice = function (data, words, { place, beside, choose }) {
  const make = geoequity.element;
  const select = make("select", { id: "ge-beside", "aria-label": words.text("map.versus.with") });
  const option = (at) => make("option", { value: at }, data.districts[at].name);
  select.append(make("option", { value: "" }, words.text("map.versus.choose")), ...(beside === null ? [] : [option(beside)]));
  select.value = beside === null ? "" : String(beside);
  // The card is written at every step of a slider; thousands of names only when somebody reaches for them.
  function list() {
    for (const kind of ["pointerdown", "focus"]) select.removeEventListener(kind, list);
    const { compare } = new Intl.Collator(words.language);
    const others = data.districts.map((_, at) => at).filter((at) => at !== place && at !== beside);
    others.sort((a, b) => compare(data.districts[a].name, data.districts[b].name));
    select.append(...others.map(option));
  }
  for (const kind of ["pointerdown", "focus"]) select.addEventListener(kind, list);
  select.addEventListener("change", () => choose(select.value === "" ? null : Number(select.value)));
  return make("div", { class: "pick versus-choice" }, select);
};
