/** Numbers and times as people read them. */

/** Seconds as 0:07.3, 12:07.3 or 1:12:07.3. */
export function time(seconds, digits = 1) {
  const tenths = Math.floor(seconds * 10 ** digits + 1e-6); // down, as clocks show it
  const whole = Math.floor(tenths / 10 ** digits);
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const fraction = digits ? `.${String(tenths % 10 ** digits).padStart(digits, "0")}` : "";
  const end = `${String(rest).padStart(2, "0")}${fraction}`;
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${end}` : `${minutes}:${end}`;
}

export function span(first, last) {
  return `${time(first)} – ${time(last)}`;
}

/** A score: a probability in percent, another in hundredths. */
export function score(value, kind) {
  return kind === "probability" ? `${Math.floor(value * 100 + 1e-6)} %` : value.toFixed(2);
}

export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  return `${(count / 1000 ** step).toFixed(step > 1 ? 1 : 0)} ${units[step]}`;
}

export function many(count, noun, plural = `${noun}s`) {
  return `${count.toLocaleString("en")} ${count === 1 ? noun : plural}`;
}

/** About how long something will still take. */
export function remaining(seconds) {
  if (seconds < 1.5) return "about a second left";
  if (seconds < 90) return `about ${Math.round(seconds)} s left`;
  return `about ${Math.round(seconds / 60)} min left`;
}
