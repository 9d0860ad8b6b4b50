/** A linearization that nobody published, in the two shapes in which WHO publishes its own. */
import { readFileSync } from 'node:fs'

interface Sketch {
  number: string
  parent?: string
  kind: string
  chapter?: string
  blockId?: string
  code?: string
  title: string
  fr: string
  foundation?: string
  definition?: string
  codingNote?: string
  inclusions?: string[]
  indexTerms?: string[]
  axes?: { name: string; required: boolean; several: boolean; values: string[] }[]
}

/** The entities of the sample. */
export const sketches: Sketch[] = JSON.parse(readFileSync(new URL('./entities.json', import.meta.url), 'utf8'))

const release = '2031-01'
const uri = (number: string) => `http://id.who.int/icd/release/11/${release}/mms/${number}`
const foundationOf = ({ number, foundation = number }: Sketch) =>
  number.includes('/') ? '' : `http://id.who.int/icd/entity/${foundation}`
const byNumber = new Map(sketches.map((each) => [each.number, each]))
const childrenOf = (number: string) => sketches.filter(({ parent }) => parent === number)

function chapterOf(sketch: Sketch): string {
  const above = sketch.parent === undefined ? undefined : byNumber.get(sketch.parent)
  return above ? chapterOf(above) : (sketch.chapter ?? '')
}
function depthOf(sketch: Sketch): number {
  const above = sketch.parent === undefined ? undefined : byNumber.get(sketch.parent)
  return above ? depthOf(above) + 1 : 0
}

/** Names of the columns of the tabulation. */
export const columns = [
  ...['Foundation URI', 'Linearization URI', 'Code', 'BlockId', 'Title', 'ClassKind', 'DepthInKind', 'IsResidual'],
  ...['ChapterNo', 'BrowserLink', 'isLeaf', 'Primary tabulation', 'Grouping1', 'Grouping2', 'Grouping3'],
  ...['Grouping4', 'Grouping5', 'CodingNote', 'Version:2031 Jan 01 - 12:00 UTC'],
]

/** The records of the tabulation. */
export const records = (language: 'en' | 'fr' = 'en'): string[][] =>
  sketches.map((each) => [
    foundationOf(each),
    uri(each.number),
    each.code ?? '',
    each.blockId ?? '',
    `"${'- '.repeat(depthOf(each))}${language === 'fr' ? each.fr : each.title}"`,
    each.kind,
    '1',
    each.number.includes('/') ? 'True' : 'False',
    chapterOf(each),
    `"=hyperlink(""https://icd.who.int/browse/${each.number}"",""browser"")"`,
    childrenOf(each.number).length === 0 ? 'True' : 'False',
    each.code === undefined ? '' : 'True',
    each.parent !== undefined && byNumber.get(each.parent)?.blockId ? (byNumber.get(each.parent)?.blockId ?? '') : '',
    '',
    '',
    '',
    '',
    each.codingNote ?? '',
    '',
  ])

/** The tabulation as a text. */
export const tabulation = (language: 'en' | 'fr' = 'en', rows = records(language)): string =>
  `\uFEFF${[columns, ...rows].map((row) => row.join('\t')).join('\r\n')}\r\n`

/** Files of a folder of entities in JSON, one for each. */
export function jsonFiles(language: 'en' | 'fr' = 'en'): Record<string, string> {
  const text = (value: string) => ({ '@language': language, '@value': value })
  const entities = sketches.map((each) => ({
    '@context': 'http://id.who.int/icd/contexts/contextForLinearizationEntity.json',
    '@id': uri(each.number),
    parent: [each.parent === undefined ? uri('').replace(/\/$/, '') : uri(each.parent)],
    ...(childrenOf(each.number).length > 0 && { child: childrenOf(each.number).map(({ number }) => uri(number)) }),
    browserUrl: `https://icd.who.int/browse/${each.number}`,
    title: text(language === 'fr' ? each.fr : each.title),
    ...(foundationOf(each) && { source: foundationOf(each) }),
    code: each.code ?? each.chapter ?? '',
    ...(each.blockId && { blockId: each.blockId }),
    classKind: each.kind,
    ...(each.definition && { definition: text(each.definition) }),
    ...(each.codingNote && { codingNote: text(each.codingNote) }),
    ...(each.inclusions && { inclusion: each.inclusions.map((label) => ({ label: text(label) })) }),
    ...(each.indexTerms && { indexTerm: each.indexTerms.map((label) => ({ label: text(label) })) }),
    ...(each.axes && {
      postcoordinationScale: each.axes.map((axis) => ({
        '@id': `${uri(each.number)}/postcoordinationScale/${axis.name}`,
        axisName: `http://id.who.int/icd/schema/${axis.name}`,
        requiredPostcoordination: String(axis.required),
        allowMultipleValues: axis.several ? 'AllowAlways' : 'NotAllowed',
        scaleEntity: axis.values.map(uri),
      })),
    }),
  }))
  const root = {
    '@id': uri('').replace(/\/$/, ''),
    title: text('A sample'),
    child: sketches.filter(({ parent }) => parent === undefined).map(({ number }) => uri(number)),
  }
  return Object.fromEntries(
    [root, ...entities].map((each, i) => [`${language}/${String(i).padStart(3, '0')}.json`, JSON.stringify(each)]),
  )
}
