/** Reads the files of a release, row by row, into whatever takes them. */
import { basename } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { FhirError, issue } from '../../../fhir/error.ts'
import { pause } from './pause.ts'
import { isLanguage, type ReleaseFile, type ReleaseFiles } from './release-files.ts'
import { type RowFault, readRows } from './rows.ts'
import type { Common, ReleaseSink } from './sink.ts'

/** What was counted. */
export interface ReleaseCounts {
  /** Rows by kind of file, e.g. `Concept`. */
  rows: Record<string, number>
  /** Relationships that are no inferred ones. */
  otherRelationships: number
}

/** Problems of a release that are told before reading ends. */
const mostFaults = 20

/** Definition statuses (sufficient, necessary) and the characteristic type of what a classifier inferred. */
const DEFINED = '900000000000073002'
const PRIMITIVE = '900000000000074008'
const INFERRED = '900000000000011006'
const CHARACTERISTICS: readonly string[] = [
  '900000000000010007',
  '900000000000227009',
  '900000000000225001',
  '900000000000006009',
]

/**
 * Reads all files; `progress` is told the bytes read.
 * @throws FhirError 422 with every problem, by file and line, up to a bound
 */
export async function readRelease(
  { files, date }: ReleaseFiles,
  sink: ReleaseSink,
  progress: (done: number, total: number) => void,
): Promise<ReleaseCounts> {
  const counts: ReleaseCounts = { rows: {}, otherRelationships: 0 }
  const faults: string[] = []
  const total = files.reduce((sum, { size }) => sum + size, 0)
  let done = 0
  let before: ReleaseFile | undefined
  for (const file of files) {
    if (before && isRelationship(before) && !isRelationship(file)) sink.end('relationships')
    if (before && isLanguage(before) && !isLanguage(file)) sink.end('dialects')
    before = file
    const tell = ({ line, text }: RowFault) => {
      faults.push(`${basename(file.path)}, line ${line}: ${text}`)
      if (faults.length >= mostFaults) throw refused(faults, true)
    }
    const chunks = counted(file, (bytes) => {
      done += bytes
      progress(done, total)
    })
    const rows = await readRows({ chunks, tell, ...columnsOf(file) }, takerOf(file, { sink, counts, latest: date }))
    counts.rows[file.kind] = (counts.rows[file.kind] ?? 0) + rows
    if (rows === 0 && faults.length === 0 && (file.kind === 'Concept' || file.kind === 'Description'))
      tell({ line: 1, text: 'the file has no rows' })
    // What is wrong here would be found again in every file that names it.
    if (faults.length > 0) throw refused(faults, false)
  }
  return counts
}

const isRelationship = ({ kind }: ReleaseFile) => kind === 'Relationship' || kind === 'RelationshipConcreteValues'

const refused = (faults: string[], isMore: boolean) =>
  new FhirError(422, [
    ...faults.map((text) => issue('structure', text)),
    ...(isMore ? [issue('structure', 'Reading was given up; nothing was imported.')] : []),
  ])

async function* counted(file: ReleaseFile, read: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  const isTime = pause()
  for await (const chunk of file.chunks()) {
    yield chunk
    read(chunk.length)
    if (isTime()) await nextTurn()
  }
}

const COMMON = ['id', 'effectiveTime', 'active', 'moduleId'] as const
const RELATIONSHIP = ['relationshipGroup', 'typeId', 'characteristicTypeId', 'modifierId'] as const
const DESCRIPTION = ['conceptId', 'languageCode', 'typeId', 'term', 'caseSignificanceId'] as const

const COLUMNS: Record<ReleaseFile['kind'], readonly string[]> = {
  Concept: [...COMMON, 'definitionStatusId'],
  Description: [...COMMON, ...DESCRIPTION],
  TextDefinition: [...COMMON, ...DESCRIPTION],
  Relationship: [...COMMON, 'sourceId', 'destinationId', ...RELATIONSHIP],
  RelationshipConcreteValues: [...COMMON, 'sourceId', 'value', ...RELATIONSHIP],
  Identifier: [
    'alternateIdentifier',
    'effectiveTime',
    'active',
    'moduleId',
    'identifierSchemeId',
    'referencedComponentId',
  ],
  Refset: [...COMMON, 'refsetId', 'referencedComponentId'],
}

const columnsOf = (file: ReleaseFile) =>
  isLanguage(file)
    ? { columns: [...COLUMNS.Refset, 'acceptabilityId'], hasMore: false }
    : { columns: COLUMNS[file.kind], hasMore: file.kind === 'Refset' }

interface Taking {
  sink: ReleaseSink
  counts: ReleaseCounts
  /** No row is of a later date. */
  latest: number
}

type Taker = Parameters<typeof readRows>[1]

function takerOf(file: ReleaseFile, taking: Taking): Taker {
  const { kind } = file
  const { sink, latest } = taking
  /** The row, with what all have; what is wrong with that is told. */
  const common = (values: string[], take: (row: Common, values: string[]) => string | undefined) => {
    const [id = '', time = '', active = '', module = ''] = values
    return (
      commonFault(values, latest) ?? take({ id, effectiveTime: Number(time), isActive: active === '1', module }, values)
    )
  }
  switch (kind) {
    case 'Concept':
      return {
        row: (values) =>
          common(values, (row, [, , , , status]) =>
            status === DEFINED || status === PRIMITIVE
              ? sink.concept({ ...row, isDefined: status === DEFINED })
              : `the definition status '${shown(status)}' is none`,
          ),
      }
    case 'Description':
    case 'TextDefinition':
      return { row: (values) => common(values, (row, given) => takeDescription(row, given, sink)) }
    case 'Relationship':
    case 'RelationshipConcreteValues':
      return { row: (values) => common(values, (row, given) => takeRelationship(row, given, { kind, ...taking })) }
    case 'Identifier':
      return {
        row: ([identifier = '', time = '', active = '', module = '', scheme = '', component = '']) =>
          commonFault(['1', time, active, module], latest) ??
          (identifier === ''
            ? 'alternateIdentifier is empty'
            : sink.identifier({
                scheme,
                identifier,
                component,
                effectiveTime: Number(time),
                isActive: active === '1',
              })),
      }
    case 'Refset':
      return isLanguage(file) ? takeDialects(sink, common) : takeMembers(sink, common)
  }
}

const shown = (text = '') => (text.length > 40 ? `${text.slice(0, 40)}…` : text)

function commonFault([, time = '', active = '']: string[], latest: number): string | undefined {
  const number = Number(time)
  if (!/^\d{8}$/.test(time)) return `the effectiveTime '${shown(time)}' is no date (YYYYMMDD)`
  const month = Math.floor(number / 100) % 100
  if (month < 1 || month > 12 || number % 100 < 1 || number % 100 > 31 || number < 19000000)
    return `the effectiveTime ${time} is no date`
  if (number > latest) return `the effectiveTime ${time} is later than the release, ${latest}`
  if (active !== '0' && active !== '1') return `active is '${shown(active)}' instead of 0 or 1`
  return undefined
}

function takeDescription(row: Common, values: string[], sink: ReleaseSink): string | undefined {
  const [concept = '', language = '', type = '', term = '', caseSignificance = ''] = values.slice(4)
  if (term === '') return 'the term is empty'
  if (!/^[a-z]{2,3}(?:-[A-Za-z0-9]{1,8})*$/.test(language)) return `the languageCode '${shown(language)}' is none`
  if (!/^\d{6,18}$/.test(type)) return `the typeId '${shown(type)}' is no identifier`
  if (!/^\d{6,18}$/.test(caseSignificance))
    return `the caseSignificanceId '${shown(caseSignificance)}' is no identifier`
  return sink.description({ ...row, concept, language, type, term, caseSignificance })
}

function takeRelationship(
  row: Common,
  values: string[],
  { kind, sink, counts }: Taking & { kind: ReleaseFile['kind'] },
): string | undefined {
  const [source = '', to = '', group = '', type = '', characteristic = ''] = values.slice(4)
  if (characteristic !== INFERRED) {
    if (!CHARACTERISTICS.includes(characteristic)) return `the characteristicTypeId '${shown(characteristic)}' is none`
    counts.otherRelationships++
    return undefined
  }
  if (!/^\d{1,7}$/.test(group)) return `the relationshipGroup '${shown(group)}' is no number`
  const target = kind === 'Relationship' ? { target: to } : { value: to }
  return sink.relationship({ ...row, source, type, group: Number(group), ...target })
}

type TakeCommon = (values: string[], take: (row: Common, values: string[]) => string | undefined) => string | undefined

function takeMembers(sink: ReleaseSink, common: TakeCommon): Taker {
  let fields: readonly string[] = []
  return {
    header: (more) => {
      fields = more
    },
    row: (values) =>
      common(values, (row, given) => {
        const [refset = '', component = ''] = given.slice(4, 6)
        return sink.member({ ...row, refset, component, values: given.slice(6) }, fields)
      }),
  }
}

const takeDialects = (sink: ReleaseSink, common: TakeCommon): Taker => ({
  row: (values) =>
    common(values, (row, given) => {
      const [refset = '', description = '', acceptability = ''] = given.slice(4)
      return sink.dialect({ ...row, refset, description, acceptability })
    }),
})
