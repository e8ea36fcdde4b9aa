// The page: one state, and what follows from it.
"use strict";

geoequity.start = function (map, data) {
  const make = geoequity.element;
  const at = (id) => document.getElementById(`ge-${id}`);
  const known = (value) => value !== null && value !== undefined;
  const layers = new Map(data.layers.map((layer) => [layer.id, layer]));
  const rapid = new Set(["metro", "rail", "brt", "cable", "ferry"]);
  const first = data.layers.find((layer) => layer.values.some(known)) || data.layers[0];
  const state = {
    language: data.language,
    layer: first.id,
    open: null,
    hovered: null,
    overlays: new Set(data.routes.filter((one) => rapid.has(one.mode)).map((one) => `mode:${one.mode}`)),
  };
  const narrow = window.matchMedia("(max-width: 760px)");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let words = geoequity.words(data.words, state.language);
  let opener = null;

  // ---------------------------------------------------------------- drawing

  const borders = data.districts.map((district) =>
    district.shape.map((polygon) => polygon.map((ring) => geoequity.unpack(ring))),
  );
  for (const [name, level] of [["places", 450], ["labels", 460]]) {
    const pane = map.createPane(`ge-${name}`);
    pane.style.zIndex = level;
    pane.style.pointerEvents = "none"; // districts beneath stay within reach of the pointer
  }
  const drawing = L.svg({ padding: 0.5 });
  const canvas = L.canvas({ pane: "ge-places", padding: 0.2 });
  const lettering = L.canvas({ pane: "ge-labels", padding: 0.2 });
  const still = { renderer: drawing, smoothFactor: 0, noClip: true };

  L.polygon(borders.flat(), { ...still, interactive: false, fill: false, color: "#5F6B7A", weight: 3.5 }).addTo(map);
  const paths = borders.map((shape, place) => {
    const path = L.polygon(shape, { ...still, className: "ge-district", color: "#FFFFFF", weight: 1, fillOpacity: 1 });
    path.on("click", (event) => openCard(place, null, event));
    path.on("mouseover", () => hover(place));
    path.on("mouseout", () => hover(null));
    path.addTo(map);
    path.getElement().setAttribute("data-district", data.districts[place].id);
    return path;
  });
  geoequity.hatch(drawing._container, { paper: "#F2F2F2", line: "#8C8C8C" });
  drawing._container.setAttribute("aria-hidden", "true"); // the list of districts says the same
  const extent = L.latLngBounds(paths.map((path) => path.getBounds()));

  const bySize = data.districts.map((_, place) => place);
  bySize.sort((a, b) => data.districts[b].label[2] - data.districts[a].label[2]);
  new geoequity.Labels(
    data.districts.map((district) => district.label.slice(0, 2)),
    {
      renderer: lettering,
      pane: "ge-labels",
      order: bySize,
      names: data.districts.map((district) => district.name),
      widths: data.districts.map((district) => district.label[2]),
    },
  ).addTo(map);

  function classOf(layer, value) {
    const { breaks } = layer;
    let found = 0;
    while (found < breaks.length - 2 && value >= breaks[found + 1]) found += 1;
    return found;
  }

  function colourOf(layer, value) {
    if (!known(value)) return "url(#ge-unknown)";
    return layer.kind === "type" ? data.types.colours[value] : layer.colours[classOf(layer, value)];
  }

  function paint() {
    const layer = layers.get(state.layer);
    paths.forEach((path, place) => {
      const marked = place === state.open || place === state.hovered;
      path.setStyle({
        fillColor: colourOf(layer, layer.values[place]),
        color: place === state.open ? "#111418" : marked ? "#3A4350" : "#FFFFFF",
        weight: place === state.open ? 3 : marked ? 2.5 : 1,
      });
    });
    for (const place of [state.hovered, state.open]) if (place !== null) paths[place].bringToFront();
  }

  // ------------------------------------------------- services, stops, routes

  const drawn = new Map();
  const lineStyles = {
    metro: { weight: 4 },
    rail: { weight: 3 },
    brt: { weight: 3 },
    tram: { weight: 2.5 },
    cable: { weight: 3, dashArray: "1 6", lineCap: "round" },
    ferry: { weight: 2.5, dashArray: "6 6" },
    bus: { weight: 1.2, opacity: 0.55 },
  };

  function drawMode(mode) {
    const colour = data.mode_colours[mode];
    const style = { renderer: canvas, pane: "ge-places", interactive: false, smoothFactor: 0.5 };
    const found = [];
    for (const one of data.routes.filter((route) => route.mode === mode)) {
      const lines = one.shapes.map(geoequity.unpack);
      const weight = lineStyles[mode].weight;
      if (rapid.has(mode)) found.push(L.polyline(lines, { ...style, color: "#FFFFFF", weight: weight + 3, opacity: 0.9 }));
      found.push(L.polyline(lines, { ...style, color: colour, opacity: 1, ...lineStyles[mode] }));
    }
    for (const one of data.stops.filter((stop) => stop.mode === mode)) {
      const look = rapid.has(mode) ? { radius: 3, fill: "#FFFFFF", stroke: colour, strokeWidth: 3 } : null;
      found.push(points(one.shapes, one.names, look || { radius: 1.6, fill: colour, stroke: "#FFFFFF", strokeWidth: 1 }, () => words.text(`map.mode.${mode}`)));
    }
    return found;
  }

  function points(steps, names, look, label) {
    const made = new geoequity.Points(geoequity.unpack(steps), { renderer: canvas, pane: "ge-places", ...look });
    made.names = names;
    made.label = label;
    return made;
  }

  function drawService(one) {
    const look = { radius: 3.2, fill: one.colour, stroke: "#FFFFFF", strokeWidth: 2.4 };
    return [points(one.points, one.names, look, () => one.label[words.language])];
  }

  function drawOverlay(id) {
    const [kind, name] = [id.slice(0, id.indexOf(":")), id.slice(id.indexOf(":") + 1)];
    return kind === "mode" ? drawMode(name) : drawService(data.services.find((one) => one.id === name));
  }

  function showOverlays() {
    for (const id of state.overlays) if (!drawn.has(id)) drawn.set(id, drawOverlay(id));
    for (const [id, parts] of drawn) {
      for (const part of parts) {
        if (state.overlays.has(id)) part.addTo(map);
        else part.remove();
      }
    }
  }

  function nearestPlace(point, within) {
    let best = null;
    for (const id of state.overlays) {
      for (const part of drawn.get(id) || []) {
        const found = part.nearest ? part.nearest(point, within) : null;
        if (found && (!best || found.distance < best.distance)) best = { ...found, part };
      }
    }
    return best;
  }

  // ----------------------------------------------------------------- tooltip

  const tip = L.tooltip({ direction: "top", offset: [0, -8], opacity: 1, className: "ge-tip" });
  const hovers = window.matchMedia("(hover: hover)").matches;

  function said(layer, place) {
    const value = layer.values[place];
    if (layer.kind === "type") return words.text(`type.${value || "unknown"}`);
    return words.quantity(value, layer.unit);
  }

  function tipFor(place) {
    const layer = layers.get(state.layer);
    return make(
      "div",
      {},
      make("strong", { dir: "auto" }, data.districts[place].name),
      make("span", {}, `${layer.label[words.language]}: ${said(layer, place)}`),
    );
  }

  function showTip(event) {
    const near = nearestPlace(map.latLngToLayerPoint(event.latlng), 9);
    if (near) {
      const name = near.part.names[near.place];
      const label = near.part.label();
      tip.setContent(make("div", {}, make("strong", { dir: "auto" }, name || label), name ? make("span", {}, label) : null));
    } else if (state.hovered !== null) {
      tip.setContent(tipFor(state.hovered));
    } else {
      tip.remove();
      return;
    }
    tip.setLatLng(event.latlng);
    if (!map.hasLayer(tip)) tip.addTo(map);
  }

  let waiting = null;
  map.on("mousemove", (event) => {
    if (!hovers) return;
    if (waiting === null) {
      requestAnimationFrame(() => {
        showTip(waiting);
        waiting = null;
      });
    }
    waiting = event;
  });
  map.on("mouseout", () => tip.remove());

  function hover(place) {
    if (state.hovered === place) return;
    state.hovered = place;
    paint();
    for (const button of at("list").querySelectorAll(".hovered")) button.classList.remove("hovered");
    if (place !== null) at("list").querySelector(`[data-place="${place}"]`)?.classList.add("hovered");
  }

  // ------------------------------------------------------------------ legend

  function drawLegend() {
    const layer = layers.get(state.layer);
    const missing = layer.values.filter((value) => !known(value)).length;
    const rows = layer.kind === "type" ? typeRows(layer) : classRows(layer);
    if (missing) rows.push({ label: words.text(layer.kind === "type" ? "type.unknown" : "unknown"), count: missing });
    const most = Math.max(...rows.map((row) => row.count), 1);
    const list = make("ul", { class: layer.kind === "type" ? "types" : "classes" });
    for (const row of rows) {
      const swatch = make("span", { class: row.colour ? "swatch" : "swatch unknown" });
      if (row.colour) swatch.style.background = row.colour;
      const tally = make("span", { class: "tally", title: words.text("map.district_count", { count: row.count }) });
      const length = make("span", { class: "tally-bar" });
      length.style.width = `${(100 * row.count) / most}%`;
      tally.append(length, make("span", { class: "tally-number" }, words.number(row.count, 0)));
      const label = make("span", { class: "class" }, make("span", {}, row.label), row.note ? make("small", {}, row.note) : null);
      list.append(make("li", {}, swatch, label, tally));
    }
    const head = make("div", { class: "legend-head" });
    head.append(make("strong", {}, layer.label[words.language]));
    if (layer.kind !== "type") head.append(make("span", {}, `${unitOf(layer)} · ${words.text("map.darker")}`));
    head.append(make("span", { class: "tally-head" }, words.text("map.districts")));
    const notes = [];
    if (known(layer.mean)) notes.push(words.text("map.city_mean", { value: words.quantity(layer.mean, layer.unit) }));
    if (layer.kind === "type" && data.types.basis === "no_material_gap") notes.push(words.text("map.no_material_gap"));
    if (!rows.some((row) => row.colour)) notes.push(words.text("map.all_unknown"));
    at("legend").replaceChildren(head, list, ...notes.map((note) => make("p", { class: "note" }, note)));
  }

  function unitOf(layer) {
    if (layer.kind === "confidence") return words.text("map.confidence_unit");
    if (layer.kind === "score") return words.text("map.score_unit");
    return words.unitName(layer.unit, layer.base);
  }

  function classRows(layer) {
    const { breaks } = layer;
    if (!breaks.length) return [];
    const share = layer.unit === "share";
    const steps = breaks.map((edge) => words.number(share ? Number((100 * edge).toPrecision(6)) : edge));
    const even = breaks.slice(1).map((edge, place) => edge - breaks[place]);
    const decimals = Math.max(...breaks.map((edge) => (String(Number((share ? 100 * edge : edge).toPrecision(6))).split(".")[1] || "").length));
    const written = breaks.map((edge) => words.number(share ? 100 * edge : edge, Math.min(decimals, 3)));
    const rows = layer.colours.map((colour, place) => ({
      colour,
      label: breaks[place] === breaks[place + 1] ? steps[place] : words.range(written[place], written[place + 1]),
      count: 0,
      width: even[place],
    }));
    for (const value of layer.values) if (known(value)) rows[classOf(layer, value)].count += 1;
    return layer.better === "lower" ? rows : rows.reverse(); // the best class stands on top
  }

  function typeRows(layer) {
    const peopleIn = (type) => {
      const share = data.types.shares[type];
      return known(share) ? words.text("map.share_of_people", { share: words.percent(share) }) : "";
    };
    return Object.entries(data.types.colours).map(([type, colour]) => ({
        colour,
        label: words.text(`type.${type}`),
        note: [words.text(`type_means.${type}`), peopleIn(type)].filter(Boolean).join(" · "),
        count: layer.values.filter((value) => value === type).length,
      }));
  }

  // --------------------------------------------------- layers and districts

  function drawLayers() {
    const groups = new Map();
    for (const layer of data.layers) {
      if (!groups.has(layer.group)) groups.set(layer.group, []);
      groups.get(layer.group).push(layer);
    }
    const options = [...groups].map(([group, members]) => {
      const made = make("optgroup", { label: groupName(group) });
      made.append(...members.map((layer) => make("option", { value: layer.id }, layer.label[words.language])));
      return made;
    });
    at("layer").replaceChildren(...options);
    at("layer").value = state.layer;
  }

  function groupName(group) {
    const [pillar, area] = group.split(".");
    if (!area) return words.text(`map.group.${group}`);
    return words.text("map.group.indicators", { pillar: words.text(`pillar.${pillar}`), area: words.text(`area.${area}`) });
  }

  const bare = (name) => name.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();

  function drawList() {
    const layer = layers.get(state.layer);
    const sought = bare(at("search").value.trim());
    const rank = (place) => {
      const value = layer.values[place];
      if (!known(value)) return Infinity;
      if (layer.kind === "type") return Object.keys(data.types.colours).indexOf(value);
      return layer.better === "lower" ? value : -value;
    };
    const found = data.districts
      .map((district, place) => ({ district, place }))
      .filter(({ district }) => bare(district.name).includes(sought))
      .sort((a, b) => rank(a.place) - rank(b.place) || a.district.name.localeCompare(b.district.name, words.language));
    at("list").replaceChildren(
      ...found.map(({ district, place }) => {
        const value = layer.values[place];
        const swatch = make("span", { class: known(value) ? "swatch" : "swatch unknown" });
        if (known(value)) swatch.style.background = colourOf(layer, value);
        const button = make(
          "button",
          { type: "button", "data-place": place, "aria-current": place === state.open ? "true" : null },
          swatch,
          make("span", { class: "name", dir: "auto" }, district.name),
          make("span", { class: "value" }, said(layer, place)),
        );
        button.addEventListener("click", () => openCard(place, button));
        button.addEventListener("focus", () => hover(place));
        button.addEventListener("blur", () => hover(null));
        button.addEventListener("mouseenter", () => hover(place));
        button.addEventListener("mouseleave", () => hover(null));
        return make("li", {}, button);
      }),
    );
    at("none").hidden = found.length > 0;
  }

  // ----------------------------------------------------------------- toggles

  function toggle(id, label, count, look) {
    const box = make("input", { type: "checkbox" });
    box.checked = state.overlays.has(id);
    box.addEventListener("change", () => {
      if (box.checked) state.overlays.add(id);
      else state.overlays.delete(id);
      showOverlays();
      box.dispatchEvent(new CustomEvent("ge-toggled", { bubbles: true }));
    });
    const key = make("span", { class: look.line ? "line-key" : "point-key" });
    key.style.setProperty("--key", look.colour);
    if (look.dashed) key.classList.add("dashed");
    const number = make("span", { class: "count" }, words.number(count, 0));
    return make("label", { class: "toggle" }, box, key, make("span", { class: "name" }, label), number);
  }

  function drawTransport() {
    const modes = [...new Set([...data.routes, ...data.stops].map((one) => one.mode))];
    const order = Object.keys(data.mode_colours);
    modes.sort((a, b) => order.indexOf(a) - order.indexOf(b));
    const count = (mode) => data.stops.find((one) => one.mode === mode)?.count || 0;
    const rows = modes.map((mode) => {
      const look = { line: true, colour: data.mode_colours[mode], dashed: Boolean(lineStyles[mode].dashArray) };
      return toggle(`mode:${mode}`, words.text(`map.mode.${mode}`), count(mode), look);
    });
    at("transport").hidden = !modes.length;
    at("transport-list").replaceChildren(make("p", { class: "note" }, words.text("map.transport_note")), ...rows);
  }

  function drawServices() {
    const groups = new Map();
    for (const one of data.services) {
      if (!groups.has(one.area)) groups.set(one.area, []);
      groups.get(one.area).push(one);
    }
    const parts = [...groups].map(([area, members]) => {
      const all = make("input", { type: "checkbox" });
      const rows = members.map((one) => toggle(`service:${one.id}`, one.label[words.language], one.count, { colour: one.colour }));
      const boxes = rows.map((row) => row.querySelector("input"));
      const reflect = () => {
        all.checked = boxes.every((box) => box.checked);
        all.indeterminate = !all.checked && boxes.some((box) => box.checked);
      };
      all.addEventListener("change", () => {
        for (const box of boxes) {
          if (box.checked === all.checked) continue;
          box.checked = all.checked;
          const id = `service:${members[boxes.indexOf(box)].id}`;
          if (all.checked) state.overlays.add(id);
          else state.overlays.delete(id);
        }
        showOverlays();
        reflect();
      });
      reflect();
      const name = area === "other" ? words.text("map.other") : words.text(`area.${area}`);
      const group = make("fieldset", {}, make("legend", {}, make("label", {}, all, name)), ...rows);
      group.addEventListener("ge-toggled", reflect);
      return group;
    });
    at("services").hidden = !parts.length;
    at("services-list").replaceChildren(...parts);
  }

  // -------------------------------------------------------------------- card

  function openCard(place, from, event) {
    if (event && !hovers) {
      const near = nearestPlace(map.latLngToLayerPoint(event.latlng), 14);
      if (near) return showTip(event); // without a pointer that hovers, a tap on a place names it
    }
    opener = from;
    state.open = place;
    const narrowed = narrow.matches;
    if (narrowed) showMore(false);
    drawCard();
    paint();
    markOpen();
    at("card").scrollTop = 0;
    at("card").querySelector("h2").focus({ preventScroll: true });
    at("status").textContent = data.districts[place].name;
    requestAnimationFrame(() => reveal(place));
  }

  function reveal(place) {
    map.invalidateSize({ pan: false });
    const bounds = paths[place].getBounds();
    const below = map.getContainer().getBoundingClientRect().bottom;
    const low = narrow.matches ? Math.max(below - at("card").getBoundingClientRect().top, 0) : 0;
    const options = { paddingTopLeft: [20, 20], paddingBottomRight: [20, 20 + low], animate: !calm };
    const view = map.getPixelBounds();
    const [corner, other] = [map.project(bounds.getSouthWest()), map.project(bounds.getNorthEast())];
    const box = L.bounds(corner, other);
    const free = L.bounds(view.min.add([10, 10]), view.max.subtract([10, 10 + low]));
    if (free.contains(box)) return;
    if (box.getSize().x < free.getSize().x && box.getSize().y < free.getSize().y) {
      const shift = L.point(
        Math.min(0, box.min.x - free.min.x) + Math.max(0, box.max.x - free.max.x),
        Math.min(0, box.min.y - free.min.y) + Math.max(0, box.max.y - free.max.y),
      );
      map.panBy(shift, { animate: !calm });
    } else {
      map.fitBounds(bounds, options);
    }
  }

  function drawCard() {
    const shown = state.open !== null;
    at("card").hidden = !shown;
    document.body.classList.toggle("with-card", shown);
    if (!shown) return;
    const tools = { place: state.open, layers, showLayer, close: closeCard };
    at("card").replaceChildren(...geoequity.card(data, words, tools));
  }

  function markOpen() {
    for (const button of at("list").querySelectorAll("button")) {
      if (Number(button.dataset.place) === state.open) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
  }

  function closeCard() {
    if (state.open === null) return;
    const place = state.open;
    state.open = null;
    drawCard();
    paint();
    markOpen();
    const back = opener?.isConnected ? opener : at("list").querySelector(`[data-place="${place}"]`);
    if (back?.offsetParent) back.focus({ preventScroll: true });
    else at("layer").focus({ preventScroll: true });
  }

  // -------------------------------------------------------------------- page

  function showLayer(id) {
    state.layer = id;
    at("layer").value = id;
    const layer = layers.get(id);
    at("about").textContent = layer.about[words.language];
    at("status").textContent = layer.label[words.language];
    paint();
    drawLegend();
    drawList();
  }

  function showMore(open) {
    document.body.classList.toggle("with-more", open);
    at("more").style.top = narrow.matches ? `${at("side").getBoundingClientRect().top}px` : "";
    at("more-toggle").setAttribute("aria-expanded", String(open));
    at("more-toggle").textContent = words.text(open ? "map.less" : "map.more");
  }

  function drawFindings() {
    const { findings, question } = data.city;
    const say = (one) => one[words.language] || one.en || "";
    at("findings").hidden = !findings.length && !question;
    const list = make("ol", {}, ...findings.map((one) => make("li", {}, say(one))));
    at("findings-list").replaceChildren(...(question ? [make("p", { class: "question" }, say(question))] : []), list);
  }

  function drawSources() {
    const osm = data.sources.some((one) => /openstreetmap/i.test(Object.values(one).join(" ")));
    const providers = [...new Set(data.sources.map((one) => one.provider).filter(Boolean))];
    const credit = [];
    if (osm) credit.push("© OpenStreetMap contributors");
    const others = providers.filter((one) => !/openstreetmap/i.test(one));
    if (others.length) credit.push(words.text("map.data_by", { names: others.join(", ") }));
    if (data.city.licence) credit.push(words.text("map.licence", { licence: data.city.licence }));
    at("credit").textContent = credit.join(" · ");
    at("sources-list").replaceChildren(
      ...data.sources.map((one) => {
        const web = /^https?:\/\//i.test(one.url || "");
        const facts = [one.licence, one.reference_year].filter(Boolean).join(" · ");
        return make(
          "div",
          { class: "source" },
          make("strong", {}, [one.provider, one.name].filter(Boolean).join(": ")),
          make("span", {}, facts),
          one.citation ? make("span", {}, one.citation) : null,
          web ? make("a", { href: one.url, rel: "noopener noreferrer", target: "_blank" }, one.url) : null,
        );
      }),
      make("p", { class: "note" }, words.text("map.made_with")),
    );
  }

  function drawWords() {
    document.documentElement.lang = words.language;
    for (const one of document.querySelectorAll("[data-words]")) one.textContent = words.text(one.dataset.words);
    for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", words.text(one.dataset.label));
    for (const one of document.querySelectorAll("[data-hint]")) one.setAttribute("placeholder", words.text(one.dataset.hint));
    at("name").textContent = data.city.name;
    at("fictitious").hidden = !data.city.fictitious;
    const facts = [words.text("map.district_count", { count: data.districts.length })];
    if (known(data.city.population)) facts.push(words.text("map.population", { number: words.number(data.city.population, 0) }));
    at("facts").textContent = facts.join(" · ");
    map.getContainer().setAttribute("aria-label", words.text("map.map"));
    for (const button of at("languages").children) {
      button.setAttribute("aria-pressed", String(button.lang === words.language));
    }
  }

  function draw() {
    drawWords();
    drawLayers();
    drawFindings();
    drawTransport();
    drawServices();
    drawSources();
    drawCard();
    showMore(document.body.classList.contains("with-more"));
    showLayer(state.layer);
  }

  function speak(language) {
    state.language = language;
    words = geoequity.words(data.words, language);
    draw();
  }

  for (const language of Object.keys(data.words)) {
    const name = data.words[language].language;
    const short = make("span", { class: "short", "aria-hidden": "true" }, language.toUpperCase());
    const button = make("button", { type: "button", lang: language }, make("span", { class: "long" }, name), short);
    button.setAttribute("aria-label", name);
    button.addEventListener("click", () => speak(language));
    at("languages").append(button);
  }
  at("layer").addEventListener("change", (event) => showLayer(event.target.value));
  at("search").addEventListener("input", drawList);
  at("search").addEventListener("keydown", (event) => {
    const match = at("list").querySelector("button");
    if (event.key === "Enter" && at("search").value && match) openCard(Number(match.dataset.place), at("search"));
    if (event.key === "ArrowDown" && match) match.focus();
  });
  at("list").addEventListener("keydown", (event) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const buttons = [...at("list").querySelectorAll("button")];
    const next = buttons.indexOf(document.activeElement) + step;
    (buttons[next] || at("search")).focus();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || at("sources").open) return;
    if (state.open !== null) closeCard();
    else showMore(false);
  });
  at("more-toggle").addEventListener("click", () => showMore(!document.body.classList.contains("with-more")));
  at("sources-open").addEventListener("click", () => at("sources").showModal());
  at("sources-close").addEventListener("click", () => at("sources").close());

  // The view follows the window until the reader moves it.
  let home = true;
  let moving = false;
  function goHome() {
    moving = true;
    map.fitBounds(extent, { padding: [18, 18], animate: false });
    moving = false;
    home = true;
  }
  map.on("movestart", () => {
    if (!moving) home = false;
  });
  new ResizeObserver(() => {
    moving = true;
    map.invalidateSize({ pan: false, animate: false });
    moving = false;
    if (home) goHome();
  }).observe(map.getContainer());
  at("in").addEventListener("click", () => map.zoomIn());
  at("out").addEventListener("click", () => map.zoomOut());
  at("home").addEventListener("click", goHome);

  draw();
  showOverlays();
  map.invalidateSize({ pan: false });
  goHome();
  map.setMinZoom(Math.floor(map.getZoom()) - 2);
  map.setMaxBounds(extent.pad(1));
  document.body.classList.add("ready");
  return { state, map, paths, speak, showLayer, openCard, closeCard };
};
