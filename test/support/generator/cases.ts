import fc from 'fast-check'
import type { Question } from '../checker/judge.ts'
import { clockOf } from '../checker/rules.ts'
import { goodPayload, type Holder, type Kind, kinds, layouts } from './documents.ts'
import { newDraft, writeCredential } from './draft.ts'
import { type RuleChoice, ruleChoices, wrongQuestions } from './questions.ts'
import { type Random, randomFrom } from './random.ts'
import type { Standing } from './standings.ts'
import { drop } from './tree.ts'
import type { Expectation, Twist } from './twists/twist.ts'
import { allTwists } from './twists/twists.ts'

/** What one case is about, before it is made. */
export type Mode = 'good' | 'key' | 'twist' | 'twist and key' | 'two twists' | 'wrong question'

/** The frame of a case, as fast-check draws it: the same seed draws the same. */
export interface Frame {
  world: 'request' | 'lists' | 'withdrawn'
  kind: Kind
  mode: Mode
  clock: string
  delivery: 'process' | 'http' | 'ndjson' | 'raw'
  seed: number
}

const weighted = <T>(values: [weight: number, value: T][]) =>
  fc.oneof(...values.map(([weight, value]) => ({ weight, arbitrary: fc.constant(value) })))

/** Frames of cases: at least a tenth of them plain good credentials. */
export const frames: fc.Arbitrary<Frame> = fc.record({
  world: weighted([
    [2, 'request' as const],
    [1, 'lists' as const],
  ]),
  kind: fc.constantFrom(...kinds),
  mode: weighted<Mode>([
    [14, 'good'],
    [16, 'key'],
    [48, 'twist'],
    [8, 'twist and key'],
    [12, 'two twists'],
    [2, 'wrong question'],
  ]),
  clock: fc.constantFrom('2022-06-01T12:00:00Z', '2022-12-31T23:30:00-11:00', '2024-02-29T00:15:00+14:00'),
  delivery: weighted([
    [42, 'process' as const],
    [5, 'http' as const],
    [2, 'ndjson' as const],
    [1, 'raw' as const],
  ]),
  seed: fc.nat(),
})

/** A case: what is asked, what is told to the judge, and what its maker expects. */
export interface Case {
  frame: Frame
  /** Short and exact, the same for the same seed. */
  description: string
  group: string
  /** `refuse`: never accepted; `accept`: exactly what the rules say; `client error`: 4xx. */
  expectation: Expectation | 'client error'
  question: Question
  /** Parameters of the request but for the credential. */
  parameters: object[]
}

/** A holder whose every text is found nowhere else. */
export function newHolder(random: Random): Holder {
  const capital = (text: string) => text[0]?.toUpperCase() + text.slice(1)
  const two = (below: number) => String(1 + random.below(below)).padStart(2, '0')
  return {
    family: capital(random.letters(12)),
    given: capital(random.letters(10)),
    birthDate: `19${40 + random.below(40)}-${two(12)}-${two(28)}`,
    number: `N${random.letters(10).toUpperCase()}`,
    certificateId: `URN:UVCI:01:${random.letters(16).toUpperCase()}`,
    rid: `rid${random.letters(12)}`,
  }
}

/** What a case is made of. */
export interface Recipe {
  frame: Frame
  standing: Standing
  twists: Twist[]
  choice: RuleChoice
  /** The question is wrong, whatever the credential is. */
  wrong?: { name: string; parameters: object[] }
}

/** Draws standing, twists and rules for a frame. */
export function drawRecipe(frame: Frame, standings: Standing[]): Recipe {
  const random = randomFrom(frame.seed)
  const { kind, mode } = frame
  const fitting = standings.filter((each) => each.kinds.includes(kind))
  const wantsBad = mode === 'key' || mode === 'twist and key'
  const standing = random.of(fitting.filter(({ verdict }) => (verdict === 'good') === !wantsBad))
  const possible = allTwists.filter((each) => each.kinds.includes(kind))
  const count = { good: 0, key: 0, twist: 1, 'twist and key': 1, 'two twists': 2, 'wrong question': 0 }[mode]
  const twists = Array.from({ length: count }, () => random.of(possible))
  // Rules that are always true show what else could stand in the way.
  const choices = ruleChoices.filter((each) => each.kinds.includes(kind))
  const choice = random.below(3) === 0 ? random.of(choices) : (choices[random.below(2)] as RuleChoice)
  return { frame, standing, twists, choice, ...(mode === 'wrong question' ? { wrong: random.of(wrongQuestions) } : {}) }
}

/** Every twist of every kind under a good key, and every standing of every kind, each with a rule that is always true. */
export function everyRecipe(world: Frame['world'], standings: Standing[]): Recipe[] {
  const choice = ruleChoices[1] as RuleChoice // stands there
  const frame = { world, clock: '2022-06-01T12:00:00Z', delivery: 'process' as const }
  return kinds.flatMap((kind, at) => {
    const fitting = standings.filter((each) => each.kinds.includes(kind))
    const good = fitting.filter(({ verdict }) => verdict === 'good')
    const twists = world === 'request' ? allTwists.filter((each) => each.kinds.includes(kind)) : []
    return [
      ...fitting.map((standing, seed) => ({
        frame: { ...frame, kind, mode: 'key' as const, seed },
        standing,
        twists: [],
        choice,
      })),
      ...twists.map((twist, seed) => {
        const standing = good[(seed + at) % good.length] as Standing // every kind has good ones
        return { frame: { ...frame, kind, mode: 'twist' as const, seed }, standing, twists: [twist], choice }
      }),
    ]
  })
}

/** Makes the case of a recipe: the same recipe makes the same case, but for keys and signatures. */
export function makeCase({ frame, standing, twists, choice, wrong }: Recipe): Case {
  const { kind, mode, seed } = frame
  const holder = newHolder(randomFrom(seed ^ 0x5bd1e995))
  const clock = clockOf(frame.clock)
  const context = { clock, holder, country: standing.signer.country, cardIssuer: standing.cardIssuer }
  const draft = newDraft({ kind, layout: layouts[kind], context, standing, payload: goodPayload(kind, context) })
  if (standing.isNameless) drop(draft.payload, 1)
  // Each with chances of its own, so that it does the same when another is left out.
  for (const twist of twists) twist.apply(draft, randomFrom(seed + 7919 * twist.name.length))
  const question: Question = {
    texts: writeCredential(draft),
    keys: standing.keys,
    clock,
    trustDomains: standing.trustDomains ?? [],
    isDomainStrict: frame.world === 'lists',
    rules: choice.rules,
    markers: Object.values(holder),
  }
  const way = { process: '', http: ' · over HTTP', ndjson: ' · as NDJSON', raw: ' · as credentialData' }[frame.delivery]
  const names = [...twists.map(({ name }) => name), ...(standing.verdict === 'good' ? [] : [standing.name])]
  return {
    frame,
    description: `${kind} · ${names.join(' + ') || 'good'} · key: ${standing.name} · rules: ${wrong?.name ?? choice.name}${way}`,
    group: mode === 'good' || wrong ? mode : (twists[0]?.group ?? 'key'),
    expectation: expectationOf(twists, standing, wrong !== undefined),
    question,
    parameters: requestParameters(frame, standing, wrong?.parameters ?? choice.parameters),
  }
}

function expectationOf(twists: Twist[], { verdict }: Standing, isWrong: boolean): Case['expectation'] {
  if (isWrong) return 'client error'
  const [twist, second] = twists
  if (verdict === 'bad') return twists.length === 0 ? 'refuse' : 'any'
  if (verdict === 'any' || second) return 'any'
  return twist?.expectation ?? 'accept'
}

function requestParameters({ clock }: Frame, standing: Standing, own: object[]): object[] {
  const hasClock = own.some((each) => 'name' in each && each.name === 'evaluationDateTime')
  return [
    ...(hasClock ? [] : [{ name: 'evaluationDateTime', valueDateTime: clock }]),
    ...own,
    ...(standing.anchors ?? []).map((anchor) => ({ name: 'trustAnchor', valueBase64Binary: anchor })),
    ...(standing.trustDomains ?? []).map((domain) => ({ name: 'trustDomain', valueCode: domain })),
  ]
}
