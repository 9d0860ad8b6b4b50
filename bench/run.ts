/** `npm run bench`: what the software costs, section by section; `npm run bench -- --help`. */
import { dirname } from 'node:path'
import { runBench } from './support/harness/run-bench.ts'

// What sections have started is in groups of its own, which end when this process exits.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1))

process.exitCode = await runBench({
  folder: dirname(new URL(import.meta.url).pathname),
  argv: process.argv.slice(2),
  print: (line) => console.log(line),
})
