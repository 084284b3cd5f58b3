import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: ['apps/*', 'libs/*', 'tools/*'].map((glob) => glob),
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
  },
})
