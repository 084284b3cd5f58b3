import { styleText } from 'node:util'
import { runWeir } from './run-weir.ts'

// A reader that has seen enough (`| head`) closes the pipe; there is nobody left to tell.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await runWeir({
  args: process.argv.slice(2),
  env: process.env,
  cwd: process.cwd(),
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  // Leaves the text as it is where the output is not a terminal, and with NO_COLOR.
  bold: (text) => styleText('bold', text, { stream: process.stdout }),
})
