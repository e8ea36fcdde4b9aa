// Whose priorities? The index under the reader's own weights, made as geoequity.composite.build makes it.
"use strict";

// A mean of what is known, no score under the floor, never beyond what it is made of.
geoequity.mean = function (kind, values, weights, floor) {
  let [total, amount, low, high] = [0, 0, Infinity, -Infinity];
  values.forEach((value, child) => {
    if (value === null) return;
    const score = kind === "arithmetic" ? value : Math.max(value, floor);
    const weight = weights[child];
    [low, high] = [Math.min(low, score), Math.max(high, score)];
    if (!(weight > 0)) return;
    total += weight;
    if (kind === "geometric") amount += weight * Math.log(score);
    else amount += weight * (kind === "harmonic" ? 1 / score : score);
  });
  if (!(total > 0)) return null;
  const mean = { arithmetic: (one) => one, geometric: Math.exp, harmonic: (one) => 1 / one }[kind](amount / total);
  return Math.min(Math.max(mean, low), high);
};

// 1 is best, ties share the middle rank, unknown has none.
geoequity.ranks = function (values) {
  const rising = Float64Array.from(values.filter((value) => value !== null)).sort();
  const [first, last] = [new Map(), new Map()];
  for (let place = rising.length - 1; place >= 0; place -= 1) {
    const value = rising[place];
    if (!first.has(value)) first.set(value, rising.length - place);
    last.set(value, rising.length - place);
  }
  return values.map((value) => (value === null ? null : (first.get(value) + last.get(value)) / 2));
};

geoequity.weights = function (data) {
  const { nodes, mean, floor } = data.tree;
  const layers = new Map(data.layers.map((layer) => [layer.id, layer]));
  const published = nodes.map((node) => node.weight);
  const own = [...published];
  const children = nodes.map((_, parent) => nodes.flatMap((node, place) => (node.parent === parent ? [place] : [])));
  const handles = new Map(data.tree.handles.map((handle) => [handle.id, handle]));
  const areas = new Map();
  nodes.forEach(({ area }, place) => area && areas.set(area, [...(areas.get(area) || []), place]));
  const columns = nodes.map((node, place) => (children[place].length ? null : layers.get(node.id).scores));
  const byArea = new Map();
  const stale = new Set(nodes.keys()); // what the weights moved since it was last built
  let made = new Map(); // layers, from what was built
  let ranked = null;

  const weightOf = (id) => own[handles.get(id).nodes[0]];
  const publishedOf = (id) => published[handles.get(id).nodes[0]];
  const mostOf = (id) => Math.max(3, Math.ceil(2 * publishedOf(id)));
  const changed = () => own.some((weight, place) => weight !== published[place]);

  // A weight says how much a child counts in its parent, and so in all above it.
  function weigh(place, weight) {
    if (own[place] === weight) return;
    own[place] = weight;
    for (let above = nodes[place].parent; above !== null; above = nodes[above].parent) stale.add(above);
  }

  function set(id, weight) {
    for (const place of handles.get(id)?.nodes || []) weigh(place, weight);
  }

  function reset() {
    published.forEach((weight, place) => weigh(place, weight));
  }

  function meanOf(kind, parts, weights, enough) {
    const values = parts.map(() => null);
    return data.districts.map((_, district) => {
      let known = 0;
      parts.forEach((column, child) => {
        values[child] = column[district];
        if (values[child] !== null) known += 1;
      });
      return known >= enough ? geoequity.mean(kind, values, weights, floor) : null;
    });
  }

  // Children stand before their parents, so that one walk scores the whole tree.
  function build() {
    if (!stale.size) return;
    nodes.forEach((node, place) => {
      const below = children[place];
      if (!stale.has(place) || !below.length) return;
      const [parts, weights] = [columns, own].map((of) => below.map((child) => of[child]));
      columns[place] = meanOf(node.mean, parts, weights, node.min_known);
    });
    for (const [area, parts] of areas) { // the side view: its pillars together, one as much as the other
      if (!parts.some((place) => stale.has(place))) continue;
      byArea.set(area, meanOf(mean, parts.map((place) => columns[place]), parts.map(() => 1), 0));
    }
    stale.clear();
    made = new Map();
    ranked = null;
  }

  function scoresOf(id) {
    build();
    return byArea.get(id) || columns[nodes.findIndex((node) => node.id === id)] || null;
  }

  function cityMean(values) {
    let [people, amount] = [0, 0];
    data.districts.forEach(({ population }, district) => {
      if (values[district] === null || !(population > 0)) return;
      people += population;
      amount += population * values[district];
    });
    return people > 0 ? amount / people : null;
  }

  // The published classes, the outer ones as wide as the reader's scores need.
  function stretched(breaks, values) {
    const known = values.filter((value) => value !== null);
    if (!breaks.length || !known.length) return breaks;
    const edges = [...breaks];
    edges[0] = Math.min(edges[0], Math.floor(Math.min(...known)));
    edges.push(Math.max(edges.pop(), Math.ceil(Math.max(...known))));
    return edges;
  }

  function layerOf(layer) {
    if (layer.kind !== "score" || !changed()) return layer;
    const values = scoresOf(layer.id);
    if (!values) return layer;
    if (!made.has(layer.id)) {
      made.set(layer.id, { ...layer, values, breaks: stretched(layer.breaks, values), mean: cityMean(values), own: true });
    }
    return made.get(layer.id);
  }

  const scoreOf = (district) => scoresOf("index")?.[district] ?? null;
  function rankOf(district) {
    const scores = scoresOf("index");
    ranked ||= geoequity.ranks(scores || []);
    return ranked[district] ?? null;
  }
  // Weights that leave a whole group without any are no weights: nothing can be said then.
  const empty = () => children.some((below) => below.length && below.every((child) => !(own[child] > 0)));
  return { handles, weightOf, publishedOf, mostOf, set, reset, changed, empty, layerOf, scoreOf, rankOf };
};

// The panel of sliders; `moved` is told after every step.
geoequity.sliders = function (weights, words, moved, reset) {
  const make = geoequity.element;
  const { text, number } = words;

  function row(handle) {
    const name = handle.label[words.language];
    const most = weights.mostOf(handle.id);
    const slider = make("input", { type: "range", min: 0, max: most, step: 0.05, "data-weight": handle.id });
    const told = make("output", { class: "figure" });
    const reflect = () => {
      const weight = weights.weightOf(handle.id);
      const at = weights.publishedOf(handle.id);
      const said = number(weight);
      slider.value = weight;
      slider.setAttribute("aria-valuetext", weight === at ? said : `${said} (${text("map.weight_published", { number: at })})`);
      told.textContent = said;
      made.classList.toggle("moved", weight !== at);
    };
    const made = make("label", { class: "weight" }, make("span", { class: "name" }, name), slider, told);
    slider.addEventListener("input", () => {
      weights.set(handle.id, Number(slider.value));
      reflect();
      moved();
    });
    reflect();
    return { made, reflect };
  }

  const rows = [];
  const group = (kind, title) => {
    const members = [...weights.handles.values()].filter((handle) => handle.group === kind).map(row);
    rows.push(...members);
    return make("fieldset", {}, make("legend", {}, title), ...members.map((one) => one.made));
  };
  const places = [...new Set([...weights.handles.values()].map((handle) => handle.group))];
  const folded = places.filter((kind) => kind.includes("."));
  const indicators = folded.map((kind) => {
    const [pillar, area] = kind.split(".");
    const title = text("map.group.indicators", { pillar: text(`pillar.${pillar}`), area: text(`area.${area}`) });
    return group(kind, title);
  });
  const back = { type: "button", class: "reset", id: "ge-weights-reset", onclick: reset };
  const parts = [
    make("p", { class: "note" }, text("map.weights_note")),
    group("pillars", text("map.weights_pillars")),
    group("areas", text("map.weights_areas")),
    make("details", {}, make("summary", {}, text("map.indicators")), make("div", {}, ...indicators)),
    make("button", back, text("map.weights_reset")),
  ];
  const reflect = () => rows.forEach((one) => one.reflect());
  return { parts, reflect };
};
