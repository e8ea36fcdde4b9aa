// The legend: which colour means what, and how many districts have it.
"use strict";

// A value belongs to the highest class whose lower edge it reaches.
geoequity.classOf = function (layer, value) {
  let found = 0;
  while (found < layer.breaks.length - 2 && value >= layer.breaks[found + 1]) found += 1;
  return found;
};

geoequity.legend = function (data, words, layer) {
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

  function typeRow(type) {
    const count = layer.values.filter((value) => value === type).length;
    const share = data.types.shares[type];
    return make(
      "li",
      {},
      swatch(data.types.colours[type]),
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
  if (known(layer.mean)) notes.push(words.text("map.city_mean", { value: words.quantity(layer.mean, layer.unit) }));
  if (layer.suppressed) {
    const names = layer.suppressed.map((place) => data.districts[place].name).join(", ");
    notes.push(words.text("map.suppressed_note", { names }));
  }
  if (byType && ["no_material_gap", "relative_scores"].includes(data.types.basis)) notes.push(words.text(`map.${data.types.basis}`));
  if (missing === layer.values.length) notes.push(words.text("map.all_unknown"));
  const heads = [quiet("figure", words.text("map.districts"))];
  if (byType) heads.push(quiet("figure", words.text("map.people")));
  else heads.unshift(quiet("unit", `${unit()} · ${words.text("map.darker")}`));
  return [
    make("strong", { class: "legend-title" }, layer.label[words.language]),
    make("div", { class: byType ? "legend-head types" : "legend-head" }, ...heads),
    make("ul", { class: byType ? "types" : "classes" }, ...(byType ? typeRows() : classRows())),
    ...notes.map((note) => make("p", { class: "note" }, note)),
  ];
};
