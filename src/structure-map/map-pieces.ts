/** A map on its way between two processes: in pieces, so that reading a long one holds nobody up. */
import { setImmediate } from 'node:timers/promises'
import { stringifyJson } from '../base/json.ts'
import { parseJson } from '../fhir/json.ts'
import type { StructureMap } from '../fhir/types.ts'
import type { Rule } from './model/structure.ts'

/** JSON of a map whose groups have no rules, and of its rules in order, some in each piece. */
export interface MapPieces {
  head: string
  rules: string[]
}

/** A rule without those inside it. */
interface FlatRule {
  group: number
  /** How many rules it stands in. */
  depth: number
  rule: Rule
}

/** About so many characters are read at a time. */
const pieceLength = 30_000

/** Takes a map apart. */
export function takeApart(map: StructureMap): MapPieces {
  const rules: string[] = []
  let texts: string[] = []
  let length = 0
  const end = () => {
    if (texts.length > 0) rules.push(`[${texts.join(',')}]`)
    texts = []
    length = 0
  }
  for (const each of flatRules(map)) {
    const text = stringifyJson(each)
    texts.push(text)
    length += text.length
    if (length > pieceLength) end()
  }
  end()
  return { head: stringifyJson({ ...map, group: map.group.map((group) => ({ ...group, rule: [] })) }), rules }
}

function* flatRules(map: StructureMap): Generator<FlatRule> {
  const below = function* (rules: Rule[], group: number, depth: number): Generator<FlatRule> {
    for (const { rule: inner, ...rule } of rules) {
      yield { group, depth, rule }
      yield* below(inner ?? [], group, depth + 1)
    }
  }
  for (const [index, group] of map.group.entries()) yield* below(group.rule, index, 0)
}

/** Puts a map together again, in turns with whatever else there is to do. The pieces are what {@link takeApart} made. */
export async function putTogether({ head, rules }: MapPieces): Promise<StructureMap> {
  const map = read<StructureMap>(head)
  const open: Rule[] = []
  for (const piece of rules) {
    await setImmediate()
    for (const { group, depth, rule } of read<FlatRule[]>(piece)) {
      const outer = depth === 0 ? map.group[group] : open[depth - 1]
      if (outer) {
        outer.rule ??= []
        outer.rule.push(rule)
      }
      open[depth] = rule
    }
  }
  return map
}

/** What this module wrote. */
const read = <T>(text: string): T => parseJson(text) as T
