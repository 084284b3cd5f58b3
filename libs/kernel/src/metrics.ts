import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

export type { Counter, Gauge, Histogram }

/** Metrics of one process: `weir_<area>_<what>_<unit>`, labels from closed sets only. */
export type Metrics = {
  counter(name: `weir_${string}`, help: string, labels?: readonly string[]): Counter
  gauge(name: `weir_${string}`, help: string, labels?: readonly string[]): Gauge
  histogram(name: `weir_${string}`, help: string, labels: readonly string[], buckets: readonly number[]): Histogram
  /** The Prometheus text exposition format. */
  expose(): Promise<{ contentType: string; body: string }>
}

export function createMetrics(): Metrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  return {
    counter: (name, help, labels = []) => new Counter({ name, help, labelNames: [...labels], registers }),
    gauge: (name, help, labels = []) => new Gauge({ name, help, labelNames: [...labels], registers }),
    histogram: (name, help, labels, buckets) =>
      new Histogram({ name, help, labelNames: [...labels], buckets: [...buckets], registers }),
    expose: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  }
}
