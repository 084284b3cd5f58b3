/**
 * An error whose message tells a person what to do.
 * @param {string} message
 */
export function advise(message) {
  return Object.assign(new Error(message), { advice: true })
}
