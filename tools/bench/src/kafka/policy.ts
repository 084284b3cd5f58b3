/** Who the measured client is. */
export const principal = { subject: 'bench', group: 'bench-clients' }

/**
 * A policy as a company of many teams has it. The last rule is the one that lets the measured client through; the client is in many of
 * the other rules' groups too, so that its own table is not empty.
 */
export function generatePolicy(rules: number): string {
  const others = Array.from({ length: Math.max(0, rules - 1) }, (_, index) => {
    const team = `team-${index % 200}`
    return {
      id: `rule-${index}`,
      subjects: index % 10 === 0 ? [{ group: principal.group }] : [{ group: team }, { subject: `service-${index}` }],
      actions: index % 2 === 0 ? ['consume'] : ['publish', 'consume'],
      resources: [
        `kafka:topic:${team}.area-${index}.*`,
        `kafka:topic:${team}.exact-${index}`,
        `kafka:group:${team}-${index}-*`,
      ],
      effect: 'allow',
    }
  })
  const own = {
    id: 'bench-clients',
    subjects: [{ group: principal.group }],
    actions: ['publish', 'consume', 'describe'],
    resources: ['kafka:topic:bench-*', 'kafka:group:perf-consumer-*'],
    effect: 'allow',
  }
  // JSON is YAML.
  return JSON.stringify({ version: 1, rules: [...others, own] }, undefined, 1)
}
