/** Takes two kits into use by turns until it is killed; a line says that it has begun. Arguments: the kits, a pinned certificate, the place. */
import { readFileSync } from 'node:fs'
import { applyKit } from '../../src/kit/installed.ts'
import { readPins } from '../../src/kit/pinned-keys.ts'
import { now } from './make-kit.ts'

const [one = '', other = '', pin = '', place = ''] = process.argv.slice(2)
const kits = [readFileSync(one), readFileSync(other)]
const pins = readPins(readFileSync(pin, 'utf8'), pin)
for (let round = 0; ; round++) {
  await applyKit(kits[round % 2] ?? Buffer.alloc(0), { path: place, pins, now, jurisdiction: undefined })
  if (round === 3) console.log('begun')
}
