// The findings as steps: each says its sentence, shows its layer and moves to the districts it is about.
"use strict";

geoequity.story = function (data, { at, go, left }) {
  const make = geoequity.element;
  const { steps } = data;
  let words = null;
  let now = null;
  let opener = null;

  function button(key, does, off) {
    return make("button", { type: "button", id: `ge-story-${key}`, onclick: does, "aria-disabled": off ? "true" : null }, words.text(`map.story.${key}`));
  }

  const inWords = (said) => said[words.language] || said.en || "";

  function write() {
    at("story").hidden = now === null;
    at("story-start").hidden = now !== null || !steps.length;
    document.body.classList.toggle("with-story", now !== null);
    if (now === null) return;
    const focused = document.activeElement?.id;
    at("story-step").textContent = words.text("map.story.step", { place: now + 1, count: steps.length });
    at("story-said").textContent = inWords(steps[now].text);
    at("story-moves").replaceChildren(
      button("back", () => turn(now - 1), now === 0),
      button("on", () => turn(now + 1), now === steps.length - 1),
    );
    if (focused?.startsWith("ge-story-")) document.getElementById(focused)?.focus({ preventScroll: true });
  }

  // Goes to a step, or out of the story.
  function turn(step, { from = opener, quiet = false } = {}) {
    if (step !== null && !(step >= 0 && step < steps.length)) return;
    const starts = now === null && step !== null;
    opener = from;
    now = step;
    write();
    if (now === null) {
      left();
      (opener?.checkVisibility() ? opener : at("story-start")).focus({ preventScroll: true });
      return;
    }
    if (starts && !quiet) document.getElementById("ge-story-on").focus({ preventScroll: true });
    go(steps[now], now);
  }

  function speak(spoken) {
    words = spoken;
    at("findings").hidden = !steps.length;
    const told = steps.map((one, step) => {
      const shown = { type: "button", class: "plain", onclick: (event) => turn(step, { from: event.currentTarget }) };
      return make("li", {}, make("span", { dir: "auto" }, inWords(one.text)), " ", make("button", shown, words.text("map.story.show")));
    });
    at("findings-list").replaceChildren(make("ol", {}, ...told));
    write();
  }

  at("story").addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, PageDown: 1, PageUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      turn(now + step);
    }
  });
  at("story-start").addEventListener("click", (event) => turn(0, { from: event.currentTarget }));
  at("story-close").addEventListener("click", () => turn(null));
  return { speak, turn, step: () => now, steps };
};
