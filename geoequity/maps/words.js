// Words and numbers in the reader's language, written exactly as geoequity.locale writes them.
"use strict";
const geoequity = {};

geoequity.words = function (catalogues, language) {
  const known = catalogues[language];
  const own = (key) => Object.prototype.hasOwnProperty.call(known, key);

  function text(key, values = {}) {
    let found = key;
    if (!own(found) && "count" in values) found = `${key}.${values.count === 1 ? "one" : "other"}`;
    if (!own(found)) return key;
    return known[found].replace(/\{(\w+)\}/g, (_, name) => {
      const value = values[name];
      return value === null || typeof value === "number" ? number(value) : String(value);
    });
  }

  // Ties go to the even digit, as in Python; toFixed alone would send them up.
  function fixed(value, decimals) {
    const long = value.toFixed(60);
    const cut = long.indexOf(".") + 1 + decimals;
    const kept = decimals ? long.slice(0, cut) : long.slice(0, cut - 1);
    const tie = /^50*$/.test(long.slice(cut));
    return tie && "02468".includes(kept.slice(-1)) ? kept : value.toFixed(decimals);
  }

  function defaultDecimals(value) {
    const size = Math.abs(value);
    if (size >= 100 || Number.isInteger(value)) return 0;
    if (size >= 1) return 1;
    return size >= 0.1 ? 2 : 3;
  }

  function number(value, decimals) {
    if (value === null || value === undefined || Number.isNaN(value)) return known.unknown;
    const written = fixed(Math.abs(value), decimals ?? defaultDecimals(value));
    const [whole, rest] = written.split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, known["format.thousands"]);
    const minus = value < 0 && /[1-9]/.test(written) ? "\u2212" : "";
    return minus + grouped + (rest ? known["format.decimal"] + rest : "");
  }

  function percent(share, decimals) {
    if (share === null || share === undefined) return known.unknown;
    const size = Math.abs(share);
    const trace = 0.0005;
    if (decimals === undefined) {
      if ((size > 0 && size < trace) || (size > 1 - trace && size < 1)) {
        const few = size < trace;
        return `${few ? "<" : ">"}\u00a0${percent(few ? 2 * trace : 1 - 2 * trace, 1)}`;
      }
      decimals = (size > 0 && size < 0.1) || (size > 0.99 && size < 1) ? 1 : 0;
    }
    return beside(known["format.percent"], number(100 * share, decimals));
  }

  // No line breaks between a number and its unit.
  const beside = (pattern, written) =>
    pattern.split("{number} ").join(`${written}\u00a0`).split("{number}").join(written);

  const slug = (unit) =>
    unit
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_]+/gu, "_")
      .replace(/^_+|_+$/g, "");

  function quantity(value, unit, decimals) {
    if (value === null || value === undefined) return known.unknown;
    if (unit === "share") return percent(value, decimals);
    if (unit === "confidence") return number(value, decimals ?? 2);
    if (unit === "score") return number(value, decimals ?? 0);
    const key = `unit.${slug(unit)}`;
    return beside(own(key) ? known[key] : `{number} ${unit}`, number(value, decimals));
  }

  function unitName(unit, base) {
    if (unit === "share" && own(`share_of.${base}`)) return known[`share_of.${base}`];
    const key = `unit_name.${slug(unit)}`;
    return own(key) ? known[key] : unit;
  }

  const range = (low, high) => text("format.range", { low, high });

  // What is withheld is no mere gap, and a sampling interval is no range over weights.
  function valueOf(layer, place, write = quantity) {
    if (layer.suppressed?.includes(place)) return text("map.suppressed");
    return write(layer.values[place], layer.unit);
  }
  function betweenOf(layer, place) {
    const [low, high] = ["low", "high"].map((end) => layer.sampling?.[end][place] ?? null);
    if (low === null || high === null) return null;
    const [from, to] = [low, high].map((end) => (layer.unit === "share" ? percent(end) : number(end)));
    return from === to ? null : text("map.between", { low: from, high: to });
  }

  return { language, text, number, percent, quantity, unitName, range, valueOf, betweenOf };
};

// Elements are made of text nodes only, so that no name in the data can become markup.
geoequity.element = function (tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "onclick") made.addEventListener("click", value);
    else made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
};

geoequity.motion = function () {
  const calm = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
  return { zoomAnimation: !calm, fadeAnimation: !calm, markerZoomAnimation: !calm };
};
