import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

/** As prom-client has them. */
export type { Counter, Gauge, Histogram }

/** Prometheus demands base units and `total` for what only rises; `count` is ours, for what rises and falls. */
const nameForm = /^weir(_[a-z0-9]+){2,}_(total|count|bytes|seconds)$/

/** Metrics of one process: `weir_<area>_<what>_<unit>`, labels from closed sets only. */
export type Metrics = {
  counter(name: `weir_${string}`, help: string, labels?: readonly string[]): Counter
  gauge(name: `weir_${string}`, help: string, labels?: readonly string[]): Gauge
  histogram(name: `weir_${string}`, help: string, labels: readonly string[], buckets: readonly number[]): Histogram
  /** The Prometheus text exposition format. */
  expose(): Promise<{ contentType: string; body: string }>
}

/**
 * An empty set, but for what Node tells of the process itself. Its makers throw TypeError for a name of another form, and
 * Error for one that is taken.
 */
export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const common = (name: string, help: string, labels: readonly string[]) => {
    if (!nameForm.test(name)) throw new TypeError(`${name} is not of the form weir_<area>_<what>_<unit>`)
    return { name, help, labelNames: [...labels], registers: [registry] }
  }
  return {
    counter: (name, help, labels = []) => new Counter(common(name, help, labels)),
    gauge: (name, help, labels = []) => new Gauge(common(name, help, labels)),
    histogram: (name, help, labels, buckets) => new Histogram({ ...common(name, help, labels), buckets: [...buckets] }),
    expose: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  }
}
