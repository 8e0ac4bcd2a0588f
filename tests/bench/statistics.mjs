// Medians, quartiles, and rounds in which all take turns.

/** The quantile of a list, interpolated between neighbours. */
export function quantile(values, share) {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * share;
  const low = Math.floor(place);
  return sorted[low] + (sorted[Math.min(low + 1, sorted.length - 1)] - sorted[low]) * (place - low);
}

export const median = (values) => quantile(values, 0.5);

/** Milliseconds before each turn: threads of the one before may still look for work. */
const PAUSE = 100;

/** Median and quartiles of the quotients of two lists, pair by pair. */
export function ratio(ours, theirs) {
  const quotients = ours.map((value, at) => value / theirs[at]);
  return { median: median(quotients), low: quantile(quotients, 0.25), high: quantile(quotients, 0.75) };
}

/**
 * Lets everyone (name → function that measures once) measure in each of so many rounds, each round beginning with another one,
 * so that what the machine does besides falls on all alike. Answers name → list of measurements.
 */
export async function inTurns(everyone, rounds) {
  const names = Object.keys(everyone);
  const found = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < names.length; turn++) {
      const name = names[(round + turn) % names.length];
      await new Promise((resolve) => setTimeout(resolve, PAUSE));
      found[name][round] = await everyone[name]();
    }
  }
  return found;
}

/** The least cosine of rows to the rows expected, and the largest difference of two numbers. */
export function closeness(rows, expected) {
  let [cosine, difference] = [1, 0];
  for (const [index, row] of expected.entries()) {
    const found = rows[index];
    if (found?.length !== row.length) return { cosine: NaN, difference: NaN };
    let [product, a, b] = [0, 0, 0];
    for (const [at, value] of row.entries()) {
      product += found[at] * value;
      a += found[at] ** 2;
      b += value ** 2;
      difference = Math.max(difference, Math.abs(found[at] - value));
    }
    cosine = Math.min(cosine, product / Math.sqrt(a * b));
  }
  return { cosine, difference };
}
