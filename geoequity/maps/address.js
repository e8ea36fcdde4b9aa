// What the reader sees, in the page's address: a link shows it again. What it does not know, it ignores.
"use strict";

geoequity.address = function (data, { layers, weights, fallback }) {
  const amount = (written) => (/^-?\d{1,6}(\.\d{1,20})?$/.test(written || "") ? Number(written) : null);
  const within = (value, low, high) => value !== null && value >= low && value <= high;
  const can = ["file:", "http:", "https:"].includes(location.protocol); // a page within a notebook has no address

  const known = geoequity.overlayIds(data);
  const asAtFirst = (ids) => ids.size === fallback.overlays.length && fallback.overlays.every((id) => ids.has(id));

  function write({ layer, language, open, doubt, cells, overlays, view, beside, step }) {
    const parts = new URLSearchParams();
    if (layer !== fallback.layer) parts.set("layer", layer);
    if (language !== fallback.language) parts.set("lang", language);
    if (open !== null) parts.set("district", data.districts[open].id);
    if (open !== null && beside !== null) parts.set("beside", data.districts[beside].id);
    if (step !== null) parts.set("step", step + 1);
    if (!doubt) parts.set("hatching", "0");
    if (!cells) parts.set("cells", "0");
    if (!asAtFirst(overlays)) for (const id of overlays.size ? overlays : [""]) parts.append("over", id);
    for (const id of weights?.handles.keys() || []) {
      if (weights.weightOf(id) !== weights.publishedOf(id)) parts.set(`w.${id}`, weights.weightOf(id));
    }
    for (const [name, value] of Object.entries(view || {})) parts.set(name, value);
    return parts.toString();
  }

  // Null where the address says nothing of ours, such as that of the link that skips to the controls.
  function read(fragment = location.hash) {
    const parts = new URLSearchParams(fragment.slice(1));
    const ours = ["layer", "lang", "district", "beside", "step", "hatching", "cells", "over", "zoom", "lat", "lon"];
    const names = [...parts.keys()].filter((name) => ours.includes(name) || name.startsWith("w."));
    if (!names.length) return null;
    const placeOf = (name) => {
      const place = data.districts.findIndex((district) => district.id === parts.get(name));
      return place < 0 ? null : place;
    };
    const [open, beside, step] = [placeOf("district"), placeOf("beside"), amount(parts.get("step"))];
    const view = Object.fromEntries(["zoom", "lat", "lon"].map((name) => [name, amount(parts.get(name))]));
    const seen = within(view.zoom, 0, 22) && within(view.lat, -85, 85) && within(view.lon, -180, 180);
    const own = [...parts].flatMap(([name, written]) => {
      const [id, weight] = [name.slice(2), amount(written)];
      const meant = name.startsWith("w.") && weights?.handles.has(id) && within(weight, 0, weights.mostOf(id));
      return meant ? [[id, weight]] : [];
    });
    return {
      layer: layers.has(parts.get("layer")) ? parts.get("layer") : fallback.layer,
      language: Object.hasOwn(data.words, parts.get("lang") || "") ? parts.get("lang") : fallback.language,
      open,
      beside: beside === open ? null : beside,
      step: Number.isInteger(step) && within(step, 1, data.steps.length) ? step - 1 : null,
      doubt: parts.get("hatching") !== "0",
      cells: parts.get("cells") !== "0",
      overlays: parts.has("over") ? parts.getAll("over").filter((id) => known.includes(id)) : fallback.overlays,
      view: seen ? view : null,
      own,
    };
  }

  let waiting = null;
  // Browsers refuse addresses that change too often, and nobody copies one while a slider moves.
  function remember(tell) {
    if (!can) return;
    clearTimeout(waiting);
    waiting = setTimeout(() => {
      const written = write(tell());
      if (written !== location.hash.slice(1)) history.replaceState(null, "", written ? `#${written}` : location.href.split("#")[0]);
    }, 250);
  }

  const forget = () => clearTimeout(waiting);
  return { read, remember, forget };
};
