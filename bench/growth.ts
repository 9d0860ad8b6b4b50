/**
 * How the cost of a question grows with what a server holds and is given: rules, events of a person, keys of trust lists. With concepts
 * it is in `terminology-http`. Each figure is beside the smallest of its kind, measured in turn.
 */
import { generateKeyPairSync } from 'node:crypto'
import type { Bundle } from '../src/fhir/types.ts'
import { certificateKey } from '../src/trust/keys/anchors.ts'
import { createKeyIndexInSlices } from '../src/trust/keys/key-index.ts'
import type { TrustedKey } from '../src/trust/keys/trusted-key.ts'
import { keyPairFor, testIssuer } from '../test/support/issuer.ts'
import { certificateUnder } from '../test/support/trust-list.ts'
import type { Measured } from './support/harness/figure.ts'
import { type Cost, costs, type Effort, growthFigure, plainFigure, timeFigure } from './support/harness/measure.ts'
import { libraryOf, rulesOver, sevenDefines, twoDefines, vaccinationBundle } from './support/vaccination-cards.ts'

export const bench = async (effort: Effort): Promise<Measured[]> => [
  ...(await withRulesAndEvents(effort)),
  ...(await withKeys(effort)),
]

const clock = '2022-01-01T00:00:00Z'
const rulesCounted = [1, 8, 32] as const
const eventsCounted = [1, 10, 100] as const

async function withRulesAndEvents(effort: Effort): Promise<Measured[]> {
  const most = rulesCounted.at(-1) ?? 1
  const named = Array.from({ length: most }, (_, at) => `Two${at}`)
  const libraries = [
    libraryOf('Seven', sevenDefines),
    ...named.map((name) => libraryOf(name, twoDefines.replace('library Two', `library ${name}`))),
  ]
  const rules = rulesOver(libraries)
  const run = (name: string, data: Bundle) =>
    rules.evaluateLibrary({ library: `http://example.org/Library/${name}`, data, clock })
  const one = vaccinationBundle(1)
  const severalRules = (count: number) => async () => {
    for (const name of named.slice(0, count)) await run(name, one)
  }
  const severalEvents = (count: number) => {
    const data = vaccinationBundle(count)
    return () => run('Seven', data)
  }
  try {
    for (const name of ['Seven', ...named])
      if (!JSON.stringify(await run(name, one)).includes('true')) throw new Error(`the rule ${name} says nothing`)
    const byRules = await costs(byCount(rulesCounted, severalRules), effort)
    const byEvents = await costs(byCount(eventsCounted, severalEvents), effort)
    return [
      ...grown('rules of 2 defines over one event', rulesCounted, byRules),
      ...grown('events under a rule of 7 defines', eventsCounted, byEvents),
    ]
  } finally {
    await rules.close()
  }
}

const byCount = <Work>(counts: readonly number[], make: (count: number) => Work): Record<string, Work> =>
  Object.fromEntries(counts.map((count) => [`of ${count}`, make(count)]))

/** The time of each, and how much more it is than the least. */
function grown(what: string, counts: readonly number[], costsOf: Record<string, Cost>): Measured[] {
  const least = costsOf[`of ${counts[0]}`]
  return counts.flatMap((count, at) => {
    const cost = costsOf[`of ${count}`]
    if (!cost || !least) throw new Error(`unreachable: ${what} of ${count} was measured`)
    const name = `${count.toLocaleString('en')} ${what}`
    const time = timeFigure(name, cost, 'µs', { tolerance: 0.25 })
    return at === 0 ? [time] : [time, growthFigure(`${name}, against ${counts[0]}`, cost, least, { tolerance: 0.3 })]
  })
}

const lookUps = 1000

async function withKeys(effort: Effort): Promise<Measured[]> {
  const counts = effort.isQuick ? [100, 5_000] : [100, 20_000, 100_000]
  const issuer = testIssuer({ country: 'XA' })
  const base = certificateKey(certificateUnder(issuer.authority, keyPairFor('ES256')))
  const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const keyAt = (_: unknown, at: number): TrustedKey => {
    const print = at.toString(16).padStart(64, '0')
    const keyId = Buffer.from(print.slice(-16), 'hex').toString('base64')
    const named = { keyId, participant: 'XXA', domain: 'DCC', usage: 'DSC', lists: ['root'] }
    return { ...base, ...named, publicKey, thumbprint: print, publicKeyThumbprint: print }
  }
  const memory: Measured[] = []
  const works: Record<string, () => void> = {}
  for (const count of counts) {
    const before = process.memoryUsage().heapUsed
    const keys = Array.from({ length: count }, keyAt)
    const index = await createKeyIndexInSlices([keys])
    const megabytes = (process.memoryUsage().heapUsed - before) / 1e6
    if (count > 1000)
      memory.push(
        plainFigure(`memory of ${count.toLocaleString('en')} keys and their index`, Math.max(0, megabytes), 'MB', {
          tolerance: 1,
          grain: 30,
        }),
      )
    works[`of ${count}`] = () => {
      let found = 0
      for (let at = 0; at < lookUps; at++) {
        const keyId = keys[(at * 7919) % count]?.keyId ?? ''
        found += index.find({ framework: { name: 'hcert', issuers: 'country' }, keyId, issuer: 'XA' }).length
      }
      if (found !== lookUps) throw new Error(`${found} of ${lookUps} keys were found`)
    }
  }
  return [...grown(`keys, each of ${lookUps} looked up`, counts, await costs(works, effort)), ...memory]
}
