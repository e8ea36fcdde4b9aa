// What can be laid over the districts: services by category, stops and routes by mode.
"use strict";

geoequity.LINES = {
  metro: { weight: 4 },
  rail: { weight: 3 },
  brt: { weight: 3 },
  tram: { weight: 2.5 },
  cable: { weight: 3, dashArray: "1 6", lineCap: "round" },
  funicular: { weight: 3, dashArray: "6 3" },
  ferry: { weight: 2.5, dashArray: "6 6" },
  trolleybus: { weight: 1.6, opacity: 0.7 },
  bus: { weight: 1.2, opacity: 0.55 },
};

geoequity.GROUND = "ground:streets";

// What a reader knows the city by is shown from the start: its streets and water, fast lines and stations.
geoequity.atFirst = function (data) {
  const rapid = [...data.routes, ...data.stops].filter((one) => data.rapid_modes.includes(one.mode));
  return [...(data.background.length ? [geoequity.GROUND] : []), ...new Set(rapid.map((one) => `mode:${one.mode}`))];
};

// Everything that can be laid over the districts, by the name it has in the page's address.
geoequity.overlayIds = function (data) {
  const modes = new Set([...data.routes, ...data.stops].map((one) => `mode:${one.mode}`));
  return [geoequity.GROUND, ...modes, ...data.services.map((one) => `service:${one.id}`)];
};

geoequity.overlays = function (map, data, shown, { pane, ground, changed }) {
  const make = geoequity.element;
  const at = (id) => document.getElementById(`ge-${id}`);
  const renderer = L.canvas({ pane, padding: 0.2 });
  const drawn = new Map();

  function points(steps, names, look, label) {
    const made = new geoequity.Points(geoequity.unpack(steps), { renderer, pane, ...look });
    made.names = names;
    made.label = label;
    return made;
  }

  function drawMode(mode) {
    const rapid = data.rapid_modes.includes(mode);
    const color = data.mode_colours[mode];
    const style = { renderer, pane, interactive: false, smoothFactor: 0.5 };
    const line = geoequity.LINES[mode];
    const parts = [];
    for (const one of data.routes.filter((route) => route.mode === mode)) {
      const lines = one.shapes.map(geoequity.unpack);
      if (rapid) parts.push(L.polyline(lines, { ...style, color: "#FFFFFF", weight: line.weight + 3, opacity: 0.9 }));
      parts.push(L.polyline(lines, { ...style, color, opacity: 1, ...line }));
    }
    const look = rapid
      ? { radius: 3, fill: "#FFFFFF", stroke: color, strokeWidth: 3 }
      : { radius: 1.6, fill: color, stroke: "#FFFFFF", strokeWidth: 1 };
    for (const one of data.stops.filter((stop) => stop.mode === mode)) {
      parts.push(points(one.shapes, one.names, look, (words) => words.text(`map.mode.${mode}`)));
    }
    return parts;
  }

  function drawService(one) {
    const radius = Math.min(3.4, Math.max(1.8, 5 - 0.8 * Math.log10(one.count))); // the more there are, the smaller
    const look = { radius, fill: one.colour, stroke: "#FFFFFF", strokeWidth: 2 };
    return [points(one.points, one.names, look, (words) => one.label[words.language])];
  }

  function drawOverlay(id) {
    const [kind, ...name] = id.split(":");
    if (kind === "ground") return [];
    if (kind === "mode") return drawMode(name.join(":"));
    return drawService(data.services.find((one) => one.id === name.join(":")));
  }

  function show() {
    for (const id of shown) if (!drawn.has(id)) drawn.set(id, drawOverlay(id));
    for (const [id, parts] of drawn) {
      for (const part of parts) {
        if (shown.has(id)) part.addTo(map);
        else part.remove();
      }
    }
    showGround();
  }

  const showGround = () => ground(shown.has(geoequity.GROUND));

  // Takes over what a link says is shown.
  function choose(ids) {
    shown.clear();
    for (const id of ids) shown.add(id);
    show();
  }

  function nearest(point, within) {
    let best = null;
    for (const id of shown) {
      for (const part of drawn.get(id) || []) {
        const found = part.nearest ? part.nearest(point, within) : null;
        if (found && (!best || found.distance < best.distance)) best = { ...found, part };
      }
    }
    return best;
  }

  function change(id, on) {
    if (on) shown.add(id);
    else shown.delete(id);
  }

  function toggle(words, id, label, count, key) {
    const box = make("input", { type: "checkbox", "data-overlay": id });
    box.checked = shown.has(id);
    const number = count === null ? null : make("span", { class: "count" }, words.number(count, 0));
    return make("label", { class: "toggle" }, box, key, make("span", { class: "name" }, label), number);
  }

  function colourKey(kind, colour) {
    const key = make("span", { class: kind });
    key.style.setProperty("--key", colour);
    return key;
  }

  function modes(words) {
    const there = new Set([...data.routes, ...data.stops].map((one) => one.mode));
    const count = (mode) => data.stops.find((one) => one.mode === mode)?.count || 0;
    const rows = Object.keys(data.mode_colours)
      .filter((mode) => there.has(mode))
      .map((mode) => {
        const dashed = geoequity.LINES[mode].dashArray ? "line-key dashed" : "line-key";
        const key = colourKey(dashed, data.mode_colours[mode]);
        return toggle(words, `mode:${mode}`, words.text(`map.mode.${mode}`), count(mode), key);
      });
    if (rows.length) rows.unshift(make("p", { class: "note" }, words.text("map.transport_note")));
    if (data.background.length) {
      const key = colourKey("line-key thin", "#27303B");
      rows.unshift(toggle(words, geoequity.GROUND, words.text("map.ground"), null, key));
    }
    at("transport").hidden = !rows.length;
    at("transport-list").replaceChildren(...rows);
  }

  function group(words, area, members) {
    const all = make("input", { type: "checkbox", "data-area": area });
    const rows = members.map((one) => {
      const key = colourKey("point-key", one.colour);
      return toggle(words, `service:${one.id}`, one.label[words.language], one.count, key);
    });
    const boxes = rows.map((row) => row.querySelector("input"));
    const reflect = () => {
      all.checked = boxes.every((box) => box.checked);
      all.indeterminate = !all.checked && boxes.some((box) => box.checked);
    };
    all.addEventListener("change", () => {
      for (const box of boxes) {
        box.checked = all.checked;
        change(box.dataset.overlay, all.checked);
      }
    });
    reflect();
    const name = words.text(area === "other" ? "map.other" : `area.${area}`);
    const made = make("fieldset", {}, make("legend", {}, make("label", {}, all, name)), ...rows);
    made.addEventListener("change", reflect);
    return made;
  }

  function services(words) {
    const groups = new Map();
    for (const one of data.services) groups.set(one.area, [...(groups.get(one.area) || []), one]);
    at("services").hidden = !groups.size;
    at("services-list").replaceChildren(...[...groups].map(([area, members]) => group(words, area, members)));
  }

  for (const list of [at("transport-list"), at("services-list")]) {
    list.addEventListener("change", (event) => {
      const id = event.target.dataset.overlay;
      if (id) change(id, event.target.checked);
      show();
      changed();
    });
  }

  function list(words) {
    modes(words);
    services(words);
  }

  return { show, choose, nearest, list, ground: showGround };
};
