/** A case that is like another one, with what is different: so that what a case is about can be seen. */
import { defineMember, isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { Path } from '../../base/yaml.ts'
import type { Notes } from './notes.ts'

/** Settings and data of a case, whole; and where each part of them was written. */
export interface Part {
  json: JsonObject
  originOf(path: Path): Path
}

interface Composing {
  path: Path
  /** What it is like. */
  base: Part | undefined
  notes: Notes
  /** Members that are settings or data. */
  members: readonly string[]
}

/** Members of which a case has one: whoever writes another one means it instead. */
const dataMembers = ['credential', 'credentials', 'bundle', 'coreDataSet', 'coreDataSets']

/**
 * What stands in a map, over what it is like: members of its own replace those there; `set` (dotted paths → values) and `remove` (dotted
 * paths) change single places. Undefined, with faults told, when a path leads nowhere.
 */
export function composed(own: JsonObject, { path, base, notes, members }: Composing): Part | undefined {
  const taken = members.filter((each) => own[each] !== undefined)
  const hasData = taken.some((each) => dataMembers.includes(each))
  const kept = Object.entries(base?.json ?? {}).filter(([member]) => !(hasData && dataMembers.includes(member)))
  const json: JsonObject = structuredClone({
    ...Object.fromEntries(kept),
    ...Object.fromEntries(taken.map((member) => [member, own[member] ?? null])),
  })
  const changes: { at: Path; origin: Path }[] = []
  const set = own.set ?? {}
  const remove = own.remove ?? []
  let isGood = true
  const fault = (member: string, step: string | number | undefined, text: string) => {
    isGood = false
    notes.say(step === undefined ? [...path, member] : [...path, member, step], text)
  }
  if (!isJsonObject(set)) fault('set', undefined, 'set must be a map from places to values')
  else
    for (const [place, value] of Object.entries(set)) {
      const at = stepsOf(place)
      const why = change(json, at, value)
      if (why !== undefined) fault('set', place, why)
      changes.push({ at, origin: [...path, 'set', place] })
    }
  for (const [index, place] of [remove].flat().entries()) {
    const why = typeof place === 'string' ? change(json, stepsOf(place), undefined) : 'a place is a text'
    if (why !== undefined) fault('remove', index, why)
  }
  if (!isGood) return undefined
  const originOf = (asked: Path): Path => {
    const changed = changes.findLast(({ at }) => at.every((step, index) => step === asked[index]))
    if (changed) return [...changed.origin, ...asked.slice(changed.at.length)]
    const [member] = asked
    if (member === undefined || taken.includes(String(member)) || !base) return [...path, ...asked]
    return base.originOf(asked)
  }
  return { json, originOf }
}

/** `credential.content.v.0.dn`; a dot that belongs to a name is written `\.` */
function stepsOf(place: string): Path {
  const steps = place.split(/(?<!\\)\./).map((step) => step.replaceAll('\\.', '.'))
  return steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step))
}

/** Sets a place, or takes it away (undefined); answers why it cannot. */
function change(root: JsonObject, steps: Path, value: Json | undefined): string | undefined {
  let holder: Json = root
  const shown = (count: number) => steps.slice(0, count).join('.')
  for (const [index, step] of steps.slice(0, -1).entries()) {
    const next: Json | undefined = childOf(holder, step)
    if (next === undefined) return `there is no ${shown(index + 1)}`
    holder = next
  }
  const last = steps.at(-1) ?? ''
  if (Array.isArray(holder)) return changeList(holder, last, { value, name: shown(steps.length - 1) })
  if (!isJsonObject(holder)) return `${shown(steps.length - 1)} is no map and no list`
  if (value === undefined) {
    if (!Object.hasOwn(holder, String(last))) return `there is no ${shown(steps.length)}`
    delete holder[String(last)]
  } else defineMember(holder, String(last), structuredClone(value))
  return undefined
}

function changeList(
  list: Json[],
  step: string | number,
  { value, name }: { value: Json | undefined; name: string },
): string | undefined {
  // One more than there are adds an item.
  const most = value === undefined ? list.length - 1 : list.length
  if (typeof step !== 'number' || step > most) return `${name} is a list, and has no ${step}`
  if (value === undefined) list.splice(step, 1)
  else list[step] = structuredClone(value)
  return undefined
}

function childOf(holder: Json, step: string | number): Json | undefined {
  if (Array.isArray(holder)) return typeof step === 'number' ? holder[step] : undefined
  return isJsonObject(holder) && Object.hasOwn(holder, String(step)) ? holder[String(step)] : undefined
}
