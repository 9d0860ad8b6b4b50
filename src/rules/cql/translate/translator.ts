import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { JsonObject } from '../../../base/json-value.ts'
import { FhirError, issue } from '../../../fhir/error.ts'
import type { Issue } from '../../../fhir/types.ts'
import { jobRefusal } from '../../../workers/job-failure.ts'
import { createJobPool, type JobCall } from '../../../workers/job-pool.ts'
import { checkText } from './check-text.ts'
import { formatIdentifier, type LibraryIdentifier } from './cql-source.ts'
import { annotations, authorsLine, type Elm, type Preface } from './elm.ts'
import { correctFractions } from './fractions.ts'
import type { TranslateAnswer, TranslateJob } from './translate-worker.ts'

/** ELM in its JSON form (https://cql.hl7.org/elm.html), and what the translator remarked. */
export interface Translation {
  elm: Elm
  /** Errors and warnings, with line and column in `diagnostics`. */
  issues: Issue[]
}

/** One CQL text with everything it includes, directly or not. */
export interface Source {
  identifier: LibraryIdentifier | undefined
  text: string
  includes: { id: string; version?: string; text: string }[]
  /** Logical models that it or they use: model info, and a key that is another one for other content. */
  models: { name: string; version: string; key: string; xml: string }[]
  /** What was put before the author's text; places are told as he counts. */
  preface?: Preface
}

/** How a text is translated. */
export interface TranslateCall extends JobCall {
  /** Whether the ELM is stored: not for what anybody may send. */
  keep: boolean
}

/** Turns CQL into ELM; answers come from `derived`, or from what is shipped, when the same text was translated before. */
export interface Translator {
  /**
   * Never fails on a fault of the CQL: that is an issue of severity `error`, and the ELM must not be run then. Throws FhirError 422
   * when the translator gives up (computing time, memory, nesting) or an include is circular, 429 or 503 when too much is waiting.
   */
  translate(source: Source, call: TranslateCall): Promise<Translation>
  /** Ids of the translator's processes while they run. */
  pids(): number[]
  close(): Promise<void>
}

/** Translations that come with the program, by {@link sourceKey}. */
export type ShippedElm = (key: string) => Translation | undefined

/** Where translations are kept between starts; `Storage.derived`. */
export interface DerivedStore {
  get(kind: string, key: string): Promise<string | undefined>
  set(kind: string, key: string, value: string): Promise<void>
}

// The package exports no package.json; it lies beside the entry.
const translatorPackage = new URL('package.json', import.meta.resolve('@cqframework/cql/cql'))
const translatorVersion: string = JSON.parse(readFileSync(translatorPackage, 'utf8')).version
/** Changes whenever stored ELM must not be used any more: translator options, model info, shape of the stored value. */
const elmRevision = `2 ${translatorVersion} EnableLocators,DisableListDemotion,DisableListPromotion,EnableResultTypes`

/** Settings of {@link createTranslator}. */
export interface TranslatorOptions {
  idleSeconds: number
  processes: number
  shipped?: ShippedElm
}

/** Makes the translator; its process starts at the first text that neither `derived` nor the shipped ELM knows. */
export function createTranslator(derived: DerivedStore, options: TranslatorOptions): Translator {
  const { processes, idleSeconds } = options
  const pool = createJobPool<TranslateJob, TranslateAnswer>(new URL('./translate-worker.ts', import.meta.url), {
    processes,
    idleSeconds,
    programMegabytes: 224,
    memoryMegabytes: 64,
    jobsPerProcess: 250,
  })
  const current = new Map<string, Promise<Translation>>()

  const compile = async (source: Source, key: string, call: TranslateCall): Promise<Translation> => {
    const kept = await derived.get('elm', key)
    if (kept !== undefined) {
      const translation: Translation = JSON.parse(kept)
      return translation
    }
    const shipped = options.shipped?.(key)
    if (shipped) return shipped
    checkText(source.text, source.preface?.lines)
    for (const { text } of source.includes) checkText(text)
    const answer = await pool
      .run({ text: source.text, includes: source.includes, models: source.models }, call)
      .catch((error: unknown) => {
        throw jobRefusal(error, `the translation of ${nameOf(source)}`)
      })
    const translation = read(answer, source)
    if (call.keep) await derived.set('elm', key, JSON.stringify(translation))
    return translation
  }
  return {
    translate(source, call) {
      const key = sourceKey(source)
      // What a client brought along is translated at that client's cost alone.
      const running = `${call.keep ? '' : call.client} ${key}`
      const made = current.get(running) ?? compile(source, key, call).finally(() => current.delete(running))
      current.set(running, made)
      return made
    },
    pids: pool.pids,
    close: () => pool.close(),
  }
}

/** Identity of a translation: text, options, translator, every included text and the content of every model. ELM is never used for another text. */
function sourceKey(source: Source): string {
  const hash = createHash('sha256').update(
    `${elmRevision} ${source.preface?.lines ?? 0}${source.preface?.isAuthored ? ' authored' : ''}`,
  )
  const texts = [source, ...source.includes.toSorted((a, b) => (formatIdentifier(a) < formatIdentifier(b) ? -1 : 1))]
  for (const each of texts) hash.update(`\0${'id' in each ? formatIdentifier(each) : ''}\0${each.text}`)
  for (const { name, version, key } of source.models) hash.update(`\0using ${name}|${version}\0${key}`)
  return hash.digest('base64url')
}

const nameOf = ({ identifier }: Source) => (identifier ? `library ${formatIdentifier(identifier)}` : 'the CQL text')

function read(answer: TranslateAnswer, source: Source): Translation {
  const name = nameOf(source)
  if (answer.elm === undefined) {
    const circular = answer.thrown?.name === 'RangeError'
    const why = circular
      ? 'its includes are circular or it nests too deeply'
      : (answer.thrown?.message ?? 'no reason given')
    throw new FhirError(422, issue(circular ? 'too-costly' : 'processing', `${name} cannot be translated: ${why}`))
  }
  const elm: Elm = JSON.parse(answer.elm)
  const remarks = annotations(elm)
  const issues = dropEchoes(remarks.filter((each) => each.type === 'CqlToElmError')).map((each) =>
    remarkIssue(each, source),
  )
  delete elm.library.annotation
  correctFractions(elm, source.text)
  return { elm, issues }
}

/** A syntax error is followed by an "Internal translator error" that says nothing. */
function dropEchoes(remarks: JsonObject[]): JsonObject[] {
  const real = remarks.filter((each) => !/^Internal translator error/.test(String(each.message)))
  return real.some((each) => each.errorSeverity === 'error') ? real : remarks
}

const issueCodes: Record<string, Issue['code']> = {
  syntax: 'structure',
  semantic: 'code-invalid',
  include: 'not-found',
}

function remarkIssue(remark: JsonObject, source: Source): Issue {
  const own = source.identifier?.id
  const named = typeof remark.libraryId === 'string' && remark.libraryId !== '' ? remark.libraryId : own
  const { preface = { lines: 0, isAuthored: false } } = source
  const start = typeof remark.startLine === 'number' ? remark.startLine : 0
  const line = named === own ? authorsLine(start, preface) : start
  // An expression that stands in a text of its author's has lines of its own.
  const library = named === own && preface.isAuthored && start > preface.lines ? 'Expression' : named
  const place = line !== undefined && line > 0 ? `line ${line}, column ${remark.startChar}` : undefined
  const where = [library ? `library ${library}` : undefined, place].filter((each) => each !== undefined).join(', ')
  return issue(issueCodes[String(remark.errorType)] ?? 'processing', {
    severity: remark.errorSeverity === 'error' ? 'error' : 'warning',
    text: remarkText(String(remark.message)),
    ...(where ? { diagnostics: where } : {}),
  })
}

function remarkText(message: string): string {
  const missing = /^Could not load source for library (.+?), version (.+?),/.exec(message)
  return missing
    ? `the included library ${missing[1]}${missing[2] === 'null' ? '' : `|${missing[2]}`} is not known`
    : message
}
