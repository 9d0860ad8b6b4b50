/** Runs every benchmark and prints its figures; it never fails on a figure. `npm run bench [-- name…]`. */
import { readdirSync } from 'node:fs'
import { dirname } from 'node:path'

/** One measured figure beside what it should be. */
interface Figure {
  name: string
  value: string
  target: string
}

const folder = dirname(new URL(import.meta.url).pathname)
const chosen = process.argv.slice(2)
const names = readdirSync(folder)
  .filter((file) => file.endsWith('.ts') && file !== 'run.ts')
  .map((file) => file.slice(0, -3))
  .filter((name) => chosen.length === 0 || chosen.includes(name))

for (const name of names) {
  const module = (await import(`./${name}.ts`)) as { bench?: () => Promise<Figure[]> }
  if (!module.bench) continue
  console.log(`\n${name}`)
  for (const figure of await module.bench()) {
    console.log(`  ${figure.name.padEnd(72)} ${figure.value.padStart(18)}   target ${figure.target}`)
  }
}
