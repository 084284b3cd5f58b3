import { fileURLToPath } from 'node:url'
import { startProcess } from '@weir/testing'

/** Runs the bench that a library brings along, with its output as it comes; resolves with its exit code. */
export async function runLibraryBench(library: string, name: string): Promise<number> {
  const script = fileURLToPath(new URL(`../../../libs/${library}/bench/${name}.ts`, import.meta.url))
  const bench = await startProcess(process.execPath, [script])
  let shown = 0
  const show = () => {
    const output = bench.output()
    process.stdout.write(output.slice(shown))
    shown = output.length
  }
  const timer = setInterval(show, 200)
  const { code } = await bench.exited
  clearInterval(timer)
  show()
  return code ?? 1
}
