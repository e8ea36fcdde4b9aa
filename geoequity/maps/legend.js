// The legend: which colour means what, and how many districts have it.
"use strict";

// A value belongs to the highest class whose lower edge it reaches.
geoequity.classOf = function (layer, value) {
  let found = 0;
  while (found < layer.breaks.length - 2 && value >= layer.breaks[found + 1]) found += 1;
  return found;
};

// Two pillars at once: nine classes, structures down and technologies across.
geoequity.crossed = function (layer, structures, technologies) {
  const classOf = (value) => layer.edges.filter((edge) => value >= edge).length;
  const values = structures.values.map((solid, place) => {
    const digital = technologies.values[place];
    return solid === null || digital === null ? null : 3 * classOf(solid) + classOf(digital);
  });
  return { ...layer, values, parts: [structures, technologies], own: structures.own || technologies.own };
};

// Which pillar runs ahead, by the way its axis points; null where neither does.
geoequity.crossedMark = (value) => {
  const [solid, digital] = [Math.floor(value / 3), value % 3];
  return solid === digital ? null : solid > digital ? "▲" : "▶";
};

// Nine cells that count their districts and point at them; arrows move between them.
geoequity.cross = function (data, words, layer, mark) {
  const make = geoequity.element;
  const { text, number } = words;
  const [low, high] = layer.edges;
  const levels = ["low", "middle", "high"].map((level) => text(`map.level.${level}`));
  const told = make("p", { class: "note cross-said", role: "status" });
  let held = null;

  function say(cell) {
    const names = cell === null ? [] : cell.places.map((place) => data.districts[place].name);
    told.textContent = cell === null ? text("map.crossed_hint") : [cell.label, ...(names.length ? [names.join(", ")] : [])].join(". ");
    mark(cell?.places.length ? cell.places : null);
  }

  const cells = layer.colours.map((colour, value) => {
    const places = layer.values.flatMap((one, place) => (one === value ? [place] : []));
    const count = text("map.district_count", { count: places.length });
    const crossing = { structures: levels[Math.floor(value / 3)], technologies: levels[value % 3] };
    const cell = { value, places, label: `${text("map.crossed_cell", crossing)}: ${count}` };
    const attributes = { type: "button", class: "cross-cell", "aria-label": cell.label, "aria-pressed": "false", "data-cell": value };
    const button = make("button", attributes, [geoequity.crossedMark(value), number(places.length, 0)].filter(Boolean).join("\u00a0"));
    button.style.background = colour;
    button.style.color = layer.inks[value];
    button.addEventListener("click", () => {
      held = held === cell ? null : cell;
      for (const one of cells) one.button.setAttribute("aria-pressed", String(one === held));
      say(held);
    });
    for (const start of ["focus", "mouseenter"]) button.addEventListener(start, () => say(cell));
    for (const end of ["blur", "mouseleave"]) button.addEventListener(end, () => say(held));
    button.addEventListener("keydown", (event) => {
      const step = { ArrowRight: 1, ArrowLeft: -1, ArrowUp: 3, ArrowDown: -3 }[event.key];
      if (!step) return;
      event.preventDefault();
      const next = value + step;
      if (Math.abs(step) === 3 || Math.floor(next / 3) === Math.floor(value / 3)) cells[next]?.button.focus();
    });
    cell.button = button;
    return cell;
  });
  told.textContent = text("map.crossed_hint");
  const rows = [2, 1, 0].flatMap((row) => cells.slice(3 * row, 3 * row + 3).map((cell) => cell.button));
  const [across, down] = [text("map.crossed_across"), text("map.crossed_down")];
  const grid = make("div", { class: "cross-grid", role: "group", "aria-label": text("map.crossed") }, ...rows);
  return [
    make(
      "div",
      { class: "cross" },
      make("span", { class: "cross-down", "aria-hidden": "true" }, down),
      grid,
      make("span", { class: "cross-across", "aria-hidden": "true" }, across),
    ),
    make("p", { class: "note" }, text("map.crossed_edges", { low, high })),
    told,
  ];
};

geoequity.legend = function (data, words, { layer, moved, mark, doubts, hatched, hatch, cells }) {
  const make = geoequity.element;
  const known = (value) => value !== null && value !== undefined;
  const byType = layer.kind === "type";
  const missing = layer.values.filter((value) => !known(value)).length;
  const quiet = (kind, text) => make("span", { class: kind }, text);

  function swatch(colour) {
    const made = make("span", { class: colour ? "swatch" : "swatch unknown" });
    if (colour) made.style.background = colour;
    return made;
  }

  // Colours alone are lost on grey paper and on some eyes.
  function marked(made, type) {
    made.append(make("span", { class: "mark", "aria-hidden": "true" }, data.types.marks[type]));
    made.style.color = data.types.inks[type];
    return made;
  }

  function typeRow(type) {
    const count = layer.values.filter((value) => value === type).length;
    const share = data.types.shares[type];
    return make(
      "li",
      {},
      marked(swatch(data.types.colours[type]), type),
      make("span", { class: "class" }, words.text(`type.${type}`)),
      quiet("figure", words.number(count, 0)),
      quiet("figure", known(share) ? words.percent(share) : ""),
      make("small", {}, words.text(`type_means.${type}`)),
    );
  }

  function classRow(colour, label, count, most) {
    const bar = make("span", { class: "tally" });
    bar.style.width = `${(100 * count) / most}%`;
    const track = make("span", { class: "tally-track", "aria-hidden": "true" }, bar);
    const figure = make("span", { class: "figure", title: words.text("map.district_count", { count }) }, words.number(count, 0));
    return make("li", {}, swatch(colour), make("span", { class: "class" }, label), track, figure);
  }

  function edges() {
    const scale = layer.unit === "share" ? 100 : 1;
    const whole = layer.breaks.map((edge) => Number((edge * scale).toPrecision(6)));
    const decimals = Math.max(...whole.map((edge) => (String(edge).split(".")[1] || "").length));
    return whole.map((edge) => words.number(edge, Math.min(decimals, 4)));
  }

  function classRows() {
    const counts = layer.colours.map(() => 0);
    for (const value of layer.values) if (known(value)) counts[geoequity.classOf(layer, value)] += 1;
    const most = Math.max(...counts, missing, 1);
    const written = edges();
    const rows = layer.breaks.length ? layer.colours : [];
    const made = rows.map((colour, place) => {
      const [low, high] = [written[place], written[place + 1]];
      return classRow(colour, low === high ? low : words.range(low, high), counts[place], most);
    });
    if (layer.better !== "lower") made.reverse(); // the best class stands on top
    if (missing) made.push(classRow(null, words.text("unknown"), missing, most));
    return made;
  }

  function typeRows() {
    const made = Object.keys(data.types.colours).map(typeRow);
    const label = make("span", { class: "class" }, words.text("type.unknown"));
    if (missing) made.push(make("li", {}, swatch(null), label, quiet("figure", words.number(missing, 0))));
    return made;
  }

  function unit() {
    if (layer.kind === "confidence") return words.text("map.confidence_unit");
    if (layer.kind === "score") return words.text("map.score_unit");
    return words.unitName(layer.unit, layer.base);
  }

  const notes = [];
  if (moved) notes.push(words.text(layer.own ? "map.own.shown" : "map.own.not_shown"));
  if (known(layer.mean)) notes.push(words.text("map.city_mean", { value: words.quantity(layer.mean, layer.unit) }));
  if (cells) notes.push(words.text("map.cells_beyond"));
  if (data.cells_left_out?.layers.includes(layer.id)) {
    const { count, most } = data.cells_left_out;
    notes.push(words.text("map.cells_left_out", { count: words.number(count, 0), most: words.number(most, 0) }));
  }
  if (layer.suppressed) {
    const names = layer.suppressed.map((place) => data.districts[place].name).join(", ");
    notes.push(words.text("map.suppressed_note", { names }));
  }
  if (byType && ["no_material_gap", "relative_scores"].includes(data.types.basis)) notes.push(words.text(`map.${data.types.basis}`));
  if (missing === layer.values.length) notes.push(words.text("map.all_unknown"));
  const title = make("strong", { class: "legend-title" }, layer.label[words.language]);
  const said = () => [doubt(), celled(), ...notes.map((note) => make("p", { class: "note" }, note))].filter(Boolean);

  // What is to be taken with care is hatched over its colour; the reader can lift that.
  function doubt() {
    const kinds = [...new Set(doubts.flat())].map((kind) => words.text(`map.doubt.${kind}`));
    if (!kinds.length) return null;
    const box = make("input", { type: "checkbox", id: "ge-doubt-shown" });
    box.checked = hatched;
    box.addEventListener("change", () => hatch(box.checked));
    const count = doubts.filter((here) => here.length).length;
    const figure = make("span", { class: "count", title: words.text("map.district_count", { count }) }, words.number(count, 0));
    const label = make("span", { class: "name" }, words.text("map.doubt.legend", { reasons: kinds.join(", ") }));
    return make("label", { class: "toggle doubt" }, box, make("span", { class: "swatch" }), label, figure);
  }

  // What was computed at cells is shown at them from near.
  function celled() {
    if (!cells) return null;
    const box = make("input", { type: "checkbox", id: "ge-cells-shown" });
    box.checked = cells.wanted;
    box.addEventListener("change", () => cells.show(box.checked));
    const label = make("span", { class: "name" }, words.text("map.cells_near", { count: cells.count }));
    return make("label", { class: "toggle doubt" }, box, label);
  }

  if (layer.kind === "crossed") {
    const most = Math.max(missing, 1);
    const unknown = missing ? make("ul", { class: "classes" }, classRow(null, words.text("unknown"), missing, most)) : null;
    return [title, ...geoequity.cross(data, words, layer, mark), unknown, ...said()].filter(Boolean);
  }
  const heads = [quiet("figure", words.text("map.districts"))];
  if (byType) heads.push(quiet("figure", words.text("map.people")));
  else heads.unshift(quiet("unit", `${unit()} · ${words.text("map.darker")}`));
  return [
    title,
    make("div", { class: byType ? "legend-head types" : "legend-head" }, ...heads),
    make("ul", { class: byType ? "types" : "classes" }, ...(byType ? typeRows() : classRows())),
    ...said(),
  ];
};
