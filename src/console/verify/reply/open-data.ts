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

/** Data of the core data sets (DDCC logical models), by their paths there. */
const ofCoreDataSet = {
  name: 'name',
  birthDate: 'birth',
  vaccination: 'vaccination',
  'vaccination.vaccine': 'vaccine',
  'vaccination.brand': 'product',
  'vaccination.manufacturer': 'maker',
  'vaccination.lot': 'lot',
  'vaccination.date': 'vaccinationDate',
  'vaccination.dose': 'dose',
  'vaccination.totalDoses': 'total',
  'vaccination.country': 'country',
  'vaccination.centre': 'centre',
  'vaccination.disease': 'disease',
  test: 'test',
  'test.pathogen': 'disease',
  'test.type': 'testType',
  'test.brand': 'testProduct',
  'test.manufacturer': 'maker',
  'test.date': 'testDate',
  'test.result': 'testResult',
  'test.country': 'country',
  'test.centre': 'centre',
  recovery: 'recovery',
  'recovery.disease': 'disease',
  'recovery.date': 'recoveryDate',
  'recovery.country': 'country',
} as const

/** A datum that the console has a word for. */
type DatumName = (typeof data)[keyof typeof data] | (typeof ofCoreDataSet)[keyof typeof ofCoreDataSet]

/** A thing that is open: a datum, a product that is on no list that is asked for, or the server's own words, which are English. */
export type OpenThing = { datum: DatumName } | { unlisted: string } | { words: string }

const before = 'not determined: '
const notRun = 'the rule was not run: '
/** What a mapping did not find (docs/evaluate.md): of one of several credentials by its number. */
const lack = /^The core data set(?: \d+)? lacks ([A-Za-z.]+), which its model \S+ requires$/
const unlisted =
  /^(?:(.+) is on no list of vaccines against .+|the primary series of vaccine (.+) is not known: its product is not in the table of products)$/
/** What rules say where the certificate tells no product, and where nothing tells the disease. */
const noProduct = 'no product'
const noDisease = 'it is not known against which disease the vaccination is'
const form = /^(\w+) of [A-Za-z][\w.]*(?: does not decide it| is missing)?$/

/**
 * What a message of an open rule names; undefined for a message of its author, which is in the language that was asked for. What is said
 * in another form than that of a mere datum stays as it is.
 */
export function openThings(message: string): OpenThing[] | undefined {
  const isOpen = message.startsWith(before)
  if (!isOpen && !lack.test(message)) return undefined
  const told = isOpen ? message.slice(before.length) : message
  const things = (told.startsWith(notRun) ? told.slice(notRun.length) : told).split('; ').map(openThing)
  // A sentence of the server that is not understood whole keeps its beginning: it says that nothing was run.
  if (told.startsWith(notRun) && things.every((thing) => 'words' in thing)) return [{ words: told }]
  const keys = things.map((thing) => JSON.stringify(thing))
  return things.filter((_, at) => keys.indexOf(keys[at] ?? '') === at)
}

/** Messages that are shown alike have the same key: rules that lack the same say it once. */
export function saidKey(message: string): string {
  const things = openThings(message)
  return things ? JSON.stringify(things) : message
}

function openThing(words: string): OpenThing {
  const [, path] = lack.exec(words) ?? []
  const [, name] = form.exec(words) ?? []
  const known =
    Object.entries(ofCoreDataSet).find(([each]) => each === path) ??
    Object.entries(data).find(([each]) => each === name)
  if (known) return { datum: known[1] }
  if (words === noDisease) return { datum: 'disease' }
  const [, listed, ofSeries] = unlisted.exec(words) ?? []
  const product = listed ?? ofSeries
  if (product === undefined) return { words }
  return product === noProduct ? { datum: 'product' } : { unlisted: product }
}
