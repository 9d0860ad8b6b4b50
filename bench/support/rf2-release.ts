/**
 * Makes a release of SNOMED CT in RF2 that has the shape of the real one and none of its content: terms are made-up words, identifiers are
 * numbered through; only those that the standards themselves name (root, metadata, some attributes) are real. The same options make the same
 * files. Of 400,000 concepts, 90 in 100 active: 1.5 million descriptions, 1.3 million relationships, two dialects, 16 levels.
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'

/** What is made. */
export interface ReleaseOptions {
  /** Concepts, at least 200. */
  concepts: number
  /** Date of the release; components have dates of the twenty years before. */
  date?: number
  seed?: number
  /** `Full` has older states of a tenth of the concepts, descriptions and relationships beside the newest. */
  type?: 'Snapshot' | 'Full'
  /** Appended to one term of every concept: makes releases of one shape that differ. */
  mark?: string
}

/** What was made. */
export interface MadeRelease {
  version: string
  concepts: number
  descriptions: number
  relationships: number
  members: number
  bytes: number
}

const INTERNATIONAL = '900000000000207008'
const CORE = '900000000000012004'
const US = '900000000000509007'
const GB = '900000000000508004'

/** Parts of the metadata and the top of the hierarchy: identifier, name, parent. */
const FIXED: readonly (readonly [id: string, name: string, parent: string])[] = [
  ['138875005', 'SNOMED CT Concept (root)', ''],
  ['404684003', 'Finding of all kinds (finding)', '138875005'],
  ['123037004', 'Body part of all kinds (body structure)', '138875005'],
  ['71388002', 'Act of all kinds (procedure)', '138875005'],
  ['105590001', 'Matter of all kinds (substance)', '138875005'],
  ['373873005', 'Product of all kinds (product)', '138875005'],
  ['410607006', 'Living thing of all kinds (organism)', '138875005'],
  ['363787002', 'Thing to observe (observable entity)', '138875005'],
  ['362981000', 'Value of all kinds (qualifier value)', '138875005'],
  ['49755003', 'Change of form of all kinds (morphologic abnormality)', '123037004'],
  ['39057004', 'Part with a valve (body structure)', '123037004'],
  ['900000000000441003', 'Model component (metadata)', '138875005'],
  ['116680003', 'Is a (attribute)', '900000000000441003'],
  ['363698007', 'Site (attribute)', '900000000000441003'],
  ['116676008', 'Form (attribute)', '900000000000441003'],
  ['246075003', 'Agent (attribute)', '900000000000441003'],
  ['363704007', 'Place of act (attribute)', '900000000000441003'],
  ['127489000', 'Ingredient (attribute)', '900000000000441003'],
  ['1142135004', 'Strength (attribute)', '900000000000441003'],
  [INTERNATIONAL, 'Core module (module)', '900000000000441003'],
  [CORE, 'Model module (module)', '900000000000441003'],
  [US, 'English of one country (reference set)', '900000000000441003'],
  [GB, 'English of another (reference set)', '900000000000441003'],
  ['900000000000527005', 'Same as (reference set)', '900000000000441003'],
  ['900000000000489007', 'Reason of inactivation (reference set)', '900000000000441003'],
  ['900000000000490003', 'Reason of a description (reference set)', '900000000000441003'],
  ['447562003', 'Map with rules (reference set)', '900000000000441003'],
  ['900000000000497000', 'Simple map (reference set)', '900000000000441003'],
  ['733073007', 'Axioms (reference set)', '900000000000441003'],
  ['723264001', 'Sides (reference set)', '900000000000441003'],
  ['900000000000534007', 'Modules (reference set)', '900000000000441003'],
]

/** Hierarchies with their share of the concepts and the tag of their names. */
const HIERARCHIES = [
  { top: '404684003', share: 0.32, tag: 'disorder' },
  { top: '123037004', share: 0.11, tag: 'body structure' },
  { top: '71388002', share: 0.17, tag: 'procedure' },
  { top: '105590001', share: 0.08, tag: 'substance' },
  { top: '373873005', share: 0.09, tag: 'product' },
  { top: '410607006', share: 0.1, tag: 'organism' },
  { top: '363787002', share: 0.04, tag: 'observable entity' },
  { top: '362981000', share: 0.05, tag: 'qualifier value' },
  { top: '49755003', share: 0.04, tag: 'morphologic abnormality' },
] as const

/** Attributes of a hierarchy and the hierarchy of their values. */
const ATTRIBUTES: Readonly<Record<string, readonly (readonly [type: string, of: string])[]>> = {
  '404684003': [
    ['363698007', '123037004'],
    ['116676008', '49755003'],
    ['246075003', '410607006'],
  ],
  '71388002': [
    ['363704007', '123037004'],
    ['363704007', '123037004'],
    ['246075003', '105590001'],
  ],
  '373873005': [['127489000', '105590001']],
}

/** Writes a release below a folder, as a real one lies: `Snapshot/Terminology`, `Snapshot/Refset/…`. */
export function writeRelease(folder: string, options: ReleaseOptions): MadeRelease {
  const { date = 20250901, seed = 1 } = options
  const random = generator(seed)
  const shape = shapeOf(options, random)
  const files = releaseFolder(folder, { type: options.type ?? 'Snapshot', date })
  const made = {
    concepts: writeConcepts(files, shape),
    relationships: writeRelationships(files, shape, random),
    ...writeDescriptions(files, shape, { random, mark: options.mark ?? '' }),
  }
  const members = made.dialects + writeRefsets(files, shape, random)
  const { concepts, descriptions, relationships } = made
  const version = `http://snomed.info/sct/${INTERNATIONAL}/version/${date}`
  return { version, concepts, descriptions, relationships, members, bytes: files.bytes() }
}

type Random = (below: number) => number

/** mulberry32: the same numbers for the same seed. */
function generator(seed: number): Random {
  let state = seed >>> 0
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296) * below)
  }
}

interface Shape {
  ids: string[]
  /** Numbers of parents; none of inactive concepts. */
  parents: number[][]
  isActive: boolean[]
  /** Number of the hierarchy; -1 of what is fixed. */
  hierarchy: Int16Array
  /** Concepts of a top concept, by its identifier. */
  below: Map<string, number[]>
  isFull: boolean
  date: number
  time(): number
}

function shapeOf({ concepts, date = 20250901, type }: ReleaseOptions, random: Random): Shape {
  const ids: string[] = FIXED.map(([id]) => id)
  const numberOf = new Map(ids.map((id, number) => [id, number]))
  const parents: number[][] = FIXED.map(([, , parent]) => (parent === '' ? [] : [numberOf.get(parent) ?? 0]))
  const isActive: boolean[] = FIXED.map(() => true)
  const hierarchy = new Int16Array(concepts).fill(-1)
  const below = new Map<string, number[]>(HIERARCHIES.map(({ top }) => [top, [numberOf.get(top) ?? 0]]))
  below.get('123037004')?.push(numberOf.get('39057004') ?? 0)
  const children = new Map<number, number[]>()
  for (let number = ids.length; number < concepts; number++) {
    const which = pick(random)
    const known = below.get(HIERARCHIES[which]?.top ?? '') ?? [0]
    ids.push(sctid(5_000_000 + number * 7, '00'))
    hierarchy[number] = which
    // Inactive concepts are a tenth and have no parents.
    isActive.push(random(10) > 0)
    parents.push(isActive[number] ? parentsFrom(known, { children, parents, random }) : [])
    if (!isActive[number]) continue
    known.push(number)
    const first = parents[number]?.[0] ?? 0
    const siblings = children.get(first)
    if (siblings) siblings.push(number)
    else children.set(first, [number])
  }
  const year = Math.floor(date / 10_000)
  const time = () => (year - 1 - random(20)) * 10_000 + (random(2) === 0 ? 131 : 731)
  return { ids, parents, isActive, hierarchy, below, isFull: type === 'Full', date, time }
}

function pick(random: Random): number {
  let at = random(1000) / 1000
  const found = HIERARCHIES.findIndex(({ share }) => {
    at -= share
    return at < 0
  })
  return Math.max(0, found)
}

/** One to four parents: most of the further ones are near the first, as they are in the real hierarchy. */
function parentsFrom(
  known: number[],
  { children, parents, random }: { children: Map<number, number[]>; parents: number[][]; random: Random },
): number[] {
  // Squared: concepts made early have more below them.
  const first = known[Math.floor((random(1000) / 1000) ** 1.3 * known.length)] ?? 0
  const found = new Set([first])
  const roll = random(100)
  const wanted = roll < 58 ? 1 : roll < 88 ? 2 : roll < 97 ? 3 : 4
  for (let tried = 1; tried < wanted; tried++) {
    const up = parents[first]?.[0] ?? first
    const near = children.get(up) ?? known
    const from = random(100) < 90 ? near : known
    found.add(from[random(from.length)] ?? first)
  }
  return [...found]
}

const D = [1, 5, 7, 6, 2, 8, 3, 0, 9, 4]
const P = Array.from({ length: 8 }, (_, i) => {
  let row = Array.from({ length: 10 }, (_, digit) => digit)
  for (let step = 0; step < i; step++) row = row.map((digit) => D[digit] ?? 0)
  return row
})
/** Multiplication of the dihedral group of ten (Verhoeff, "Error detecting decimal codes", 1969). */
const times = (a: number, b: number) =>
  a < 5 ? (b < 5 ? (a + b) % 5 : 5 + ((a + b) % 5)) : b < 5 ? 5 + ((a - b + 5) % 5) : (a - b + 5) % 5
const INVERSE = [0, 4, 3, 2, 1, 5, 6, 7, 8, 9]

/** An identifier of an item: partition `00` of concepts, `01` of descriptions, `02` of relationships, and a check digit. */
export function sctid(item: number, partition: '00' | '01' | '02'): string {
  const digits = `${item}${partition}`
  let check = 0
  for (let i = 0; i < digits.length; i++) {
    const digit = digits.charCodeAt(digits.length - 1 - i) - 48
    check = times(check, P[(i + 1) % 8]?.[digit] ?? 0)
  }
  return `${digits}${INVERSE[check]}`
}

function releaseFolder(folder: string, { type, date }: { type: string; date: number }) {
  let all = 0
  return {
    bytes: () => all,
    open: (path: string, name: string, columns: string) => {
      mkdirSync(join(folder, type, path), { recursive: true })
      const file = openSync(join(folder, type, path, `${name.replace('TYPE', type)}_INT_${date}.txt`), 'w')
      let lines: string[] = [columns.replaceAll(' ', '\t')]
      const flush = () => {
        all += writeSync(file, `${lines.join('\r\n')}\r\n`)
        lines = []
      }
      return {
        row: (...values: (string | number)[]) => {
          if (lines.push(values.join('\t')) >= 5000) flush()
        },
        end: () => {
          if (lines.length > 0) flush()
          closeSync(file)
        },
      }
    },
  }
}

type Files = ReturnType<typeof releaseFolder>

function writeConcepts(files: Files, { ids, isActive, isFull, date, time }: Shape): number {
  const file = files.open('Terminology', 'sct2_Concept_TYPE', 'id effectiveTime active moduleId definitionStatusId')
  ids.forEach((id, number) => {
    const status = number % 3 === 0 ? '900000000000073002' : '900000000000074008'
    const before = time()
    if (isFull && number % 10 === 0) file.row(id, before, 1, INTERNATIONAL, '900000000000074008')
    const now = isFull && number % 10 === 0 ? date : before
    file.row(id, now, isActive[number] ? 1 : 0, INTERNATIONAL, status)
  })
  file.end()
  return ids.length
}

const INFERRED = '900000000000011006'
const SOME = '900000000000451002'

function writeRelationships(
  files: Files,
  { ids, parents, isActive, hierarchy, below, isFull, date, time }: Shape,
  random: Random,
) {
  const columns = 'relationshipGroup typeId characteristicTypeId modifierId'
  const head = 'id effectiveTime active moduleId sourceId'
  const file = files.open('Terminology', 'sct2_Relationship_TYPE', `${head} destinationId ${columns}`)
  let count = 0
  const add = (source: number, target: string, { group, type }: { group: number; type: string }) => {
    const id = sctid(2_000_000 + count++ * 3, '02')
    const before = time()
    const isChanged = isFull && count % 10 === 0
    if (isChanged) file.row(id, before, 1, INTERNATIONAL, ids[source] ?? '', ids[0] ?? '', group, type, INFERRED, SOME)
    file.row(id, isChanged ? date : before, 1, INTERNATIONAL, ids[source] ?? '', target, group, type, INFERRED, SOME)
  }
  for (let source = 0; source < ids.length; source++) {
    for (const parent of parents[source] ?? []) add(source, ids[parent] ?? '', { group: 0, type: '116680003' })
    const attributes = ATTRIBUTES[HIERARCHIES[hierarchy[source] ?? -1]?.top ?? '']
    if (!attributes || !isActive[source]) continue
    const groups = 1 + random(2)
    for (let group = 1; group <= groups; group++) {
      for (const [type, of] of attributes) {
        const values = below.get(of) ?? []
        if (random(100) < 96) add(source, ids[values[random(values.length)] ?? 0] ?? '', { group, type })
      }
    }
  }
  file.end()
  const concrete = files.open('Terminology', 'sct2_RelationshipConcreteValues_TYPE', `${head} value ${columns}`)
  const products = below.get('373873005') ?? []
  products.forEach((source, i) => {
    const id = sctid(2_000_000 + count++ * 3, '02')
    concrete.row(
      id,
      time(),
      1,
      INTERNATIONAL,
      ids[source] ?? '',
      `#${(i % 40) * 12.5}`,
      1,
      '1142135004',
      INFERRED,
      SOME,
    )
  })
  concrete.end()
  return count
}

const SYLLABLES =
  'ba co di fu ga hel ir jo ka lu mer no op pra qui ro sta ten um vi xa zo gly phe tri cor neu lar'.split(' ')

/** Made-up words; low numbers are short, and frequent. */
function wordOf(number: number): string {
  let rest = number + 3
  let word = ''
  while (rest > 0) {
    word += SYLLABLES[rest % SYLLABLES.length] ?? ''
    rest = Math.floor(rest / SYLLABLES.length)
  }
  return word
}

const WORDS = Array.from({ length: 24_000 }, (_, number) => wordOf(number))

function term(random: Random): string {
  const length = 2 + random(4)
  const made: string[] = []
  for (let i = 0; i < length; i++) made.push(WORDS[Math.floor((random(10_000) / 10_000) ** 4 * WORDS.length)] ?? '')
  const text = made.join(' ')
  return text.charAt(0).toUpperCase() + text.slice(1)
}

const PREFERRED = '900000000000548007'
const ACCEPTABLE = '900000000000549004'
const TYPES = { name: '900000000000003001', synonym: '900000000000013009', definition: '900000000000550004' }
const CASE = '900000000000448009'

function uuid(random: Random): string {
  const hex = (digits: number) =>
    random(16 ** digits)
      .toString(16)
      .padStart(digits, '0')
  return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(6)}${hex(6)}`
}

function writeDescriptions(files: Files, shape: Shape, { random, mark }: { random: Random; mark: string }) {
  const { ids, hierarchy, isFull, date, time } = shape
  const columns = 'id effectiveTime active moduleId conceptId languageCode typeId term caseSignificanceId'
  const file = files.open('Terminology', 'sct2_Description_TYPE-en', columns)
  const definitions = files.open('Terminology', 'sct2_TextDefinition_TYPE-en', columns)
  const member = 'id effectiveTime active moduleId refsetId referencedComponentId acceptabilityId'
  const language = files.open('Refset/Language', 'der2_cRefset_LanguageTYPE-en', member)
  let descriptions = 0
  let dialects = 0
  const say = (id: string, us: string, gb: string) => {
    for (const [refset, acceptability] of [
      [US, us],
      [GB, gb],
    ] as const) {
      if (acceptability === '') continue
      dialects++
      language.row(uuid(random), time(), 1, INTERNATIONAL, refset, id, acceptability)
    }
  }
  const describe = (
    concept: number,
    text: string,
    { type, isActive = true, to = file }: { type: string; isActive?: boolean; to?: typeof file },
  ) => {
    const id = sctid(3_000_000 + descriptions++ * 5, '01')
    const before = time()
    const isChanged = isFull && descriptions % 10 === 0
    if (isChanged) to.row(id, before, 1, INTERNATIONAL, ids[concept] ?? '', 'en', type, `${text} of old`, CASE)
    to.row(id, isChanged ? date : before, isActive ? 1 : 0, INTERNATIONAL, ids[concept] ?? '', 'en', type, text, CASE)
    return id
  }
  for (let concept = 0; concept < ids.length; concept++) {
    const fixed = FIXED[concept]
    const name = fixed ? fixed[1].replace(/ \(.*/, '') : term(random)
    const tag = fixed ? (/\((.*)\)/.exec(fixed[1])?.[1] ?? '') : (HIERARCHIES[hierarchy[concept] ?? 0]?.tag ?? '')
    say(describe(concept, `${name} (${tag})`, { type: TYPES.name }), PREFERRED, PREFERRED)
    say(
      describe(concept, `${name}${mark}`, { type: TYPES.synonym }),
      PREFERRED,
      concept % 20 === 0 ? ACCEPTABLE : PREFERRED,
    )
    if (concept % 20 === 0) say(describe(concept, `${name}e`, { type: TYPES.synonym }), '', PREFERRED)
    for (let more = random(4); more > 0; more--)
      say(describe(concept, term(random), { type: TYPES.synonym }), ACCEPTABLE, ACCEPTABLE)
    if (random(6) === 0) describe(concept, term(random), { type: TYPES.synonym, isActive: false })
    if (concept % 60 === 0) {
      const text = [term(random), term(random), term(random)].join(', ')
      say(describe(concept, text, { type: TYPES.definition, to: definitions }), PREFERRED, PREFERRED)
    }
  }
  for (const each of [file, definitions, language]) each.end()
  return { descriptions, dialects }
}

function writeRefsets(files: Files, { ids, isActive, parents, below, date, time }: Shape, random: Random): number {
  const head = 'id effectiveTime active moduleId refsetId referencedComponentId'
  let members = 0
  const open = (path: string, name: string, fields: string) => {
    const file = files.open(path, name, `${head}${fields}`)
    return {
      end: file.end,
      add: (refset: string, component: string, ...values: (string | number)[]) => {
        members++
        file.row(uuid(random), time(), 1, INTERNATIONAL, refset, component, ...values)
      },
    }
  }
  const association = open('Refset/Content', 'der2_cRefset_AssociationTYPE', ' targetComponentId')
  const reason = open('Refset/Content', 'der2_cRefset_AttributeValueTYPE', ' valueId')
  const axioms = open('Terminology', 'sct2_sRefset_OWLExpressionTYPE', ' owlExpression')
  const simple = open('Refset/Map', 'der2_sRefset_SimpleMapTYPE', ' mapTarget')
  const rules = 'mapGroup mapPriority mapRule mapAdvice mapTarget correlationId mapCategoryId'
  const extended = open('Refset/Map', 'der2_iisssccRefset_ExtendedMapTYPE', ` ${rules}`)
  const sides = open('Refset/Content', 'der2_Refset_SimpleTYPE', '')
  const findings = below.get('404684003') ?? [0]
  ids.forEach((id, concept) => {
    if (!isActive[concept]) {
      association.add('900000000000527005', id, ids[findings[random(findings.length)] ?? 0] ?? '')
      reason.add('900000000000489007', id, '900000000000482003')
      return
    }
    const own = (parents[concept] ?? []).map((parent) => `:${ids[parent]}`)
    axioms.add(
      '733073007',
      id,
      `SubClassOf(:${id} ${own.length > 1 ? `ObjectIntersectionOf(${own.join(' ')})` : (own[0] ?? ':1')})`,
    )
    if (concept % 3 === 0) simple.add('900000000000497000', id, `X${(concept % 9000).toString(36)}`)
    if (concept % 4 === 0) {
      const target = `A${(concept % 90) + 10}.${concept % 10}`
      extended.add('447562003', id, 1, 1, 'TRUE', `ALWAYS ${target}`, target, '447561005', '447637006')
    }
    if (concept % 30 === 0) sides.add('723264001', id)
  })
  for (let description = 0; description < ids.length; description += 4)
    reason.add('900000000000490003', sctid(3_000_000 + description * 5, '01'), '900000000000495008')
  const modules = open(
    'Refset/Metadata',
    'der2_ssRefset_ModuleDependencyTYPE',
    ' sourceEffectiveTime targetEffectiveTime',
  )
  modules.add('900000000000534007', CORE, date, date)
  for (const each of [association, reason, axioms, simple, extended, sides, modules]) each.end()
  return members
}
