// The card of one district: who lives there, how it fares, how sure that is.
"use strict";

geoequity.card = function (data, words, { place, beside, layers, shown, own, showLayer, close, choose }) {
  const make = geoequity.element;
  const { text, number, percent, quantity } = words;
  const district = data.districts[place];
  const valueOf = (id) => layers.get(id)?.values[place] ?? null;
  const known = (value) => value !== null && value !== undefined;
  const score = (value, decimals) => quantity(value, "score", decimals);

  const title = (key) => make("h3", {}, text(key));

  const interval = (bounds) => known(bounds) && known(bounds.low) && known(bounds.high);

  function ranges(found, write) {
    const lines = ["method", "sampling"].filter((kind) => found && interval(found[kind]));
    return lines.map((kind) => {
      const ends = [found[kind].low, found[kind].high];
      const close = write(ends[0]) === write(ends[1]) && ends[0] !== ends[1]; // a decimal tells them apart
      const [low, high] = ends.map((end) => write(end, close ? 1 : undefined));
      return make("p", { class: "range" }, text(`map.range.${kind}`, { low, high }));
    });
  }

  // A bar from 0 to 100; the thin tick is the city, the pale band the range over choices of method.
  function bar(value, mean, band, moved) {
    const track = make("span", { class: known(value) ? "bar" : "bar unknown", "aria-hidden": "true" });
    const put = (kind, styles) => {
      const piece = make("span", { class: kind });
      Object.assign(piece.style, styles);
      track.append(piece);
    };
    if (known(value)) put("bar-fill", { width: `${value}%` });
    if (interval(band)) put("bar-band", { left: `${band.low}%`, width: `${Math.max(band.high - band.low, 0.5)}%` });
    if (known(mean)) put("bar-tick", { left: `${mean}%` });
    if (known(moved)) put("bar-own", { left: `${moved}%` });
    return track;
  }

  function scoreRow(id, kind) {
    const layer = shown(id);
    const value = layer.values[place];
    return make(
      "div",
      { class: `score-row ${kind}` },
      make("button", { type: "button", class: "plain", onclick: () => showLayer(id) }, layer.label[words.language]),
      bar(value, layer.mean),
      make("span", { class: known(value) ? "value" : "value none" }, score(value)),
    );
  }

  function head() {
    const type = valueOf("type");
    const chip = make("span", { class: "chip" });
    chip.style.background = type ? data.types.colours[type] : "";
    chip.classList.toggle("unknown", !type);
    return make(
      "div",
      { class: "card-head" },
      make("h2", { id: "ge-card-name", tabindex: "-1", dir: "auto" }, district.name),
      make("button", { type: "button", class: "close", "aria-label": text("map.close"), onclick: close }, "×"),
      make(
        "p",
        { class: "card-type" },
        chip,
        make("strong", {}, text(`type.${type || "unknown"}`)),
        " · ",
        text(`type_means.${type || "unknown"}`),
      ),
      make("p", { class: "people" }, text("map.population", { number: number(district.population, 0) })),
    );
  }

  function verdict() {
    const index = layers.get("index");
    const value = valueOf("index");
    const rank = district.rank || {};
    const ranked = data.districts.filter((other) => known(other.rank?.value)).length;
    return make(
      "div",
      { class: "verdict" },
      make(
        "div",
        {},
        make("p", { class: "label" }, text("map.index")),
        known(value)
          ? make("p", { class: "big" }, score(value), make("small", {}, ` ${text("map.of_100")}`))
          : make("p", { class: "big none" }, text("unknown")),
        ...ranges(district.score, score),
      ),
      make(
        "div",
        {},
        make("p", { class: "label" }, text("map.rank")),
        known(rank.value)
          ? make("p", { class: "big" }, number(rank.value), make("small", {}, ` ${text("map.of", { count: ranked })}`))
          : make("p", { class: "big none" }, text("unknown")),
        ...ranges(rank, number),
      ),
      own ? ownVerdict(ranked) : null,
      make("div", { class: "wide" }, bar(value, index.mean, district.score?.method, own?.scoreOf(place))),
    );
  }

  // What the reader's weights make of it, and whether the published range holds that too.
  function ownVerdict(ranked) {
    const [value, rank] = [own.scoreOf(place), own.rankOf(place)];
    const band = district.score?.method;
    const inside = interval(band) && known(value) ? value >= band.low && value <= band.high : null;
    const said = inside === null ? null : text(`map.own.${inside ? "inside" : "outside"}`);
    return make(
      "div",
      { class: "own-verdict" },
      make("p", { class: "label" }, text("map.own.label")),
      make("p", { class: known(value) ? "big" : "big none" }, known(value) ? score(value) : text("unknown")),
      make(
        "p",
        { class: known(rank) ? "big" : "big none" },
        known(rank) ? number(rank) : text("unknown"),
        known(rank) ? make("small", {}, ` ${text("map.of", { count: ranked })}`) : null,
      ),
      said ? make("p", { class: "range" }, said) : null,
    );
  }

  function decoration() {
    const [structures, technologies] = ["structures", "technologies"].map((id) => shown(id).values[place]);
    if (!known(structures) || !known(technologies) || data.types.basis === "relative_scores") return null;
    const gap = technologies - structures;
    const points = number(Math.abs(gap), 1);
    return make("p", { class: "note" }, text(`map.${gap > 0 ? "technologies" : "structures"}_ahead`, { points }));
  }

  function scores() {
    return make(
      "section",
      {},
      title("map.scores"),
      own ? make("p", { class: "note" }, text("map.own.scores")) : null,
      scoreRow("structures", "pillar"),
      scoreRow("technologies", "pillar"),
      decoration(),
      ...data.layers.filter((layer) => layer.group === "areas").map((layer) => scoreRow(layer.id, "area")),
      make("p", { class: "note" }, make("span", { class: "tick-key", "aria-hidden": "true" }), text("map.city_tick")),
    );
  }

  function standing(key, ids) {
    const found = (ids || []).map((id) => layers.get(id)).filter(Boolean);
    const lines = found.map((layer) =>
      make(
        "li",
        {},
        make(
          "button",
          { type: "button", class: "plain", onclick: () => showLayer(layer.id) },
          layer.label[words.language],
        ),
        make(
          "span",
          { class: "compare" },
          make("strong", {}, words.valueOf(layer, place)),
          words.betweenOf(layer, place) ? ` (${words.betweenOf(layer, place)})` : null,
          ` · ${text("map.city_value", { value: quantity(layer.mean, layer.unit) })}`,
        ),
      ),
    );
    const nothing = make("p", { class: "note" }, text(`map.no_${key}`));
    return make("section", { class: key }, title(`map.${key}`), lines.length ? make("ul", {}, ...lines) : nothing);
  }

  function hatchedFor() {
    const reasons = district.doubts.map((kind) => text(`map.doubt.${kind === "type" ? "type_there" : kind}`)).join(", ");
    return text("map.doubt.card", { reasons });
  }

  function certainty() {
    const confidence = valueOf("confidence");
    const level = confidence >= 0.75 ? "high" : confidence >= 0.5 ? "medium" : "low";
    const said = known(confidence)
      ? text("map.confidence_is", { level: text(`confidence.${level}`), number: number(confidence, 2) })
      : text("unknown");
    const reasons = district.reasons.map((reason) =>
      reason[words.language] ? make("li", {}, reason[words.language]) : make("li", { lang: "en" }, reason.en),
    );
    return make(
      "section",
      { class: "certainty" },
      title("map.confidence"),
      make("p", {}, said),
      district.doubts.length ? make("p", {}, make("span", { class: "swatch doubt" }), hatchedFor()) : null,
      reasons.length ? make("ul", { class: "reasons" }, ...reasons) : null,
    );
  }

  function likelihood() {
    const chances = Object.entries(district.type_probability || {}).filter(([, chance]) => known(chance));
    if (!chances.length) return null;
    return make(
      "section",
      {},
      title("map.type_probability"),
      ...chances.map(([type, chance]) => {
        const track = make("span", { class: "bar", "aria-hidden": "true" });
        const fill = make("span", { class: "bar-fill" });
        fill.style.width = `${100 * chance}%`;
        fill.style.background = data.types.colours[type];
        track.append(fill);
        return make(
          "div",
          { class: "score-row area" },
          make("span", { class: "name" }, text(`type.${type}`)),
          track,
          make("span", { class: "value" }, percent(chance, 0)),
        );
      }),
    );
  }

  function indicators() {
    const all = data.layers.filter((layer) => layer.kind === "indicator");
    const far = (layer) => {
      const here = layer.scores?.[place];
      return known(here) && known(layer.mean_score) ? Math.abs(here - layer.mean_score) : -1;
    };
    const top = [...all].sort((a, b) => far(b) - far(a)).slice(0, 8);
    const unitOf = (layer) => {
      const beside = layer.group === "context" ? text("map.beside_index") : "";
      return [words.unitName(layer.unit, layer.base).replace(/^%$/, ""), beside].filter(Boolean).join(" · ");
    };
    const cell = (layer) => {
      const between = words.betweenOf(layer, place);
      const value = words.valueOf(layer, place, figure);
      return make("td", {}, value, between ? make("small", { class: "between" }, between) : null);
    };
    const figure = (value, unit) => (unit === "share" ? percent(value) : number(value)); // the unit stands beside the name
    const body = make("tbody");
    const fill = (rows) =>
      body.replaceChildren(
        ...rows.map((layer) =>
          make(
            "tr",
            {},
            make(
              "th",
              { scope: "row" },
              make(
                "button",
                { type: "button", class: "plain", onclick: () => showLayer(layer.id) },
                layer.label[words.language],
              ),
              make("small", {}, unitOf(layer)),
            ),
            cell(layer),
            make("td", { class: "city" }, figure(layer.mean, layer.unit)),
            make("td", { class: "score" }, layer.scores && !layer.suppressed?.includes(place) ? score(layer.scores[place]) : "–"),
          ),
        ),
      );
    fill(top);
    const more = make("button", { type: "button", class: "show-all", "aria-expanded": "false" });
    const label = () => {
      const open = more.getAttribute("aria-expanded") === "true";
      more.textContent = open ? text("map.show_top") : text("map.show_all", { number: number(all.length, 0) });
    };
    more.addEventListener("click", () => {
      const open = more.getAttribute("aria-expanded") !== "true";
      more.setAttribute("aria-expanded", String(open));
      fill(open ? all : top);
      label();
    });
    label();
    const heads = ["indicator", "here", "city", "score"].map((key) =>
      make("th", { scope: "col" }, text(`map.column.${key}`)),
    );
    return make(
      "section",
      {},
      title("map.indicators"),
      make("p", { class: "note" }, text("map.indicators_note"), all.some((layer) => layer.sampling) ? ` ${text("map.between_note")}` : null),
      make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body),
      all.length > top.length ? more : null,
    );
  }

  const choice = data.districts.length > 1 ? geoequity.versusChoice(data, words, { place, beside, choose }) : null;
  if (beside !== null) return [head(), choice, geoequity.versus(data, words, { place, beside, layers, shown, showLayer })];
  const parts = [head(), choice, verdict(), scores(), standing("strengths", district.strengths)];
  parts.push(standing("gaps", district.gaps), likelihood(), certainty(), indicators());
  return parts.filter(Boolean);
};
