import { nearestName } from '../../base/nearest.ts'

/** Functions of FHIRPath that the engine has, those of FHIR among them, by the numbers of arguments that they take. */
const SIGNATURES: [numbers: number[], names: string][] = [
  [
    [0],
    `abs allFalse allTrue anyFalse anyTrue avg ceiling children convertsToBoolean convertsToDate convertsToDateTime
    convertsToDecimal convertsToInteger convertsToLong convertsToQuantity convertsToString convertsToTime count dateOf dayOf
    descendants distinct empty exp first floor getValue hasValue hourOf htmlChecks htmlchecks isDistinct last length ln lower
    max millisecondOf min minuteOf monthOf not now ordinal resolve secondOf single sqrt sum tail timeOf timeOfDay
    timezoneOffsetOf toBoolean toChars toDate toDateTime toDecimal toInteger toLong toString toTime today trim truncate type
    upper weight yearOf`,
  ],
  [
    [1],
    `all as combine conformsTo contains decode encode endsWith escape exclude extension indexOf intersect is lastIndexOf log
    memberOf ofType power repeat select skip split startsWith subsetOf subsumedBy subsumes supersetOf take unescape union where`,
  ],
  [[2], 'replace replaceMatches'],
  [[0, 1], 'exists highBoundary join lowBoundary pathname round toQuantity'],
  [[1, 2], 'aggregate defineVariable matches matchesFull substring trace'],
  [[2, 3], 'iif'],
]
/** Functions of any number of arguments, with the least. */
const VARIADIC: Record<string, number> = { coalesce: 1, sort: 0 }

const argumentCounts = new Map(
  SIGNATURES.flatMap(([numbers, names]) => names.split(/\s+/).map((name) => [name, numbers] as const)),
)

/** What is wrong with a call of a function, as the end of a sentence that begins with its name; undefined when nothing is. */
export function callFault(name: string, count: number): string | undefined {
  const least = Object.hasOwn(VARIADIC, name) ? VARIADIC[name] : undefined
  if (least !== undefined) return count >= least ? undefined : `takes ${least} arguments or more, not ${count}`
  const numbers = argumentCounts.get(name)
  if (!numbers) {
    const near = nearestName(name, [...argumentCounts.keys(), ...Object.keys(VARIADIC)])
    return `is no function of FHIRPath; the nearest name is '${near}'`
  }
  return numbers.includes(count) ? undefined : `takes ${numbers.join(' or ')} arguments, not ${count}`
}
