import { type Family, type Kind, kinds, layouts } from '../documents.ts'
import type { Draft } from '../draft.ts'
import type { Random } from '../random.ts'
import { get, set, type Tree } from '../tree.ts'

/**
 * What a twisted credential must get: `refuse` = it must never be accepted, `accept` = it is odd and as good as a plain one,
 * `any` = that depends on more, and the judge decides.
 */
export type Expectation = 'refuse' | 'accept' | 'any'

/** One way to make a signed credential that is not what it seems. */
export interface Twist {
  name: string
  /** Kind of attack, for the figures. */
  group: string
  kinds: readonly Kind[]
  expectation: Expectation
  apply(draft: Draft, random: Random): void
}

type Change = (draft: Draft, random: Random) => void
type Entry = [name: string, expectation: Expectation, apply: Change]

/** A group of twists for the same kinds of certificate. */
export const twistGroup = (group: string, own: readonly Kind[], entries: Entry[]): Twist[] =>
  entries.map(([name, expectation, apply]) => ({ name: `${group}: ${name}`, group, kinds: own, expectation, apply }))

/** Kinds of some families or some events. */
export const kindsWhere = (test: (layout: { family: Family; event: string; kind: Kind }) => boolean): Kind[] =>
  kinds.filter((kind) => test({ ...layouts[kind], kind }))

/** Kinds that name a subclaim. */
export const withSubclaim = kindsWhere(({ family, kind }) => family === 'hcert' && !kind.startsWith('flat'))
export const dccKinds = kindsWhere(({ kind }) => kind.startsWith('dcc'))
export const hcertKinds = kindsWhere(({ family }) => family === 'hcert')
export const cardKinds = kindsWhere(({ family }) => family === 'shc')
export const sealKinds = kindsWhere(({ family }) => family === 'icao-vds-nc')
export const vaccinationKinds = kindsWhere(({ event }) => event === 'v')

/** The map of the certificate. */
export const certificate = ({ payload, layout }: Draft): Tree => get(payload, ...layout.certificate)
/** The first event. */
export const firstEvent = ({ payload, layout }: Draft): Tree => get(payload, ...layout.first)
/** Key of the subclaim. */
export const subclaimOf = ({ layout }: Draft): number => Number(layout.certificate[1])
/** Changes the list of events, or their one map. */
export const setEvents =
  (change: (events: Tree, draft: Draft) => Tree) =>
  (draft: Draft): void =>
    set(draft.payload, draft.layout.events, change(get(draft.payload, ...draft.layout.events), draft))
