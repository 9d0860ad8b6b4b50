/** What a rule that is open lacks, in words of data instead of those of its author: `doseNumber of Immunization.ProtocolApplied`. */

/** Data that are named so in rules, by their names in FHIR, in the core data set and in own libraries. */
const data = {
  doseNumber: 'dose',
  dose: 'dose',
  totalDoses: 'total',
  seriesDoses: 'total',
  occurrence: 'date',
  date: 'date',
  day: 'date',
  effective: 'date',
  collected: 'date',
  onset: 'date',
  birthDate: 'birth',
  vaccineCode: 'vaccine',
  vaccine: 'vaccine',
  brand: 'product',
  product: 'product',
  disease: 'disease',
  targetDisease: 'disease',
  value: 'result',
  result: 'result',
  code: 'kind',
  type: 'kind',
  country: 'country',
} as const

/** A datum that the console has a word for. */
type DatumName = (typeof data)[keyof typeof data]

/** A thing that is open: a datum, or the server's own words, which are English. */
export type OpenThing = { datum: DatumName } | { words: string }

const before = 'not determined: '
const form = /^(\w+) of [A-Za-z][\w.]*(?: does not decide it| is missing)?$/

/**
 * What a message of an open rule names; undefined for a message of its author, which is in the language that was asked for. What is said
 * in another form than that of a mere datum stays as it is.
 */
export function openThings(message: string): OpenThing[] | undefined {
  if (!message.startsWith(before)) return undefined
  const things = message.slice(before.length).split('; ').map(openThing)
  return things.filter(
    (thing, at) =>
      !('datum' in thing) || things.findIndex((each) => 'datum' in each && each.datum === thing.datum) === at,
  )
}

function openThing(words: string): OpenThing {
  const [, name = ''] = form.exec(words) ?? []
  const known = Object.entries(data).find(([each]) => each === name)
  return known ? { datum: known[1] } : { words }
}
