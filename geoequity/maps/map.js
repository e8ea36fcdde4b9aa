// The page: one state, and what follows from it.
"use strict";

geoequity.start = function (map, data) {
  const make = geoequity.element;
  const at = (id) => document.getElementById(`ge-${id}`);
  const known = (value) => value !== null && value !== undefined;
  const layers = new Map(data.layers.map((layer) => [layer.id, layer]));
  const state = {
    language: data.language,
    layer: data.opens,
    open: null,
    hovered: null,
    beside: null, // the district that the open one is compared with
    doubt: true, // whether what is to be taken with care is hatched
    cells: true, // whether cells are drawn where the reader is near enough
    celled: false, // whether they are
    marked: null, // districts that the legend points at
    overlays: new Set(geoequity.atFirst(data)),
  };
  const mine = data.tree ? geoequity.weights(data) : null; // the reader's weights
  function shown(id) {
    const layer = layers.get(id);
    if (layer.kind === "crossed") return geoequity.crossed(layer, shown("structures"), shown("technologies"));
    return mine ? mine.layerOf(layer) : layer;
  }
  const fallback = { layer: data.opens, language: data.language, overlays: geoequity.atFirst(data) };
  const address = geoequity.address(data, { layers, weights: mine, fallback });
  const narrow = window.matchMedia("(max-width: 760px)");
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  let words = geoequity.words(data.words, state.language);
  let opener = null;

  // ---------------------------------------------------------------- drawing

  geoequity.hatchings = geoequity.hatchingsOf(data.unknown);
  for (const [name, level] of [["ground", 410], ["places", 450], ["labels", 460]]) {
    const pane = map.createPane(`ge-${name}`);
    pane.style.zIndex = level;
    pane.style.pointerEvents = "none"; // districts beneath stay within reach of the pointer
  }
  if (data.basemap) L.tileLayer(data.basemap.tiles, { maxZoom: 19 }).addTo(map);
  const lettering = L.canvas({ pane: "ge-labels", padding: 0.2 });
  const units = geoequity.units(map, data, { click: (place, event) => openCard(place, null, event), hover });
  const { paths, extent } = units;
  const view = geoequity.view(map, { extent, boundsOf: units.boundsOf, at, narrow, calm });
  const cells = geoequity.cells(map, data);
  const ground = geoequity.ground(map, data, "ge-ground");
  const overlays = geoequity.overlays(map, data, state.overlays, { pane: "ge-places", ground: showGround, changed: remember });

  const bySize = data.districts.map((_, place) => place);
  bySize.sort((a, b) => data.districts[b].label[2] - data.districts[a].label[2]);
  const labels = new geoequity.Labels(
    data.districts.map((district) => district.label.slice(0, 2)),
    {
      renderer: lettering,
      pane: "ge-labels",
      order: bySize,
      names: data.districts.map((district) => district.name),
      widths: data.districts.map((district) => district.label[2]),
    },
  ).addTo(map);

  // Types and crossed pillars by a mark beside their colour, which is lost on grey paper.
  function markOf(layer, value) {
    if (!known(value)) return null;
    if (layer.kind === "type") return data.types.marks[value];
    return layer.kind === "crossed" ? geoequity.crossedMark(value) : null;
  }

  function colourOf(layer, value) {
    if (!known(value)) return "url(#ge-unknown)";
    if (layer.kind === "type") return data.types.colours[value];
    return layer.colours[layer.kind === "crossed" ? value : geoequity.classOf(layer, value)];
  }

  // Why a district is to be taken with care on a layer; what is unknown there says so already.
  function doubtsOf(layer, place) {
    if (!known(layer.values[place])) return [];
    if (layer.kind === "indicator") return layer.doubtful?.has(place) ? ["confidence"] : [];
    const typed = layer.kind === "type" || (layer.kind === "crossed" && !layer.own); // types are of the published weights
    return data.districts[place].doubts.filter((kind) => typed || kind !== "type");
  }

  const everywhere = data.districts.map((_, place) => place);

  // Colours the districts again, all of them or those that changed.
  function paint(places = everywhere) {
    const layer = shown(state.layer);
    for (const place of places) {
      const held = place === state.open || (place === state.beside && state.open !== null);
      units.style(place, {
        colour: colourOf(layer, layer.values[place]),
        held,
        marked: held || place === state.hovered || state.marked?.has(place),
        faint: state.marked && !state.marked.has(place),
        clear: state.celled,
      });
    }
    units.raise([...(state.marked || []), state.hovered, state.beside, state.open].filter((place) => place !== null));
  }

  function hatch(on) {
    state.doubt = on;
    remember();
    const layer = shown(state.layer);
    state.celled = cells.show(layer, state.cells, { colourOf, extent });
    for (const place of everywhere) units.doubt(place, on && doubtsOf(layer, place).length > 0);
    paint();
  }

  // Nearer or farther, other cells and streets are to be seen.
  function showCells(wanted = state.cells) {
    state.cells = wanted;
    remember();
    const layer = shown(state.layer);
    const before = state.celled;
    state.celled = cells.show(layer, state.cells, { colourOf, extent });
    if (state.celled !== before) paint();
  }

  function showGround(on) {
    ground.show(on ? map.getZoom() - map.getBoundsZoom(extent) : null);
  }

  // ----------------------------------------------------------------- tooltip

  function said(layer, place) {
    if (layer.kind === "type") return words.text(`type.${layer.values[place] || "unknown"}`);
    if (layer.kind === "crossed") return layer.parts.map((part) => words.quantity(part.values[place], "score")).join(" · ");
    return words.valueOf(layer, place);
  }

  function tipFor(place, point) {
    const layer = shown(state.layer);
    const cell = state.celled ? cells.at(point, place) : null;
    const between = words.betweenOf(layer, place);
    const lines = (layer.parts || [layer]).map((part) => `${part.label[words.language]}: ${said(part, place)}`);
    return make(
      "div",
      {},
      make("strong", { dir: "auto" }, data.districts[place].name),
      ...lines.map((line) => make("span", {}, line)),
      between ? make("small", {}, between) : null,
      cell === null ? null : make("span", {}, words.text("map.cell_value", { value: words.quantity(cells.valueOf(layer, cell), layer.unit) })),
    );
  }

  const tip = geoequity.tip(map, {
    nearest: (point, within) => {
      const near = overlays.nearest(point, within);
      return near && { name: near.part.names[near.place], label: near.part.label(words) };
    },
    districtAt: (point) => (state.hovered === null ? null : tipFor(state.hovered, point)),
  });

  function hover(place) {
    if (state.hovered === place) return;
    const changed = [state.hovered, place].filter((one) => one !== null);
    state.hovered = place;
    paint(changed);
    list.point(place);
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

  const list = geoequity.list(data, { at, open: openCard, hover });

  function drawList() {
    list.draw({ words, layer: shown(state.layer), said, colourOf, held: state.open });
  }

  // -------------------------------------------------------------------- card

  function openCard(place, from, event) {
    if (event && tip.tapped(event)) return;
    opener = from;
    state.open = place;
    if (state.beside === place) state.beside = null;
    remember();
    const narrowed = narrow.matches;
    if (narrowed) showMore(false);
    drawCard();
    paint();
    list.hold(state.open);
    at("card").scrollTop = 0;
    at("card").querySelector("h2").focus({ preventScroll: true });
    at("status").textContent = data.districts[place].name;
    requestAnimationFrame(() => {
      if (state.open === place) view.reveal(place); // else closed again before it was drawn
    });
  }

  function drawCard() {
    const open = state.open !== null;
    at("card").hidden = !open;
    document.body.classList.toggle("with-card", open);
    if (!open) return;
    const own = mine?.changed() ? mine : null;
    const tools = { place: state.open, beside: state.beside, layers, shown, own, showLayer, close: closeCard, choose: putBeside };
    document.body.classList.toggle("with-versus", state.beside !== null);
    at("card").replaceChildren(...geoequity.card(data, words, tools));
  }

  function putBeside(place) {
    state.beside = place;
    remember();
    drawCard();
    paint();
    document.getElementById("ge-beside").focus({ preventScroll: true });
    at("status").textContent = place === null ? "" : data.districts[place].name;
    requestAnimationFrame(view.settle);
  }

  function closeCard() {
    if (state.open === null) return;
    const place = state.open;
    state.open = null;
    state.beside = null;
    document.body.classList.remove("with-versus");
    remember();
    drawCard();
    paint();
    list.hold(state.open);
    const back = opener?.isConnected ? opener : list.buttonOf(place);
    if (back?.offsetParent) back.focus({ preventScroll: true });
    else at("layer").focus({ preventScroll: true });
    requestAnimationFrame(view.settle);
  }

  // -------------------------------------------------------------------- page

  function showLayer(id) {
    state.layer = id;
    at("layer").value = id;
    const layer = layers.get(id);
    const notes = [layer.about[words.language]];
    if (layer.group === "context") notes.push(words.text("map.about.beside"));
    if (layer.sampling) notes.push(words.text("map.between_note"));
    at("about").textContent = notes.join(" ");
    at("status").textContent = layer.label[words.language];
    drawLayer();
  }

  function drawLayer() {
    state.marked = null;
    hatch(state.doubt);
    const layer = shown(state.layer);
    const doubts = data.districts.map((_, place) => doubtsOf(layer, place));
    const tools = { layer, moved: mine?.changed(), mark, doubts, hatched: state.doubt, hatch };
    if (cells.has(layer)) tools.cells = { count: cells.count, wanted: state.cells, show: showCells };
    at("legend").replaceChildren(...geoequity.legend(data, words, tools));
    drawList();
    const marks = layer.values.map((value) => markOf(layer, value));
    const same = marks.every((one, place) => one === labels.options.marks?.[place]);
    labels.options.marks = marks;
    if (!same) labels.redraw();
  }

  function mark(places) {
    state.marked = places ? new Set(places) : null;
    paint();
  }

  // ----------------------------------------------------- the reader's weights

  let sliders = null;

  function drawWeights() {
    at("weights").hidden = mine === null;
    if (mine === null) return;
    const open = at("weights-list").querySelector("details")?.open;
    sliders = geoequity.sliders(mine, words, weigh, resetWeights);
    at("weights-list").replaceChildren(...sliders.parts);
    at("weights-list").querySelector("details").open = Boolean(open);
    sayOwn();
  }

  function sayOwn() {
    const said = words.text(mine.empty() ? "map.weights_empty" : "map.weights_own");
    at("own").hidden = !mine.changed();
    if (at("own-said").textContent !== said) at("own-said").textContent = said;
  }

  // Everything that follows from a weight; the card keeps its place and its fold.
  function weigh() {
    sayOwn();
    drawLayer();
    if (state.open === null) return;
    const { scrollTop } = at("card");
    const all = at("card").querySelector('.show-all[aria-expanded="true"]') !== null;
    drawCard();
    if (all) at("card").querySelector(".show-all").click();
    at("card").scrollTop = scrollTop;
  }

  function resetWeights() {
    mine.reset();
    sliders.reflect();
    weigh();
    at("status").textContent = words.text("map.weights_published");
  }

  // ---------------------------------------------------------------- the story

  const paper = geoequity.print(map, data, {
    at,
    listAll: () => list.all(),
    fit: view.fit,
    back: () => {
      drawList();
      view.settle();
    },
  });
  const story = geoequity.story(data, { at, go: goTo, left: leaveStory });

  // Shows what a finding is about, in the part of the map that its words leave free.
  function goTo({ layer, places }) {
    if (state.open !== null && narrow.matches) closeCard();
    showLayer(layer);
    if (places.length) mark(places);
    remember();
    view.tell(places);
  }

  function leaveStory() {
    mark(null);
    remember();
    view.goHome();
  }

  function showMore(open) {
    document.body.classList.toggle("with-more", open);
    at("more").style.top = narrow.matches ? `${at("side").getBoundingClientRect().top}px` : "";
    at("more-toggle").setAttribute("aria-expanded", String(open));
    at("more-toggle").textContent = words.text(open ? "map.less" : "map.more");
  }

  // ------------------------------------------------------------- the address

  function remember() {
    address.remember(() => {
      const { lat, lng } = map.getCenter();
      const seen = view.isHome() ? null : { zoom: map.getZoom(), lat: lat.toFixed(5), lon: lng.toFixed(5) };
      return { ...state, view: seen, step: story.step() };
    });
  }

  // Takes over what a link says; what it leaves out is as the page opens.
  function restore(found) {
    state.layer = found.layer;
    state.language = found.language;
    state.open = found.open;
    state.beside = found.open === null ? null : found.beside;
    state.doubt = found.doubt;
    state.cells = found.cells;
    overlays.choose(found.overlays);
    words = geoequity.words(data.words, state.language);
    mine?.reset();
    for (const [id, weight] of found.own) mine.set(id, weight);
    draw();
    map.invalidateSize({ pan: false });
    view.goHome();
    if (found.step !== story.step()) story.turn(found.step, { quiet: true });
    if (found.view) view.go(found.view);
    else if (found.open !== null) view.reveal(found.open);
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
        return make(
          "div",
          { class: "source" },
          make("strong", {}, one.provider || one.names.join(", ")),
          make("span", {}, [one.licence, one.years.join(", ")].filter(Boolean).join(" · ")),
          one.citation ? make("span", {}, one.citation) : null,
          web ? make("a", { href: one.url, rel: "noopener noreferrer", target: "_blank" }, one.url) : null,
        );
      }),
      make("p", { class: "note" }, words.text(data.basemap ? "map.made_with_basemap" : "map.made_with")),
    );
  }

  const inWords = (said) => said[words.language] || said.en || "";

  function drawWords() {
    document.documentElement.lang = words.language;
    for (const one of document.querySelectorAll("[data-words]")) one.textContent = words.text(one.dataset.words);
    for (const one of document.querySelectorAll("[data-label]")) one.setAttribute("aria-label", words.text(one.dataset.label));
    for (const one of document.querySelectorAll("[data-hint]")) one.setAttribute("placeholder", words.text(one.dataset.hint));
    at("name").textContent = data.city.name;
    at("question").textContent = data.city.question ? inWords(data.city.question) : words.text("question");
    at("fictitious").hidden = !data.city.fictitious;
    at("scenario").hidden = !data.city.scenario;
    at("scenario").textContent = data.city.scenario ? inWords(data.city.scenario) : "";
    at("basemap").hidden = !data.basemap;
    at("basemap").textContent = data.basemap ? words.text("map.basemap", { host: data.basemap.host }) : "";
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
    drawWeights();
    story.speak(words);
    paper.speak(words);
    overlays.list(words);
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
    const parts = [make("span", { class: "long" }, name), " ", make("span", { class: "short" }, language.toUpperCase())];
    const button = make("button", { type: "button", lang: language }, ...parts);
    button.addEventListener("click", () => speak(language));
    at("languages").append(button);
  }
  at("layer").addEventListener("change", (event) => showLayer(event.target.value));
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || at("sources").open) return;
    if (state.open !== null) closeCard();
    else if (story.step() !== null) story.turn(null);
    else showMore(false);
  });
  at("more-toggle").addEventListener("click", () => showMore(!document.body.classList.contains("with-more")));
  at("own-reset").addEventListener("click", () => {
    resetWeights();
    at("layer").focus({ preventScroll: true }); // the button goes with what it undid
  });
  at("sources-open").addEventListener("click", () => at("sources").showModal());
  at("sources-close").addEventListener("click", () => at("sources").close());

  new ResizeObserver(() => {
    if (state.open === null || !narrow.matches) view.settle(); // a card on a phone covers, and moves nothing
  }).observe(map.getContainer());
  map.on("moveend", remember);
  map.on("zoomend", () => {
    showCells();
    overlays.ground();
  });
  window.addEventListener("hashchange", ({ newURL }) => {
    // The address may say again by now what was seen before: what waited to be written is not where the reader went
    const found = address.read(new URL(newURL).hash);
    address.forget();
    if (found) restore(found);
  });

  draw();
  overlays.show();
  map.invalidateSize({ pan: false });
  view.goHome();
  map.setMinZoom(Math.floor(map.getZoom()) - 2);
  const asked = address.read();
  if (asked) restore(asked);
  document.body.classList.add("ready");
  requestAnimationFrame(() => setTimeout(() => performance.mark("ge-drawn"))); // what a benchmark reads
  return { state, map, paths, cells, story, putBeside, weights: mine, weigh, speak, showLayer, openCard, closeCard };
};
